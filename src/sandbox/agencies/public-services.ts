import type { Claim } from '../claim.ts'
import type { Country } from '../country.ts'
import { entryLookUp, filing } from '../declare.ts'
import { answer, notFound, type SandboxOperation, type SandboxRequest, textOf } from '../operation.ts'
import { createRegister } from '../register.ts'

/** What the portal knows of one dossier. */
interface Dossier {
  readonly particulars: Claim
  /** In the order of their own time. */
  readonly progress: Claim[]
}

/** Which statuses may follow which; real data breaks it, so an odd step is flagged and kept. */
const FOLLOWERS: Readonly<Record<string, string>> = {
  '1': '2 3 7',
  '2': '4 5 7',
  '4': '5 6 8 9',
  '5': '4 3 7 8',
  '6': '4 9 8',
  '9': '10',
}
const MAX_DOSSIERS = 100_000

/** Vietnam is at UTC+7 all year. */
const OFFSET_MS = 25_200_000

/** The day of an instant in Vietnam, whatever its offset. */
function dayOf(instant: unknown): string {
  return new Date(Date.parse(String(instant)) + OFFSET_MS).toISOString().slice(0, 10)
}

function isOdd(before: unknown, after: unknown): boolean {
  return !(FOLLOWERS[String(before)] ?? '').split(' ').includes(String(after))
}

/**
 * The operations of `services/G22/dich-vu-cong/ho-so.v1.yaml`: dossiers and their progress from every one-stop
 * system, what both sides count, and payments.
 */
export function createPublicServicesAgency(_: Country, now: () => Date): readonly SandboxOperation[] {
  const dossiers = new Map<string, Dossier>()
  const filed = createRegister<Claim>({
    now,
    prefix: 'DVC',
    matterOf: ({ dossierCode }) => String(dossierCode),
    supersedes: true,
    onEntry({ claim }) {
      const code = String(claim['dossierCode'])
      if (dossiers.size < MAX_DOSSIERS || dossiers.has(code)) {
        dossiers.set(code, { particulars: claim, progress: dossiers.get(code)?.progress ?? [] })
      }
    },
  })
  const progress = createRegister<Claim>({
    now,
    prefix: 'TD',
    matterOf: ({ dossierCode, at, status }) => `${dossierCode} ${at} ${status}`,
    onEntry({ claim }) {
      const steps = dossiers.get(String(claim['dossierCode']))?.progress
      steps?.push(claim)
      // Statuses arrive out of order; their own time orders them.
      steps?.sort((a, b) => Date.parse(String(a['at'])) - Date.parse(String(b['at'])))
    },
  })
  const payments = {
    register: createRegister<Claim>({
      now,
      prefix: 'TT',
      matterOf: ({ paymentReference }) => String(paymentReference),
      onEntry: ({ claim }) => void paid.push(claim),
    }),
    numberName: 'receiptNumber',
    subject: 'dossierCode',
  }
  const paid: Claim[] = []

  function stepsOf({ progress: steps }: Dossier): readonly object[] {
    return steps.map(({ status, at }, index) => ({
      status,
      at,
      isOdd: isOdd(steps[index - 1]?.['status'] ?? '1', status),
    }))
  }

  function lookUp(request: SandboxRequest) {
    const dossier = dossiers.get(textOf(request, 'dossierCode'))
    if (dossier === undefined) return notFound()
    const { dossierCode, procedureCode, receivedOn, agency } = dossier.particulars
    const status = dossier.progress.at(-1)?.['status'] ?? '1'
    return answer({ dossierCode, procedureCode, agency, receivedOn, status, steps: stepsOf(dossier) }, now)
  }

  function reconcileDossiers(request: SandboxRequest) {
    const [agency, from, until] = [
      textOf(request, 'agency'),
      textOf(request, 'from'),
      textOf(request, 'until'),
    ]
    const held = [...dossiers.values()].filter(({ particulars: { agency: its, receivedOn } }) => {
      return its === agency && String(receivedOn) >= from && String(receivedOn) <= until
    })
    const items = held.slice(0, 1000).map(({ particulars, progress: steps }) => ({
      dossierCode: particulars['dossierCode'],
      status: steps.at(-1)?.['status'] ?? '1',
    }))
    return answer({ agency, count: held.length, items }, now)
  }

  function reconcilePayments(request: SandboxRequest) {
    const [agency, day] = [textOf(request, 'agency'), textOf(request, 'day')]
    const its = paid.filter((claim) => claim['agency'] === agency && dayOf(claim['paidAt']) === day)
    const totalVnd = its.reduce((sum, claim) => sum + Number(claim['amountVnd']), 0)
    return answer({ agency, day, count: its.length, totalVnd }, now)
  }

  return [
    filing('/ho-so', {
      register: filed,
      members: {
        dossierCode: 'text',
        procedureCode: 'text',
        agency: 'text',
        applicantPersonalId: 'text',
        channel: 'text',
        receivedOn: 'text',
        dueOn: 'text',
      },
      numberName: 'syncNumber',
      subject: 'dossierCode',
    }),
    filing('/tien-do', {
      register: progress,
      members: { dossierCode: 'text', status: 'text', at: 'text', 'unit?': 'text' },
      numberName: 'syncNumber',
      subject: 'dossierCode',
      isKnown: (code) => dossiers.has(code),
    }),
    { path: '/ho-so/tra-cuu', kind: 'lookup', identifiers: ['dossierCode'], answer: lookUp },
    { path: '/ho-so/doi-soat', kind: 'lookup', identifiers: ['agency'], answer: reconcileDossiers },
    filing('/thanh-toan', {
      ...payments,
      members: {
        paymentReference: 'text',
        dossierCode: 'text',
        agency: 'text',
        amountVnd: 'integer',
        paidAt: 'text',
      },
    }),
    entryLookUp('/thanh-toan/tra-cuu', payments),
    { path: '/thanh-toan/doi-soat', kind: 'lookup', identifiers: ['agency'], answer: reconcilePayments },
  ]
}
