import { expect } from 'chai'
import fc from 'fast-check'
import {
  agreesWithBirth,
  createFormats,
  FORMAT_TITLES,
  type FormatName,
  personalIdSexAndCentury,
  taxCheckDigit,
} from '../../src/contract/formats.ts'

const real = createFormats({ syntheticPersons: false })
const sandbox = createFormats({ syntheticPersons: true })

function accepts(formats: typeof real, name: FormatName, value: unknown): boolean {
  return (formats[name].validate as (value: unknown) => boolean)(value)
}

/** Texts a format takes and texts it refuses. */
const EXAMPLES: Record<
  FormatName,
  { readonly valid: readonly unknown[]; readonly invalid: readonly unknown[] }
> = {
  'personal-id': {
    valid: ['099090000001', '099999999999', '101999999999', '999999999999'],
    invalid: [
      '',
      '09909000000',
      '0990900000012',
      '09909000000a',
      '098090000001',
      '100090000001',
      '000090000001',
      '٠99090000001',
    ],
  },
  'old-identity-number': { valid: ['990000001'], invalid: ['99000000', '9900000011', '99000000a'] },
  passport: { valid: ['X9900001', 'X99000011'], invalid: ['x9900001', '99000011', 'X990000111'] },
  'tax-code': {
    valid: ['9900000016', '9900000016-001', '099090000001'],
    invalid: [
      '9900000015',
      '9900000016-000',
      '9900000016-1',
      '990000001',
      '0000000010',
      '098090000001',
      '9900000016-0011',
    ],
  },
  'social-insurance': { valid: ['9900000001', '099090000001'], invalid: ['990000001', '098090000001'] },
  'health-insurance-card': {
    valid: ['DN4990000000001'],
    invalid: ['DN9990000000001', 'D14990000000001', 'DN499000000001'],
  },
  'birth-date': {
    valid: ['1990', '1850', '2100-12-31', '2000-02-29'],
    invalid: [
      '1849',
      '2101',
      '1990-02-29',
      '1900-02-29',
      '00/00/1990',
      '1990-1-1',
      '199',
      '19900',
      '1990-00-10',
      '1990-13-01',
    ],
  },
  date: {
    valid: ['2026-11-22', '2024-02-29', '0001-01-01'],
    invalid: [
      '2026-11-31',
      '2026-02-30',
      '2026-00-01',
      '2026-01-00',
      '22/11/2026',
      '2026-11-22T00:00:00Z',
      '2026-1-01',
      '202a-01-01',
      '2026/01/01',
    ],
  },
  'date-time': {
    valid: ['2026-11-22T08:30:00Z', '2026-11-22T08:30:00.123456789+07:00', '2026-11-22T23:59:59-00:30'],
    invalid: [
      '2026-11-22T08:30:00',
      '2026-11-22 08:30:00Z',
      '2026-11-31T08:30:00Z',
      '2026-11-22T24:00:00Z',
      '2026-11-22T08:30:60Z',
      '2026-11-22t08:30:00z',
      '2026-11-22T08:30:00+25:00',
      '2026-11-22T08:30:00.Z',
    ],
  },
  'agency-code': {
    valid: ['G01', 'H29.12.5', '000.00.00.G12', `G01${'.ABCDE'.repeat(5)}`],
    invalid: ['g01', 'G1', 'G01.', 'G01..1', '000.00.G12', 'G01.ABCDEF', `G01${'.ABCDE'.repeat(6)}`],
  },
  'dossier-code': {
    valid: ['H29.12-260131-0001', '000.00.12.H29-260131-0001', 'G07-20260131-1234567', 'H29-20260131-0001'],
    invalid: [
      'H29.12-260231-0001',
      'H29-260131-001',
      'H29-20261301-0001',
      'h29-260131-0001',
      'H29-260131',
      'H29-26013-00011',
    ],
  },
  'procedure-code': {
    valid: ['1.005129', '2.001234.000.00.00.H29'.slice(0, 20)],
    invalid: ['1005129', '1.00512', '1.005129.', `1.005129${'.a'.repeat(7)}`],
  },
  'ward-code': { valid: ['00001', '26734'], invalid: ['00000', '1234', '123456'] },
  'parcel-key': {
    valid: ['26734_12_345'],
    invalid: ['26734_0_1', '26734_1_01', '26734-1-1', '00000_1_1', '26734_1'],
  },
  'land-certificate': {
    valid: ['AA12345678', 'ĐĐ 123456', 'D 1234567', 'D\u0110 123456'],
    invalid: ['AA1234567', 'aa12345678', 'ABC123456', 'AA  123456'],
  },
  'hs-code': { valid: ['0101', '010121', '97060000'], invalid: ['0001', '9801', '01012', '010'] },
  'phone-vn': {
    valid: ['0953000001', '+84953000001', '02438000000', '0243800000'],
    invalid: ['01690000001', '0453000001', '095300000', '84953000001', '+840953000001'],
  },
  'request-id': { valid: ['a', 'x'.repeat(40), 'REQ:2026/1'], invalid: ['', 'x'.repeat(41), 'a b', 'mã'] },
  vnd: { valid: [0, -5, 9007199254740991], invalid: [1.5, 9007199254740992, Number.NaN] },
  uuid: {
    valid: ['018f0000-0000-7000-8000-000000000000'],
    invalid: ['018f0000-0000-7000-8000-00000000000', '018f000000007000800000000000'],
  },
  email: {
    valid: ['can-bo@example.gov.vn'],
    invalid: ['a@b', 'a b@c.vn', '@c.vn', `${'a'.repeat(65)}@c.vn`],
  },
  uri: {
    valid: ['https://example.gov.vn/a?b#c', 'urn:oid:1.2.3'],
    invalid: ['/a', 'example', `https://a.vn/${'x'.repeat(2100)}`],
  },
}

describe('formats', () => {
  for (const [name, { valid, invalid }] of Object.entries(EXAMPLES)) {
    it(`${name} accepts and refuses its examples`, () => {
      for (const value of valid)
        expect(accepts(sandbox, name as FormatName, value), `${value}`).to.equal(true)
      for (const value of invalid)
        expect(accepts(sandbox, name as FormatName, value), `${value}`).to.equal(false)
    })
  }

  it('has a title for each and nothing else', () => {
    expect(Object.keys(real).sort()).to.deep.equal(Object.keys(FORMAT_TITLES).sort())
  })

  it('accepts people who do not exist only where it is told to', () => {
    for (const name of ['personal-id', 'tax-code', 'social-insurance'] as const) {
      expect(accepts(sandbox, name, '099090000001'), name).to.equal(true)
      expect(accepts(real, name, '099090000001'), name).to.equal(false)
    }
    expect(accepts(real, 'tax-code', '9900000016')).to.equal(true)
  })

  it('knows the 63 provinces of personal ids and no other place below the countries', () => {
    const places = Array.from({ length: 101 }, (_, place) => String(place).padStart(3, '0'))
    const known = places.filter((place) => accepts(real, 'personal-id', `${place}999999999`))
    expect(known).to.have.length(63)
    expect(known[0]).to.equal('001')
    expect(known.at(-1)).to.equal('096')
    expect(known).to.not.include.members(['003', '005', '099', '097', '100'])
  })

  it('agrees with Date on which days exist', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9999 }),
        fc.integer({ min: 0, max: 13 }),
        fc.integer({ min: 0, max: 32 }),
        (year, month, day) => {
          const text = [
            String(year).padStart(4, '0'),
            String(month).padStart(2, '0'),
            String(day).padStart(2, '0'),
          ].join('-')
          const time = Date.parse(`${text}T00:00:00Z`)
          const exists = !Number.isNaN(time) && new Date(time).toISOString().startsWith(text)
          expect(accepts(real, 'date', text), text).to.equal(exists)
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('refuses long hostile texts without backtracking', () => {
    const hostile = ['0', '9', '-', '.', 'A', 'a@', '1.', '_1', ' '].map((part) => part.repeat(100_000))
    for (const format of Object.values(sandbox)) {
      if (format.type === 'number') continue
      for (const text of hostile) expect(format.validate(text)).to.equal(false)
    }
  })
})

describe('the tax check digit', () => {
  it('is right for a known code', () => {
    expect(taxCheckDigit('010004751')).to.equal(6)
  })

  it('is missing where no code starts so', () => {
    expect(taxCheckDigit('990000007')).to.equal(undefined)
    expect(taxCheckDigit('000000001')).to.equal(undefined)
    expect(taxCheckDigit('990000000')).to.equal(undefined)
    expect(taxCheckDigit('99000000')).to.equal(undefined)
    expect(taxCheckDigit('99000000x')).to.equal(undefined)
  })

  it('tells every change of one digit', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 990000001, max: 999999999 }),
        fc.nat(9),
        fc.nat(9),
        (prefix, place, digit) => {
          const check = taxCheckDigit(String(prefix))
          fc.pre(check !== undefined)
          const code = `${prefix}${check}`
          const changed = `${code.slice(0, place)}${digit}${code.slice(place + 1)}`
          expect(accepts(real, 'tax-code', code)).to.equal(true)
          expect(accepts(real, 'tax-code', changed)).to.equal(changed === code)
        },
      ),
      { numRuns: 1000 },
    )
  })
})

describe('what a personal id says of its holder', () => {
  it('reads sex, century and year of birth', () => {
    expect(personalIdSexAndCentury('099090000001')).to.deep.equal({
      sex: 'male',
      century: 1900,
      birthYear: 1990,
    })
    expect(personalIdSexAndCentury('099305000001')).to.deep.equal({
      sex: 'female',
      century: 2000,
      birthYear: 2005,
    })
    expect(personalIdSexAndCentury('099999000001')).to.deep.equal({
      sex: 'female',
      century: 2300,
      birthYear: 2399,
    })
    expect(personalIdSexAndCentury('09909000000')).to.equal(undefined)
    expect(personalIdSexAndCentury('09909000000x')).to.equal(undefined)
  })

  it('agrees with the right year and sex only', () => {
    expect(agreesWithBirth('099090000001', '1990-05-06', 'male')).to.equal(true)
    expect(agreesWithBirth('099090000001', '1990', 'Nam')).to.equal(true)
    expect(agreesWithBirth('099190000001', '1990', 'nữ'.normalize('NFD'))).to.equal(true)
    expect(agreesWithBirth('099090000001', '1991', 'male')).to.equal(false)
    expect(agreesWithBirth('099090000001', '2090', 'male')).to.equal(false)
    expect(agreesWithBirth('099090000001', '1990', 'female')).to.equal(false)
    expect(agreesWithBirth('099090000001', undefined, 'female')).to.equal(false)
  })

  it('does not compare what it does not know', () => {
    expect(agreesWithBirth('099090000001', undefined, undefined)).to.equal(true)
    expect(agreesWithBirth('099090000001', '1990', '1')).to.equal(true)
    expect(agreesWithBirth('990000001', '2000', 'male')).to.equal(true)
  })
})
