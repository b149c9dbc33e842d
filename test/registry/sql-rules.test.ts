import { join } from 'node:path'
import { expect } from 'chai'
import { createAdmission } from '../../src/identity/admission.ts'
import type { Binding, Service } from '../../src/model/party.ts'
import type { SqlOperation } from '../../src/model/sql.ts'
import type { CompiledRegistry } from '../../src/registry/compiled.ts'
import { overlay, type RegistryDocuments } from '../../src/registry/documents.ts'
import { readRegistryDirectory } from '../../src/registry/read-documents.ts'
import { compileRegistry } from '../../src/registry/snapshot.ts'

const PROJECT = join(import.meta.dirname, '../..')
const SERVICE = 'H21/van-phong-dat-dai/giay-chung-nhan/v1'
const AT = '/binding/sql/operations/listCertificates'

describe('queries in the registry', () => {
  let documents: RegistryDocuments
  let previous: CompiledRegistry | undefined
  let service: Service
  let binding: Binding

  before(async () => {
    const read = await readRegistryDirectory(join(PROJECT, 'config/registry'), join(PROJECT, 'schemas'), {
      syntheticPersons: true,
      admission: createAdmission(Date.now()),
    })
    ;({ documents, registry: previous } = read)
    const found = documents.services.find(({ id }) => id === SERVICE)
    if (found?.binding?.sql === undefined) throw new Error('no such service')
    service = found
    binding = found.binding
  })

  function faultsOf(change: Partial<Binding>): readonly string[] {
    const services = [{ ...service, binding: { ...binding, ...change } } as Service]
    const options = { version: 1, syntheticPersons: true, previous }
    const compiled = compileRegistry(overlay(documents, { services }), options)
    return 'faults' in compiled ? compiled.faults.map(({ pointer, rule }) => `${pointer} ${rule}`) : []
  }

  function withOperation(change: Partial<SqlOperation>): readonly string[] {
    const { sql } = binding
    const { listCertificates } = sql?.operations ?? {}
    if (sql === undefined || listCertificates === undefined) throw new Error('no operation')
    const operations = { ...sql.operations, listCertificates: { ...listCertificates, ...change } }
    return faultsOf({ sql: { ...sql, operations } })
  }

  it('are sound in the sample registry', () => {
    expect(faultsOf({})).to.deep.equal([])
  })

  it('read, and bind just the parameters that are declared', () => {
    expect(withOperation({ query: 'DELETE FROM t WHERE a = :owner AND b = :since' })).to.deep.equal([
      `${AT}/query sql_statement`,
    ])
    expect(withOperation({ query: 'SELECT 1 WHERE :owner = :other' })).to.deep.equal([
      `${AT}/query parameter_unknown`,
      `${AT}/parameters/since parameter_unused`,
    ])
  })

  it('look at everything the consumer may say, or name what is left out on purpose', () => {
    const change = { query: 'SELECT 1 WHERE :owner = 1', parameters: { owner: { pointer: '/personalId' } } }
    expect(withOperation(change)).to.deep.equal([`${AT}/parameters mapping_incomplete`])
    expect(withOperation({ ...change, unsent: ['/issuedSince'] })).to.deep.equal([])
  })

  it('name only members that the contract has, by the type it gives them', () => {
    const parameters = {
      owner: { pointer: '/khac' },
      since: { pointer: '/issuedSince', type: 'integer' as const },
    }
    expect(withOperation({ parameters })).to.deep.equal([
      `${AT}/parameters/owner/pointer field_unknown`,
      `${AT}/parameters/since/pointer field_type`,
      `${AT}/parameters mapping_incomplete`,
    ])
    expect(withOperation({ into: '/khac' })).to.include(`${AT}/into field_unknown`)
    const columns = { so_seri: { pointer: '/certificateSerial' } }
    expect(withOperation({ columns })).to.deep.equal(
      ['parcelKey', 'areaSquareMetres', 'issuedOn'].map(() => `${AT}/columns mapping_incomplete`),
    )
  })

  it('say what no row means where one is the answer, in an answer of the contract', () => {
    const { into: _, ...rest } = binding.sql?.operations['listCertificates'] ?? {}
    const one = { ...binding.sql?.operations, listCertificates: rest } as never
    const sql = binding.sql && { ...binding.sql, operations: one }
    expect(sql && faultsOf({ sql })).to.include(`${AT} none_missing`)
    const none = { status: 404, body: { code: 'not_found', message: 'x' } }
    expect(withOperation({ none })).to.deep.equal([`${AT}/none/body answer_unlisted`])
  })

  it('are asked of a database by its address, whose host is judged like any other', () => {
    expect(faultsOf({ baseUrl: 'http://127.0.0.1:1' })).to.deep.equal(['/binding/baseUrl url_database'])
    expect(faultsOf({ baseUrl: 'postgresql://a:b@db.example:1/d' })).to.deep.equal([
      '/binding/baseUrl url_credentials',
    ])
    expect(faultsOf({ baseUrl: 'mariadb://169.254.169.254:3306/d' })).to.deep.equal([
      '/binding/baseUrl url_address',
    ])
    expect(faultsOf({ allowPrivateAddress: false })).to.deep.equal(['/binding/baseUrl url_address'])
    const { sql: _, ...http } = binding
    const services = [{ ...service, binding: http } as Service]
    const compiled = compileRegistry(overlay(documents, { services }), {
      version: 1,
      syntheticPersons: true,
      previous,
    })
    expect('faults' in compiled && compiled.faults[0]?.rule).to.equal('url_scheme')
  })
})
