import { request as httpsRequest } from 'node:https'
import { connect } from 'node:net'
import { expect } from 'chai'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import { ASSERTION_TYPE } from '../../src/identity/client-authentication.ts'
import { signAssertion } from '../../src/identity/holder.ts'
import type { PublicJwk } from '../../src/model/party.ts'
import { makeCertificate, type TestCertificate } from '../support/certificate.ts'
import { assertionOf, CONSUMER, subsystem } from '../support/identity-world.ts'
import { createForeignClient, type Door, openDoor, RESOURCE } from '../support/oauth-door.ts'

describe('the OAuth door', () => {
  let door: Door
  before(async () => {
    door = await openDoor()
  })
  after(() => door.close())

  async function post(body: string, headers: Readonly<Record<string, string>> = {}) {
    const response = await fetch(`${door.url}/oauth/token`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    })
    return { response, json: (await response.json()) as Record<string, string> }
  }

  it('serves an unmodified oauth4webapi client: discovery, token by private_key_jwt and DPoP, call', async () => {
    const { ask, call } = await createForeignClient(door)
    const answer = await ask()
    expect(answer.token_type).to.equal('dpop')
    const response = await call(answer.access_token)
    expect(response.status).to.equal(200)
    expect(await response.json()).to.include({ id: CONSUMER, binding: 'dpop' })
  })

  it('serves an unmodified openid-client', async () => {
    const { key, jwk } = await createForeignClient(door)
    const config = await openid.discovery(
      new URL(door.url),
      CONSUMER,
      undefined,
      openid.PrivateKeyJwt({ key, kid: String(jwk.kid) }),
      { algorithm: 'oauth2', execute: [openid.allowInsecureRequests] },
    )
    const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair('ES256'))
    const answer = await openid.clientCredentialsGrant(config, {}, { DPoP })
    const response = await openid.fetchProtectedResource(
      config,
      answer.access_token,
      new URL(`${door.url}${RESOURCE}`),
      'POST',
      null,
      new Headers(),
      { DPoP },
    )
    expect(response.status).to.equal(200)
  })

  it('publishes metadata that says what is true', async () => {
    const response = await fetch(`${door.url}/.well-known/oauth-authorization-server`)
    expect(response.headers.get('content-type')).to.equal('application/json')
    expect(await response.json()).to.deep.equal({
      issuer: door.url,
      token_endpoint: `${door.url}/oauth/token`,
      jwks_uri: `${door.url}/oauth/jwks`,
      grant_types_supported: ['client_credentials'],
      response_types_supported: [],
      token_endpoint_auth_methods_supported: ['private_key_jwt'],
      token_endpoint_auth_signing_alg_values_supported: ['ES256', 'PS256', 'EdDSA', 'Ed25519'],
      revocation_endpoint: `${door.url}/oauth/revoke`,
      revocation_endpoint_auth_methods_supported: ['private_key_jwt'],
      revocation_endpoint_auth_signing_alg_values_supported: ['ES256', 'PS256', 'EdDSA', 'Ed25519'],
      introspection_endpoint: `${door.url}/oauth/introspect`,
      introspection_endpoint_auth_methods_supported: ['private_key_jwt'],
      introspection_endpoint_auth_signing_alg_values_supported: ['ES256', 'PS256', 'EdDSA', 'Ed25519'],
      authorization_details_types_supported: ['data_exchange'],
      dpop_signing_alg_values_supported: ['ES256', 'PS256', 'EdDSA', 'Ed25519'],
      tls_client_certificate_bound_access_tokens: false,
      protected_resources: ['exchange', 'jobs', 'events', 'subscriptions', 'consents', 'reconciliations'].map(
        (path) => `${door.url}/${path}`,
      ),
    })
  })

  it('publishes its keys for others to keep a while, without their private halves', async () => {
    const response = await fetch(`${door.url}/oauth/jwks`)
    expect(response.headers.get('content-type')).to.equal('application/jwk-set+json')
    expect(response.headers.get('cache-control')).to.equal('public, max-age=300')
    const { keys } = (await response.json()) as { keys: Record<string, string>[] }
    expect(keys.map(({ kid }) => kid)).to.deep.equal([door.world.issuerKey.kid])
    expect(keys[0]).to.not.have.property('d')
  })

  const asForm = (parameters: Readonly<Record<string, string>>) => new URLSearchParams(parameters).toString()

  it('answers an unknown client as RFC 6749 §5.2 says, and lets nobody keep the answer', async () => {
    const assertion = await signAssertion(door.world.key, {
      clientId: 'G99/la',
      issuer: door.url,
      nowMs: Date.now(),
      jti: 'unknown-1',
    })
    const { response, json } = await post(
      asForm({
        grant_type: 'client_credentials',
        client_assertion_type: ASSERTION_TYPE,
        client_assertion: assertion,
      }),
    )
    expect(response.status).to.equal(401)
    expect(json['error']).to.equal('invalid_client')
    expect(json['error_description']).to.match(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
    expect(response.headers.get('cache-control')).to.equal('no-store')
    expect(response.headers.get('www-authenticate')).to.equal(null)
    expect(door.refusals.at(-1)).to.equal('client_invalid')
  })

  it('answers an Authorization field with a challenge', async () => {
    const { response } = await post(asForm({ grant_type: 'client_credentials' }), {
      authorization: 'Basic YTpi',
    })
    expect(response.status).to.equal(401)
    expect(response.headers.get('www-authenticate')).to.match(/^Basic /)
  })

  it('answers a bad proof with 400, as RFC 9449 §5 says for the token endpoint', async () => {
    const { world } = door
    world.subsystems.set(
      CONSUMER,
      subsystem(CONSUMER, { credentials: { jwks: [world.key.publicJwk as PublicJwk] } }),
    )
    world.clock.nowMs = Date.now()
    const form = asForm({
      grant_type: 'client_credentials',
      client_assertion_type: ASSERTION_TYPE,
      client_assertion: await assertionOf(world),
    })
    const { response, json } = await post(form, { dpop: 'not.a.proof' })
    expect(response.status).to.equal(400)
    expect(json['error']).to.equal('invalid_dpop_proof')
  })

  const FORMS: readonly (readonly [string, number, string, string, Readonly<Record<string, string>>])[] = [
    ['JSON', 415, 'invalid_request', '{}', { 'content-type': 'application/json' }],
    ['no content type', 415, 'invalid_request', 'a=b', { 'content-type': '' }],
    [
      'another charset',
      415,
      'invalid_request',
      'a=b',
      { 'content-type': 'application/x-www-form-urlencoded;charset=utf-16' },
    ],
    ['a compressed form', 415, 'invalid_request', 'a=b', { 'content-encoding': 'gzip' }],
    ['an empty form', 400, 'invalid_request', '', {}],
    [
      'a repeated parameter',
      400,
      'invalid_request',
      'grant_type=client_credentials&grant_type=client_credentials',
      {},
    ],
    [
      'a repeated parameter, once empty',
      400,
      'invalid_request',
      'grant_type=client_credentials&grant_type=',
      {},
    ],
    ['a repeated parameter, once escaped', 400, 'invalid_request', 'grant_type=a&%67rant_type=b', {}],
    ['an empty grant_type', 400, 'invalid_request', 'grant_type=', {}],
    ['another grant', 400, 'unsupported_grant_type', 'grant_type=password', {}],
    ['16,385 bytes', 413, 'invalid_request', `a=${'b'.repeat(16_383)}`, {}],
  ]
  for (const [name, status, error, body, headers] of FORMS) {
    it(`refuses ${name}`, async () => {
      const { response, json } = await post(body, headers)
      expect(response.status).to.equal(status)
      expect(json['error']).to.equal(error)
    })
  }

  it('reads a form of 16,384 bytes', async () => {
    const { json } = await post(`grant_type=password&a=${'b'.repeat(16_384 - 22)}`)
    expect(json['error']).to.equal('unsupported_grant_type')
  })

  it('refuses two DPoP fields and a body that is not UTF-8', async () => {
    const { port } = new URL(door.url)
    const sendRaw = (head: readonly string[], body: Buffer) =>
      new Promise<string>((resolve, reject) => {
        const socket = connect(Number(port), '127.0.0.1')
        let answer = ''
        socket.setEncoding('utf8').on('data', (chunk: string) => {
          answer += chunk
        })
        socket.on('end', () => resolve(answer)).on('error', reject)
        const lines = [
          'POST /oauth/token HTTP/1.1',
          'Host: a',
          'Connection: close',
          `Content-Length: ${body.length}`,
        ]
        const type = 'Content-Type: application/x-www-form-urlencoded'
        socket.write([...lines, type, ...head, '', ''].join('\r\n'))
        socket.write(body)
      })
    const form = Buffer.from('grant_type=client_credentials')
    expect(await sendRaw(['DPoP: a', 'DPoP: b'], form)).to.include('Field dpop is repeated')
    expect(await sendRaw([], Buffer.from([0x61, 0x3d, 0xff]))).to.match(/^HTTP\/1\.1 400 .*invalid_request/s)
  })

  for (const [method, path] of [
    ['GET', '/oauth/token'],
    ['POST', '/oauth/jwks'],
    ['PUT', '/.well-known/oauth-authorization-server'],
  ] as const) {
    it(`has no ${method} ${path}`, async () => {
      const response = await fetch(`${door.url}${path}`, { method })
      expect(response.status).to.equal(405)
      expect(response.headers.get('allow')).to.not.include(method)
    })
  }
})

describe('the OAuth door with DPoP nonces', () => {
  it('leads an unmodified client to the nonce, at the token endpoint and at the exchange', async () => {
    const door = await openDoor({ nonceSecret: Buffer.alloc(32, 3) })
    try {
      const { ask, call } = await createForeignClient(door)
      const first = await ask().catch((error: unknown) => error)
      expect(oauth.isDPoPNonceError(first)).to.equal(true)
      const { access_token } = await ask()
      expect((await call(access_token)).status).to.equal(200)
    } finally {
      await door.close()
    }
  })
})

describe('the OAuth door behind TLS with client certificates', () => {
  let door: Door
  let own: TestCertificate
  let foreign: TestCertificate
  let server: TestCertificate
  before(async () => {
    const span = { notBeforeMs: Date.now() - 60_000, notAfterMs: Date.now() + 3_600_000 }
    own = makeCertificate({ name: 'mot-cua', ...span })
    foreign = makeCertificate({ name: 'la', ...span })
    server = makeCertificate({ name: 'gateway', ...span })
    door = await openDoor({ tls: { key: server.key, cert: server.certificate } })
    door.world.subsystems.set(
      CONSUMER,
      subsystem(CONSUMER, { credentials: { certificates: [own.thumbprint] } }),
    )
  })
  after(() => door.close())

  function send(
    path: string,
    certificate: TestCertificate | undefined,
    headers: Record<string, string>,
    body = '',
  ) {
    return new Promise<{ status: number; json: Record<string, string> }>((resolve, reject) => {
      const request = httpsRequest(`${door.url}${path}`, {
        method: 'POST',
        agent: false,
        ca: server.certificate,
        headers,
        ...(certificate && { cert: certificate.certificate, key: certificate.key }),
      })
      request.on('error', reject).on('response', (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk
        })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, json: JSON.parse(text) }))
      })
      request.end(body)
    })
  }
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const body = `grant_type=client_credentials&client_id=${encodeURIComponent(CONSUMER)}`

  it('gives a certificate-bound token that is good with that certificate alone', async () => {
    const granted = await send('/oauth/token', own, form, body)
    expect(granted.status).to.equal(200)
    const headers = { authorization: `Bearer ${granted.json['access_token']}` }
    expect((await send(RESOURCE, own, headers)).json).to.include({ id: CONSUMER, binding: 'mtls' })
    for (const other of [foreign, undefined]) {
      expect(await send(RESOURCE, other, headers)).to.deep.equal({
        status: 401,
        json: { code: 'credential_invalid' },
      })
    }
  })

  it('gives nothing to a certificate that is not registered, or to none', async () => {
    for (const other of [foreign, undefined]) {
      const { status, json } = await send('/oauth/token', other, form, body)
      expect(status).to.equal(401)
      expect(json['error']).to.equal('invalid_client')
    }
  })

  it('says so in its metadata', async () => {
    const metadata = await new Promise<string>((resolve, reject) => {
      const address = `${door.url}/.well-known/oauth-authorization-server`
      httpsRequest(address, { agent: false, ca: server.certificate }, (response) => {
        response.setEncoding('utf8').on('data', resolve)
      })
        .on('error', reject)
        .end()
    })
    expect(JSON.parse(metadata)).to.deep.include({
      token_endpoint_auth_methods_supported: ['private_key_jwt', 'self_signed_tls_client_auth'],
      tls_client_certificate_bound_access_tokens: true,
    })
  })
})
