import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { expect } from 'chai'
import { parse } from 'yaml'
import { compileCatalogue, type SchemaDocument } from '../../src/contract/catalogue.ts'
import { readPointer } from '../../src/contract/minimise.ts'
import { canonicalJson } from '../../src/model/canonical.ts'
import { CONTRACT_PATH, contract, DICTIONARY_PATH, dictionary, documents, put } from './documents.ts'

const OTHER_PATH = 'services/G01/thu/khac.v1.yaml'
const UNUSED_PATH = 'dictionary/unused.yaml'

/** A contract that uses no dictionary. */
function plain() {
  const answer = { type: 'object', properties: { a: { type: 'boolean' } } }
  return {
    openapi: '3.1.0',
    info: { title: 'Khác', version: '2.0.0' },
    paths: {
      '/': {
        post: {
          operationId: 'ask',
          summary: 'Hỏi',
          'x-exchange': { kind: 'lookup', personalData: 'none' },
          responses: { 200: { content: { 'application/json': { schema: answer } } } },
        },
      },
    },
  }
}

const both = (...given: Parameters<typeof documents>): readonly SchemaDocument[] => [
  ...documents(...given),
  { path: OTHER_PATH, content: plain() },
]

describe('the catalogue', () => {
  it('gives a contract by its path and nothing for another', () => {
    const { catalogue } = compileCatalogue(both(), { syntheticPersons: true })
    expect(catalogue.contract(CONTRACT_PATH)?.version).to.equal('1.0.0')
    expect(catalogue.contract(OTHER_PATH)?.title).to.deep.equal({ vi: 'Khác', en: 'Khác' })
    for (const path of ['services/none.yaml', DICTIONARY_PATH, '__proto__', '']) {
      expect(catalogue.contract(path), path).to.equal(undefined)
    }
  })

  it('leaves out a contract with a fault, and one whose dictionary has one, and keeps the others', () => {
    const broken = compileCatalogue(
      both((_, words) => put(words, ['$defs', 'Loose'], { type: 'string' })),
      { syntheticPersons: true },
    )
    expect(broken.catalogue.contract(CONTRACT_PATH)).to.equal(undefined)
    expect(broken.catalogue.contract(OTHER_PATH)).to.not.equal(undefined)
    expect(broken.faults).to.have.length(1)
  })

  it('names a contract by the digest of its canonical form with that of its dictionary', () => {
    const { catalogue } = compileCatalogue([...both(), { path: UNUSED_PATH, content: {} }], {
      syntheticPersons: true,
    })
    const digest = (value: unknown) => createHash('sha256').update(canonicalJson(value)).digest('hex')
    expect(catalogue.contract(CONTRACT_PATH)?.digest).to.equal(
      digest({ [CONTRACT_PATH]: contract(), [DICTIONARY_PATH]: dictionary() }),
    )
    expect(catalogue.contract(OTHER_PATH)?.digest).to.equal(digest({ [OTHER_PATH]: plain() }))
  })

  it('counts what the dictionary refers to into the digest', () => {
    const far = { $defs: { Far: { type: 'string', maxLength: 3 } } }
    const compiled = (content: unknown) =>
      compileCatalogue(
        [
          ...documents((_, words) => put(words, ['$defs', 'Name'], { $ref: 'far.yaml#/$defs/Far' })),
          { path: 'dictionary/far.yaml', content },
        ],
        { syntheticPersons: true },
      ).catalogue.contract(CONTRACT_PATH)
    const first = compiled(far)
    const second = compiled({ $defs: { Far: { type: 'string', maxLength: 4 } } })
    expect(first?.digest).to.be.a('string').and.not.equal(second?.digest)
  })

  it('does not depend on the order of documents or members', () => {
    const reversed = (value: unknown): unknown =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(
            Object.entries(value)
              .reverse()
              .map(([name, member]) => [name, reversed(member)]),
          )
        : value
    const one = compileCatalogue(both(), { syntheticPersons: true })
    const other = compileCatalogue(
      both()
        .toReversed()
        .map(({ path, content }) => ({ path, content: reversed(content) })),
      { syntheticPersons: true },
    )
    for (const path of [CONTRACT_PATH, OTHER_PATH]) {
      expect(other.catalogue.contract(path)?.digest).to.equal(one.catalogue.contract(path)?.digest)
    }
  })

  it('accepts people who do not exist only where it is told to', () => {
    for (const syntheticPersons of [true, false]) {
      const { catalogue } = compileCatalogue(documents(), { syntheticPersons })
      const ask = () =>
        catalogue
          .contract(CONTRACT_PATH)
          ?.operations.get('lookUp')
          ?.checkRequest({ pathParameters: {}, query: undefined, body: { personalId: '099090000001' } })
      if (syntheticPersons) ask()
      else expect(ask).to.throw()
    }
  })

  describe('compiled again', () => {
    const first = () => compileCatalogue(both(), { syntheticPersons: true }).catalogue

    it('takes unchanged contracts as they are', () => {
      const previous = first()
      const { catalogue, preparations } = compileCatalogue(both(), { syntheticPersons: true, previous })
      for (const path of [CONTRACT_PATH, OTHER_PATH]) {
        expect(catalogue.contract(path)).to.equal(previous.contract(path))
      }
      expect(preparations).to.have.length(0)
    })

    it('makes anew what changed itself or in its dictionary, and nothing else', () => {
      const previous = first()
      const changes = [
        both((said) => put(said, ['info', 'version'], '1.0.1')),
        both((_, words) => put(words, ['$defs', 'Name', 'maxLength'], 11)),
      ]
      for (const changed of changes) {
        const { catalogue } = compileCatalogue(changed, { syntheticPersons: true, previous })
        expect(catalogue.contract(CONTRACT_PATH)).to.not.equal(previous.contract(CONTRACT_PATH))
        expect(catalogue.contract(OTHER_PATH)).to.equal(previous.contract(OTHER_PATH))
      }
    })

    it('judges by the new dictionary beside a contract that still uses the old', () => {
      const previous = first()
      const changed = both((_, words) => put(words, ['$defs', 'Name', 'maxLength'], 11))
      const { catalogue } = compileCatalogue(changed, { syntheticPersons: true, previous })
      const body = { personalId: '099090000001', name: 'a'.repeat(11) }
      const request = { pathParameters: {}, query: undefined, body }
      catalogue.contract(CONTRACT_PATH)?.operations.get('lookUp')?.checkRequest(request)
      expect(() =>
        previous.contract(CONTRACT_PATH)?.operations.get('lookUp')?.checkRequest(request),
      ).to.throw()
    })

    it('makes everything anew when synthetic people are judged otherwise', () => {
      const previous = first()
      const { catalogue } = compileCatalogue(both(), { syntheticPersons: false, previous })
      expect(catalogue.contract(CONTRACT_PATH)).to.not.equal(previous.contract(CONTRACT_PATH))
    })

    it('drops what is no longer there, and what has become faulty', () => {
      const previous = first()
      expect(
        compileCatalogue(documents(), { syntheticPersons: true, previous }).catalogue.contract(OTHER_PATH),
      ).to.equal(undefined)
      const faulty = both((said) => put(said, ['info', 'version'], 'x'))
      expect(
        compileCatalogue(faulty, { syntheticPersons: true, previous }).catalogue.contract(CONTRACT_PATH),
      ).to.equal(undefined)
    })
  })

  it('compiles ahead what it is told to', () => {
    const { preparations, catalogue } = compileCatalogue(both(), { syntheticPersons: true })
    // Two answers and a body of lookUp, three parameters and the answer of listCodes, one more answer, the
    // body of submitClaim, and the answer of the other contract; of each of the five answers the members declared.
    expect(preparations).to.have.length(10 + 5)
    for (const prepare of preparations) prepare()
    catalogue.contract(OTHER_PATH)?.operations.get('ask')?.checkResponse(200, { a: true })
  })
})

describe('the catalogue of this repository', () => {
  const root = new URL('../../schemas/', import.meta.url)
  const own: SchemaDocument[] = []

  before(async () => {
    for await (const path of glob('{dictionary,services}/**/*.{yaml,yml,json}', { cwd: root })) {
      own.push({ path, content: parse(readFileSync(new URL(path, root), 'utf8')) })
    }
  })

  it('has no fault in a full check', () => {
    expect(own.some(({ path }) => path.startsWith('services/'))).to.equal(true)
    expect(compileCatalogue(own, { syntheticPersons: true, check: 'full' }).faults).to.deep.equal([])
  })

  it('puts no personal data into addresses: what touches people is asked by POST', () => {
    const { catalogue } = compileCatalogue(own, { syntheticPersons: true })
    for (const { path } of own) {
      for (const operation of catalogue.contract(path)?.operations.values() ?? []) {
        if (operation.personalData !== 'none') expect(operation.method, operation.id).to.equal('POST')
      }
    }
  })

  it('gives examples that its own contracts accept', () => {
    const { catalogue } = compileCatalogue(own, { syntheticPersons: true })
    let checked = 0
    for (const { path, content } of own) {
      for (const operation of catalogue.contract(path)?.operations.values() ?? []) {
        const at = readPointer(
          content,
          `/paths/${operation.pathTemplate.replaceAll('/', '~1')}/${operation.method.toLowerCase()}`,
        )
        const examplesAt = (pointer: string): unknown[] => {
          const part = readPointer(at, pointer)
          const reference = readPointer(part, '/$ref')
          const holder = typeof reference === 'string' ? readPointer(content, reference.slice(1)) : part
          const examples = readPointer(holder, '/content/application~1json/examples')
          return Object.values(examples ?? {}).map((example) => {
            const target = readPointer(example, '/$ref')
            const found = typeof target === 'string' ? readPointer(content, target.slice(1)) : example
            return readPointer(found, '/value')
          })
        }
        for (const body of examplesAt('/requestBody')) {
          operation.checkRequest({ pathParameters: {}, query: undefined, body })
          checked += 1
        }
        for (const status of Object.keys(readPointer(at, '/responses') ?? {})) {
          for (const body of examplesAt(`/responses/${status}`)) {
            operation.checkResponse(Number(status), body)
            checked += 1
          }
        }
      }
    }
    expect(checked).to.be.greaterThan(5)
  })
})
