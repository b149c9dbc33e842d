import { expect } from 'chai'
import { diffRegistry, isEmptyDiff } from '../../src/registry/diff.ts'
import { EMPTY_DOCUMENTS, overlay, type RegistryDocuments } from '../../src/registry/documents.ts'
import { readSound } from './fixture.ts'

describe('diffRegistry', () => {
  let documents: RegistryDocuments
  before(async () => {
    documents = await readSound()
  })

  it('names what was added, changed and removed, and which members changed', () => {
    const agreements = documents.agreements.map((agreement) => ({
      ...agreement,
      quota: { ...agreement.quota, perDay: 5 },
      requires: { officer: true },
      purposes: [...agreement.purposes, 'kiem-tra'],
    }))
    const [agency, ...others] = documents.agencies
    const added = others.map((other) => ({ ...other, code: 'H26', aliases: [] }))
    const next = { ...overlay(documents, { agreements }), agencies: [...others, ...added] }
    const diff = diffRegistry(documents, next)
    expect(diff.added).to.deep.equal([{ kind: 'Agency', id: 'H26' }])
    expect(diff.removed).to.deep.equal([{ kind: 'Agency', id: agency?.code }])
    expect(diff.changed).to.deep.equal([
      { kind: 'Agreement', id: 'TT-2026-001', changes: ['/purposes/1', '/quota/perDay', '/requires'] },
    ])
  })

  it('sees nothing in the order of members or documents', () => {
    const agencies = documents.agencies
      .map(({ kind, code, aliases, name, validity }) => ({
        validity,
        name,
        ...(aliases && { aliases }),
        code,
        kind,
      }))
      .toReversed()
    expect(isEmptyDiff(diffRegistry(documents, { ...documents, agencies }))).to.equal(true)
  })

  it('sees the order of a list', () => {
    const schemas = documents.schemas.map(({ path, content }) => ({
      path,
      content: { list: ['a', 'b'], content },
    }))
    const turned = documents.schemas.map(({ path, content }) => ({
      path,
      content: { list: ['b', 'a'], content },
    }))
    const { changed } = diffRegistry({ ...documents, schemas }, { ...documents, schemas: turned })
    expect(changed.map(({ changes }) => changes)).to.deep.equal([['/list/0', '/list/1']])
  })

  it('counts everything as added to nothing', () => {
    const { added } = diffRegistry(EMPTY_DOCUMENTS, documents)
    expect(added).to.have.length(8)
    expect(added.at(0)).to.deep.equal({ kind: 'Agency', id: 'G01' })
    expect(added.at(-1)).to.deep.equal({ kind: 'Subsystem', id: 'H29/mot-cua' })
  })
})
