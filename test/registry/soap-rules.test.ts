import { join } from 'node:path'
import { expect } from 'chai'
import { createAdmission } from '../../src/identity/admission.ts'
import type { Service } from '../../src/model/party.ts'
import type { SoapMapping, SoapNode, SoapOperation } from '../../src/model/soap.ts'
import type { CompiledRegistry } from '../../src/registry/compiled.ts'
import { overlay, type RegistryDocuments } from '../../src/registry/documents.ts'
import { readRegistryDirectory } from '../../src/registry/read-documents.ts'
import { compileRegistry } from '../../src/registry/snapshot.ts'

const PROJECT = join(import.meta.dirname, '../..')
const SERVICE = 'G01/dan-cu/cong-dan-cu/v1'

describe('a SOAP mapping in the registry', () => {
  let documents: RegistryDocuments
  let service: Service
  let mapping: SoapMapping
  let previous: CompiledRegistry | undefined

  before(async () => {
    const read = await readRegistryDirectory(join(PROJECT, 'config/registry'), join(PROJECT, 'schemas'), {
      syntheticPersons: true,
      admission: createAdmission(Date.now()),
    })
    ;({ documents } = read)
    previous = read.registry
    const found = documents.services.find(({ id }) => id === SERVICE)
    if (found?.binding?.soap === undefined) throw new Error('no SOAP service')
    service = found
    mapping = found.binding.soap
  })

  function faultsOf(change: Partial<Service>): readonly string[] {
    const services = [{ ...service, ...change } as Service]
    const options = { version: 1, syntheticPersons: true, previous }
    const compiled = compileRegistry(overlay(documents, { services }), options)
    return 'faults' in compiled ? compiled.faults.map(({ pointer, rule }) => `${pointer} ${rule}`) : []
  }

  function withMapping(change: Partial<SoapMapping>): readonly string[] {
    const binding = service.binding
    return binding ? faultsOf({ binding: { ...binding, soap: { ...mapping, ...change } } }) : []
  }

  function withOperation(change: Partial<SoapOperation>): readonly string[] {
    const { verifyCitizen } = mapping.operations
    if (verifyCitizen === undefined) throw new Error('no operation')
    return withMapping({
      operations: { ...mapping.operations, verifyCitizen: { ...verifyCitizen, ...change } },
    })
  }

  const AT = '/binding/soap/operations/verifyCitizen'
  const asks = (...children: readonly SoapNode[]): Partial<SoapOperation> => ({
    request: {
      element: 'bca:Ask',
      children: [
        { element: 'bca:A', pointer: '/personalId' },
        { element: 'bca:B', pointer: '/fullName' },
        ...children,
      ],
    },
  })
  const answers = (...children: readonly SoapNode[]): Partial<SoapOperation> => ({
    response: {
      element: 'dc:Told',
      children: [{ element: 'dc:A', pointer: '/exists', type: 'boolean' }, ...children],
    },
  })

  it('is sound in the sample registry', () => {
    expect(faultsOf({})).to.deep.equal([])
    expect(withOperation({ ...asks(), ...answers() })).to.deep.equal([])
  })

  it('names only members that the contract has, by the type it gives them', () => {
    expect(withOperation(asks({ element: 'bca:C', pointer: '/nickname' }))).to.deep.equal([
      `${AT}/request/children/2/pointer field_unknown`,
    ])
    expect(withOperation(answers({ element: 'dc:B', each: '/list' }))).to.deep.equal([
      `${AT}/response/children/1/each field_unknown`,
      `${AT}/response/children/1 field_unknown`,
    ])
    expect(withOperation({ ...answers(), constants: { '/country': 'VN' } })).to.deep.equal([
      `${AT}/constants field_unknown`,
    ])
    const wrong: SoapNode = { element: 'dc:Told', children: [{ element: 'dc:A', pointer: '/exists' }] }
    expect(withOperation({ response: wrong })).to.deep.equal([`${AT}/response/children/0/pointer field_type`])
  })

  it('sends everything the consumer may say, or names what is left out on purpose', () => {
    const request: SoapNode = { element: 'bca:Ask', children: [{ element: 'bca:A', pointer: '/personalId' }] }
    expect(withOperation({ request })).to.deep.equal([`${AT}/request mapping_incomplete`])
    expect(withOperation({ request, unsent: ['/fullName'] })).to.deep.equal([])
    expect(withOperation({ request, unsent: ['/fullName', '/x'] })).to.deep.equal([
      `${AT}/unsent/1 field_unknown`,
    ])
  })

  it('gives what every answer needs', () => {
    const response: SoapNode = { element: 'dc:Told', children: [{ element: 'dc:A', value: 'x' }] }
    expect(withOperation({ response })).to.deep.equal([
      `${AT}/response/children/0 mapping_node`,
      `${AT}/response mapping_incomplete`,
    ])
  })

  it('is there for each operation of the contract and for no other', () => {
    const { verifyCitizen, ...others } = mapping.operations
    expect(withMapping({ operations: others })).to.deep.equal(['/binding/soap/operations mapping_incomplete'])
    const operations = { ...mapping.operations, other: verifyCitizen } as never
    expect(withMapping({ operations })).to.deep.equal(['/binding/soap/operations/other operation_unknown'])
  })

  it('has one name and one source in each node, prefixes that are declared, and forms that can be read back', () => {
    const rules = (node: SoapNode) => withOperation(asks(node)).map((each) => each.split(' ')[1])
    expect(rules({ element: 'bca:C' })).to.deep.equal(['mapping_node'])
    expect(rules({ element: 'bca:C', value: 'a', exchange: 'id' })).to.deep.equal(['mapping_node'])
    expect(rules({ value: 'a' })).to.deep.equal(['mapping_node'])
    expect(rules({ element: 'zz:C', value: 'a' })).to.deep.equal(['prefix_unknown'])
    expect(rules({ element: '*:C', value: 'a' })).to.deep.equal(['prefix_unknown'])
    const twice: SoapNode = { element: 'bca:C', pointer: '/fullName' }
    expect(rules({ ...twice, empty: 'text', whenAbsent: 'empty' })).to.deep.equal(['mapping_ambiguous'])
    expect(rules({ ...twice, codes: { a: '1', b: '1' } })).to.deep.equal(['code_duplicate'])
    expect(rules({ ...twice, date: 'dd/MM' })).to.deep.equal(['date_form'])
  })

  it('says nothing of the body in the header', () => {
    const header: SoapNode[] = [{ element: 'bca:H', pointer: '/personalId' }]
    expect(withMapping({ header })).to.deep.equal(['/binding/soap/header/0 mapping_node'])
  })

  it('gives only answers that the contract lists', () => {
    const answer = { status: 409, body: { code: 'a', message: 'b' } }
    const verdicts = [{ fault: ['*'], answer }]
    expect(withOperation({ verdicts })).to.deep.equal([`${AT}/verdicts/0/answer/body answer_unlisted`])
    const shaped = [{ fault: ['*'], answer: { status: 404, body: { code: 'Not A Code', message: 'b' } } }]
    expect(withOperation({ verdicts: shaped })).to.deep.equal([
      `${AT}/verdicts/0/answer/body/code answer_unlisted`,
    ])
  })

  it('stands beside a contract and a direct way, and has its shape', () => {
    const { binding } = service
    if (binding === undefined) throw new Error('no binding')
    const hub = {
      name: 'vdxp',
      protocol: 'adapter',
      service: 'VN:GOV:G01:a',
      providerUrl: 'http://a.example',
    } as const
    expect(faultsOf({ binding: { ...binding, hub } })).to.deep.equal(['/binding/soap binding_forms'])
    const both = [{ at: ['A'], fault: ['*'], in: ['1'], error: 'provider_failed' }] as never
    expect(withMapping({ verdicts: both })).to.not.deep.equal([])
    expect(withMapping({ namespaces: { soap: 'urn:x' } })).to.not.deep.equal([])
  })
})
