import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

/** A time-stamping authority: OpenSSL's own, behind HTTP. */
export interface TestAuthority {
  readonly url: string
  /** PEM file of the root that its certificate leads to. */
  readonly rootFile: string
  /** Requests it answered. */
  readonly answered: () => number
  close(): Promise<void>
}

const CONFIG = (folder: string) => `
[req]
distinguished_name = name
prompt = no
[name]
CN = unused
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
[stamping]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[other]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,serverAuth
[tsa]
default_tsa = tsa_config
[tsa_config]
dir = ${folder}
serial = ${folder}/serial
crypto_device = builtin
signer_cert = ${folder}/tsa.pem
signer_key = ${folder}/tsa.key
certs = ${folder}/root.pem
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
signer_digest = sha256
`

/** @param folder an empty one. */
export async function startTimestampAuthority(folder: string, name = 'Test TSA'): Promise<TestAuthority> {
  const at = (file: string) => join(folder, file)
  const openssl = (...words: string[]) => execFileSync('openssl', words, { stdio: 'pipe', cwd: folder })
  writeFileSync(at('conf'), CONFIG(folder))
  writeFileSync(at('serial'), '01\n')
  const conf = ['-config', 'conf']
  openssl(
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'root.key', '-out', 'root.pem'],
    ...['-days', '30', '-subj', `/CN=${name} root`, '-extensions', 'root', ...conf],
  )
  openssl(
    ...['req', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'tsa.key', '-out', 'tsa.csr'],
    ...['-subj', `/CN=${name}`, ...conf],
  )
  openssl(
    ...['x509', '-req', '-in', 'tsa.csr', '-CA', 'root.pem', '-CAkey', 'root.key', '-set_serial', '2'],
    ...['-days', '30', '-out', 'tsa.pem', '-extfile', 'conf', '-extensions', 'stamping'],
  )
  let answered = 0
  const server = createServer(async (request, response) => {
    writeFileSync(at('query'), Buffer.concat(await request.toArray()))
    try {
      openssl('ts', '-reply', ...conf, '-queryfile', 'query', '-out', 'reply')
      answered += 1
      response.writeHead(200, { 'content-type': 'application/timestamp-reply' })
      response.end(readFileSync(at('reply')))
    } catch (error) {
      response.writeHead(500).end(String(error))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    rootFile: at('root.pem'),
    answered: () => answered,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
