import { createWithdraw, type WithdrawalParts } from '../exchange/withdrawal.ts'
import { type ConsentsDoorParts, createConsentsRouter } from '../http/consents.ts'
import { receiptField } from '../http/exchange.ts'

/** What withdrawals of consents share with the rest of a gateway. */
export interface ConsentSideParts
  extends Omit<ConsentsDoorParts, 'withdraw' | 'receiptField'>,
    Omit<WithdrawalParts, 'now'> {
  /** Origin of the log, for receipts. */
  readonly logOrigin: string
}

/** Part of the composition root: the door where issuers take consents back. */
export function createConsentSide(parts: ConsentSideParts): ReturnType<typeof createConsentsRouter> {
  return createConsentsRouter({
    ...parts,
    withdraw: createWithdraw(parts),
    receiptField: (receipt, salt) => receiptField(receipt, salt, parts.logOrigin),
  })
}
