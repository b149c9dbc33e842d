import { expect } from 'chai'
import { createGlob, createOpaqueContract } from '../../src/contract/opaque.ts'

describe('path patterns of services without a contract', () => {
  for (const [glob, path, fits] of [
    ['/a', '/a', true],
    ['/a', '/a/', false],
    ['/a', '/ab', false],
    ['/*', '/a', true],
    ['/*', '/', true],
    ['/*', '/a/b', false],
    ['/a/*/c', '/a/b/c', true],
    ['/a/*/c', '/a/b/b/c', false],
    ['/a/**/c', '/a/b/b/c', true],
    ['/a/**', '/a/', true],
    ['/a/**', '/a', false],
    ['**', '/', true],
    ['**', '/a/b/c', true],
    ['/a*', '/abc', true],
    ['/a*c', '/abbc', true],
    ['/a*c', '/ab/bc', false],
    ['/\\*', '/*', true],
    ['/\\*', '/a', false],
    ['/a.c', '/abc', false],
    ['/A', '/a', false],
    ['/tệp/*', '/tệp/ảnh', true],
    ['/a/***', '/a/b/c', true],
  ] as const) {
    it(`${glob} ${fits ? 'means' : 'does not mean'} ${path}`, () => {
      expect(createGlob(glob)(path)).to.equal(fits)
    })
  }

  it('takes the first endpoint that fits', () => {
    const contract = createOpaqueContract([
      { id: 'one', method: 'GET', path: '/a/*', kind: 'lookup' },
      { id: 'rest', method: '*', path: '/**', kind: 'submit' },
    ])
    expect(contract.match('GET', '/a/b')?.operation.id).to.equal('one')
    expect(contract.match('POST', '/a/b')?.operation).to.include({
      id: 'rest',
      durableBefore: true,
      idempotent: false,
    })
    expect(createOpaqueContract([]).match('GET', '/')).to.equal(undefined)
  })
})
