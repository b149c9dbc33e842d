import { createPublicKey, verify } from 'node:crypto'
import type { Credentials } from '../../src/model/exchange.ts'
import { CERTIFICATE, CONSUMER, createIdentityWorld, requestToken } from '../support/identity-world.ts'

/**
 * What it costs to know who is calling, in microseconds of this process's own time, for a token that is bound to a
 * client certificate: one seen before, one seen for the first time, and beside it the bare signature check of
 * node:crypto over the same bytes. Run it with `node test/bench/token.ts`.
 */

const ROUNDS = 15
const FRESH = 400
const CACHED = 20_000

const world = await createIdentityWorld()
const { identity, issuer, issuerKey, subsystems } = world
const ground = { registry: { subsystems }, isRevoked: () => false }

async function newToken(): Promise<string> {
  const parameters = { client_id: CONSUMER }
  const given = await requestToken(world, {
    assertion: null,
    dpop: null,
    certificateThumbprint: CERTIFICATE,
    parameters,
  })
  return given.access_token
}

const credentialsOf = (token: string): Credentials => ({
  method: 'POST',
  url: `${issuer}/exchange/G01/dan-cu/cong-dan/v1/tra-cuu`,
  authorization: `Bearer ${token}`,
  certificateThumbprint: CERTIFICATE,
})

async function know(credentials: Credentials): Promise<void> {
  const consumer = identity.authenticate(credentials)
  identity.checkStanding(consumer instanceof Promise ? await consumer : consumer, ground)
}

const key = createPublicKey({ key: issuerKey.publicJwk as never, format: 'jwk' })

function checkBare(token: string): void {
  const end = token.lastIndexOf('.')
  const signature = Buffer.from(token.slice(end + 1), 'base64url')
  const options = { key, dsaEncoding: 'ieee-p1363' } as const
  if (!verify('sha256', Buffer.from(token.slice(0, end)), options, signature)) throw new Error('not signed')
}

async function microseconds(times: number, run: (place: number) => unknown): Promise<number> {
  const before = process.cpuUsage()
  for (let place = 0; place < times; place += 1) await run(place)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / times
}

const found: Record<'cached' | 'fresh' | 'bare', number[]> = { cached: [], fresh: [], bare: [] }
for (let round = 0; round < ROUNDS; round += 1) {
  const tokens = await Promise.all(Array.from({ length: FRESH }, newToken))
  const all = tokens.map(credentialsOf)
  const [first] = all
  if (first === undefined) throw new Error('there is no token')
  found.bare.push(await microseconds(FRESH, (place) => checkBare(tokens[place] ?? '')))
  found.fresh.push(await microseconds(FRESH, (place) => know(all[place] ?? first)))
  found.cached.push(await microseconds(CACHED, () => know(first)))
}
const median = (times: number[]) => times.toSorted((a, b) => a - b)[ROUNDS >> 1] ?? 0
const ratios = found.fresh.map((time, round) => time / (found.bare[round] ?? 1))
const tell = (name: string, time: number) =>
  process.stdout.write(`${name.padEnd(36)} ${time.toFixed(1).padStart(6)}\n`)
tell('a token seen before, µs', median(found.cached))
tell('a fresh token, µs', median(found.fresh))
tell('node:crypto verify alone, µs', median(found.bare))
tell('fresh to verify alone, times', median(ratios))
