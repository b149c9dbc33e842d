import { hash } from 'node:crypto'
import canonicalize from 'canonicalize'
import { expect } from 'chai'
import type { Agreement } from '../../src/model/agreement.ts'
import type { ServiceId, SubsystemId } from '../../src/model/identifier.ts'
import type { CompiledRegistry } from '../../src/registry/compiled.ts'
import { listDocuments, overlay, type RegistryDocuments } from '../../src/registry/documents.ts'
import { type CompileOptions, compileRegistry } from '../../src/registry/snapshot.ts'
import { makeCertificate } from '../support/certificate.ts'
import { rebound } from '../support/rebound.ts'
import { ADMISSION, NOW_MS, readSound } from './fixture.ts'

const SERVICE_ID: ServiceId = 'G01/dan-cu/cong-dan/v1'
const CONSUMER: SubsystemId = 'H29/mot-cua'
const DAY_MS = 86_400_000

function compile(documents: RegistryDocuments, options: Partial<CompileOptions> = {}): CompiledRegistry {
  const compilation = compileRegistry(documents, { version: 1, syntheticPersons: true, ...options })
  if ('faults' in compilation) throw new Error(JSON.stringify(compilation.faults))
  return compilation.registry
}

function rulesOf(documents: RegistryDocuments, options: Partial<CompileOptions> = {}): string[] {
  const compilation = compileRegistry(documents, { version: 1, syntheticPersons: true, ...options })
  return 'faults' in compilation ? compilation.faults.map(({ path, rule }) => `${path} ${rule}`) : []
}

function sha256(text: string): string {
  return hash('sha256', text, 'hex')
}

describe('compileRegistry', () => {
  let documents: RegistryDocuments
  let agreement: Agreement

  before(async () => {
    documents = await readSound()
    const [first] = documents.agreements
    if (first === undefined) throw new Error('the fixture has no agreement')
    agreement = first
  })

  it('finds the agreements of one consumer on one service, sorted by id', () => {
    const more = ['TT-2026-003', 'TT-2026-002'].map((id) => ({ ...agreement, id }))
    const other = { ...agreement, id: 'TT-2026-009', consumer: 'G01/dan-cu' as const }
    const service = compile(overlay(documents, { agreements: [...more, other] })).services.get(SERVICE_ID)
    const ids = (consumer: SubsystemId) => service?.agreementsOf(consumer).map(({ document }) => document.id)
    expect(ids(CONSUMER)).to.deep.equal(['TT-2026-001', 'TT-2026-002', 'TT-2026-003'])
    expect(ids('G01/dan-cu')).to.deep.equal(['TT-2026-009'])
    expect(ids('H26/mot-cua')).to.deep.equal([])
  })

  it('knows provider, span and legal bases', () => {
    const registry = compile(documents)
    const compiled = registry.agreements.get('TT-2026-001')
    expect(registry.services.get(SERVICE_ID)?.provider.id).to.equal('G01/dan-cu')
    expect(compiled?.bases.map(({ document }) => document.text)).to.deep.equal(['278/2025/NĐ-CP'])
    expect(compiled?.span).to.deep.equal({
      fromMs: Date.parse('2026-01-01T00:00:00+07:00'),
      untilMs: Date.parse('2029-01-01T00:00:00+07:00'),
    })
    expect([...(compiled?.grants.keys() ?? [])]).to.deep.equal(['verifyCitizen'])
  })

  it('has a digest anyone can compute again, by which any change shows and order does not', () => {
    const entries = listDocuments(documents).map(({ kind, id, content }) => ({
      kind,
      id,
      digest: sha256(canonicalize(content) ?? ''),
    }))
    const { digest, agreements } = compile(documents)
    expect(digest).to.equal(sha256(canonicalize(entries) ?? ''))
    expect(agreements.get(agreement.id)?.digest).to.equal(sha256(canonicalize(agreement) ?? ''))
    expect(compile({ ...documents, agencies: documents.agencies.toReversed() }).digest).to.equal(digest)
    const changed = { ...agreement, quota: { ...agreement.quota, perDay: 999 } }
    expect(compile(overlay(documents, { agreements: [changed] })).digest).to.not.equal(digest)
  })

  it('freezes what it was given, to the last member', () => {
    compile(documents)
    expect(() => Object.assign(agreement.quota, { perDay: 1 })).to.throw(TypeError)
  })

  it('takes over what did not change, and compiles anew what did', () => {
    const before = compile(documents)
    const changed = { ...agreement, id: 'TT-2026-002' }
    const after = compile(overlay(documents, { agreements: [changed] }), { previous: before, version: 2 })
    expect(after.version).to.equal(2)
    expect(after.agreements.get(agreement.id)).to.equal(before.agreements.get(agreement.id))
    expect(after.services.get(SERVICE_ID)?.contract).to.equal(before.services.get(SERVICE_ID)?.contract)
    expect(before.agreements.has('TT-2026-002')).to.equal(false)
  })

  it('sees a legal basis repealed under an agreement that did not change', () => {
    const before = compile(documents)
    const bases = documents.legalBases.map((basis) => ({
      ...basis,
      validity: { ...basis.validity, until: '2026-10-31' },
    }))
    const after = compile(overlay(documents, { legalBases: bases }), { previous: before })
    const [basis] = after.agreements.get(agreement.id)?.bases ?? []
    expect(basis?.span.untilMs).to.equal(Date.parse('2026-11-01T00:00:00+07:00'))
    expect(after.agreements.get(agreement.id)?.grants).to.equal(before.agreements.get(agreement.id)?.grants)
  })

  it('lets an agreement stand on a repealed text for its days of grace, and no grace without an end', () => {
    const [basis] = documents.legalBases
    if (basis === undefined) throw new Error('no basis')
    const validity = { ...basis.validity, until: '2026-10-31' }
    const repealed = { ...basis, validity, graceUntil: '2027-03-31' }
    const graced = compile(overlay(documents, { legalBases: [repealed] }))
    const [compiled] = graced.agreements.get(agreement.id)?.bases ?? []
    expect(compiled?.span.untilMs).to.equal(Date.parse('2027-04-01T00:00:00+07:00'))
    const rulesOf = (change: object) => {
      const bad = { ...repealed, ...change }
      const outcome = compileRegistry(overlay(documents, { legalBases: [bad] }), {
        version: 1,
        syntheticPersons: true,
      })
      return 'faults' in outcome ? outcome.faults.map(({ rule }) => rule) : []
    }
    expect(rulesOf({ graceUntil: '2026-10-31' })).to.deep.equal(['grace_order'])
    expect(rulesOf({ validity: basis.validity })).to.deep.equal(['grace_order'])
    expect(rulesOf({ replacedBy: 'khong-co' })).to.deep.equal(['reference'])
  })

  it('checks the fields of an unchanged agreement again where the contract changed', () => {
    const before = compile(documents)
    const schemas = documents.schemas.map((schema) => ({
      ...schema,
      content: JSON.parse(JSON.stringify(schema.content).replace('"matched"', '"agrees"')),
    }))
    expect(rulesOf({ ...documents, schemas }, { previous: before })).to.deep.equal([
      'Agreement/TT-2026-001 field_unknown',
    ])
  })

  it('judges a changed document again though one of its name was sound before', () => {
    const before = compile(documents)
    const changed = { ...agreement, purposes: [] }
    expect(rulesOf(overlay(documents, { agreements: [changed] }), { previous: before })).to.deep.equal([
      'Agreement/TT-2026-001 minItems',
    ])
  })

  it('tells two documents of one name', () => {
    const twice = { ...documents, agreements: [agreement, { ...agreement }] }
    expect(rulesOf(twice)).to.deep.equal(['Agreement/TT-2026-001 duplicate'])
  })

  it('does not compile anything of ill shape, whatever else it may be', () => {
    const broken = { ...documents, agreements: [JSON.parse('{"kind":"Agreement","id":"x"}')] }
    const rules = rulesOf(broken)
    expect(rules).to.include('Agreement/x required')
    expect(new Set(rules)).to.have.length(1)
  })

  it('judges certificates where documents are admitted, not where a gateway loads them', () => {
    const { certificate } = makeCertificate({
      name: 'provider',
      notBeforeMs: NOW_MS - 2 * DAY_MS,
      notAfterMs: NOW_MS - DAY_MS,
    })
    const services = documents.services.map((service) => rebound(service, { tls: { ca: certificate } }))
    const expired = overlay(documents, { services })
    const before = compile(expired)
    const fault = [`Service/${SERVICE_ID} certificate_expired`]
    expect(rulesOf(expired, { admission: ADMISSION })).to.deep.equal(fault)
    expect(rulesOf(expired, { admission: ADMISSION, previous: before })).to.deep.equal(fault)
  })
})

describe('overlay', () => {
  it('replaces by name, adds the rest, and leaves what it was given as it was', async () => {
    const documents = await readSound()
    const [subsystem] = documents.subsystems
    if (subsystem === undefined) throw new Error('the fixture has no subsystem')
    const patched = overlay(documents, {
      subsystems: [
        { ...subsystem, contact: 'new' },
        { ...subsystem, id: 'H29/khac' },
      ],
    })
    expect(patched.subsystems.map(({ id, contact }) => `${id} ${contact}`)).to.have.members([
      'G01/dan-cu new',
      'H29/mot-cua ops@mot-cua.example',
      'H29/khac ops@dan-cu.example',
    ])
    expect(documents.subsystems).to.have.length(2)
    expect(patched.agreements).to.deep.equal(documents.agreements)
  })
})
