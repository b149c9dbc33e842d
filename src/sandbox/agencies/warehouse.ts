import type { Claim } from '../claim.ts'
import type { Country } from '../country.ts'
import { filing } from '../declare.ts'
import { answer, type SandboxOperation, type SandboxRequest, textOf } from '../operation.ts'
import { createRegister } from '../register.ts'

/** The operations of `services/H21/kho-du-lieu/nap-du-lieu.v1.yaml`: what departments feed into the province's warehouse. */
export function createWarehouseAgency(_: Country, now: () => Date): readonly SandboxOperation[] {
  /** The latest period of each data set. */
  const latest = new Map<string, string>()
  const matterOf = ({ dataset, period }: Claim) => `${dataset} ${period}`
  const register = createRegister<Claim>({
    now,
    prefix: 'KHO',
    matterOf,
    supersedes: true,
    onEntry({ claim }) {
      const dataset = String(claim['dataset'])
      const period = String(claim['period'])
      // A feed that comes late does not hide that of a later month.
      if (period >= (latest.get(dataset) ?? '')) latest.set(dataset, period)
    },
  })

  function lookUp(request: SandboxRequest) {
    const dataset = textOf(request, 'dataset')
    const period = textOf(request, 'period') || latest.get(dataset)
    const entry = register.findByMatter(matterOf({ dataset, period }))
    return answer(entry && { ...entry.claim, receivedAt: entry.receivedAt }, now)
  }

  return [
    filing('/nap', {
      register,
      members: { dataset: 'text', period: 'text', rows: 'integer', digest: 'text', source: 'text' },
      numberName: 'feedNumber',
      subject: 'dataset',
    }),
    {
      path: '/nguon/tra-cuu',
      kind: 'lookup',
      identifiers: ['dataset'],
      answer: lookUp,
    },
  ]
}
