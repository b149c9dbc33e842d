import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { compactVerify, importJWK } from 'jose'
import { openSecretFile } from '../../src/identity/key-file.ts'
import {
  ACTIVATION_DELAY_SECONDS,
  createKeyFile,
  createKeyRing,
  OVERLAP_SECONDS,
  openKeyDirectory,
  readSigningKey,
  rotateKeys,
} from '../../src/identity/keys.ts'
import { createSigningKey, generatePrivateJwk } from '../../src/identity/signing-key.ts'
import { forge, makeKey, START_MS } from '../support/identity-world.ts'

describe('signing keys', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lienthong-keys-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  for (const algorithm of ['ES256', 'PS256', 'EdDSA']) {
    it(`${algorithm}: what is generated and written is read back and signs what jose verifies`, async () => {
      const path = join(folder, 'key.jwk')
      expect(await createKeyFile(path, algorithm, 0)).to.equal(true)
      const { key } = readSigningKey(path)
      const token = await forge({ alg: key.alg, kid: key.kid }, 'payload', key.sign)
      const { payload } = await compactVerify(token, await importJWK(key.publicJwk, key.alg))
      expect(Buffer.from(payload).toString()).to.equal('payload')
    })
  }

  it('refuses to make keys of other algorithms', async () => {
    await generatePrivateJwk('RS256').then(
      () => expect.fail('made'),
      (error: Error) => expect(error.message).to.include('ES256, PS256 or EdDSA'),
    )
  })

  it('writes a key for its owner alone and never over another', async () => {
    const path = join(folder, 'key.jwk')
    await createKeyFile(path, 'ES256', 0)
    expect(statSync(path).mode & 0o777).to.equal(0o600)
    const { kid } = readSigningKey(path).key
    expect(await createKeyFile(path, 'ES256', 0)).to.equal(false)
    expect(readSigningKey(path).key.kid).to.equal(kid)
    expect(readdirSync(folder)).to.deep.equal(['key.jwk'])
  })

  for (const mode of [0o640, 0o604, 0o644, 0o620, 0o602, 0o610, 0o666]) {
    it(`refuses a key file of mode ${mode.toString(8)} and says how to mend it`, async () => {
      const path = join(folder, 'key.jwk')
      await createKeyFile(path, 'ES256', 0)
      chmodSync(path, mode)
      expect(() => readSigningKey(path)).to.throw(`chmod 600 ${path}`)
      chmodSync(path, 0o600)
      expect(readSigningKey(path).key.alg).to.equal('ES256')
    })
  }

  it('refuses a file whose halves do not belong together, and tells nothing of the key', async () => {
    const [one, other] = [await generatePrivateJwk('ES256'), await generatePrivateJwk('ES256')]
    const path = join(folder, 'key.jwk')
    const mixed = { ...one, d: other.d }
    writeFileSync(path, JSON.stringify(mixed), { mode: 0o600 })
    expect(() => readSigningKey(path))
      .to.throw(/private half/)
      .with.property('message')
      .that.does.not.include(other.d)
  })

  const BROKEN: readonly (readonly [string, string])[] = [
    ['not JSON', 'not a JWK'],
    ['[]', 'not a JWK'],
    ['{}', 'refused'],
    ['{"kty":"oct","k":"c2VjcmV0","kid":"k","alg":"HS256"}', 'refused'],
  ]
  for (const [content, message] of BROKEN) {
    it(`refuses a file that holds ${content.slice(0, 12)}`, () => {
      const path = join(folder, 'key.jwk')
      writeFileSync(path, content, { mode: 0o600 })
      expect(() => readSigningKey(path)).to.throw(message)
    })
  }

  it('refuses a public key where a private one is needed', async () => {
    const { publicJwk } = await makeKey('ES256')
    expect(() => createSigningKey(publicJwk)).to.throw('private half')
  })

  it('opens a folder with one new key, the same for all who open it at once', async () => {
    const rings = await Promise.all(Array.from({ length: 5 }, () => openKeyDirectory(join(folder, 'keys'))))
    const kids = new Set(rings.map((ring) => ring.current(START_MS).kid))
    expect(kids.size).to.equal(1)
    expect(readdirSync(join(folder, 'keys'))).to.deep.equal(['0001.jwk'])
  })

  it('shares one secret among all who open it, and refuses a short one', () => {
    const path = join(folder, 'nonce.secret')
    const [one, other] = [
      openSecretFile(path, Buffer.alloc(32, 1)),
      openSecretFile(path, Buffer.alloc(32, 2)),
    ]
    expect(one.equals(other)).to.equal(true)
    const short = join(folder, 'short.secret')
    expect(() => openSecretFile(short, Buffer.alloc(31))).to.throw('at least 32 bytes')
  })

  it('rotates: publishes the next key, signs with it later, and verifies the previous for a while', async () => {
    const directory = join(folder, 'keys')
    const first = (await openKeyDirectory(directory)).current(START_MS)
    await rotateKeys(directory, 'ES256', START_MS)
    const ring = await openKeyDirectory(directory)
    const activeMs = START_MS + ACTIVATION_DELAY_SECONDS * 1000
    const gone = activeMs + OVERLAP_SECONDS * 1000

    expect(ring.jwks(START_MS).keys).to.have.length(2)
    expect(ring.current(activeMs - 1).kid).to.equal(first.kid)
    const second = ring.current(activeMs)
    expect(second.kid).to.not.equal(first.kid)
    expect(ring.find(first.kid, gone - 1)).to.equal(ring.find(first.kid, activeMs))
    expect(ring.find(first.kid, gone - 1)).to.not.equal(undefined)
    expect(ring.find(first.kid, gone)).to.equal(undefined)
    expect(ring.jwks(gone).keys.map(({ kid }) => kid)).to.deep.equal([second.kid])
    expect(ring.find('__proto__', activeMs)).to.equal(undefined)
  })

  it('publishes public members only', async () => {
    const ring = await openKeyDirectory(join(folder, 'keys'))
    const [jwk] = ring.jwks(START_MS).keys
    expect(jwk).to.have.all.keys('kty', 'crv', 'x', 'y', 'kid', 'alg', 'use')
  })

  it('refuses two keys under one kid, and a ring without keys', async () => {
    const key = await makeKey('ES256')
    expect(() =>
      createKeyRing([
        { key, activeFrom: 0 },
        { key, activeFrom: 1 },
      ]),
    ).to.throw('share the kid')
    expect(() => createKeyRing([])).to.throw('at least one')
  })
})
