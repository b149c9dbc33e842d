import { writeFileSync } from 'node:fs'
import { request as httpRequest, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Subsystem } from '../../src/model/party.ts'
import { samplePerson } from '../../src/sandbox/samples.ts'
import { makeCertificate, type TestCertificate } from '../support/certificate.ts'
import { runCli } from '../support/cli.ts'
import { requireProgram } from '../support/debian-program.ts'
import { freePort } from '../support/free-port.ts'
import { type GatewayWorld, PARTICULARS, startWorld } from '../support/gateway-world.ts'
import { createTestFolder } from '../support/postgres.ts'
import { startProgram } from '../support/program.ts'

const QUESTION = '/exchange/G01/dan-cu/cong-dan/v1/xac-thuc'
const CLIENT = 'H29/mot-cua'
const DAY_MS = 86_400_000

const lasting = (name: string) => ({
  name,
  notBeforeMs: Date.now() - DAY_MS,
  notAfterMs: Date.now() + DAY_MS,
})

/** As docs/operations.md gives it, on loopback. */
const haproxySettings = (port: number, gatewayPort: number, folder: string) => `
global
  maxconn 64

defaults
  mode http
  timeout connect 5s
  timeout client 20s
  timeout server 20s

frontend exchange
  bind 127.0.0.1:${port} ssl crt ${join(folder, 'gateway.pem')} ca-file ${join(folder, 'authorities.pem')} verify optional crt-ignore-err all ca-ignore-err all
  http-request del-header Client-Cert-Chain
  http-request del-header Client-Cert
  http-request set-header Client-Cert :%[ssl_c_der,base64]: if { ssl_c_used }
  default_backend gateway

backend gateway
  server gateway 127.0.0.1:${gatewayPort}
`

interface Reply {
  readonly status: number
  readonly json: Record<string, unknown>
}

function send(url: string, options: RequestOptions & object, body: string): Promise<Reply> {
  const request = (url.startsWith('https:') ? httpsRequest : httpRequest)(url, {
    method: 'POST',
    agent: false,
    ...options,
  })
  return new Promise((resolve, reject) => {
    request.on('error', reject).on('response', (response) => {
      const chunks: Buffer[] = []
      response
        .on('data', (chunk) => chunks.push(chunk))
        .on('end', () => {
          const text = Buffer.concat(chunks).toString()
          resolve({ status: response.statusCode ?? 0, json: text === '' ? {} : JSON.parse(text) })
        })
    })
    request.end(body)
  })
}

describe('client certificates through HAProxy', () => {
  let world: GatewayWorld
  let proxy: { stop(): Promise<void> } | undefined
  let url: string
  let gatewayUrl: string
  const authority = makeCertificate(lasting('Test Authority'))
  const server = makeCertificate(lasting('localhost'))
  const issued = makeCertificate({
    ...lasting('mot-cua'),
    issuer: { name: 'Test Authority', privateKey: authority.privateKey },
  })
  const selfSigned = makeCertificate(lasting('mot-cua'))
  const stranger = makeCertificate(lasting('mot-cua'))
  const expired = makeCertificate({
    name: 'mot-cua',
    notBeforeMs: Date.now() - 2 * DAY_MS,
    notAfterMs: Date.now() - DAY_MS,
  })

  before(async function () {
    requireProgram(this, 'haproxy', 'haproxy')
    const folder = await createTestFolder()
    const port = await freePort()
    const gatewayPort = await freePort()
    url = `https://127.0.0.1:${port}`
    gatewayUrl = `http://127.0.0.1:${gatewayPort}`
    const certificates = [issued, selfSigned, expired].map(({ thumbprint }) => thumbprint)
    world = await startWorld({
      overrides: {
        publicUrl: url,
        listen: { port: gatewayPort, trustedProxies: ['127.0.0.1'] },
      },
      change: (documents) => ({
        ...documents,
        subsystems: documents.subsystems.map(
          (subsystem): Subsystem =>
            subsystem.id === CLIENT
              ? { ...subsystem, credentials: { ...subsystem.credentials, certificates } }
              : subsystem,
        ),
      }),
    })
    writeFileSync(join(folder, 'gateway.pem'), server.certificate + server.key, { mode: 0o600 })
    writeFileSync(join(folder, 'authorities.pem'), authority.certificate)
    const settings = join(folder, 'haproxy.cfg')
    writeFileSync(settings, haproxySettings(port, gatewayPort, folder))
    proxy = await startProgram('haproxy', ['-db', '-f', settings], port)
  })

  after(async () => {
    await proxy?.stop()
    await world?.close()
  })

  const tls = (certificate: TestCertificate | undefined) => ({
    ca: server.certificate,
    ...(certificate && { cert: certificate.certificate, key: certificate.key }),
  })

  function askToken(certificate: TestCertificate | undefined, headers: Record<string, string> = {}) {
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: CLIENT })
    const fields = { 'content-type': 'application/x-www-form-urlencoded', ...headers }
    return send(`${url}/oauth/token`, { ...tls(certificate), headers: fields }, String(form))
  }

  function ask(token: unknown, certificate: TestCertificate | undefined, more: Record<string, string> = {}) {
    const headers = {
      ...PARTICULARS,
      'content-type': 'application/json',
      authorization: `Bearer ${token}`,
      ...more,
    }
    return send(
      `${url}${QUESTION}`,
      { ...tls(certificate), headers },
      JSON.stringify(samplePerson(17).verify),
    )
  }

  const clientCert = ({ der }: TestCertificate) => `:${der.toString('base64')}:`

  for (const [kind, certificate] of [
    ['issued by an authority', issued],
    ['that is self-signed', selfSigned],
  ] as const) {
    it(`authenticate a client by a certificate ${kind} and bind its token to it`, async () => {
      const granted = await askToken(certificate)
      expect(granted.status, JSON.stringify(granted.json)).to.equal(200)
      expect(granted.json['token_type']).to.equal('Bearer')
      const answer = await ask(granted.json['access_token'], certificate)
      expect(answer.status, JSON.stringify(answer.json)).to.equal(200)
      expect((await world.records()).at(-1)).to.include({ binding: 'mtls', outcome: 'delivered' })
    })
  }

  it('leave a token useless to whoever has another certificate, or none', async () => {
    const { json } = await askToken(issued)
    for (const certificate of [selfSigned, stranger, undefined]) {
      const answer = await ask(json['access_token'], certificate)
      expect([answer.status, answer.json['code']]).to.deep.equal([401, 'credential_invalid'])
    }
  })

  it('give nothing for one that is not registered, has expired, or is not there', async () => {
    for (const certificate of [stranger, expired, undefined]) {
      const refused = await askToken(certificate)
      expect([refused.status, refused.json['error']]).to.deep.equal([401, 'invalid_client'])
    }
  })

  it('are those of the connection, whatever the consumer writes into the field', async () => {
    const headers = { 'client-cert': clientCert(issued), 'client-cert-chain': clientCert(authority) }
    expect((await askToken(undefined, headers)).status).to.equal(401)
    expect((await askToken(stranger, headers)).status).to.equal(401)
    const { json } = await askToken(issued)
    expect((await ask(json['access_token'], stranger, headers)).status).to.equal(401)
  })

  it('are refused, not ignored, from an address that is not trusted', async () => {
    const form = String(new URLSearchParams({ grant_type: 'client_credentials', client_id: CLIENT }))
    const { host } = new URL(url)
    for (const name of ['client-cert', 'client-cert-chain']) {
      for (const path of ['/oauth/token', QUESTION, '/oauth/jwks']) {
        const headers = {
          host,
          'content-type': 'application/x-www-form-urlencoded',
          [name]: clientCert(issued),
        }
        const options = { localAddress: '127.0.0.2', headers }
        const refused = await send(`${gatewayUrl}${path}`, options, form)
        expect([refused.status, refused.json['code']], path).to.deep.equal([
          400,
          'certificate_header_refused',
        ])
      }
    }
    // The same bytes from the proxy's address are a certificate: what makes the difference is who sends them.
    const headers = {
      host,
      'content-type': 'application/x-www-form-urlencoded',
      'client-cert': clientCert(issued),
    }
    expect((await send(`${gatewayUrl}/oauth/token`, { headers }, form)).status).to.equal(200)
  })

  it('are refused where the field is no certificate, or comes twice', async () => {
    const form = String(new URLSearchParams({ grant_type: 'client_credentials', client_id: CLIENT }))
    const { host } = new URL(url)
    const der = issued.der.toString('base64')
    const fields = [
      der,
      ':x:',
      '',
      `:${der}:, :${der}:`,
      `:${Buffer.concat([issued.der, issued.der]).toString('base64')}:`,
    ]
    for (const field of [...fields, [clientCert(issued), clientCert(issued)]]) {
      const headers = { host, 'content-type': 'application/x-www-form-urlencoded', 'client-cert': field }
      const refused = await send(`${gatewayUrl}/oauth/token`, { headers }, form)
      expect([refused.status, refused.json['code']]).to.deep.equal([400, 'request_malformed'])
    }
  })

  it('bind the tokens of the command line too', async () => {
    const folder = await createTestFolder()
    const jwk = {
      ...(await crypto.subtle.exportKey('jwk', world.keys.privateKey)),
      kid: 'main',
      alg: 'ES256',
    }
    const secret = { mode: 0o600 }
    writeFileSync(join(folder, 'key.jwk'), JSON.stringify(jwk), secret)
    writeFileSync(join(folder, 'cert.pem'), issued.certificate)
    writeFileSync(join(folder, 'cert.key'), issued.key, secret)
    writeFileSync(join(folder, 'ca.pem'), server.certificate)
    const words = ['token', '--gateway', url, '--consumer', CLIENT, '--key', 'key.jwk', '--ca', 'ca.pem']
    const run = (...more: string[]) => runCli([...words, '--print', ...more], { workingDirectory: folder })
    const { exit, out, err } = await run('--cert', 'cert.pem', '--cert-key', 'cert.key')
    expect(exit, err).to.equal(0)
    const answer = await ask(out.trim(), issued)
    expect(answer.status, JSON.stringify(answer.json)).to.equal(200)
    expect((await ask(out.trim(), selfSigned)).status).to.equal(401)
    expect((await run('--cert', 'cert.pem')).exit).to.equal(2)
  })

  it('are announced in the metadata', async () => {
    const { json } = await send(
      `${url}/.well-known/oauth-authorization-server`,
      { ...tls(undefined), method: 'GET' },
      '',
    )
    expect(json).to.include({ tls_client_certificate_bound_access_tokens: true, issuer: url })
    expect(json['token_endpoint_auth_methods_supported']).to.include('self_signed_tls_client_auth')
  })
})
