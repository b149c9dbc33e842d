import { randomUUID, type webcrypto } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import * as oauth from 'oauth4webapi'
import { parseReceipt } from '../../src/ledger/receipt.ts'
import { samplePerson, sampleTaxpayer } from '../../src/sandbox/samples.ts'
import { PARTICULARS } from '../support/gateway-world.ts'

/** What a consumer wrote down of one answer, as soon as its head had arrived. */
export interface Acknowledged {
  readonly exchange: string
  readonly status: number
  /** Undefined where the answer came without a receipt. */
  readonly receipt: { readonly index: number; readonly leafHash: string } | undefined
}

/** Consumers that ask over and over, through kills and outages, and keep a journal. */
export interface Load {
  readonly journal: readonly Acknowledged[]
  /** Answers that were neither data nor a refusal of ours to give any. */
  readonly strange: readonly string[]
  /** Resolves once so many more answers with data have been written down. */
  delivered(more: number): Promise<void>
  stop(): Promise<void>
}

const CLIENT = 'H29/mot-cua'
const CITIZEN = 'G01/dan-cu/cong-dan/v1'
const SUBMIT = 'G12/thue/nguoi-nop-thue/v1/nghia-vu-dat-dai'
/** After a refused connection; a consumer that does not wait keeps the core from whoever starts again. */
const BREATH_MS = 5

async function fetchToken(gatewayUrl: string, keys: webcrypto.CryptoKeyPair): Promise<string> {
  const http = { [oauth.allowInsecureRequests]: true }
  const issuer = new URL(gatewayUrl)
  const client = { client_id: CLIENT }
  const server = await oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...http }),
  )
  const authentication = oauth.PrivateKeyJwt({ key: keys.privateKey, kid: 'main' })
  const granted = await oauth.clientCredentialsGrantRequest(
    server,
    client,
    authentication,
    new URLSearchParams(),
    http,
  )
  return (await oauth.processClientCredentialsResponse(server, client, granted)).access_token
}

/** Of a hundred requests: lookups, verifications, refusals, and submissions, whose intent is durable before. */
function requestAt(turn: number) {
  const kind = turn % 20
  const person = samplePerson(turn % 1000)
  if (kind === 7) {
    return {
      path: SUBMIT,
      body: sampleTaxpayer(turn % 1000).submit,
      headers: { 'idempotency-key': randomUUID() },
    }
  }
  if (kind === 13)
    return { path: `${CITIZEN}/tra-cuu`, body: person.lookUp, headers: { 'exchange-purpose': 'thong-ke' } }
  if (kind % 2 === 0) return { path: `${CITIZEN}/xac-thuc`, body: person.verify, headers: {} }
  return { path: `${CITIZEN}/tra-cuu`, body: person.lookUp, headers: {} }
}

/** What an answer may be when things break: data, a refusal of the request, or of service. */
const EXPECTED = new Set([200, 201, 202, 403, 409, 503])

/** @param lanes consumers that ask at the same time. */
export function startLoad(gatewayUrl: string, keys: webcrypto.CryptoKeyPair, lanes: number): Load {
  const journal: Acknowledged[] = []
  const strange: string[] = []
  const waiting: { readonly at: number; readonly resolve: () => void }[] = []
  let deliveries = 0
  let turn = 0
  let going = true
  let token: Promise<string> | undefined

  async function ask(): Promise<void> {
    const { path, body, headers } = requestAt(turn++)
    token ??= fetchToken(gatewayUrl, keys)
    const response = await fetch(`${gatewayUrl}/exchange/${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${await token}`,
        ...PARTICULARS,
        ...headers,
      },
      body: JSON.stringify(body),
    })
    const { status } = response
    const receipt = parseReceipt(response.headers.get('exchange-receipt') ?? '')
    const exchange = (response.headers.get('exchange-id') ?? '').replace('urn:uuid:', '')
    journal.push({
      exchange,
      status,
      receipt: receipt && {
        index: receipt.index,
        leafHash: Buffer.from(receipt.leafHash).toString('base64url'),
      },
    })
    if (status < 300) {
      deliveries += 1
      for (const { at, resolve } of waiting) if (deliveries >= at) resolve()
    }
    const text = await response.text()
    if (status === 401) token = undefined
    if (!EXPECTED.has(status) && status !== 401) strange.push(`${status} ${text.slice(0, 300)}`)
    // Withheld because the log takes no records: whoever asks again at once only keeps the core busy.
    if (status === 503) await pause(BREATH_MS)
  }

  const done = Promise.all(
    Array.from({ length: lanes }, async () => {
      while (going) {
        await ask().catch(async () => {
          // Cut off. What token there is stays good; one that could not be fetched is fetched anew.
          await token?.catch(() => (token = undefined))
          await pause(BREATH_MS)
        })
      }
    }),
  )
  return {
    journal,
    strange,
    delivered: (more) =>
      new Promise((resolve) => {
        waiting.push({ at: deliveries + more, resolve })
      }),
    async stop() {
      going = false
      await done
    },
  }
}
