import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

// Below those that Linux gives to outgoing connections and to listeners that ask for any port (32768 on): between this
// look and the program's own start only another caller of this function could take it.
const LOWEST = 16_384
const COUNT = 16_000
const TRIES = 100

let place = randomInt(COUNT)

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}

/** @returns a loopback port that nothing listens on; each call of one process gives another. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    place = (place + 1) % COUNT
    if (await isFree(LOWEST + place)) return LOWEST + place
  }
  throw new Error(`none of ${TRIES} loopback ports is free`)
}
