import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import { parse, parseAllDocuments } from 'yaml'
import {
  COMMUNE_PARTS,
  type Commune,
  createUnitResolver,
  type Province,
} from '../../src/model/administrative-unit.ts'
import { PROVINCES } from '../../src/reporting/provinces.ts'
import { PROVINCE_CODES } from '../../src/sandbox/places.ts'
import { runCli } from '../support/cli.ts'

const FILE = join(import.meta.dirname, '../../config/registry/provinces.yaml')
const DATA = parseAllDocuments(readFileSync(FILE, 'utf8')).map((each) => each.toJS() as Province)
const BEFORE = '2025-06-30'
const AFTER = '2025-07-01'

const codes = (digits: number) => fc.integer({ min: 0, max: 40 }).map((n) => String(n).padStart(digits, '0'))
const commune: fc.Arbitrary<Commune> = fc.record({
  code: codes(5),
  name: fc.constant('Xã'),
  formerly: fc.uniqueArray(
    fc.record({
      code: codes(5),
      name: fc.constant('Xã cũ'),
      district: fc.constant('001'),
      province: fc.constant('01'),
      part: fc.constantFrom(...COMMUNE_PARTS),
    }),
    { minLength: 1, maxLength: 8, selector: ({ code }) => code },
  ),
})
const provinces: fc.Arbitrary<readonly Province[]> = fc.uniqueArray(
  fc.record({
    kind: fc.constant('Province' as const),
    id: codes(2),
    name: fc.constant('Tỉnh'),
    from: fc.constant(AFTER),
    formerly: fc.uniqueArray(codes(2), { minLength: 1, maxLength: 4 }),
    communes: fc.uniqueArray(commune, { maxLength: 10, selector: ({ code }) => code }),
  }),
  { maxLength: 6, selector: ({ id }) => id },
)

describe('an administrative unit', () => {
  const resolve = createUnitResolver(DATA)
  const told = (code: string, asOf: string) => {
    const { resolution, candidates, scheme } = resolve(code, asOf)
    return [scheme, resolution, ...candidates.map((each) => each.code + (each.part ? ` ${each.part}` : ''))]
  }

  it('is by its code alone nobody’s: the day says which list the code belongs to', () => {
    expect(told('00008', AFTER)).to.deep.equal(['DVHC-2025-07', 'exact', '00008'])
    expect(resolve('00008', AFTER).candidates[0]?.name).to.equal('Phường Ngọc Hà')
    // Liễu Giai once; and what was Ngọc Hà then is divided between two.
    expect(told('00008', BEFORE)).to.deep.equal(['DVHC-pre-2025-07', 'exact', '00008 whole'])
    expect(told('00016', BEFORE)).to.deep.equal(['DVHC-pre-2025-07', 'several', '00004 some', '00008 some'])
    expect(told('00016', AFTER)).to.deep.equal(['DVHC-2025-07', 'none'])
  })

  it('is where its people went, where the others got land alone', () => {
    expect(told('00112', BEFORE)).to.deep.equal(['DVHC-pre-2025-07', 'exact', '00004 land', '00103 people'])
    expect(told('00139', BEFORE).slice(1)).to.deep.equal([
      'exact',
      '00097 land',
      '00118 people',
      '00145 land',
    ])
  })

  it('of a province may have become two: 82 was divided, 64 was not', () => {
    expect(told('82', BEFORE).slice(1)).to.deep.equal(['several', '80', '82'])
    expect(told('64', BEFORE).slice(1)).to.deep.equal(['exact', '52'])
    expect(told('64', AFTER).slice(1)).to.deep.equal(['none'])
    expect(resolve('82', BEFORE).unverified).to.equal(true)
  })

  it('is one of 34 provinces in the registry, which 63 went into', () => {
    expect(DATA.map(({ id }) => id)).to.have.members(PROVINCES.map(({ code }) => code))
    const former = new Set(DATA.flatMap(({ formerly }) => formerly))
    expect(former.size).to.equal(63)
    for (const code of PROVINCE_CODES) expect(resolve(code, AFTER).resolution, code).to.equal('exact')
  })

  it('resolves to what the table says and to nothing else', () => {
    fc.assert(
      fc.property(provinces, codes(5), (list, code) => {
        const its = createUnitResolver(list)
        const rows = list.flatMap(({ communes = [] }) =>
          communes.flatMap((each) =>
            each.formerly.filter((former) => former.code === code).map(({ part }) => `${each.code} ${part}`),
          ),
        )
        const { resolution, candidates } = its(code, BEFORE)
        expect(candidates.map((each) => `${each.code} ${each.part}`)).to.deep.equal(rows)
        const inhabited = rows.filter((row) => !row.endsWith('land'))
        const expected = rows.length === 0 ? 'none' : inhabited.length === 1 ? 'exact' : 'several'
        expect(resolution).to.equal(expected)
        const present = list.flatMap(({ communes = [] }) => communes.filter((each) => each.code === code))
        expect(its(code, AFTER).candidates).to.have.length(present.length)
      }),
    )
  })

  it('says that nobody has held it against the text where that is so, and nothing where somebody has', () => {
    const province = { kind: 'Province', id: '01', name: 'Hà Nội', from: '2025-07-01', formerly: [] } as const
    const told = (more: object) => createUnitResolver([{ ...province, ...more }])('01', AFTER)
    expect(told({ unverified: true })).to.include({ unverified: true })
    for (const more of [{}, { unverified: false }]) expect(told(more)).to.not.have.property('unverified')
  })

  it('of no table is none', () => {
    expect(createUnitResolver([])('01', AFTER)).to.include({ resolution: 'none', scheme: 'DVHC-2025-07' })
  })

  it("comes from the government's table, line by line, and a line that is not understood stops it", async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lienthong-units-'))
    const head =
      'Đơn vị hành chính từ ngày 01/7/2025,,,Đơn vị hành chính trước ngày 01/7/2025,,,,,\n' +
      '"Tỉnh, thành phố",Tên Xã mới,Mã Xã mới,Tên Xã cũ,Mã Xã cũ,Ghi chú,Quận/huyện,Tỉnh cũ,\n' +
      'THÀNH PHỐ HÀ NỘI  ,,,,,,,,\n'
    const place = 'Quận Ba Đình (001),Thành phố Hà Nội (01),'
    const rows =
      `Thành phố Hà Nội (01),Phường Ba Đình,00004,Phường Trúc Bạch,00004,Nhập toàn bộ,${place}\n` +
      `Thành phố Hà Nội (01),Phường Ba Đình,00004,Phường Ngọc Hà,00016,Nhập một phần ,${place}\n` +
      `Thành phố Hà Nội (01),Phường Tây Hồ,00103,Phường Thụy Khuê,00112,"Nhập một phần diện tích, toàn bộ dân số",${place}\n`
    const run = async (csv: string) => {
      await writeFile(join(folder, 'bang.csv'), csv)
      return runCli(['registry', 'import-units', 'bang.csv', '--out', 'tinh', '--unverified', '--json'], {
        workingDirectory: folder,
      })
    }
    try {
      const { exit, out, err } = await run(`\uFEFF${head}${rows}`)
      expect(exit, err).to.equal(0)
      expect(JSON.parse(out)).to.include({ provinces: 1, communes: 2 })
      const province: Province = parse(await readFile(join(folder, 'tinh/01.yaml'), 'utf8'))
      const told = createUnitResolver([province])
      expect(told('00112', BEFORE)).to.deep.include({ resolution: 'exact', unverified: true })
      expect(told('00016', BEFORE).candidates).to.deep.equal([
        { code: '00004', name: 'Phường Ba Đình', province: '01', part: 'some' },
      ])
      expect(
        (await run(`${head}${rows}Thành phố Hà Nội (01),Phường X,0009,Y,00001,Nhập toàn bộ,${place}\n`)).err,
      ).to.include('Not understood, lines: 7')
      expect((await run('a,b\n1,2\n')).exit).to.equal(2)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
