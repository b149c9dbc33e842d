import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PROVIDER_CONNECTIONS, type RowContext, RowUnavailable, type Subject } from '../row.ts'
import { AUDIENCE, createPeerToken, ISSUER } from './peer-token.ts'

/** HAProxy (2.5 or later) with one thread and no log, verifying each ES256 token anew. */
export async function startHaproxy({ host, providerUrl }: RowContext): Promise<Subject> {
  const program = host.findProgram('haproxy')
  if (program === undefined)
    throw new RowUnavailable('haproxy is not there (Debian: apt-get install haproxy)')
  const port = await host.freePort()
  const prefix = join(host.directory, 'haproxy')
  mkdirSync(prefix, { recursive: true })
  const token = await createPeerToken(prefix)
  const settings = join(prefix, 'haproxy.cfg')
  writeFileSync(settings, haproxySettings(port, new URL(providerUrl).host, token.publicKeyFile))
  const launched = host.launch(program, ['-db', '-f', settings])
  await launched.listening(port)
  return {
    url: `http://127.0.0.1:${port}/lookup`,
    pid: launched.pid,
    request: () => token.request,
    forged: token.forged,
    close: () => launched.stop(),
  }
}

/** Algorithm, issuer, audience, expiry and signature are checked, as in HAProxy's own guide to `jwt_verify`. */
function haproxySettings(port: number, provider: string, publicKeyFile: string): string {
  return `
global
  nbthread 1
  maxconn 1024

defaults
  mode http
  option http-keep-alive
  http-reuse always
  timeout connect 5s
  timeout client 60s
  timeout server 60s

frontend door
  bind 127.0.0.1:${port}
  http-request set-var(txn.token) http_auth_bearer
  http-request set-var(txn.algorithm) var(txn.token),jwt_header_query('$.alg')
  http-request set-var(txn.issuer) var(txn.token),jwt_payload_query('$.iss')
  http-request set-var(txn.audience) var(txn.token),jwt_payload_query('$.aud')
  http-request set-var(txn.expiry) var(txn.token),jwt_payload_query('$.exp','int')
  http-request set-var(txn.now) date()
  http-request deny deny_status 401 unless { var(txn.algorithm) -m str ES256 }
  http-request deny deny_status 401 unless { var(txn.issuer) -m str ${ISSUER} }
  http-request deny deny_status 401 unless { var(txn.audience) -m str ${AUDIENCE} }
  http-request deny deny_status 401 if { var(txn.expiry),sub(txn.now) -m int lt 0 }
  http-request deny deny_status 401 unless { var(txn.token),jwt_verify(txn.algorithm,"${publicKeyFile}") 1 }
  default_backend provider

backend provider
  server provider ${provider} pool-max-conn ${PROVIDER_CONNECTIONS}
`
}
