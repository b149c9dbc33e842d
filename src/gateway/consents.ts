import { createWithdraw, type WithdrawalParts } from '../exchange/withdrawal.ts'
import { type ConsentsDoorParts, createConsentsRouter } from '../http/consents.ts'

/** What withdrawals of consents share with the rest of a gateway. */
export interface ConsentSideParts extends Omit<ConsentsDoorParts, 'withdraw'>, Omit<WithdrawalParts, 'now'> {}

/** Part of the composition root: the door where issuers take consents back. */
export function createConsentSide(parts: ConsentSideParts): ReturnType<typeof createConsentsRouter> {
  return createConsentsRouter({
    ...parts,
    withdraw: createWithdraw(parts),
  })
}
