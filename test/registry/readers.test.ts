import { expect } from 'chai'
import { READER_RIGHTS, type Reader } from '../../src/model/reader.ts'
import { overlay, type RegistryDocuments } from '../../src/registry/documents.ts'
import { readingRightOf } from '../../src/registry/readers.ts'
import { compileRegistry } from '../../src/registry/snapshot.ts'
import { readSound } from './fixture.ts'

const NOW = Date.parse('2026-11-22T03:00:00Z')

const READER: Reader = {
  kind: 'Reader',
  id: 'QD-1',
  title: { vi: 'Thanh tra', en: 'Inspectorate' },
  subsystem: 'H29/mot-cua',
  role: 'auditor',
  legalBases: ['nd-278-2025'],
  validity: { from: '2026-01-01', until: '2026-12-31' },
  state: 'active',
}

describe('the right to read the log', () => {
  let documents: RegistryDocuments

  before(async () => {
    documents = await readSound()
  })

  function compile(readers: readonly Reader[], patch: Partial<RegistryDocuments> = {}) {
    return compileRegistry(overlay(documents, { readers, ...patch }), { version: 1, syntheticPersons: true })
  }

  function rightOf(readers: readonly Reader[], patch: Partial<RegistryDocuments> = {}, nowMs = NOW) {
    const compilation = compile(readers, patch)
    if ('faults' in compilation) throw new Error(JSON.stringify(compilation.faults))
    return readingRightOf(compilation.registry, 'H29/mot-cua', nowMs)
  }

  it('is nobody’s by default', () => {
    expect(rightOf([])).to.equal(undefined)
    expect(rightOf([{ ...READER, subsystem: 'G01/dan-cu' }])).to.equal(undefined)
  })

  it('is what the role says, over everybody’s exchanges', () => {
    const right = rightOf([READER])
    expect(right?.rights).to.deep.equal(READER_RIGHTS.auditor)
    expect(right?.parties).to.equal(undefined)
  })

  for (const [name, change, patch] of [
    ['suspended', { state: 'suspended' }, {}],
    ['revoked', { state: 'revoked' }, {}],
    ['not yet in force', { validity: { from: '2026-11-23' } }, {}],
    ['past its last day', { validity: { from: '2026-01-01', until: '2026-11-21' } }, {}],
  ] as const) {
    it(`is none while it is ${name}`, () => {
      expect(rightOf([{ ...READER, ...change }], patch)).to.equal(undefined)
    })
  }

  it('ends with its legal basis', () => {
    const legalBases = documents.legalBases.map((basis) => ({
      ...basis,
      validity: { from: '2025-10-22', until: '2026-11-01' },
    }))
    expect(rightOf([READER], { legalBases })).to.equal(undefined)
  })

  it('is the first one in force where there are several', () => {
    const right = rightOf([
      { ...READER, id: 'QD-3', role: 'operator' },
      { ...READER, id: 'QD-2', role: 'data-protection-officer' },
      { ...READER, state: 'revoked' },
    ])
    expect(right?.reader.document.id).to.equal('QD-2')
  })

  it('of an agency covers its own subsystems and those of the agencies it succeeds', () => {
    const [agency] = documents.agencies
    const [subsystem] = documents.subsystems
    if (agency === undefined || subsystem === undefined) throw new Error('the fixture is empty')
    const agencies = [
      { ...agency, code: 'H06', aliases: [], successor: 'H09' },
      { ...agency, code: 'H09', aliases: [], successor: 'H29' },
      { ...agency, code: 'H26', aliases: [] },
    ].map(({ aliases, ...other }) => other)
    const subsystems = (['H06/mot-cua', 'H26/mot-cua', 'H29/kho'] as const).map((id) => {
      const { credentials, ...other } = subsystem
      return { ...other, id }
    })
    const right = rightOf([{ ...READER, role: 'agency' }], { agencies, subsystems })
    expect(right?.parties).to.have.members(['H06/mot-cua', 'H29/kho', 'H29/mot-cua'])
  })

  it('names a subsystem and legal bases that exist', () => {
    const compilation = compile([
      {
        ...READER,
        subsystem: 'H29/khong-co',
        legalBases: ['khong-co'],
        delayedDisclosure: { days: 30, legalBasis: 'khong-co' },
      },
    ])
    const faults = 'faults' in compilation ? compilation.faults : []
    expect(faults.map(({ path, pointer, rule }) => [path, pointer, rule])).to.have.deep.members([
      ['Reader/QD-1', '/subsystem', 'reference'],
      ['Reader/QD-1', '/legalBases/0', 'reference'],
      ['Reader/QD-1', '/delayedDisclosure/legalBasis', 'reference'],
    ])
  })
})
