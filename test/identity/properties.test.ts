import { expect } from 'chai'
import fc from 'fast-check'
import { normaliseAddress } from '../../src/identity/address.ts'
import { createBoundedCache } from '../../src/identity/bounded-cache.ts'
import { splitCompact } from '../../src/identity/compact.ts'
import { isAtOrBelow, isResource } from '../../src/identity/resource.ts'
import { parseStrictObject } from '../../src/identity/strict-json.ts'
import { GatewayError } from '../../src/model/errors.ts'
import { createIdentityWorld, credentialsFor } from '../support/identity-world.ts'

describe('properties of identity', () => {
  it('no change of one character of a token is accepted, nor throws anything but a refusal', async () => {
    const world = await createIdentityWorld()
    const token = await world.token()
    const good = await credentialsFor(world, token)
    await world.identity.authenticate(good)
    await fc.assert(
      fc.asyncProperty(
        fc.nat(token.length - 1),
        fc.string({ unit: 'binary', minLength: 0, maxLength: 3 }),
        async (at, put) => {
          const changed = `${token.slice(0, at)}${put}${token.slice(at + 1)}`
          fc.pre(changed !== token)
          try {
            await world.identity.authenticate({ ...good, authorization: `DPoP ${changed}` })
          } catch (error) {
            return error instanceof GatewayError && error.code === 'credential_invalid'
          }
          return false
        },
      ),
      { numRuns: 500 },
    )
  })

  it('no text as a proof, a token or an address does anything but be refused', async () => {
    const world = await createIdentityWorld()
    const token = await world.token()
    const text = fc.string({ unit: 'binary', maxLength: 200 })
    await fc.assert(
      fc.asyncProperty(text, text, async (authorization, dpop) => {
        const url = 'https://gateway.test/exchange'
        for (const credentials of [
          { authorization, dpop },
          { authorization: `DPoP ${token}`, dpop },
        ]) {
          try {
            await world.identity.authenticate({ ...credentials, method: 'POST', url })
            return false
          } catch (error) {
            if (!(error instanceof GatewayError)) return false
          }
        }
        return true
      }),
      { numRuns: 500 },
    )
  })

  it('a compact JWS has one spelling', () => {
    const segment = fc
      .uint8Array({ minLength: 1, maxLength: 40 })
      .map((bytes) => Buffer.from(bytes).toString('base64url'))
    fc.assert(
      fc.property(fc.tuple(segment, segment, segment), (segments) => {
        const read = splitCompact(segments.join('.'))
        if (read === undefined) return false
        const again = [read.header, read.payload, read.signature].map((part) =>
          Buffer.from(part).toString('base64url'),
        )
        return again.join('.') === segments.join('.')
      }),
    )
  })

  it('strict JSON reads what JSON.parse reads, where no name is repeated and nothing is dangerous', () => {
    const isDangerous = (value: unknown): boolean =>
      (Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(Number(value)) < 1e21) ||
      (typeof value === 'object' &&
        value !== null &&
        (Object.keys(value).some((name) => ['__proto__', 'constructor', 'prototype'].includes(name)) ||
          Object.values(value).some(isDangerous)))
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })), (value) => {
        const text = JSON.stringify(value)
        const read = parseStrictObject(Buffer.from(text))
        if (isDangerous(JSON.parse(text))) return read === undefined
        expect(read).to.deep.equal(JSON.parse(text))
        return true
      }),
    )
  })

  it('strict JSON refuses any name repeated in one object, however it is escaped', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string(), fc.jsonValue(), (name, other, value) => {
        const escaped = [...name]
          .map((unit) =>
            [...Array(unit.length).keys()]
              .map((at) => `\\u${unit.charCodeAt(at).toString(16).padStart(4, '0')}`)
              .join(''),
          )
          .join('')
        const body = `${JSON.stringify(name)}:${JSON.stringify(value)},${JSON.stringify(`${name}${other}x`)}:1,"${escaped}":2`
        return parseStrictObject(Buffer.from(`{"outer":{${body}}}`)) === undefined
      }),
    )
  })

  it('an address in normal form is its own normal form', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), (url) => {
        const once = normaliseAddress(url)
        return once === undefined || normaliseAddress(once) === once
      }),
    )
  })

  it('nothing below a resource is a resource it does not contain', () => {
    const root = 'https://gateway.test/exchange'
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('/', '.', 'a', '%', '2', 'e', '?', '#', '-', '\\') }),
        (rest) => {
          const text = `${root}${rest}`
          if (!isResource(root, text)) return true
          return isAtOrBelow(root, text) && new URL(text).href === text
        },
      ),
    )
  })

  it('a bounded cache never grows beyond its bound and keeps what was used last', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.array(fc.tuple(fc.boolean(), fc.nat(12))),
        (capacity, steps) => {
          const cache = createBoundedCache<number>(capacity)
          const model: number[] = []
          for (const [isWrite, key] of steps) {
            const at = model.indexOf(key)
            if (isWrite) cache.set(String(key), key)
            else expect(cache.get(String(key))).to.equal(at < 0 ? undefined : key)
            if (at >= 0) model.splice(at, 1)
            if (isWrite || at >= 0) model.push(key)
            if (model.length > capacity) model.shift()
          }
          return cache.size === model.length
        },
      ),
    )
  })
})
