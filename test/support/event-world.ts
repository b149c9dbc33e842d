import { createPublicKey, verify, type webcrypto } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as oauth from 'oauth4webapi'
import { createSigningKey } from '../../src/identity/signing-key.ts'
import type { Subsystem, WebhookHosts } from '../../src/model/party.ts'
import type { RegistryDocuments } from '../../src/registry/documents.ts'
import { type Answer, createConsumer } from './gateway-world.ts'

/** One push as its receiver got it. */
export interface Push {
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly event: Readonly<Record<string, unknown>> & { readonly data: Readonly<Record<string, unknown>> }
}

/** A webhook over real HTTP that answers as it is told. */
export interface Receiver {
  readonly host: string
  readonly url: string
  readonly pushes: Push[]
  /** Decides the status of each push; 204 where absent. */
  answer: (push: Push) => number | Promise<number>
  /** Resolves once `count` pushes in all came. */
  until(count: number): Promise<void>
  close(): Promise<void>
}

export async function startReceiver(): Promise<Receiver> {
  const pushes: Push[] = []
  const waiting: { count: number; resolve: () => void }[] = []
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', async () => {
      const body = Buffer.concat(chunks).toString()
      const push: Push = { headers: request.headers, body, event: JSON.parse(body) }
      pushes.push(push)
      const status = await receiver.answer(push)
      response.writeHead(status).end()
      for (const each of waiting) if (pushes.length >= each.count) each.resolve()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const receiver: Receiver = {
    host,
    url: `http://${host}/su-kien`,
    pushes,
    answer: () => 204,
    until: (count) =>
      new Promise((resolve) => {
        if (pushes.length >= count) resolve()
        else waiting.push({ count, resolve })
      }),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return receiver
}

/** A subsystem that publishes or subscribes: its key, and how it calls. */
export interface Party {
  readonly id: string
  register(documents: RegistryDocuments, webhooks?: WebhookHosts): RegistryDocuments
  /** Calls with DPoP; a token for the resource is got once. */
  send(method: string, path: string, body?: unknown, type?: string): Promise<Answer>
}

export async function createParty(
  id: string,
  gatewayUrl: () => string,
  /** A key that is registered already; a new one where absent. */
  known?: webcrypto.CryptoKeyPair,
): Promise<Party> {
  const pair = known ?? (await oauth.generateKeyPair('ES256', { extractable: true }))
  const jwk = await crypto.subtle.exportKey('jwk', pair.privateKey)
  const { publicJwk } = createSigningKey({ ...jwk, kid: 'main', alg: 'ES256' })
  const client: oauth.Client = { client_id: id }
  const tokens = new Map<string, Promise<string>>()
  const dpop = oauth.DPoP(client, pair)
  return {
    id,
    register(documents, webhooks) {
      const subsystems = documents.subsystems.map(
        (its): Subsystem =>
          its.id === id
            ? {
                ...its,
                credentials: { jwks: [{ ...publicJwk, kid: 'main' } as never] },
                ...(webhooks && { webhooks }),
              }
            : its,
      )
      return { ...documents, subsystems }
    },
    async send(method, path, body, type = 'application/json') {
      const resource = `${gatewayUrl()}/${path.split(/[/?]/)[1]}`
      const token =
        tokens.get(resource) ??
        createConsumer(gatewayUrl(), id, pair, { resource }, dpop).then((consumer) => consumer.dpopToken())
      tokens.set(resource, token)
      const response = await oauth
        .protectedResourceRequest(
          await token,
          method,
          new URL(path, gatewayUrl()),
          new Headers({
            'exchange-purpose': 'doi-soat',
            ...(body !== undefined && { 'content-type': type }),
          }),
          body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
          { DPoP: dpop, [oauth.allowInsecureRequests]: true },
        )
        .catch((error: unknown) => {
          if (error instanceof oauth.WWWAuthenticateChallengeError) return error.response
          throw error
        })
      const text = await response.text()
      return { status: response.status, headers: response.headers, json: text === '' ? {} : JSON.parse(text) }
    },
  }
}

/** A CloudEvent in structured mode. */
export function cloudEvent(type: string, id: string, data: object, time = new Date().toISOString()) {
  return { specversion: '1.0', id, source: '/thu-nghiem', type, time, data }
}

/** Publishes as the provider of the service would. */
export function publish(provider: Party, service: string, event: object): Promise<Answer> {
  return provider.send('POST', `/events/${service}`, event, 'application/cloudevents+json')
}

const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

export function isSignedByGateway({ headers, body }: Push, verificationKey: string): boolean {
  const signed = Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`)
  const raw = Buffer.from(verificationKey.replace('whpk_', ''), 'base64')
  const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, raw]), format: 'der', type: 'spki' })
  const found = String(headers['webhook-signature'])
    .split(' ')
    .find((each) => each.startsWith('v1a,'))
  return verify(null, signed, key, Buffer.from(found?.slice(4) ?? '', 'base64'))
}
