import { spawnSync } from 'node:child_process'
import { createPublicKey } from 'node:crypto'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { compactVerify, importJWK } from 'jose'
import { createTokenIssuer } from '../../src/identity/access-token.ts'
import { createAddresses } from '../../src/identity/addresses.ts'
import { openDocumentSignature, readAuthorities, signerOf } from '../../src/identity/document-signature.ts'
import {
  ACTIVATION_DELAY_SECONDS,
  adoptDeviceKey,
  createKeyRing,
  openKeyDirectory,
  rotateKeys,
} from '../../src/identity/keys.ts'
import { createPkcs11Keys, type Pkcs11Keys } from '../../src/identity/pkcs11.ts'
import { loadPkcs11 } from '../../src/identity/pkcs11-library.ts'
import { createSigningKey, generatePrivateJwk, type SigningKey } from '../../src/identity/signing-key.ts'
import { samplePerson } from '../../src/sandbox/samples.ts'
import { runCli } from '../support/cli.ts'
import { requireProgram } from '../support/debian-program.ts'
import { startWorld } from '../support/gateway-world.ts'
import { forge, START_MS } from '../support/identity-world.ts'
import { createLeaderAuthority } from '../support/leaders.ts'
import { createTestFolder } from '../support/postgres.ts'
import { createSoftHsm, GUIDE_KEY, type SoftHsm } from '../support/softhsm.ts'

/** What every signing key does, wherever its private half lives. */
function keepsTheContract(open: (algorithm: 'ES256' | 'PS256' | 'Ed25519') => Promise<SigningKey>): void {
  for (const algorithm of ['ES256', 'PS256', 'Ed25519'] as const) {
    it(`${algorithm}: signs what jose verifies by its public half, many at once`, async () => {
      const key = await open(algorithm)
      expect(key.alg).to.equal(algorithm)
      expect(key.publicJwk).not.to.have.any.keys('d', 'p', 'q')
      const tokens = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          forge({ alg: key.alg, kid: key.kid }, `payload ${index}`, key.sign),
        ),
      )
      const jwk = await importJWK(key.publicJwk, key.alg)
      for (const [index, token] of tokens.entries()) {
        const { payload } = await compactVerify(token, jwk)
        expect(Buffer.from(payload).toString()).to.equal(`payload ${index}`)
        const [header, , signature] = token.split('.')
        const other = `${header}.${Buffer.from('other').toString('base64url')}.${signature}`
        expect(await compactVerify(other, jwk).catch(() => 'refused')).to.equal('refused')
      }
    })
  }
}

describe('a signing key in memory', () => {
  keepsTheContract(async (algorithm) => createSigningKey(await generatePrivateJwk(algorithm)))
})

describe('a signing key behind PKCS#11 (SoftHSM)', () => {
  let hsm: SoftHsm
  let keys: Pkcs11Keys

  before(async function () {
    requireProgram(this, 'softhsm2-util', 'softhsm2')
    requireProgram(this, 'pkcs11-tool', 'opensc')
    hsm = await createSoftHsm()
    hsm.generate('es256', 'EC:prime256v1')
    hsm.generate('ps256', 'rsa:3072')
    hsm.generate('ed25519', 'EC:edwards25519')
    hsm.generate('p384', 'EC:secp384r1')
    hsm.generate('twice', 'EC:prime256v1')
    hsm.generate('twice', 'EC:prime256v1')
    // SoftHSM reads it when it is loaded, which happens once in a process.
    process.env['SOFTHSM2_CONF'] = hsm.configuration
    const library = loadPkcs11(hsm.library)
    keys = createPkcs11Keys({ library, token: hsm.token, readPin: () => hsm.pin })
  })
  after(() => {
    delete process.env['SOFTHSM2_CONF']
  })

  keepsTheContract((algorithm) => keys.open(algorithm.toLowerCase()))

  const faultOf = (promise: Promise<unknown>) =>
    promise.then(
      () => 'opened',
      (error: Error) => error.message,
    )

  it('is not there, is there twice, or is of a kind that is not used: each is said', async () => {
    expect(await faultOf(keys.open('absent'))).to.equal('the token lienthong has no public key absent')
    expect(await faultOf(keys.open('twice'))).to.equal('the token lienthong has two public keys twice')
    expect(await faultOf(keys.open('p384'))).to.equal('not an EC P-256, RSA or Ed25519 key')
    expect((await keys.open('es256')).alg).to.equal('ES256')
  })

  it('is not opened in another token', async () => {
    const elsewhere = createPkcs11Keys({
      library: loadPkcs11(hsm.library),
      token: 'elsewhere',
      readPin: () => hsm.pin,
    })
    expect(await faultOf(elsewhere.open('es256'))).to.equal('there is no token elsewhere')
  })

  it('takes its turn in a folder of keys, of which only the public half is written', async () => {
    const folder = await createTestFolder()
    const first = await adoptDeviceKey(folder, keys, GUIDE_KEY, START_MS)
    await rotateKeys(folder, 'ES256', START_MS)
    const written = JSON.parse(readFileSync(first, 'utf8'))
    expect(written).to.include({ pkcs11: GUIDE_KEY, nbf: 0, kty: 'EC' })
    expect(written).not.to.have.any.keys('d')
    const ring = await openKeyDirectory(folder, keys)
    expect(ring.current(START_MS).kid).to.equal(written.kid)
    expect(ring.jwks(START_MS).keys).to.have.length(2)
    await adoptDeviceKey(folder, keys, 'ps256', START_MS)
    const later = await openKeyDirectory(folder, keys)
    expect(later.current(START_MS + ACTIVATION_DELAY_SECONDS * 1000).alg).to.be.oneOf(['ES256', 'PS256'])
    expect(await faultOf(openKeyDirectory(folder))).to.match(/0001\.jwk: its key is in a device/)
    chmodSync(first, 0o640)
    expect(await faultOf(openKeyDirectory(folder, keys))).to.include('chmod 600')
    chmodSync(first, 0o600)
    writeFileSync(first, JSON.stringify({ ...written, pkcs11: 'es256' }))
    expect(await faultOf(openKeyDirectory(folder, keys))).to.match(/another key under the label es256/)
  })

  it('signs a decision for a leader, by the command line, as openssl and the gateway take it', async function () {
    requireProgram(this, 'openssl', 'openssl')
    const folder = await createTestFolder()
    const authority = createLeaderAuthority(join(folder, 'leaders'))
    const text = '{"application":"DN-000001","kind":"lienthong.application-decision"}'
    writeFileSync(join(folder, 'DN-000001.json'), text)
    for (const label of ['es256', 'ps256', 'ed25519'] as const) {
      const { publicJwk } = await keys.open(label)
      const publicKey = createPublicKey({ key: { ...publicJwk }, format: 'jwk' })
      const pem = String(publicKey.export({ type: 'spki', format: 'pem' }))
      const signed = await runCli(
        [
          ...['applications', 'sign-text', 'DN-000001.json', '--pkcs11-library', hsm.library],
          ...['--pkcs11-token', hsm.token, '--pkcs11-pin-file', hsm.pinFile, '--pkcs11-key', label],
          ...['--signer-certificate', authority.certify('Leader', pem)],
        ],
        { workingDirectory: folder },
      )
      expect(signed.exit, signed.err).to.equal(label === 'ed25519' ? 1 : 0)
      if (label === 'ed25519') continue
      const verified = spawnSync(
        'openssl',
        [
          ...['cms', '-verify', '-cades', '-binary', '-inform', 'DER', '-in', 'DN-000001.p7s'],
          ...['-content', 'DN-000001.json', '-CAfile', authority.rootFile, '-purpose', 'any'],
        ],
        { cwd: folder },
      )
      expect(verified.status, String(verified.stderr)).to.equal(0)
      const nowMs = Date.now()
      const { chain } = await openDocumentSignature(
        readFileSync(join(folder, 'DN-000001.p7s')),
        { bytes: Buffer.from(text), madeAtMs: nowMs, nowMs },
        { authorities: readAuthorities(readFileSync(authority.rootFile, 'utf8')), revocations: [] },
      )
      expect(signerOf(chain)).to.equal('Leader')
    }
    const both = [
      '--signer-key',
      'x.pem',
      '--pkcs11-library',
      hsm.library,
      '--signer-certificate',
      'DN-000001.json',
    ]
    const { exit } = await runCli(['applications', 'sign-text', 'DN-000001.json', ...both], {
      workingDirectory: folder,
    })
    expect(exit).to.equal(2)
  })

  it('signs the tokens of a whole gateway, which the command line gave it', async () => {
    const dataDir = await createTestFolder()
    const settings = {
      dataDir,
      tokens: { pkcs11: { library: hsm.library, token: hsm.token, pinFile: hsm.pinFile } },
    }
    const project = join(import.meta.dirname, '../..')
    const rotated = await runCli(['keys', 'rotate', '--hsm-key', GUIDE_KEY], {
      workingDirectory: project,
      environment: {
        LANG: 'en_GB.UTF-8',
        LIENTHONG_DATADIR: dataDir,
        LIENTHONG_TOKENS_PKCS11_LIBRARY: hsm.library,
        LIENTHONG_TOKENS_PKCS11_TOKEN: hsm.token,
        LIENTHONG_TOKENS_PKCS11_PINFILE: hsm.pinFile,
      },
    })
    expect(rotated.exit, rotated.err).to.equal(0)
    const world = await startWorld({ overrides: settings })
    try {
      const answer = await world.consumer.call('G01/dan-cu/cong-dan/v1/xac-thuc', {
        body: samplePerson(17).verify,
      })
      expect(answer.status, JSON.stringify(answer.json)).to.equal(200)
      const { keys: published } = (await (await fetch(`${world.gateway.publicUrl}/oauth/jwks`)).json()) as {
        keys: { kid: string }[]
      }
      expect(published.map(({ kid }) => kid)).to.deep.equal([(await keys.open(GUIDE_KEY)).kid])
    } finally {
      await world.close()
    }
  })

  it('that cannot sign just now gives no token, and says so', async () => {
    const { publicJwk } = await keys.open('es256')
    const away = { ...(await keys.open('es256')), publicJwk, sign: () => Promise.reject(new Error('away')) }
    const issue = createTokenIssuer({
      addresses: createAddresses(() => 'https://gateway.test'),
      keys: () => createKeyRing([{ key: away, activeFrom: 0 }]),
      now: () => START_MS,
      newId: () => 'id',
      lifetimeSeconds: 300,
    })
    const content = { subsystem: 'H29/mot-cua', audience: 'https://gateway.test/exchange' } as const
    const refused = await issue({ ...content, confirmation: undefined, details: undefined } as never).catch(
      (error) => error,
    )
    expect(refused).to.include({ code: 'signer_unavailable', retryAfterSeconds: 5 })
  })
})
