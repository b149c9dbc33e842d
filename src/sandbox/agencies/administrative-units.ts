import type { Country } from '../country.ts'
import { answer, type SandboxOperation, type SandboxRequest, textOf } from '../operation.ts'
import { PROVINCE_CODES } from '../places.ts'

/**
 * Where the territory of each old province went on 01/07/2025, where that is not the same number. `82` was split,
 * so from old to new is not a function.
 */
const MERGED: Readonly<Record<string, string>> = {
  ...{ '02': '08', '06': '19', '10': '15', '17': '25', '26': '25', '27': '24', '30': '31', '34': '33' },
  ...{ '35': '37', '36': '37', '45': '44', '49': '48', '54': '66', '58': '56', '60': '68', '62': '51' },
  ...{ '64': '52', '67': '68', '70': '75', '72': '80', '74': '79', '77': '79', '82': '80 82', '83': '86' },
  ...{ '84': '86', '87': '82', '89': '91', '93': '92', '94': '92', '95': '96' },
}
const UNCHANGED_BEFORE = new Set(PROVINCE_CODES)

/** The operation of `services/G09/don-vi-hanh-chinh/dia-chi.v1.yaml`: what an old province code is today. */
export function createAdministrativeUnitsAgency(_: Country, now: () => Date): readonly SandboxOperation[] {
  function resolve(request: SandboxRequest) {
    const province = textOf(request, 'province')
    const merged = MERGED[province]?.split(' ')
    const candidates = merged ?? (UNCHANGED_BEFORE.has(province) ? [province] : [])
    const resolution = candidates.length === 0 ? 'none' : candidates.length === 1 ? 'exact' : 'several'
    return answer({ province, scheme: 'DVHC-pre-2025-07', resolution, candidates }, now)
  }
  return [{ path: '/chuyen-doi', kind: 'lookup', identifiers: ['province'], answer: resolve }]
}
