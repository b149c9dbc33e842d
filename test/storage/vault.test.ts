import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { createVault } from '../../src/storage/vault.ts'

const KEY = randomBytes(32)
const PLAIN = Buffer.from('Huỳnh Bảo Đoan')
const CONTEXT = Buffer.from('table/1')

describe('what is sealed for the database', () => {
  it('opens with the same key and in its place, in any process', () => {
    const sealed = createVault(KEY).seal(PLAIN, CONTEXT)
    expect(createVault(KEY).open(sealed, CONTEXT)).to.deep.equal(PLAIN)
  })

  it('opens nowhere else, under no other key, and not where a byte was changed', () => {
    const vault = createVault(KEY)
    const sealed = vault.seal(PLAIN, CONTEXT)
    expect(() => vault.open(sealed, Buffer.from('table/2'))).to.throw()
    expect(() => createVault(randomBytes(32)).open(sealed, CONTEXT)).to.throw()
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Buffer.from(sealed)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(() => vault.open(changed, CONTEXT), String(at)).to.throw()
    }
    expect(() => vault.open(Buffer.alloc(0), CONTEXT)).to.throw()
  })

  it('uses no nonce twice under one key, and another key in each process', () => {
    const [first, second] = [createVault(KEY), createVault(KEY)]
    const names = [first, first, first, second].map((vault) => vault.seal(PLAIN, CONTEXT).subarray(0, 28))
    const keys = names.map((name) => name.subarray(0, 16).toString('hex'))
    const nonces = names.slice(0, 3).map((name) => name.subarray(16).toString('hex'))
    expect(new Set(keys.slice(0, 3)).size).to.equal(1)
    expect(keys[3]).not.to.equal(keys[0])
    expect(new Set(nonces).size).to.equal(3)
  })
})
