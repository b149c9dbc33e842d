import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { parseAllDocuments } from 'yaml'
import type { Operation } from '../../src/contract/contract.ts'
import { createDatasetsAgency } from '../../src/sandbox/agencies/datasets.ts'
import { createCountry } from '../../src/sandbox/country.ts'
import { compileSchemas } from './contracts.ts'

interface Listed {
  readonly dataset: string
  readonly source: string
  readonly products: readonly {
    readonly service: string
    readonly operation: string
    readonly form: string
    readonly applicationClass: string
    readonly deliverWithinSeconds?: number
  }[]
}

function formOf({ kind, batch, anonymised }: Operation): string {
  if (anonymised) return 'anonymised_package'
  if (batch) return 'bulk'
  return kind === 'lookup' ? 'query' : kind === 'verify' ? 'verification' : kind
}

describe('the catalogue of the data exchange floor', () => {
  it('names products that are there: their operation, form, freshness and class of application', () => {
    const { catalogue } = compileSchemas(true)
    const file = join(import.meta.dirname, '../../config/registry/application-classes.yaml')
    const classes = parseAllDocuments(readFileSync(file, 'utf8')).map((each) => each.toJS().id)
    const operations = createDatasetsAgency(createCountry(), () => new Date(0))
    const { body } = operations
      .find(({ path }) => path === '/danh-sach')
      ?.answer({
        body: {},
        idempotencyKey: undefined,
      }) ?? { body: {} }
    const { datasets } = body as { datasets: readonly Listed[] }
    expect(datasets.map(({ dataset }) => dataset)).to.include('bao-tro-xa-hoi')
    for (const { dataset, source, products } of datasets) {
      expect(products, dataset).to.not.have.length(0)
      for (const { service, operation: id, form, applicationClass, deliverWithinSeconds } of products) {
        const path = `services/${service.replace(/\/(v\d+)$/, '.$1')}.yaml`
        const operation = catalogue.contract(path)?.operations.get(id)
        if (operation === undefined) throw new Error(`${service} has no ${id}`)
        expect(form, id).to.equal(formOf(operation))
        expect(deliverWithinSeconds, id).to.equal(operation.freshness?.deliverWithinSeconds)
        expect(classes, id).to.include(applicationClass)
        expect(service.startsWith(`${source}/`), `${dataset} ${service}`).to.equal(true)
      }
    }
  })
})
