import { join } from 'node:path'
import { expect } from 'chai'
import { createAdmission } from '../../src/identity/admission.ts'
import type { Service } from '../../src/model/party.ts'
import type { PlannedPart, PlannedStep } from '../../src/model/plan.ts'
import { overlay, type RegistryDocuments } from '../../src/registry/documents.ts'
import { readRegistryDirectory } from '../../src/registry/read-documents.ts'
import { compileRegistry } from '../../src/registry/snapshot.ts'

const PROJECT = join(import.meta.dirname, '../..')
const COMPOSITE = 'G06/lien-thong/chuyen-nhuong-dat/v1'

describe('the plan of a composite service', () => {
  let documents: RegistryDocuments
  let composite: Service

  before(async () => {
    const read = await readRegistryDirectory(join(PROJECT, 'config/registry'), join(PROJECT, 'schemas'), {
      syntheticPersons: true,
      admission: createAdmission(Date.now()),
    })
    ;({ documents } = read)
    const found = documents.services.find(({ id }) => id === COMPOSITE)
    if (found === undefined) throw new Error('no composite service')
    composite = found
  })

  /** The rules that the registry breaks with another composite service in it. */
  function rulesOf(change: Partial<Service>): readonly string[] {
    const services = [{ ...composite, ...change } as Service]
    const compiled = compileRegistry(overlay(documents, { services }), { version: 1, syntheticPersons: true })
    return 'faults' in compiled ? compiled.faults.map(({ pointer, rule }) => `${pointer} ${rule}`) : []
  }
  const withParts = (parts: Record<string, PlannedPart>) =>
    rulesOf({ plan: { timeoutMs: 1000, operations: { checkTransfer: { parts } } } })

  const citizen: PlannedPart = {
    service: 'G01/dan-cu/cong-dan/v1',
    operation: 'verifyCitizen',
    request: { '/personalId': '/request/seller/personalId' },
  }

  it('is sound in the sample registry', () => {
    expect(rulesOf({})).to.deep.equal([])
  })

  it('stands in place of a binding, never beside one', () => {
    const binding = { baseUrl: 'https://a.example', timeoutMs: 1 }
    expect(rulesOf({ binding })).to.include(' binding_or_plan')
    const endpoints = [{ id: 'any', method: 'POST', path: '/a', kind: 'lookup' }]
    expect(rulesOf({ contract: undefined, endpoints } as never)).to.include('/endpoints plan_endpoints')
    const { plan: _, ...neither } = composite
    expect(rulesOf({ ...neither, plan: undefined as never })).to.include(' binding_or_plan')
  })

  it('names services and operations that exist, to look up or verify, without parameters in the path', () => {
    const place = '/plan/operations/checkTransfer/parts/a'
    expect(withParts({ a: { ...citizen, service: 'G01/dan-cu/khac/v1' } })).to.deep.equal([
      `${place}/service reference`,
    ])
    expect(withParts({ a: { ...citizen, operation: 'lookUpNothing' } })).to.deep.equal([
      `${place}/operation operation_unknown`,
    ])
    const submit = { ...citizen, service: 'G15/ho-tich/su-kien/v1', operation: 'registerBirth' } as const
    expect(withParts({ a: submit })).to.deep.equal([`${place}/operation plan_operation`])
    expect(withParts({ a: { ...citizen, service: COMPOSITE, operation: 'checkTransfer' } })).to.deep.equal([
      `${place}/service plan_nested`,
    ])
  })

  it('has an order: parts need parts that exist and do not wait in a circle', () => {
    const needs = (name: string): PlannedPart => ({
      ...citizen,
      request: { '/personalId': `/parts/${name}/x` },
    })
    const place = '/plan/operations/checkTransfer/parts'
    expect(withParts({ a: needs('b') })).to.deep.equal([`${place}/a/request plan_part_unknown`])
    expect(withParts({ a: needs('b'), b: needs('a'), c: citizen })).to.deep.equal([`${place}/a plan_circle`])
    expect(withParts({ a: needs('a') })).to.deep.equal([`${place}/a plan_circle`])
  })

  it('says how each operation of its contract is answered, and no other', () => {
    const operations = { somethingElse: { parts: { a: citizen } } }
    expect(rulesOf({ plan: { timeoutMs: 1, operations } })).to.deep.equal([
      '/plan/operations/somethingElse operation_unknown',
      '/plan/operations plan_incomplete',
    ])
  })

  it('of a linked procedure has submissions, each but the last with what takes it back', () => {
    const birth = documents.services.find(({ id }) => id === 'G06/lien-thong/khai-sinh/v1')
    const begun = birth?.plan?.operations['startBirth']
    if (birth?.plan === undefined || begun === undefined || !('steps' in begun)) throw new Error('no steps')
    const [first, second] = begun.steps
    if (first === undefined || second === undefined) throw new Error('no steps')
    const { undo: _, ...final } = first
    const rules = (steps: readonly PlannedStep[], statusOf = 'startBirth') => {
      const operations = { startBirth: { ...begun, steps }, lookUpBirth: { statusOf } }
      const services = [{ ...birth, plan: { timeoutMs: 1, operations } } as Service]
      const compiled = compileRegistry(overlay(documents, { services }), {
        version: 1,
        syntheticPersons: true,
      })
      return 'faults' in compiled ? compiled.faults.map(({ pointer, rule }) => `${pointer} ${rule}`) : []
    }
    const place = '/plan/operations/startBirth/steps'
    expect(rules([first, second])).to.deep.equal([])
    expect(rules([final, second])).to.deep.equal([`${place}/0 plan_undo_missing`])
    expect(rules([second])).to.deep.equal([`${place}/0 plan_part_unknown`])
    expect(rules([first, { ...second, name: first.name }])).to.include(`${place}/1/name plan_step_duplicate`)
    expect(rules([{ ...first, ...citizen }])).to.deep.equal([`${place}/0/operation plan_operation`])
    expect(rules([first], 'lookUpBirth')).to.deep.equal([
      '/plan/operations/lookUpBirth/statusOf plan_status_unknown',
    ])
  })
})
