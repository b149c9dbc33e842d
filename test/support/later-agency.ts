import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { RegistryDocuments } from '../../src/registry/documents.ts'
import { rebound } from './rebound.ts'

export const LATER_SERVICE = 'G01/ly-lich-tu-phap/phieu/v1'
export const CERTIFICATE = {
  number: '0000001/2026/STP',
  personalId: '099188010001',
  type: '1',
  hasConvictions: false,
  issuedOn: '2026-11-25',
}
export const TAKEN = { status: 202, body: { state: 'accepted', reference: 'LLTP-2026-0000001' } }

/** What an agency that answers later was asked. */
export interface AskedLater {
  readonly key: string
  readonly headers: IncomingHttpHeaders
}

/** An agency that makes documents in days; `answer` says what it tells, undefined that the connection breaks. */
export async function startLaterAgency(
  answer: (asked: AskedLater) => { status: number; body: object } | undefined,
) {
  const asked: AskedLater[] = []
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      const one = { key: String(request.headers['idempotency-key']), headers: request.headers }
      asked.push(one)
      const said = answer(one)
      if (said === undefined) return request.socket.destroy()
      response.writeHead(said.status, { 'content-type': 'application/json' })
      return response.end(JSON.stringify(said.body))
    })
  })
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** The registry with the agency at this address, which nobody polls. */
export function bindLater(documents: RegistryDocuments, baseUrl: string): RegistryDocuments {
  const services = documents.services.map((service) => {
    if (service.id !== LATER_SERVICE) return service
    const results = Object.fromEntries(
      Object.entries(service.results ?? {}).map(([id, { askEveryMinutes: _, ...terms }]) => [id, terms]),
    )
    return { ...rebound(service, { baseUrl, retries: 0 }), results }
  })
  const quota = { perSecond: 10_000, perDay: 1_000_000 }
  return { ...documents, services, agreements: documents.agreements.map((each) => ({ ...each, quota })) }
}
