import type { Claim } from '../claim.ts'
import type { Country } from '../country.ts'
import { entryLookUp, filing } from '../declare.ts'
import { pick } from '../draw.ts'
import { parseEnterprise } from '../enterprise.ts'
import { answer, type SandboxOperation, type SandboxRequest, textOf } from '../operation.ts'
import { createRegister } from '../register.ts'

/** Topics of draws; 700–709 belong to this file. */
const TOPIC = { tier: 700 } as const

/** 36 principal traders, 330 distributors and 17,000 stations (2022): mostly stations. */
const TIERS = ['station', 'station', 'station', 'station', 'distributor', 'principal'] as const

/** The operations of `services/G02/xang-dau/ton-kho.v1.yaml`. */
export function createFuelAgency({ draw, taxpayers }: Country, now: () => Date): readonly SandboxOperation[] {
  const stocks = new Map<string, Claim>()
  const register = createRegister<Claim>({
    now,
    prefix: 'XD',
    matterOf: ({ traderTaxCode, product, measuredAt }) => `${traderTaxCode} ${product} ${measuredAt}`,
    onEntry({ claim }) {
      const key = `${claim['traderTaxCode']} ${claim['product']}`
      const known = stocks.get(key)
      // A late report does not hide a newer one.
      if (known === undefined || String(known['measuredAt']) < String(claim['measuredAt']))
        stocks.set(key, claim)
    },
  })

  function licence(request: SandboxRequest) {
    const traderTaxCode = textOf(request, 'traderTaxCode')
    const enterprise = parseEnterprise(traderTaxCode)
    const taxpayer = taxpayers.find(traderTaxCode)
    if (enterprise === undefined || taxpayer === undefined) return answer(undefined, now)
    const tier = pick(TIERS, draw(TOPIC.tier, enterprise.number))
    const licenceNumber = `${String(enterprise.number).padStart(7, '0')}/GP-XD`
    return answer({ traderTaxCode, licenceNumber, tier, validUntil: '2028-12-31' }, now)
  }

  function summarise(request: SandboxRequest) {
    const product = textOf(request, 'product')
    const its = [...stocks.values()].filter((claim) => claim['product'] === product)
    const litres = its.reduce((sum, claim) => sum + Number(claim['litres']), 0)
    return answer({ product, reporters: its.length, litres }, now)
  }

  const reports = { register, numberName: 'reportNumber', subject: 'traderTaxCode' }
  return [
    filing('/ton-kho', {
      ...reports,
      members: { traderTaxCode: 'text', product: 'text', litres: 'integer', measuredAt: 'text' },
      isKnown: (taxCode) => taxpayers.find(taxCode) !== undefined,
    }),
    entryLookUp('/ton-kho/tra-cuu', reports),
    { path: '/giay-phep/tra-cuu', kind: 'lookup', identifiers: ['traderTaxCode'], answer: licence },
    { path: '/ton-kho/tong-hop', kind: 'lookup', identifiers: ['product'], answer: summarise },
  ]
}
