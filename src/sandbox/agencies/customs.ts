import type { Claim } from '../claim.ts'
import type { Country } from '../country.ts'
import { pick } from '../draw.ts'
import { enterpriseAt, taxCodeOf } from '../enterprise.ts'
import { answer, type SandboxOperation, type SandboxRequest, textOf } from '../operation.ts'

/** Topics of draws; 720–729 belong to this file. */
const TOPIC = { trader: 720, goods: 721, value: 722, trade: 723 } as const

const HS_CODES: readonly string[] = ['27101224', '09011110', '85171300', '10063040', '64039990', '03061721']
const DAYS = 28

/** The operations of `services/G12/hai-quan/to-khai.v1.yaml`: declarations by number, trade by month. */
export function createCustomsAgency({ draw }: Country, now: () => Date): readonly SandboxOperation[] {
  /** Numbers of the sandbox end in an even digit; the odd ones were never declared. */
  function declaration(number: string): Claim | undefined {
    if (!/^(?:10|30)[0-9]{9}[02468]$/.test(number)) return undefined
    const key = Number(number.slice(3)) >>> 0
    const value = draw(TOPIC.value, key)
    return {
      declarationNumber: number,
      direction: number.startsWith('10') ? 'import' : 'export',
      type: number.startsWith('10') ? 'A11' : 'B11',
      traderTaxCode: taxCodeOf(enterpriseAt(draw(TOPIC.trader, key) % 1_000_000)),
      hsCode: pick(HS_CODES, draw(TOPIC.goods, key)),
      valueVnd: 1_000_000 + (value % 2_000_000) * 1_000,
      clearedOn: `2026-10-${String(1 + ((value >>> 8) % DAYS)).padStart(2, '0')}`,
      state: value % 10 === 0 ? 'in_inspection' : 'cleared',
    }
  }

  function summarise(request: SandboxRequest) {
    const hsCode = textOf(request, 'hsCode')
    const direction = textOf(request, 'direction')
    const month = textOf(request, 'month')
    const index = HS_CODES.indexOf(hsCode)
    if (index < 0) return answer(undefined, now)
    const key = Number(month.replace('-', '')) * 100 + index * 2 + (direction === 'import' ? 0 : 1)
    const drawn = draw(TOPIC.trade, key >>> 0)
    return answer(
      { hsCode, direction, month, declarations: drawn % 5_000, valueVnd: (drawn % 9_000_000) * 100_000 },
      now,
    )
  }

  return [
    {
      path: '/tra-cuu',
      kind: 'lookup',
      identifiers: ['declarationNumber'],
      answer: (request) => answer(declaration(textOf(request, 'declarationNumber')), now),
    },
    { path: '/tong-hop', kind: 'lookup', identifiers: ['hsCode'], answer: summarise },
  ]
}
