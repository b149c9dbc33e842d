import type { Country } from '../country.ts'
import { answer, type SandboxOperation, type SandboxRequest, textOf } from '../operation.ts'
import { createSandboxUnits } from '../units.ts'

/** A day of the list before 01/07/2025. */
const BEFORE = '2025-06-30'

/** The operations of `services/G09/don-vi-hanh-chinh/dia-chi.v1.yaml`: what a province's or commune's code is today. */
export function createAdministrativeUnitsAgency(_: Country, now: () => Date): readonly SandboxOperation[] {
  const resolve = createSandboxUnits()
  function resolveProvince(request: SandboxRequest) {
    const province = textOf(request, 'province')
    const { scheme, resolution, candidates } = resolve(province, BEFORE)
    return answer({ province, scheme, resolution, candidates: candidates.map(({ code }) => code) }, now)
  }
  function resolveWard(request: SandboxRequest) {
    const ward = textOf(request, 'ward')
    const asOf = textOf(request, 'asOf')
    const { scheme, resolution, candidates } = resolve(ward, asOf)
    const told = candidates.map(({ code, name, province, part }) => ({
      ward: code,
      ...(name !== '' && { name }),
      province,
      ...(part && { part }),
    }))
    return answer({ ward, asOf, scheme, resolution, candidates: told }, now)
  }
  return [
    { path: '/chuyen-doi', kind: 'lookup', identifiers: ['province'], answer: resolveProvince },
    { path: '/chuyen-doi-xa', kind: 'lookup', identifiers: ['ward'], answer: resolveWard },
  ]
}
