import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { parse } from 'yaml'
import { vetRegisteredJwk } from '../../src/identity/key-vetting.ts'
import { runCli } from '../support/cli.ts'

const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']

describe('lienthong keys', () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lienthong-keys-'))
  })

  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const keys = (...words: string[]) =>
    runCli(['keys', ...words], {
      workingDirectory: folder,
      environment: { LANG: 'en', LIENTHONG_DATADIR: join(folder, 'data') },
      now: () => 1_800_000_000_000,
    })

  it('makes a key of each kind in a file for its owner alone, and prints what to register', async () => {
    for (const algorithm of ['ES256', 'PS256', 'EdDSA']) {
      const { exit, out, err } = await keys('new', `${algorithm}.jwk`, '--alg', algorithm)
      expect(exit).to.equal(0)
      const file = join(folder, `${algorithm}.jwk`)
      expect(statSync(file).mode & 0o777).to.equal(0o600)
      const held = JSON.parse(readFileSync(file, 'utf8'))
      expect(held).to.have.property('d')
      const [jwk] = parse(out).credentials.jwks
      expect(vetRegisteredJwk(jwk)).to.have.property('key')
      for (const name of PRIVATE_MEMBERS) {
        expect(jwk).not.to.have.property(name)
        if (held[name] !== undefined) expect(out + err).not.to.include(held[name])
      }
    }
  })

  it('makes a key that opens packages, and prints what to register it by', async () => {
    for (const [algorithm, kind] of [
      ['ECDH-ES', 'EC'],
      ['RSA-OAEP-256', 'RSA'],
    ] as const) {
      const { exit, out, err } = await keys('new', `${algorithm}.jwk`, '--alg', algorithm)
      expect(exit, err).to.equal(0)
      const held = JSON.parse(readFileSync(join(folder, `${algorithm}.jwk`), 'utf8'))
      expect(held).to.include({ alg: algorithm, use: 'enc' }).and.to.have.property('d')
      const { credentials } = parse(out)
      expect(credentials).to.have.all.keys('encryptionKey')
      expect(credentials.encryptionKey).to.include({ kty: kind, alg: algorithm, use: 'enc', kid: held.kid })
      const shown = (await keys('show', `${algorithm}.jwk`)).out
      expect(parse(shown)).to.deep.equal({ credentials })
      for (const name of PRIVATE_MEMBERS) {
        expect(credentials.encryptionKey).not.to.have.property(name)
        if (held[name] !== undefined) expect(out + err + shown).not.to.include(held[name])
      }
    }
  })

  it('puts it below the working folder where no file is named', async () => {
    const { out } = await keys('new', '--json')
    const { file, publicJwk } = JSON.parse(out)
    expect(file).to.equal(join(folder, '.lienthong/consumer.jwk'))
    expect(publicJwk).to.include({ kty: 'EC', alg: 'ES256', use: 'sig' })
  })

  it('never writes over a key', async () => {
    await keys('new', 'a.jwk')
    const before = readFileSync(join(folder, 'a.jwk'))
    const { exit, out, err } = await keys('new', 'a.jwk')
    expect({ exit, out }).to.deep.equal({ exit: 1, out: '' })
    expect(err).to.include('not replaced')
    expect(readFileSync(join(folder, 'a.jwk')).equals(before)).to.equal(true)
    expect(readdirSync(folder)).to.deep.equal(['a.jwk'])
  })

  it('shows the public half again, of a file nobody else may read', async () => {
    const made = JSON.parse((await keys('new', 'a.jwk', '--json')).out)
    expect(JSON.parse((await keys('show', 'a.jwk', '--json')).out)).to.deep.equal(made)
    chmodSync(join(folder, 'a.jwk'), 0o640)
    const { exit, out, err } = await keys('show', 'a.jwk')
    expect({ exit, out }).to.deep.equal({ exit: 1, out: '' })
    expect(err).to.include('chmod 600')
  })

  it('rotates the gateway’s keys: the next one is published now and signs later', async () => {
    const first = JSON.parse((await keys('show', '--json')).out)
    expect(first.keys).to.have.length(1)
    const { exit, out } = await keys('rotate', '--alg', 'EdDSA', '--json')
    expect(exit).to.equal(0)
    const next = JSON.parse(out)
    expect(next.signsFrom).to.equal('2027-01-15T08:10:00.000Z')
    const ring = JSON.parse((await keys('show', '--json')).out)
    expect(ring.current).to.equal(first.current)
    expect(ring.keys.map(({ kid }: { kid: string }) => kid)).to.deep.equal([first.current, next.kid])
    for (const name of PRIVATE_MEMBERS) expect(ring.keys[1]).not.to.have.property(name)
    const shown = (await keys('show')).out
    expect(shown).to.include(`* ${first.current}`).and.include(`  ${next.kid}`)
  })

  it('takes no algorithm but those of the profile', async () => {
    const { exit, err } = await keys('new', 'a.jwk', '--alg', 'RS256')
    expect(exit).to.equal(2)
    expect(err).to.include('ES256, PS256, EdDSA')
  })
})
