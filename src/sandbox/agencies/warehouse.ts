import type { Claim } from '../claim.ts'
import type { Country } from '../country.ts'
import { filing } from '../declare.ts'
import { answer, type SandboxOperation, type SandboxRequest, textOf } from '../operation.ts'
import { createRegister } from '../register.ts'

/** The operations of `services/H21/kho-du-lieu/nap-du-lieu.v1.yaml`: what departments feed into the province's warehouse. */
export function createWarehouseAgency(_: Country, now: () => Date): readonly SandboxOperation[] {
  const latest = new Map<string, Claim>()
  const register = createRegister<Claim>({
    now,
    prefix: 'KHO',
    matterOf: ({ dataset, period }) => `${dataset} ${period}`,
    supersedes: true,
    onEntry: ({ claim, receivedAt }) => void latest.set(String(claim['dataset']), { ...claim, receivedAt }),
  })

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
      answer: (request: SandboxRequest) => answer(latest.get(textOf(request, 'dataset')), now),
    },
  ]
}
