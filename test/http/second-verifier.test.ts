import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import * as oauth from 'oauth4webapi'
import { type ProofContent, signProof } from '../../src/identity/holder.ts'
import type { PublicJwk } from '../../src/model/party.ts'
import { CONSUMER, subsystem } from '../support/identity-world.ts'
import { type Door, insecure, openDoor, RESOURCE } from '../support/oauth-door.ts'

describe('authentication beside oauth4webapi as a second resource server', () => {
  let door: Door
  after(() => door.close())

  /** A request as both verifiers see it. */
  interface Sent {
    readonly scheme: string
    readonly token: string
    readonly dpop: string | undefined
    readonly method: string
    readonly url: string
  }
  let good: Sent
  let as: oauth.AuthorizationServer

  const proof = (sent: Partial<ProofContent> = {}, key = door.world.dpopKey) =>
    signProof(key, {
      method: 'POST',
      url: `${door.url}${RESOURCE}`,
      accessToken: good.token,
      nowMs: Date.now(),
      jti: randomUUID(),
      ...sent,
    })

  before(async () => {
    door = await openDoor()
    const { world, url } = door
    const credentials = { jwks: [world.key.publicJwk as PublicJwk] }
    world.subsystems.set(CONSUMER, subsystem(CONSUMER, { credentials }))
    world.clock.nowMs = Date.now()
    as = await oauth.processDiscoveryResponse(
      new URL(url),
      await oauth.discoveryRequest(new URL(url), { algorithm: 'oauth2', ...insecure }),
    )
    const token = await world.token()
    good = { scheme: 'DPoP', token, dpop: '', method: 'POST', url: `${url}${RESOURCE}` }
  })

  async function judge(sent: Sent): Promise<{ ours: boolean; theirs: boolean }> {
    const authorization = `${sent.scheme} ${sent.token}`
    const headers = { authorization, ...(sent.dpop !== undefined && { dpop: sent.dpop }) }
    const request = new Request(sent.url, { method: sent.method, headers })
    const isGood = (verdict: Promise<unknown>) => verdict.then(() => true).catch(() => false)
    const { method, url, dpop } = sent
    const credentials = { authorization, method, url, ...(dpop !== undefined && { dpop }) }
    return {
      theirs: await isGood(oauth.validateJwtAccessToken(as, request, `${door.url}/exchange`, insecure)),
      ours: await isGood((async () => door.world.identity.authenticate(credentials))()),
    }
  }

  const flip = (text: string, at: number) =>
    `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`
  const SENT: readonly (readonly [string, boolean, () => Promise<Sent>])[] = [
    ['the good request', true, async () => ({ ...good, dpop: await proof() })],
    ['no proof', false, async () => ({ ...good, dpop: undefined })],
    ['Bearer', false, async () => ({ ...good, scheme: 'Bearer', dpop: await proof() })],
    [
      'a changed claim',
      false,
      async () => ({ ...good, token: flip(good.token, good.token.indexOf('.') + 20), dpop: await proof() }),
    ],
    [
      'a changed signature',
      false,
      async () => ({ ...good, token: flip(good.token, good.token.length - 20), dpop: await proof() }),
    ],
    ['another method', false, async () => ({ ...good, method: 'PUT', dpop: await proof() })],
    ['another address', false, async () => ({ ...good, url: `${good.url}/khac`, dpop: await proof() })],
    [
      'a proof for another token',
      false,
      async () => ({ ...good, dpop: await proof({ accessToken: 'other' }) }),
    ],
    ['a proof of another key', false, async () => ({ ...good, dpop: await proof({}, door.world.key) })],
    ['an old proof', false, async () => ({ ...good, dpop: await proof({ nowMs: Date.now() - 3_600_000 }) })],
    [
      'a proof from the future',
      false,
      async () => ({ ...good, dpop: await proof({ nowMs: Date.now() + 3_600_000 }) }),
    ],
  ]
  for (const [name, isGood, make] of SENT) {
    it(`${isGood ? 'accepts' : 'refuses'} ${name} as it does`, async () => {
      expect(await judge(await make())).to.deep.equal({ ours: isGood, theirs: isGood })
    })
  }
})
