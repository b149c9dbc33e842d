import { join } from 'node:path'
import { expect } from 'chai'
import {
  APPLICATION_ACTS,
  APPLICATION_STATES,
  type ApplicationContent,
  type AttachedDocument,
  stateAfter,
} from '../../src/model/application.ts'
import { checkApplication } from '../../src/registry/application-rules.ts'
import type { CompiledRegistry } from '../../src/registry/compiled.ts'
import { overlay } from '../../src/registry/documents.ts'
import { readRegistryDirectory } from '../../src/registry/read-documents.ts'
import { compileRegistry } from '../../src/registry/snapshot.ts'
import { ADMISSION } from './fixture.ts'

const PROJECT = join(import.meta.dirname, '../..')
const NOW = Date.parse('2026-11-23T03:00:00Z')

const APPLICATION: ApplicationContent = {
  class: 'theo-yeu-cau',
  agreement: {
    title: { vi: 'Tra cứu học bạ số', en: 'Digital school records' },
    consumer: 'H29/mot-cua',
    service: 'G03/hoc-ba/hoc-ba-so/v1',
    operations: [{ operation: 'lookUpSchoolRecord', fields: ['/years', '/dataAsOf'] }],
    purposes: ['giai-quyet-thu-tuc-hanh-chinh'],
    legalBases: ['nd-278-2025'],
    quota: { perSecond: 5, perDay: 10_000 },
    validity: { from: '2026-12-01', until: '2028-12-31' },
  },
  documents: [
    { document: 'van-ban-de-nghi', number: '12/UBND-VX', date: '2026-11-20' },
    { document: 'noi-dung-thong-nhat', number: '03/BB', date: '2026-11-18' },
    { document: 'xac-nhan-an-toan', number: '77/XN', date: '2026-05-28' },
  ],
  conformance: {
    ok: true,
    kind: 'consumer',
    id: 'H29/mot-cua',
    at: '2026-11-20T03:00:00.000Z',
    version: '1.0.0',
    findings: [{ check: 'key', state: 'ok' }],
  },
}

describe('an application for connection', () => {
  let registry: CompiledRegistry

  before(async () => {
    const read = await readRegistryDirectory(join(PROJECT, 'config/registry'), join(PROJECT, 'schemas'), {
      syntheticPersons: true,
      admission: ADMISSION,
    })
    if (read.registry === undefined) throw new Error(JSON.stringify(read.faults))
    registry = read.registry
  })

  const faultsOf = (content: ApplicationContent) =>
    checkApplication(content, registry, NOW).map(({ pointer, rule }) => `${pointer} ${rule}`)
  const wishing = (change: object) =>
    faultsOf({ ...APPLICATION, agreement: { ...APPLICATION.agreement, ...change } })
  const attaching = (change: object) =>
    faultsOf({ ...APPLICATION, conformance: { ...APPLICATION.conformance, ...change } as never })

  it('is complete with all that its class asks for', () => {
    expect(faultsOf(APPLICATION)).to.deep.equal([])
  })

  it('wishes for an agreement that the registry would take', () => {
    const at = '/agreement/operations/0'
    expect(wishing({ operations: [{ operation: 'lookUpSchoolRecord', fields: ['/salary'] }] })).to.deep.equal(
      [`${at}/fields/0 field_unknown`],
    )
    expect(wishing({ operations: [{ operation: 'deleteRecord', fields: [] }] })).to.deep.equal([
      `${at}/operation operation_unknown`,
    ])
    expect(wishing({ service: 'G03/hoc-ba/diem/v1' })).to.deep.equal(['/agreement/service reference'])
    expect(wishing({ legalBases: ['nd-00-1999'] })).to.deep.equal(['/agreement/legalBases/0 reference'])
    expect(wishing({ quota: undefined })).to.deep.equal(['/agreement/quota required'])
    expect(wishing({ validity: { from: '2027-01-01', until: '2026-01-01' } })).to.deep.equal([
      '/agreement/validity/until validity_order',
    ])
  })

  it('stands on texts that are in force', () => {
    expect(wishing({ legalBases: ['nd-47-2020'] })).to.deep.equal(['/agreement/legalBases/0 basis_expired'])
  })

  it('brings every paper of its class, none of another, and none that is too old', () => {
    const all = APPLICATION.documents
    const bringing = (documents: readonly AttachedDocument[]) => faultsOf({ ...APPLICATION, documents })
    expect(bringing(all.slice(1))).to.deep.equal(['/documents paper_missing'])
    const other = { document: 'giay-khac', number: '1', date: '2026-11-20' }
    expect(bringing([...all, other])).to.deep.equal(['/documents/3/document paper_unknown'])
    const dated = (date: string) =>
      bringing(all.map((each) => (each.document === 'xac-nhan-an-toan' ? { ...each, date } : each)))
    expect(dated('2026-05-20')).to.deep.equal(['/documents/2/date too_old'])
    expect(dated('2026-11-24')).to.deep.equal(['/documents/2/date in_future'])
  })

  it('brings a list of conformance that is its own, passed, and new enough', () => {
    const { conformance: _, ...without } = APPLICATION
    expect(faultsOf(without)).to.deep.equal(['/conformance conformance_missing'])
    expect(attaching({ ok: false })).to.deep.equal(['/conformance/ok conformance_failed'])
    expect(attaching({ id: 'H26/mot-cua' })).to.deep.equal(['/conformance/id conformance_other'])
    expect(attaching({ kind: 'provider' })).to.deep.equal(['/conformance/id conformance_other'])
    expect(attaching({ at: '2026-08-01T00:00:00Z' })).to.deep.equal(['/conformance/at too_old'])
  })

  it('is of a class that the registry has', () => {
    expect(faultsOf({ ...APPLICATION, class: 'nhanh' })).to.deep.equal(['/class class_unknown'])
  })

  it('is decided once: nothing can be done with one that is approved, refused or withdrawn', () => {
    const possible = APPLICATION_STATES.map((state) => [
      state,
      APPLICATION_ACTS.filter((act) => stateAfter(state, act) !== undefined),
    ])
    expect(Object.fromEntries(possible)).to.deep.equal({
      filed: ['withdraw', 'ask', 'approve', 'refuse'],
      incomplete: ['supplement', 'withdraw', 'refuse'],
      approved: [],
      refused: [],
      withdrawn: [],
    })
  })

  it('has classes that stand on texts of the registry, with each paper once', () => {
    const [known] = registry.documents.applicationClasses
    if (known === undefined) throw new Error('no class')
    const rulesOf = (change: object) => {
      const documents = overlay(registry.documents, { applicationClasses: [{ ...known, ...change }] })
      const compiled = compileRegistry(documents, { version: 2, syntheticPersons: true })
      return 'faults' in compiled ? compiled.faults.map(({ pointer, rule }) => `${pointer} ${rule}`) : []
    }
    expect(rulesOf({ legalBases: ['nd-00-1999'] })).to.deep.equal(['/legalBases/0 reference'])
    const [paper] = known.documents
    expect(rulesOf({ documents: [paper, paper] })).to.deep.equal(['/documents/1/id paper_duplicate'])
    expect(rulesOf({ appraisalWorkingDays: 0 })).to.deep.equal(['/appraisalWorkingDays minimum'])
    expect(rulesOf({})).to.deep.equal([])
  })
})
