import { expect } from 'chai'
import { GatewayError } from '../../src/model/errors.ts'
import { compileGrant } from '../../src/registry/grant.ts'

describe('compileGrant', () => {
  const grant = compileGrant({ operation: 'lookUp', fields: ['/name', '/address', '/owners/name', '/a~1b'] })

  it('covers the agreed members and what lies below them', () => {
    for (const pointer of [
      '/name',
      '/address',
      '/address/ward',
      '/address/ward/code',
      '/owners/name',
      '/a~1b',
    ]) {
      expect(grant.covers(pointer), pointer).to.equal(true)
    }
  })

  it('covers nothing beside or above them, and nothing that is no pointer', () => {
    const outside = [
      '',
      '/',
      '/owners',
      '/owners/share',
      '/names',
      '/nam',
      '/religion',
      '/a/b',
      'name',
      '/address~',
      '/address/~2',
      '/address//~',
    ]
    for (const pointer of outside) expect(grant.covers(pointer), pointer).to.equal(false)
  })

  it('keeps the agreed members alone', () => {
    const answer = { name: 'n', religion: 'r', address: { ward: 'w' }, owners: [{ name: 'o', share: '1/2' }] }
    expect(grant.project(answer)).to.deep.equal({
      name: 'n',
      address: { ward: 'w' },
      owners: [{ name: 'o' }],
    })
  })

  it('narrows to fewer members, and refuses one that is not agreed', () => {
    const answer = { name: 'n', address: { ward: 'w', street: 's' } }
    expect(grant.projectSubset(['/address/ward'])(answer)).to.deep.equal({ address: { ward: 'w' } })
    expect(grant.projectSubset(['/address/ward'])).to.equal(grant.projectSubset(['/address/ward']))
    expect(() => grant.projectSubset(['/name', '/religion']))
      .to.throw(GatewayError)
      .with.property('code', 'field_not_agreed')
  })

  it('does not mistake two sets of fields for each other', () => {
    const odd = compileGrant({ operation: 'lookUp', fields: ['/a', '/b', '/a,/b'] })
    const answer = { a: 1, b: 2, 'a,': { b: 3 } }
    expect(odd.projectSubset(['/a,/b'])(answer)).to.deep.equal({ 'a,': { b: 3 } })
    expect(odd.projectSubset(['/a', '/b'])(answer)).to.deep.equal({ a: 1, b: 2 })
  })
})
