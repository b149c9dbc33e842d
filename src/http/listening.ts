import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** @returns the address once the server takes connections. */
export async function listenOn(server: Server, host: string, port: number): Promise<AddressInfo> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the listener has no address')
  return address
}

/** Closes idle connections at once and busy ones as they finish. @returns whether all ended in time. */
export async function closeServer(server: Server, timeoutMs: number): Promise<boolean> {
  if (!server.listening) return true
  const closed = new Promise<boolean>((resolve) => server.close(() => resolve(true)))
  server.closeIdleConnections()
  const late = new AbortController()
  const drained = await Promise.race([
    closed,
    sleep(timeoutMs, false, { signal: late.signal }).catch(() => false),
  ])
  late.abort()
  if (!drained) server.closeAllConnections()
  return drained
}
