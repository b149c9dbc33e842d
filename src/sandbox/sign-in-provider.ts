import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { createSigningKey, generatePrivateJwk } from '../identity/signing-key.ts'

/** Somebody a sandbox lets sign in, without any password. */
export interface SandboxPerson {
  readonly reader: string
  readonly name: string
  readonly role: string
}

export interface SignInProvider {
  readonly issuer: string
  close(): Promise<void>
}

interface Grant {
  readonly person: SandboxPerson
  readonly challenge: string
  readonly nonce: string
  readonly redirectUri: string
  readonly expiresMs: number
}

/** The one client it knows. */
export const SANDBOX_CLIENT = 'lienthong-console'
const CODE_MS = 60_000
const TOKEN_SECONDS = 300
const STYLE =
  ':root{color-scheme:light dark}body{font:16px/1.6 system-ui,sans-serif;max-width:36rem;margin:3rem auto;padding:0 1rem}a{display:block;padding:.75rem 1rem;margin:.6rem 0;border:1px solid #7688a3;border-radius:8px;text-decoration:none;font-weight:600}a:hover{background:#7688a333}small{display:block;font-weight:400;color:CanvasText}'

const quote = (value: string) => value.replaceAll(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, {
    'content-type': type,
    'cache-control': 'no-store',
    'content-security-policy':
      "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
  })
  response.end(body)
}

const sendJson = (response: ServerResponse, status: number, value: unknown) =>
  send(response, status, 'application/json', JSON.stringify(value))

function isLoopback(address: string): boolean {
  return URL.canParse(address) && ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(address).hostname)
}

interface ProviderParts {
  /** Whom one may be; asked anew for each page. */
  readonly people: () => readonly SandboxPerson[]
  /** Unix milliseconds. */
  readonly now: () => number
}

/**
 * An OpenID Connect provider for sandboxes, on loopback: whoever asks may be anybody with a right to read the log.
 * It speaks the authorization code flow with PKCE as the real ones do, so that the console is tried as it will run.
 */
export async function startSignInProvider({ people, now }: ProviderParts): Promise<SignInProvider> {
  const key = createSigningKey(await generatePrivateJwk('ES256'))
  const grants = new Map<string, Grant>()
  let issuer = ''

  function choose(query: URLSearchParams, response: ServerResponse): void {
    const redirectUri = query.get('redirect_uri') ?? ''
    const isKnown = query.get('client_id') === SANDBOX_CLIENT && isLoopback(redirectUri)
    if (!isKnown || query.get('code_challenge_method') !== 'S256') {
      send(response, 400, 'text/plain', 'invalid_request')
      return
    }
    const links = people().map(({ reader, name, role }) => {
      const address = new URLSearchParams(query)
      address.set('as', reader)
      return `<a href="/choose?${quote(address.toString())}">${quote(name)}<small>${quote(role)} · ${quote(reader)}</small></a>`
    })
    const none = '<p>Danh bạ chưa có ai được quyền đọc sổ (tài liệu Reader). / No Reader in the registry.</p>'
    send(
      response,
      200,
      'text/html; charset=utf-8',
      `<!doctype html><html lang="vi"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Đăng nhập thử</title><style>${STYLE}</style><main><h1>Đăng nhập thử</h1><p>Môi trường thử: chọn vai, không cần mật khẩu. <span lang="en">Sandbox: choose who you are.</span></p>${links.join('') || none}</main></html>`,
    )
  }

  function grant(query: URLSearchParams, response: ServerResponse): void {
    const person = people().find(({ reader }) => reader === query.get('as'))
    const redirectUri = query.get('redirect_uri') ?? ''
    if (person === undefined || !isLoopback(redirectUri)) {
      send(response, 400, 'text/plain', 'invalid_request')
      return
    }
    const code = randomBytes(24).toString('base64url')
    const challenge = query.get('code_challenge') ?? ''
    const nonce = query.get('nonce') ?? ''
    grants.set(code, { person, challenge, nonce, redirectUri, expiresMs: now() + CODE_MS })
    const back = new URL(redirectUri)
    back.searchParams.set('code', code)
    back.searchParams.set('state', query.get('state') ?? '')
    back.searchParams.set('iss', issuer)
    response.writeHead(302, { location: back.href, 'cache-control': 'no-store' }).end()
  }

  async function redeem(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new URLSearchParams(await text(request))
    const code = form.get('code') ?? ''
    const held = grants.get(code)
    grants.delete(code)
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url')
    const fits =
      held !== undefined &&
      held.expiresMs > now() &&
      held.challenge === challenge &&
      held.redirectUri === form.get('redirect_uri')
    if (!fits) {
      sendJson(response, 400, { error: 'invalid_grant' })
      return
    }
    const iat = Math.floor(now() / 1000)
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const { person, nonce } = held
    const signed = `${encode({ alg: key.alg, kid: key.kid })}.${encode({
      iss: issuer,
      aud: SANDBOX_CLIENT,
      sub: `thu-${person.reader}`,
      name: person.name,
      log_reader: person.reader,
      nonce,
      iat,
      exp: iat + TOKEN_SECONDS,
    })}`
    const signature = Buffer.from(await key.sign(Buffer.from(signed))).toString('base64url')
    sendJson(response, 200, {
      access_token: randomBytes(24).toString('base64url'),
      token_type: 'Bearer',
      expires_in: TOKEN_SECONDS,
      id_token: `${signed}.${signature}`,
    })
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = '', query = ''] = (request.url ?? '').split('?')
    const parameters = new URLSearchParams(query)
    if (path === '/.well-known/openid-configuration') {
      sendJson(response, 200, {
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/jwks`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: [key.alg],
        code_challenge_methods_supported: ['S256'],
        authorization_response_iss_parameter_supported: true,
      })
    } else if (path === '/jwks') sendJson(response, 200, { keys: [key.publicJwk] })
    else if (path === '/authorize') choose(parameters, response)
    else if (path === '/choose') grant(parameters, response)
    else if (path === '/token' && request.method === 'POST') await redeem(request, response)
    else send(response, 404, 'text/plain', 'not found')
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    issuer,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close').catch(() => {})
    },
  }
}
