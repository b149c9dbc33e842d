import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { RegistryDocuments } from '../../src/registry/documents.ts'
import { rebound } from './rebound.ts'

/** What one agency was asked to do: by the key each request came with. */
export interface Effect {
  readonly path: string
  readonly key: string
  readonly body: Record<string, unknown>
}

/** An agency that does what it is asked once for each key, and answers a repetition with the same. */
export async function startAgency(answer: (effect: Effect) => { status: number; body: object } | undefined) {
  const effects: Effect[] = []
  const asked: string[] = []
  const server: Server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk) => {
      text += chunk
    })
    request.on('end', () => {
      const effect = {
        path: request.url ?? '',
        key: String(request.headers['idempotency-key']),
        body: JSON.parse(text),
      }
      asked.push(effect.path)
      const said = answer(effect)
      const isNew = !effects.some(({ key }) => key === effect.key)
      if (isNew && (said === undefined || said.status < 300)) effects.push(effect)
      // No answer: the connection breaks after the agency has acted.
      if (said === undefined) return request.socket.destroy()
      response.writeHead(said.status, { 'content-type': 'application/json' })
      return response.end(JSON.stringify(said.body))
    })
  })
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { url: `http://127.0.0.1:${port}`, effects, asked, close }
}

const receivedAt = '2026-11-22T01:30:00.000Z'
/** What each operation of the linked procedures is answered. */
export const ANSWERS: Readonly<Record<string, object>> = {
  '/khai-sinh': { registrationNumber: 'KS-2026-0000001', receivedAt },
  '/cap-so-dinh-danh': { issueNumber: 'CSDD-2026-0000001', receivedAt, personalId: '099326900001' },
  '/thuong-tru': { residenceNumber: 'DKCT-2026-0000001', receivedAt },
  '/the-tre-em': { cardApplication: 'BHYT-2026-0000001', receivedAt },
  '/khai-tu': { registrationNumber: 'KT-2026-0000001', receivedAt },
  '/xoa-thuong-tru': { removalNumber: 'XTT-2026-0000001', receivedAt },
  '/cham-dut': { terminationNumber: 'CDBH-2026-0000001', receivedAt },
  '/mai-tang-phi': { claimNumber: 'MTP-2026-0000001', receivedAt },
  '/huy-dang-ky': { cancellationNumber: 'HUY-2026-0000001', receivedAt },
  '/huy': { cancellationNumber: 'HUYCT-2026-0000001', receivedAt },
}
const AGENCIES = ['G15/ho-tich/su-kien/v1', 'G01/cu-tru/cap-so/v1', 'G12/bao-hiem/tham-gia/v1']

/** The steps' paths of a birth, first to last. */
export const FORWARD = ['/khai-sinh', '/cap-so-dinh-danh', '/thuong-tru', '/the-tre-em']
/** Those of a death. */
export const FORWARD_DEATH = ['/khai-tu', '/xoa-thuong-tru', '/cham-dut', '/mai-tang-phi']

/** The registry with every agency of the linked procedures at one address, and room for a test's many calls. */
export function bindAgencies(documents: RegistryDocuments, baseUrl: string): RegistryDocuments {
  const services = documents.services.map((service) =>
    AGENCIES.includes(service.id) ? rebound(service, { baseUrl, retries: 0 }) : service,
  )
  const quota = { perSecond: 10_000, perDay: 1_000_000 }
  return { ...documents, services, agreements: documents.agreements.map((each) => ({ ...each, quota })) }
}
