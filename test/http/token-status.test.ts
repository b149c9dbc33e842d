import type { webcrypto } from 'node:crypto'
import { expect } from 'chai'
import { importJWK } from 'jose'
import * as oauth from 'oauth4webapi'
import { generatePrivateJwk } from '../../src/identity/signing-key.ts'
import type { PublicJwk } from '../../src/model/party.ts'
import { CONSUMER, subsystem } from '../support/identity-world.ts'
import { createForeignClient, type Door, insecure, openDoor } from '../support/oauth-door.ts'
import { AGREEMENT, compileAgreement, smallRegistry } from '../support/small-registry.ts'

const PROVIDER = 'G01/dan-cu'
const STRANGER = 'G10/dat-dai'

describe('revocation and introspection', () => {
  let door: Door
  let foreign: Awaited<ReturnType<typeof createForeignClient>>
  const others = new Map<string, oauth.ClientAuth>()

  before(async () => {
    door = await openDoor()
    foreign = await createForeignClient(door)
    others.set(CONSUMER, oauth.PrivateKeyJwt({ key: foreign.key, kid: String(foreign.jwk.kid) }))
    for (const id of [PROVIDER, STRANGER] as const) {
      const jwk = await generatePrivateJwk('ES256')
      const { d: _private, ...publicJwk } = jwk
      door.world.subsystems.set(id, subsystem(id, { credentials: { jwks: [publicJwk as PublicJwk] } }))
      const key = (await importJWK(jwk, 'ES256')) as webcrypto.CryptoKey
      others.set(id, oauth.PrivateKeyJwt({ key, kid: String(jwk.kid) }))
    }
  })
  after(() => door.close())

  beforeEach(() => provide({ validity: { from: '2026-01-01', until: '2099-12-31' } }))

  function provide(change: Partial<typeof AGREEMENT>): void {
    const registry = smallRegistry([compileAgreement({ ...AGREEMENT, ...change })])
    for (const [id, service] of registry.services) door.world.services.set(id, service)
  }

  const authenticationOf = (id: string) => others.get(id) ?? oauth.None()

  async function introspect(by: string, token: string): Promise<oauth.IntrospectionResponse> {
    const client = { client_id: by }
    const response = await oauth.introspectionRequest(
      foreign.as,
      client,
      authenticationOf(by),
      token,
      insecure,
    )
    return oauth.processIntrospectionResponse(foreign.as, client, response)
  }

  async function revoke(by: string, token: string): Promise<void> {
    const client = { client_id: by }
    const response = await oauth.revocationRequest(foreign.as, client, authenticationOf(by), token, insecure)
    expect(response.headers.get('cache-control')).to.equal('no-store')
    await oauth.processRevocationResponse(response)
  }

  const codeOf = (refused: Promise<unknown>) =>
    refused.then(
      () => 'accepted',
      (error: unknown) => (error instanceof oauth.ResponseBodyError ? error.error : String(error)),
    )

  it('ends a token by its holder, at every door, and says so again without an error', async () => {
    const { access_token: token } = await foreign.ask()
    expect(await introspect(CONSUMER, token)).to.include({
      active: true,
      client_id: CONSUMER,
      token_type: 'DPoP',
    })
    await revoke(CONSUMER, token)
    expect(await introspect(CONSUMER, token)).to.deep.equal({ active: false })
    await revoke(CONSUMER, token)
    expect(door.world.revoked.size).to.equal(1)
    const { access_token: next } = await foreign.ask()
    expect(await introspect(CONSUMER, next)).to.include({ active: true })
  })

  it('counts what is no token of ours as revoked', async () => {
    await revoke(CONSUMER, 'abc')
    await revoke(CONSUMER, 'x'.repeat(9000))
  })

  it("refuses to end another subsystem's token", async () => {
    const { access_token: token } = await foreign.ask()
    expect(await codeOf(revoke(PROVIDER, token))).to.equal('unauthorized_client')
    expect(await introspect(CONSUMER, token)).to.include({ active: true })
  })

  it('asks for a client that proves itself, and for a token', async () => {
    const { access_token: token } = await foreign.ask()
    const before = door.world.revoked.size
    for (const path of ['revoke', 'introspect']) {
      const post = (body: Record<string, string>) =>
        fetch(`${door.url}/oauth/${path}`, { method: 'POST', body: new URLSearchParams(body) })
      const anonymous = await post({ token, client_id: CONSUMER })
      expect(anonymous.status).to.equal(401)
      expect(await anonymous.json()).to.include({ error: 'invalid_client' })
      const without = await post({ client_id: CONSUMER })
      expect(without.status).to.equal(400)
      expect((await fetch(`${door.url}/oauth/${path}`)).headers.get('allow')).to.equal('POST')
    }
    expect(door.world.revoked.size).to.equal(before)
  })

  it('tells the provider of an agreed service, and nobody else but the holder', async () => {
    const { access_token: token } = await foreign.ask()
    const told = await introspect(PROVIDER, token)
    expect(told).to.include({ active: true, sub: CONSUMER, aud: `${door.url}/exchange`, iss: door.url })
    expect(told.cnf).to.have.property('jkt')
    expect(await introspect(STRANGER, token)).to.deep.equal({ active: false })
  })

  it('tells a provider nothing once its agreement with the holder is revoked or over', async () => {
    const { access_token: token } = await foreign.ask()
    provide({ state: 'revoked' })
    expect(await introspect(PROVIDER, token)).to.deep.equal({ active: false })
    provide({ validity: { from: '2020-01-01', until: '2020-12-31' } })
    expect(await introspect(PROVIDER, token)).to.deep.equal({ active: false })
  })

  it('says inactive of a suspended holder', async () => {
    const { access_token: token } = await foreign.ask()
    const holder = door.world.subsystems.get(CONSUMER)
    if (holder === undefined) throw new Error('no holder')
    door.world.subsystems.set(CONSUMER, { ...holder, state: 'suspended' })
    expect(await introspect(PROVIDER, token)).to.deep.equal({ active: false })
    door.world.subsystems.set(CONSUMER, holder)
  })
})
