import type { Server } from 'node:net'

/** Listens on a free loopback port, tells the bench which, and ends with the bench. */
export function announce(server: Server): void {
  server.listen(0, '127.0.0.1', () => announceAddress(server.address()))
}

/** Tells the bench the address a server already listens at. */
export function announceAddress(address: ReturnType<Server['address']>): void {
  if (address === null || typeof address === 'string') throw new Error('not listening on a port')
  process.once('disconnect', () => process.exit())
  process.send?.({ port: address.port })
}
