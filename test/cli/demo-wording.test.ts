import { join } from 'node:path'
import { expect } from 'chai'
import { createWording } from '../../src/cli/demo-wording.ts'
import { createAdmission } from '../../src/identity/admission.ts'
import type { Language } from '../../src/model/identifier.ts'
import { type ReadRegistry, readRegistryDirectory } from '../../src/registry/read-documents.ts'
import { createCountry } from '../../src/sandbox/country.ts'

const PROJECT = join(import.meta.dirname, '../..')

describe('the demo’s wording', () => {
  let read: ReadRegistry

  before(async () => {
    read = await readRegistryDirectory(join(PROJECT, 'config/registry'), join(PROJECT, 'schemas'), {
      syntheticPersons: true,
      admission: createAdmission(Date.now()),
    })
  })

  const wordingIn = (language: Language) => createWording(read.documents, language)

  it('calls members by their titles and codes by their meaning, in both languages', () => {
    const place = createCountry().parcels.find('26743_8_69')
    if (place === undefined) expect.fail('the sandbox has no such parcel')
    const parcel = createCountry().parcels.recordOf(place)
    const tell = (language: Language) => {
      const wording = wordingIn(language)
      const schema = wording.operation('G10/dat-dai/thua-dat/v1', 'lookUpParcel').responses.get('200')
      return new Map(wording.tell(parcel, schema).map(({ title, text }) => [title, text]))
    }
    const vi = tell('vi')
    expect(vi.get('Diện tích')).to.equal('172,6 m²')
    expect(vi.get('Các mục đích sử dụng')).to.equal('Đất ở tại đô thị · 172,6 m²')
    expect(vi.get('Các hạn chế quyền')).to.equal('Thế chấp · 15/06/2026 · Ngân hàng thử nghiệm số 7')
    const en = tell('en')
    expect(en.get('Area')).to.equal('172.6 m²')
    expect(en.get('Address')).to.match(/\(commune 26743, province 79\)$/)
  })

  it('names each member that an agreement holds back, inside lists too', () => {
    const wording = wordingIn('en')
    const schema = wording.operation('G10/dat-dai/thua-dat/v1', 'lookUpParcel').responses.get('200')
    const agreement = read.documents.agreements.find(({ id }) => id === 'TT-2026-002')
    const fields = agreement?.operations.find(({ operation }) => operation === 'lookUpParcel')?.fields ?? []
    expect(wording.withheld(schema, fields)).to.deep.equal([
      { pointer: '/owners/personalId', title: 'Land users › personal id' },
      { pointer: '/restrictions/holder', title: 'Restrictions › holder' },
    ])
    expect(wording.withheld(schema, []).map(({ pointer }) => pointer)).to.include('/owners')
  })

  it('gives two members of one kind their own names', () => {
    const wording = wordingIn('vi')
    const schema = wording.operation('G01/dan-cu/cong-dan/v1', 'lookUpCitizen').responses.get('200')
    const titles = wording.withheld(schema, []).map(({ title }) => title)
    expect(new Set(titles).size).to.equal(titles.length)
    expect(titles).to.include.members(['Nơi thường trú', 'Nơi ở hiện tại', 'Cha', 'Mẹ'])
  })

  it('says which service or operation there is not', () => {
    const wording = wordingIn('vi')
    expect(() => wording.operation('G01/dan-cu/cong-dan/v1', 'khongCo')).to.throw('khongCo')
  })
})
