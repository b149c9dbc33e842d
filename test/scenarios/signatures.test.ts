import { hash, randomUUID, type webcrypto } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { exportJWK } from 'jose'
import { contentDigest } from '../../src/identity/content-digest.ts'
import { signProof } from '../../src/identity/holder.ts'
import { vetPublicJwk } from '../../src/identity/key-vetting.ts'
import { isSignedAnswer, signRequest } from '../../src/identity/message-holder.ts'
import { answerComponents, requestComponents, signatureBase } from '../../src/identity/signature-base.ts'
import { readSignature } from '../../src/identity/signature-fields.ts'
import { createSigningKey, type SigningKey } from '../../src/identity/signing-key.ts'
import type { RequestMessage } from '../../src/model/exchange.ts'
import { makeKeys } from '../support/bulk-world.ts'
import { runCli } from '../support/cli.ts'
import { type GatewayWorld, PARTICULARS, startWorld } from '../support/gateway-world.ts'
import { createTestFolder } from '../support/postgres.ts'

const SERVICE = 'G01/dan-cu/cong-dan/v1'
const QUESTION = JSON.stringify({ personalId: '099188010001' })

/** The citizen service's agreement demands signed requests; the taxpayer's does not. */
describe('signed exchanges', () => {
  let world: GatewayWorld
  let key: SigningKey
  let token: string
  let citizensApp: webcrypto.CryptoKeyPair | undefined

  before(async () => {
    const keys = await makeKeys(['G01/vneid'])
    citizensApp = keys.pairs.get('G01/vneid')
    world = await startWorld({
      change: (documents) => ({
        ...keys.register(documents),
        agreements: documents.agreements.map((agreement) =>
          agreement.service === SERVICE && agreement.consumer === 'H29/mot-cua'
            ? { ...agreement, requires: { ...agreement.requires, signature: true } }
            : agreement,
        ),
      }),
    })
    key = createSigningKey({ ...(await exportJWK(world.keys.privateKey)), kid: 'main', alg: 'ES256' })
    token = await world.consumer.dpopToken()
  })

  after(() => world.close())

  async function signed(path: string, body = QUESTION): Promise<RequestMessage> {
    const method = 'POST'
    const targetUri = `${world.gateway.publicUrl}/exchange/${path}`
    const nowMs = Date.now()
    const proof = { method, url: targetUri, accessToken: token, nowMs, jti: randomUUID() }
    const fields = {
      ...PARTICULARS,
      'content-type': 'application/json',
      authorization: `DPoP ${token}`,
      dpop: await signProof(key, proof),
    }
    return signRequest(key, { method, targetUri, fields, body, nowMs, nonce: randomUUID() })
  }

  async function send({ method, targetUri, fields }: RequestMessage, body = QUESTION) {
    const response = await fetch(targetUri, { method, headers: Object.fromEntries(fields), body })
    const bytes = Buffer.from(await response.arrayBuffer())
    return {
      status: response.status,
      fields: new Map(response.headers),
      bytes,
      json: JSON.parse(String(bytes)),
    }
  }

  async function publishedKey(kid: string) {
    const response = await fetch(`${world.gateway.publicUrl}/oauth/jwks`)
    const { keys } = (await response.json()) as { keys: { kid: string }[] }
    const verdict = vetPublicJwk(keys.find((jwk) => jwk.kid === kid))
    if ('fault' in verdict) throw new Error(verdict.fault)
    return verdict.key
  }

  it('end in an answer that binds the gateway to the request, and a record that holds both', async () => {
    const request = await signed(`${SERVICE}/tra-cuu`)
    const { status, fields, bytes, json } = await send(request)
    expect([status, json.personalId]).to.deep.equal([200, '099188010001'])

    const mine = readSignature(
      request.fields.get('signature-input') ?? '',
      request.fields.get('signature') ?? '',
    )
    const theirs = readSignature(fields.get('signature-input') ?? '', fields.get('signature') ?? '')
    if (mine === undefined || theirs === undefined) throw new Error('a signature cannot be read')
    const published = await publishedKey(theirs.keyId)
    const answer = { status, fields, body: bytes, request, findKey: () => published }
    expect(isSignedAnswer(answer)).to.equal(true)
    expect(isSignedAnswer({ ...answer, request: await signed(`${SERVICE}/tra-cuu`) })).to.equal(false)

    const digest = (bytesOrText: string | Uint8Array) => hash('sha256', bytesOrText, 'base64url')
    const record = (await world.records()).at(-1)
    expect(record).to.deep.include({
      outcome: 'delivered',
      requestSignature: {
        base: digest(signatureBase(mine.input, requestComponents(request)) ?? ''),
        key: key.verification.thumbprint,
        signature: digest(mine.signature),
      },
      answerSignature: {
        base: digest(signatureBase(theirs.input, answerComponents({ status, fields }, request)) ?? ''),
        key: published.thumbprint,
        signature: digest(theirs.signature),
      },
    })
  })

  it('are carried by lienthong call, which keeps what anybody can check them by', async () => {
    const folder = await createTestFolder()
    const jwk = { ...(await exportJWK(world.keys.privateKey)), kid: 'main', alg: 'ES256' }
    writeFileSync(join(folder, 'mot-cua.jwk'), JSON.stringify(jwk), { mode: 0o600 })
    const call = ['call', SERVICE, '/tra-cuu', 'personalId=099188010001', '--key', 'mot-cua.jwk']
    const asking = ['--gateway', world.gateway.publicUrl, '--consumer', 'H29/mot-cua']
    const particulars = [
      '--purpose',
      PARTICULARS['exchange-purpose'],
      '--dossier',
      'H29-1',
      '--officer',
      'cb-017',
    ]
    const run = (...more: string[]) =>
      runCli([...call, ...asking, ...particulars, ...more], {
        workingDirectory: folder,
        now: Date.now,
        newId: randomUUID,
      })

    const unsigned = await run()
    expect(unsigned.exit).to.equal(1)
    expect(unsigned.err).to.include('signature_missing')
    const kept = await run('--evidence', 'evidence.json')
    expect(kept.exit, kept.err).to.equal(0)
    expect(kept.err).to.include('bound to this request')

    const file = join(folder, 'evidence.json')
    expect(statSync(file).mode & 0o777).to.equal(0o600)
    const { request, answer, gatewayKey } = JSON.parse(readFileSync(file, 'utf8'))
    const published = await publishedKey(gatewayKey.kid)
    const evidence = {
      status: answer.status,
      fields: new Map<string, string>(Object.entries(answer.fields)),
      body: Buffer.from(answer.body, 'base64'),
      request: { ...request, fields: new Map(Object.entries(request.fields)) },
      findKey: () => published,
    }
    expect(isSignedAnswer(evidence)).to.equal(true)
    expect(isSignedAnswer({ ...evidence, body: Buffer.from('{}') })).to.equal(false)
    const theirs = readSignature(evidence.fields.get('signature-input') ?? '', answer.fields.signature)
    const recorded = (await world.records()).at(-1)?.['answerSignature']
    expect(recorded).to.include({ signature: hash('sha256', theirs?.signature ?? '', 'base64url') })

    expect((await run('--evidence', 'evidence.json')).exit).to.equal(2)
  })

  it('make a student record a document, answered at once, that whoever is handed it can check', async () => {
    if (citizensApp === undefined) throw new Error('no key of G01/vneid')
    const folder = await createTestFolder()
    const jwk = { ...(await exportJWK(citizensApp.privateKey)), kid: 'main', alg: 'ES256' }
    writeFileSync(join(folder, 'vneid.jwk'), JSON.stringify(jwk), { mode: 0o600 })
    const call = [
      'call',
      'G03/hoc-ba/hoc-ba-so/v1',
      '/tra-cuu',
      'personalId=099213010001',
      '--key',
      'vneid.jwk',
    ]
    const asking = ['--gateway', world.gateway.publicUrl, '--consumer', 'G01/vneid']
    const kept = await runCli(
      [...call, ...asking, '--purpose', 'hien-thi-cho-cong-dan', '--evidence', 'hoc-ba.json'],
      {
        workingDirectory: folder,
        now: Date.now,
        newId: randomUUID,
      },
    )
    expect(kept.exit, kept.err).to.equal(0)
    const { request, answer, gatewayKey } = JSON.parse(readFileSync(join(folder, 'hoc-ba.json'), 'utf8'))
    const published = await publishedKey(gatewayKey.kid)
    const document = {
      status: answer.status,
      fields: new Map<string, string>(Object.entries(answer.fields)),
      body: Buffer.from(answer.body, 'base64'),
      request: { ...request, fields: new Map(Object.entries(request.fields)) },
      findKey: () => published,
    }
    const { personalId, years } = JSON.parse(document.body.toString())
    expect(personalId).to.equal('099213010001')
    expect(years).to.not.have.length(0)
    expect(isSignedAnswer(document)).to.equal(true)
    const better = document.body.toString().replace(/"result":"\w+"/, '"result":"best"')
    expect(isSignedAnswer({ ...document, body: Buffer.from(better) })).to.equal(false)
    expect((await world.records()).at(-1)).to.deep.include({ outcome: 'delivered', consumer: 'G01/vneid' })
  })

  it('are refused and recorded without the signature the agreement demands', async () => {
    const { json } = await world.consumer.call(`${SERVICE}/tra-cuu`, { body: JSON.parse(QUESTION) })
    expect(json).to.include({ code: 'signature_missing', status: 403 })
    expect((await world.records()).at(-1)).to.include({ outcome: 'refused', code: 'signature_missing' })
  })

  it('are refused and recorded where the signature is over something else', async () => {
    const request = await signed(`${SERVICE}/tra-cuu`)
    await send(request)
    // The proof is made anew, as a thief of the token's key would; the signature is the old one.
    const again = await signed(`${SERVICE}/tra-cuu`)
    const old = ['signature', 'signature-input'].map(
      (name) => [name, request.fields.get(name) ?? ''] as const,
    )
    const mixed = { ...again, fields: new Map([...again.fields, ...old]) }
    expect((await send(mixed)).json).to.include({ code: 'signature_invalid', status: 400 })
    expect((await world.records()).at(-1)).to.include({ outcome: 'refused', code: 'signature_invalid' })

    const other = JSON.stringify({ personalId: '099190000404' })
    expect((await send(await signed(`${SERVICE}/tra-cuu`), other)).json).to.include({
      code: 'content_digest_mismatch',
    })
    expect((await world.records()).at(-1)).to.include({ code: 'content_digest_mismatch' })
  })

  it('are held to a signature that nobody demanded', async () => {
    const path = 'G10/dat-dai/thua-dat/v1/tra-cuu'
    const parcel = JSON.stringify({ parcelKey: '26743_8_69' })
    const good = await send(await signed(path, parcel), parcel)
    expect(good.status, String(good.bytes)).to.equal(200)
    expect(good.fields.get('signature')).to.match(/^gateway=:/)
    const sent = await signed(path, parcel)
    const officer = new Map([...sent.fields, ['exchange-officer', 'cb-018']])
    expect((await send({ ...sent, fields: officer }, parcel)).json).to.include({ code: 'signature_invalid' })
  })

  it('are checked for a digest alone, and then not signed', async () => {
    const call = (digest: string) =>
      world.consumer.call('G10/dat-dai/thua-dat/v1/tra-cuu', {
        body: '{"parcelKey":"26743_8_69"}',
        headers: { 'content-digest': digest },
      })
    const good = await call(contentDigest('{"parcelKey":"26743_8_69"}'))
    expect([good.status, good.headers.get('signature')]).to.deep.equal([200, null])
    expect((await call(contentDigest('{}'))).json).to.include({ code: 'content_digest_mismatch' })
  })
})
