import { expect } from 'chai'
import { createIssuerKeys, type IssuerKeys, readKeySet } from '../../src/identity/issuer-keys.ts'
import { generatePrivateJwk, toPublicJwk } from '../../src/identity/signing-key.ts'
import { GatewayError } from '../../src/model/errors.ts'

const publicKey = async (kid: string, alg = 'ES256') => ({
  ...toPublicJwk(await generatePrivateJwk(alg)),
  kid,
})
const setOf = (...keys: readonly unknown[]) => Buffer.from(JSON.stringify({ keys }))

interface Bench {
  readonly keys: IssuerKeys
  readonly clock: { nowMs: number }
  readonly errors: unknown[]
  reads: number
  answer: () => Promise<Uint8Array>
}

function bench(first: Uint8Array, maxStaleSeconds = 3600): Bench {
  const clock = { nowMs: 1_800_000_000_000 }
  const errors: unknown[] = []
  const made: Bench = {
    clock,
    errors,
    reads: 0,
    answer: async () => first,
    keys: createIssuerKeys({
      read() {
        made.reads += 1
        return made.answer()
      },
      now: () => clock.nowMs,
      maxStaleSeconds,
      onRead: (error) => errors.push(error),
    }),
  }
  return made
}

const away = async () => {
  throw new Error('connection refused')
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'answered',
    (error: unknown) => (error instanceof GatewayError ? error.code : String(error)),
  )

describe('the keys of a foreign issuer', () => {
  it('are read when first asked for, once for all who ask', async () => {
    const b = bench(setOf(await publicKey('a')))
    expect(b.keys.find('a')).to.equal(undefined)
    expect(b.reads).to.equal(0)
    const found = await Promise.all([b.keys.ask('a'), b.keys.ask('a'), b.keys.ask('b')])
    expect(found.map((key) => key?.algorithm)).to.deep.equal(['ES256', 'ES256', undefined])
    expect(b.reads).to.equal(1)
    expect(b.keys.find('a')).to.equal(found[0])
  })

  it('are read anew for an unknown name, but at most once in ten seconds', async () => {
    const b = bench(setOf(await publicKey('a')))
    await b.keys.ask('a')
    b.answer = async () => setOf(await publicKey('b'))
    for (let attempt = 0; attempt < 50; attempt += 1) {
      expect(await b.keys.ask(`unknown-${attempt}`)).to.equal(undefined)
    }
    expect(b.reads).to.equal(1)
    b.clock.nowMs += 10_000
    expect((await b.keys.ask('b'))?.algorithm).to.equal('ES256')
    expect(b.reads).to.equal(2)
    // What the issuer no longer publishes is no longer a key.
    expect(b.keys.find('a')).to.equal(undefined)
  })

  it('are read anew in the background once they are five minutes old', async () => {
    const b = bench(setOf(await publicKey('a')))
    const first = await b.keys.ask('a')
    b.clock.nowMs += 299_000
    b.keys.find('a')
    expect(b.reads).to.equal(1)
    b.clock.nowMs += 1_000
    expect(b.keys.find('a')).to.equal(first)
    expect(b.reads).to.equal(2)
  })

  it('serve on while the issuer is away, for a bounded time, and then nobody can tell', async () => {
    const b = bench(setOf(await publicKey('a')), 600)
    const key = await b.keys.ask('a')
    b.answer = away
    b.clock.nowMs += 599_000
    expect(b.keys.find('a')).to.equal(key)
    expect(await codeOf(b.keys.ask('new'))).to.equal('issuer_unavailable')
    b.clock.nowMs += 1_000
    expect(b.keys.find('a')).to.equal(undefined)
    b.clock.nowMs += 10_000
    expect(await codeOf(b.keys.ask('a'))).to.equal('issuer_unavailable')
    const before = b.reads
    // The issuer is not hammered while it is away.
    expect(await codeOf(b.keys.ask('a'))).to.equal('issuer_unavailable')
    expect(b.reads).to.equal(before)
    b.answer = async () => setOf(await publicKey('a'))
    b.clock.nowMs += 10_000
    expect((await b.keys.ask('a'))?.algorithm).to.equal('ES256')
    expect(b.errors.at(-1)).to.equal(undefined)
  })

  it('stay what they were where the answer is no key set', async () => {
    const b = bench(setOf(await publicKey('a')))
    const key = await b.keys.ask('a')
    for (const text of [
      '',
      '[]',
      '{}',
      '{"keys":{}}',
      '{"keys":[],"keys":[]}',
      'null',
      '{"keys":[',
      '\xff',
    ]) {
      b.clock.nowMs += 10_000
      b.answer = async () => Buffer.from(text, 'latin1')
      expect(await codeOf(b.keys.ask('other')), text).to.equal('issuer_unavailable')
      expect(b.keys.find('a')).to.equal(key)
    }
  })
})

describe('readKeySet', () => {
  it('takes named signature keys that are vetted, and leaves the rest', async () => {
    const weak = { kty: 'RSA', kid: 'weak', n: 'AQAB', e: 'AQAB' }
    const set = readKeySet(
      setOf(
        await publicKey('ec'),
        await publicKey('rsa', 'PS256'),
        { ...(await publicKey('rs256', 'PS256')), alg: 'RS256' },
        { ...(await publicKey('enc')), use: 'enc' },
        { ...(await publicKey('unnamed')), kid: undefined },
        { ...(await generatePrivateJwk('ES256')), kid: 'private' },
        { kty: 'oct', kid: 'secret', k: 'AAAA' },
        weak,
        null,
        'x',
      ),
    )
    expect([...set.keys()]).to.deep.equal(['ec', 'rsa'])
  })

  it('takes neither of two keys under one name', async () => {
    const set = readKeySet(setOf(await publicKey('a'), await publicKey('a'), await publicKey('a')))
    expect([...set.keys()]).to.deep.equal([])
  })

  it('refuses a set of more than 32 keys', async () => {
    const key = await publicKey('a')
    const many = Array.from({ length: 33 }, (_, index) => ({ ...key, kid: `k${index}` }))
    expect(() => readKeySet(setOf(...many))).to.throw('not a JWKS')
  })
})
