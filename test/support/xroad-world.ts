import { createHash } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { Agreement } from '../../src/model/agreement.ts'
import type { Service, Subsystem } from '../../src/model/party.ts'
import { overlay, type RegistryDocuments } from '../../src/registry/documents.ts'
import { makeCertificate, type TestCertificate } from './certificate.ts'
import { type GatewayWorld, startWorld } from './gateway-world.ts'
import { createTestFolder } from './postgres.ts'

/** X-Road's names of what the tests ask for. */
export const CLIENT = 'VN/GOV/H29/mot-cua'
export const CITIZENS = '/r1/VN/GOV/G01/dan-cu/cong-dan.v1'
export const PURPOSE = 'giai-quyet-thu-tuc-hanh-chinh'
const DAY_MS = 86_400_000

export interface XroadAnswer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
  readonly json: Record<string, unknown>
}

export interface XroadOptions {
  readonly method?: string
  /** In order, names as they are sent. */
  readonly headers?: readonly (readonly [name: string, value: string])[]
  readonly body?: string | Buffer | Readable
  /** Given the answer's body as it comes; the answer's own `body` is then empty. */
  readonly onChunk?: (chunk: Buffer) => void
  /** `null`: without a certificate. */
  readonly certificate?: TestCertificate | null
}

export interface XroadWorld extends GatewayWorld {
  readonly server: TestCertificate
  readonly client: TestCertificate
  /** Sends exactly these fields beside `Host` and the framing. */
  ask(target: string, options?: XroadOptions): Promise<XroadAnswer>
}

export function certificateFor(name: string): TestCertificate {
  return makeCertificate({ name, notBeforeMs: Date.now() - DAY_MS, notAfterMs: Date.now() + DAY_MS })
}

/** Gives the consumer's agreements a default purpose, without particulars the protocol may not bring. */
export function easeAgreements(documents: RegistryDocuments): readonly Agreement[] {
  return documents.agreements
    .filter(({ consumer }) => consumer === 'H29/mot-cua')
    .map(({ requires: _, ...agreement }) =>
      agreement.purposes.includes(PURPOSE) ? { ...agreement, defaultPurpose: PURPOSE } : agreement,
    )
}

export interface XroadWorldOptions {
  readonly settings?: Record<string, unknown>
  readonly subsystem?: Partial<Subsystem>
  readonly change?: (documents: RegistryDocuments) => RegistryDocuments
  /** The listener speaks plain HTTP. */
  readonly plain?: boolean
}

/** A gateway whose X-Road door is open, and a consumer with a registered certificate. */
export async function startXroadWorld(options: XroadWorldOptions = {}): Promise<XroadWorld> {
  const folder = await createTestFolder()
  const server = certificateFor('localhost')
  const client = certificateFor('H29/mot-cua')
  const files = { certificateFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') }
  await writeFile(files.certificateFile, server.certificate)
  await writeFile(files.keyFile, server.key, { mode: 0o600 })
  const world = await startWorld({
    overrides: {
      xroad: { enabled: true, instance: 'VN', errors: 'honest', ...options.settings },
      listen: {
        host: '127.0.0.1',
        port: 0,
        hosts: [],
        trustedProxies: [],
        ...(options.plain !== true && { tls: files }),
      },
    },
    change(documents) {
      const subsystems = documents.subsystems
        .filter(({ id }) => id === 'H29/mot-cua')
        .map((subsystem) => ({
          ...subsystem,
          credentials: { ...subsystem.credentials, certificates: [client.thumbprint] },
          ...options.subsystem,
        }))
      const laid = overlay(documents, { subsystems, agreements: easeAgreements(documents) })
      return options.change?.(laid) ?? laid
    },
  })
  const url = new URL(world.gateway.publicUrl)
  const send = options.plain === true ? httpRequest : httpsRequest

  return {
    ...world,
    async close() {
      await world.close()
      await rm(folder, { recursive: true, force: true })
    },
    server,
    client,
    ask(
      target,
      { method = 'GET', headers = [['X-Road-Client', CLIENT]], body, onChunk, certificate = client } = {},
    ) {
      const fields: string[] = ['Host', url.host]
      for (const [name, value] of headers) fields.push(name, value)
      if (body instanceof Readable) fields.push('Transfer-Encoding', 'chunked')
      else if (body !== undefined) fields.push('Content-Length', String(Buffer.byteLength(body)))
      return new Promise((resolve, reject) => {
        const request = send({
          host: '127.0.0.1',
          port: url.port,
          method,
          path: target,
          headers: fields as never,
          agent: false,
          ca: server.certificate,
          ...(certificate && { cert: certificate.certificate, key: certificate.key }),
        })
        request.on('error', reject).on('response', (response) => {
          const chunks: Buffer[] = []
          response.on('data', onChunk ?? ((chunk: Buffer) => chunks.push(chunk)))
          response.on('error', reject)
          response.on('end', () => {
            const bytes = Buffer.concat(chunks)
            const isJson = response.headers['content-type']?.startsWith('application/json') === true
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              rawHeaders: response.rawHeaders,
              body: bytes,
              json: isJson && bytes.length > 0 ? JSON.parse(bytes.toString()) : {},
            })
          })
        })
        if (body instanceof Readable) body.pipe(request)
        else request.end(body)
      })
    },
  }
}

export const FILES = '/r1/VN/GOV/G01/dan-cu/kho-tep'

/** A service without a contract at this address, and the consumer's agreement on some of its endpoints. */
export function withFiles(baseUrl: string): (documents: RegistryDocuments) => RegistryDocuments {
  return (documents) => {
    const [sample] = easeAgreements(documents)
    if (sample === undefined) throw new Error('the sample registry has no agreement to take over')
    const name = { vi: 'Kho tệp', en: 'Files' }
    const service: Service = {
      kind: 'Service',
      id: 'G01/dan-cu/kho-tep/v1',
      name,
      state: 'active',
      endpoints: [
        { id: 'removeFile', method: 'DELETE', path: '/tep/*', kind: 'submit' },
        { id: 'sendFile', method: 'POST', path: '/tep/*', kind: 'submit' },
        { id: 'keptToItself', method: '*', path: '/noi-bo/**', kind: 'lookup' },
        { id: 'everything', method: '*', path: '/**', kind: 'lookup' },
      ],
      binding: {
        baseUrl,
        timeoutMs: 20_000,
        retries: 0,
        allowPrivateAddress: true,
        maxResponseBytes: 100_000_000,
        maxRequestBytes: 20_000_000,
      },
    }
    const agreement: Agreement = {
      ...sample,
      id: 'TT-2026-990',
      service: service.id,
      operations: [
        { operation: 'sendFile', fields: [] },
        { operation: 'everything', fields: [] },
      ],
      quota: { perSecond: 100, perDay: 10_000 },
    }
    return overlay(documents, { services: [service], agreements: [agreement] })
  }
}

/** The protocol's request hash, written from its text alone: every line ends with CRLF; SHA-512 of both digests. */
export function expectedHash(
  line: { readonly method: string; readonly target: string },
  fields: readonly (readonly [string, string])[],
  body?: string | Buffer,
): string {
  let text = `${line.method}\r\n${line.target}\r\n`
  for (const [name, value] of fields) text += `${name}:${value}\r\n`
  const head = createHash('sha512').update(Buffer.from(text)).digest()
  if (body === undefined || body.length === 0) return head.toString('base64')
  const second = createHash('sha512').update(body).digest()
  return createHash('sha512').update(head).update(second).digest('base64')
}
