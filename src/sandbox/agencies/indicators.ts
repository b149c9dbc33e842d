import type { Claim } from '../claim.ts'
import type { Country } from '../country.ts'
import { filing } from '../declare.ts'
import { answer, type SandboxOperation, type SandboxRequest, textOf } from '../operation.ts'
import { createRegister } from '../register.ts'

/**
 * The operations of `services/G06/do-luong/chi-so.v1.yaml` and `services/G22/chi-dao-dieu-hanh/chi-tieu.v1.yaml`:
 * agencies send the values of an indicator for a period; the last value stands.
 */
export function createIndicatorsAgency(_: Country, now: () => Date): readonly SandboxOperation[] {
  const matterOf = ({ agency, indicator, period }: Claim) => `${agency} ${indicator} ${period}`
  const register = createRegister<Claim>({ now, prefix: 'CT', matterOf, supersedes: true })

  function lookUp(request: SandboxRequest) {
    const [agency, indicator] = [textOf(request, 'agency'), textOf(request, 'indicator')]
    const entry = register.findByMatter(matterOf({ agency, indicator, period: textOf(request, 'period') }))
    return answer(entry && { ...entry.claim, receivedAt: entry.receivedAt }, now)
  }

  return [
    filing('/gui', {
      register,
      members: { agency: 'text', indicator: 'text', period: 'text', value: 'integer', unit: 'text' },
      numberName: 'reportNumber',
      subject: 'agency',
    }),
    { path: '/tra-cuu', kind: 'lookup', identifiers: ['agency'], answer: lookUp },
  ]
}
