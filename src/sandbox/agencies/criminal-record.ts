import { type Claim, claimIn } from '../claim.ts'
import type { Country } from '../country.ts'
import { refuse, type SandboxOperation } from '../operation.ts'
import { createRegister, type Entry } from '../register.ts'

/** A certificate is ready this long after it was asked for: the law gives days, the sandbox seconds. */
const READY_AFTER_MS = 2_000

const MEMBERS = { personalId: 'text', type: 'text', purpose: 'text', dossierCode: 'text' } as const
/** Vietnam is at UTC+7 all year. */
const OFFSET_MS = 25_200_000

function certificateOf({ number, receivedAt, claim }: Entry<Claim>): object {
  const issuedMs = Date.parse(receivedAt) + READY_AFTER_MS
  return {
    number: `${number.slice(-7)}/${receivedAt.slice(0, 4)}/STP`,
    personalId: claim['personalId'],
    type: claim['type'],
    hasConvictions: false,
    issuedOn: new Date(issuedMs + OFFSET_MS).toISOString().slice(0, 10),
  }
}

/**
 * The operation of `services/G01/ly-lich-tu-phap/phieu.v1.yaml`: asked for now, answered later. Asked again with the
 * same key, the agency tells the certificate as soon as there is one.
 */
export function createCriminalRecordAgency(_: Country, now: () => Date): readonly SandboxOperation[] {
  const register = createRegister<Claim>({
    now,
    prefix: 'LLTP',
    matterOf: ({ personalId, type, dossierCode }) => `${personalId} ${type} ${dossierCode}`,
  })

  return [
    {
      path: '/yeu-cau',
      kind: 'request',
      identifiers: ['personalId'],
      answer(request) {
        const claim = claimIn(request, MEMBERS)
        if (claim === undefined) return refuse(422, 'request_invalid', 'Thiếu thông tin bắt buộc.')
        const submission = register.submit(claim, request.idempotencyKey)
        if ('conflict' in submission)
          return refuse(409, 'conflict', 'Đã nhận nội dung khác cho cùng việc này.')
        const { entry } = submission
        const isReady = now().getTime() - Date.parse(entry.receivedAt) >= READY_AFTER_MS
        if (isReady) return { status: 200, body: certificateOf(entry) }
        return { status: 202, body: { state: 'accepted', reference: entry.number } }
      },
    },
  ]
}
