import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express, { type RequestHandler } from 'express'
import { createServer, type GateRefusal, type ServerLimits, type ServerTls } from '../../src/http/server.ts'
import { createStrangers } from '../../src/http/strangers.ts'
import type { CutReason } from '../../src/telemetry/metric-table.ts'

/** The consumers' listener alone, with whatever stands behind the gate. */
export interface EdgeServer {
  readonly port: number
  /** What every request's `Host` has to be. */
  readonly host: string
  readonly refusals: readonly GateRefusal[]
  readonly cuts: readonly CutReason[]
  readonly server: ReturnType<typeof createServer>
  close(): Promise<void>
}

interface EdgeOptions {
  readonly handler: RequestHandler
  readonly limits?: Partial<ServerLimits>
  readonly tls?: ServerTls
  /** A further name of the gateway. */
  readonly name?: string
  /** Whether whoever connects is a trusted proxy. */
  readonly isProxy?: boolean
}

const LIMITS: ServerLimits = {
  maxConnections: 2000,
  maxConnectionsPerAddress: 2000,
  maxRequestsPerConnection: 1000,
  headersTimeoutMs: 5000,
  requestTimeoutMs: 5000,
  idleTimeoutMs: 5000,
  answerTimeoutMs: 5000,
}

export async function startEdge({
  handler,
  limits,
  tls,
  name,
  isProxy = false,
}: EdgeOptions): Promise<EdgeServer> {
  const router = express.Router()
  router.use(handler)
  const hosts = new Set<string>(name === undefined ? [] : [name])
  const refusals: GateRefusal[] = []
  const cuts: CutReason[] = []
  const server = createServer({
    routers: [router],
    hosts: () => hosts,
    publicUrl: () => '',
    assertPassedOn: () => {},
    isProxy: () => isProxy,
    strangers: createStrangers({
      perMinute: 100_000,
      clock: () => performance.now(),
      isProxy: () => isProxy,
    }),
    limits: { ...LIMITS, ...limits },
    onInternalError: (error) => {
      throw error
    },
    onRefusal: (refusal) => refusals.push(refusal),
    onCut: (reason) => cuts.push(reason),
    clock: () => performance.now(),
    ...(tls && { tls }),
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const host = `127.0.0.1:${port}`
  hosts.add(host)
  return {
    port,
    host,
    refusals,
    cuts,
    server,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
