import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'chai'
import { ASSERTION_TYPE } from '../../src/identity/client-authentication.ts'
import { signAssertion, signProof } from '../../src/identity/holder.ts'
import { createSigningKey, generatePrivateJwk, type SigningKey } from '../../src/identity/signing-key.ts'
import type { Subsystem } from '../../src/model/party.ts'
import { overlay, type RegistryDocuments } from '../../src/registry/documents.ts'
import { samplePerson } from '../../src/sandbox/samples.ts'
import { type ForeignIssuer, LIFETIME_SECONDS, startForeignIssuer } from '../support/foreign-issuer.ts'
import { freePort } from '../support/free-port.ts'
import { type GatewayWorld, PARTICULARS, startWorld } from '../support/gateway-world.ts'
import { createTestFolder } from '../support/postgres.ts'

const CONSUMER = 'H29/mot-cua'
const QUESTION = '/exchange/G01/dan-cu/cong-dan/v1/xac-thuc'
const MAX_STALE_SECONDS = 300

describe('tokens of a foreign issuer (oidc-provider over HTTPS)', () => {
  let issuer: ForeignIssuer
  let world: GatewayWorld
  let gatewayUrl: string
  let clientKey: SigningKey
  let dpopKey: SigningKey
  let aheadMs = 0

  const named = (documents: RegistryDocuments, clientId: string): RegistryDocuments => {
    const subsystems = documents.subsystems
      .filter(({ id }) => id === CONSUMER)
      .map((subsystem): Subsystem => {
        const foreignClients = [{ issuer: issuer.issuer, clientId }]
        return { ...subsystem, credentials: { ...subsystem.credentials, foreignClients } }
      })
    return overlay(documents, { subsystems })
  }

  before(async () => {
    const jwk = await generatePrivateJwk('ES256')
    clientKey = createSigningKey(jwk)
    dpopKey = createSigningKey(await generatePrivateJwk('ES256'))
    const port = await freePort()
    gatewayUrl = `http://127.0.0.1:${port}`
    issuer = await startForeignIssuer(
      [
        { id: 'mot-cua', jwk },
        { id: 'stranger', jwk },
        { id: 'unbound', jwk, dpop: false },
      ],
      () => `${gatewayUrl}/exchange`,
    )
    const caFile = join(await createTestFolder(), 'ca.pem')
    writeFileSync(caFile, issuer.ca)
    const trusted = {
      issuer: issuer.issuer,
      jwksUri: issuer.jwksUri,
      caFile,
      allowPrivateAddress: true,
      maxStaleSeconds: MAX_STALE_SECONDS,
      maxLifetimeSeconds: LIFETIME_SECONDS,
    }
    world = await startWorld({
      overrides: { listen: { port }, publicUrl: gatewayUrl, tokens: { issuers: [trusted] } },
      change: (documents) => named(documents, 'mot-cua'),
      now: () => Date.now() + aheadMs,
    })
  })
  after(async () => {
    await world?.close()
    await issuer?.close()
  })

  const nowMs = () => Date.now() + aheadMs

  /** A token as the issuer gives it, by its own clock. */
  async function tokenOf(clientId: string, more: Record<string, string> = {}): Promise<string> {
    const url = `${issuer.issuer}/token`
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_assertion_type: ASSERTION_TYPE,
      client_assertion: await signAssertion(clientKey, {
        clientId,
        issuer: issuer.issuer,
        nowMs: Date.now(),
        jti: randomUUID(),
      }),
      ...more,
    })
    const isBound = clientId !== 'unbound'
    const proof = await signProof(dpopKey, { method: 'POST', url, nowMs: Date.now(), jti: randomUUID() })
    const text = await new Promise<string>((resolve, reject) => {
      const headers = {
        'content-type': 'application/x-www-form-urlencoded',
        ...(isBound && { dpop: proof }),
      }
      const request = httpsRequest(url, { method: 'POST', ca: issuer.ca, agent: false, headers })
      request.on('error', reject).on('response', (response) => {
        const chunks: Buffer[] = []
        response
          .on('data', (chunk) => chunks.push(chunk))
          .on('end', () => resolve(Buffer.concat(chunks).toString()))
      })
      request.end(String(form))
    })
    const { access_token: token } = JSON.parse(text)
    expect(token, text).to.be.a('string')
    return token
  }

  async function askOnce(token: string, scheme: 'DPoP' | 'Bearer') {
    const url = `${gatewayUrl}${QUESTION}`
    const content = { method: 'POST', url, accessToken: token, nowMs: nowMs(), jti: randomUUID() }
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        ...PARTICULARS,
        'content-type': 'application/json',
        authorization: `${scheme} ${token}`,
        ...(scheme === 'DPoP' && { dpop: await signProof(dpopKey, content) }),
      },
      body: JSON.stringify(samplePerson(17).verify),
    })
    const json = (await response.json()) as Record<string, unknown>
    return { status: response.status, code: json['code'], headers: response.headers }
  }

  /** A gateway whose clock jumped answers nothing until it has heard anew that nothing was revoked. */
  async function ask(token: string, scheme: 'DPoP' | 'Bearer' = 'DPoP') {
    let answer = await askOnce(token, scheme)
    while (answer.code === 'authority_unconfirmed') {
      await pause(50)
      answer = await askOnce(token, scheme)
    }
    return answer
  }

  it('are taken for the subsystem that the registry names for their client', async () => {
    const token = await tokenOf('mot-cua')
    const answer = await ask(token)
    expect(answer.status, String(answer.code)).to.equal(200)
    expect((await world.records()).at(-1)).to.include({
      consumer: CONSUMER,
      binding: 'dpop',
      outcome: 'delivered',
    })
    expect((await ask(token)).status).to.equal(200)
    expect(issuer.keyReads()).to.equal(1)
    const reads = `lienthong_issuer_key_reads_total{issuer="${issuer.issuer}",result="read"}`
    expect(await world.metric(reads)).to.equal(1)
  })

  it('are refused for a client that the registry does not name, and without a bound key', async () => {
    const stranger = await ask(await tokenOf('stranger'))
    expect([stranger.status, stranger.code]).to.deep.equal([401, 'credential_invalid'])
    const unbound = await ask(await tokenOf('unbound'), 'Bearer')
    expect([unbound.status, unbound.code]).to.deep.equal([401, 'credential_invalid'])
    const stolen = await ask(await tokenOf('mot-cua'), 'Bearer')
    expect([stolen.status, stolen.code]).to.deep.equal([401, 'credential_invalid'])
  })

  it('are refused where they are meant for somebody else', async () => {
    for (const resource of ['https://elsewhere.test/exchange', `${gatewayUrl}/other`]) {
      const answer = await ask(await tokenOf('mot-cua', { resource }))
      expect([answer.status, answer.code]).to.deep.equal([401, 'credential_invalid'])
    }
    const narrow = await tokenOf('mot-cua', { resource: `${gatewayUrl}/exchange/G12/thue` })
    expect((await ask(narrow)).status).to.equal(401)
  })

  it('are taken under a new key of their issuer, and under the old one while it is published', async () => {
    const old = await tokenOf('mot-cua')
    aheadMs += 10_000
    await issuer.rotate(true)
    expect((await ask(await tokenOf('mot-cua'))).status).to.equal(200)
    expect((await ask(old)).status).to.equal(200)
  })

  it('are refused, also where they were taken before, once their key is withdrawn', async () => {
    const old = await tokenOf('mot-cua')
    expect((await ask(old)).status).to.equal(200)
    aheadMs += 10_000
    await issuer.rotate(false)
    expect((await ask(await tokenOf('mot-cua'))).status).to.equal(200)
    expect((await ask(old)).status).to.equal(401)
  })

  it('are refused as soon as the registry gives their client to nobody', async () => {
    const token = await tokenOf('mot-cua')
    expect((await ask(token)).status).to.equal(200)
    const settle = async (clientId: string, status: number) => {
      await world.apply(named(world.documents, clientId))
      // The gateway hears of it and swaps; until then the old one answers.
      let answer = await ask(token)
      while (answer.status !== status) {
        await pause(50)
        answer = await ask(token)
      }
    }
    await settle('renamed', 401)
    await settle('mot-cua', 200)
  })

  it('are taken by the keys at hand while the issuer is away, for a bounded time', async () => {
    const token = await tokenOf('mot-cua')
    expect((await ask(token)).status).to.equal(200)
    issuer.goAway()
    aheadMs += (MAX_STALE_SECONDS - 50) * 1000
    expect((await ask(token)).status).to.equal(200)
    expect((await ask(await tokenOf('mot-cua'))).status).to.equal(200)
    aheadMs += 50_000
    const refused = await ask(token)
    expect([refused.status, refused.code]).to.deep.equal([503, 'issuer_unavailable'])
    expect(refused.headers.get('retry-after')).to.equal('10')
    expect(world.log()).to.include('the keys of a foreign issuer cannot be read')
    issuer.comeBack()
    aheadMs += 10_000
    expect((await ask(token)).status).to.equal(200)
    expect(world.log()).to.include('the keys of a foreign issuer are read again')
  })

  it('cannot be judged under a key that was made while the issuer was away', async () => {
    aheadMs += 10_000
    issuer.goAway()
    await issuer.rotate(true)
    const refused = await ask(await tokenOf('mot-cua'))
    expect([refused.status, refused.code]).to.deep.equal([503, 'issuer_unavailable'])
    issuer.comeBack()
  })
})
