import type { Claim } from '../claim.ts'
import type { Country } from '../country.ts'
import { filing } from '../declare.ts'
import { notFound, personIn, type SandboxOperation, textOf } from '../operation.ts'
import { createRegister } from '../register.ts'

/** A certificate is ready this long after it was asked for: the law gives days, the sandbox seconds. */
const READY_AFTER_MS = 2_000
const DAY_MS = 86_400_000
const WORKING_DAYS = 5

/** The operations of `services/G01/ly-lich-tu-phap/phieu.v1.yaml`: asked for now, answered later. */
export function createCriminalRecordAgency(_: Country, now: () => Date): readonly SandboxOperation[] {
  const register = createRegister<Claim>({
    now,
    prefix: 'LLTP',
    matterOf: ({ personalId, type, dossierCode }) => `${personalId} ${type} ${dossierCode}`,
  })

  return [
    filing('/yeu-cau', {
      register,
      members: { personalId: 'text', type: 'text', purpose: 'text', dossierCode: 'text' },
      numberName: 'requestNumber',
      subject: 'personalId',
    }),
    {
      path: '/ket-qua',
      kind: 'lookup',
      identifiers: ['personalId'],
      answer(request) {
        const entry = register.find(textOf(request, 'requestNumber'))
        if (entry === undefined || entry.claim['personalId'] !== textOf(request, 'personalId'))
          return notFound()
        const receivedMs = Date.parse(entry.receivedAt)
        const isReady = now().getTime() - receivedMs >= READY_AFTER_MS
        const person = personIn(request)
        return {
          status: 200,
          body: {
            requestNumber: entry.number,
            state: isReady ? 'ready' : 'in_progress',
            dueAt: new Date(receivedMs + WORKING_DAYS * DAY_MS).toISOString(),
            ...(isReady &&
              person && {
                certificate: {
                  number: `${entry.number.slice(-7)}/${entry.receivedAt.slice(0, 4)}/STP`,
                  type: entry.claim['type'],
                  hasConvictions: false,
                  issuedOn: new Date(receivedMs + READY_AFTER_MS).toISOString().slice(0, 10),
                },
              }),
          },
        }
      },
    },
  ]
}
