import { expect } from 'chai'
import { AGENCIES, AGENCY_NAMES } from '../../src/sandbox/agencies.ts'
import { createCountry } from '../../src/sandbox/country.ts'
import { createHappenings } from '../../src/sandbox/happenings.ts'
import { parsePersonalId } from '../../src/sandbox/person-number.ts'
import { busynessAt, createTraffic } from '../../src/sandbox/traffic.ts'
import { checkBody, compileSchemas, contractOf } from './contracts.ts'

const country = createCountry()
const PLACES = 4000

describe('traffic of the sandbox', () => {
  const at = createTraffic(country, 7)
  const calls = Array.from({ length: PLACES }, (_, place) => at(place))
  const share = (isIt: (call: (typeof calls)[number]) => boolean) => calls.filter(isIt).length / PLACES

  it('is the same for the same seed', () => {
    const again = createTraffic(country, 7)
    expect(calls.slice(0, 50).map((_, place) => again(place))).to.deep.equal(calls.slice(0, 50))
    expect(createTraffic(country, 8)(0)).not.to.deep.equal(calls[0])
  })

  it('is mostly the status syncs of one system, a little of it refused or failed', () => {
    expect(share(({ service }) => service === 'G22/dich-vu-cong/ho-so/v1')).to.be.within(0.4, 0.52)
    expect(share(({ consumer }) => consumer === 'H29/mot-cua')).to.be.above(0.94)
    expect(share(({ consumer }) => consumer === 'H21/mot-cua')).to.be.above(0)
    const faulty = share(
      ({ body, fields, purpose }) =>
        fields !== undefined ||
        purpose === 'muc-dich-khac' ||
        /"(?:12|\d*000(?:404|422|503))"/.test(JSON.stringify(body)),
    )
    expect(faulty).to.be.within(0.01, 0.03)
  })

  it('asks more about people of the big provinces', () => {
    const provinces = calls.flatMap(({ path, body }) => {
      const person =
        path === '/xac-thuc' && 'personalId' in body && parsePersonalId(String(body.personalId), new Set())
      return person ? [country.citizens.permanentResidenceOf(person).province] : []
    })
    const of = (code: string) => provinces.filter((province) => province === code).length / provinces.length
    expect(of('79')).to.be.above(2 / 34)
    expect(of('79')).to.be.above(of('12'))
  })

  it('follows the hours of a day and the days of a week, as busy on the whole', () => {
    const mean = (shape: 'day' | 'week') => {
      const steps = 7 * 24 * 10
      const sum = Array.from({ length: steps }, (_, step) => busynessAt(shape, (step + 0.5) / steps))
      return sum.reduce((total, each) => total + each, 0) / steps
    }
    expect(mean('day')).to.be.closeTo(1, 0.01)
    expect(mean('week')).to.be.closeTo(1, 0.01)
    expect(busynessAt('day', 3 / 24)).to.be.below(busynessAt('day', 9.5 / 24) / 20)
    expect(busynessAt('week', 6.4 / 7)).to.be.below(busynessAt('week', 0.4 / 7) / 5)
    expect(busynessAt('flat', 0.3)).to.equal(1)
  })
})

describe('happenings of the sandbox', () => {
  it('are events that their contracts know, about people, parcels and enterprises of the sandbox', () => {
    const { catalogue } = compileSchemas(true)
    const at = createHappenings(country, 3)
    const seen = new Set<string>()
    for (let place = 0; place < 300; place += 1) {
      const { provider, service, type, data } = at(place, '2026-11-22')
      const agency = AGENCY_NAMES.find((name) => AGENCIES[name].service === service)
      if (agency === undefined) throw new Error(service)
      const operation = catalogue.contract(contractOf(agency))?.operations.get(type)
      if (operation === undefined) throw new Error(type)
      checkBody(operation, data)
      expect(service.startsWith(`${provider}/`)).to.equal(true)
      seen.add(type)
    }
    expect(seen.size).to.equal(7)
    expect(at(5, '2026-11-22')).to.deep.equal(createHappenings(country, 3)(5, '2026-11-22'))
  })
})
