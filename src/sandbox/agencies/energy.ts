import type { Country } from '../country.ts'
import { answer, type SandboxOperation, type SandboxRequest, textOf } from '../operation.ts'
import { PROVINCE_CODES } from '../places.ts'

/** Topics of draws; 710–719 belong to this file. */
const TOPIC = { output: 710 } as const

const KINDS: readonly string[] = ['electricity', 'coal', 'bauxite']

/** The operation of `services/G02/dien-khoang-san/so-lieu.v1.yaml`: output of a province in a month. */
export function createEnergyAgency({ draw }: Country, now: () => Date): readonly SandboxOperation[] {
  function output(request: SandboxRequest) {
    const kind = textOf(request, 'kind')
    const province = textOf(request, 'province')
    const month = textOf(request, 'month')
    const index = KINDS.indexOf(kind)
    if (index < 0 || !PROVINCE_CODES.includes(province)) return answer(undefined, now)
    const drawn = draw(
      TOPIC.output + index,
      Number(province) * 10_000 + (Number(month.replace('-', '')) % 10_000),
    )
    return answer({ kind, province, month, quantity: drawn % 900_000, unit: index === 0 ? 'MWh' : 't' }, now)
  }
  return [{ path: '/san-luong', kind: 'lookup', identifiers: ['kind'], answer: output }]
}
