import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import * as oauth from 'oauth4webapi'
import { parse } from 'yaml'
import { createSigningKey } from '../../src/identity/signing-key.ts'
import type { Agreement } from '../../src/model/agreement.ts'
import type { RegistryDocuments } from '../../src/registry/documents.ts'
import { providerIdOf } from '../../src/registry/references.ts'
import { createSandboxConsentIssuer } from '../../src/sandbox/consent-issuer.ts'
import { cloudEvent, createParty, type Party, publish } from '../support/event-world.ts'
import { type Consumer, createConsumer, type GatewayWorld, startWorld } from '../support/gateway-world.ts'
import { readRegistryFiles } from '../support/registry-files.ts'
import { SYSTEMS } from '../support/systems.ts'
import { titleOf } from '../support/systems-page.ts'

/** The day of the contracts' examples. */
const NOW = new Date('2026-11-22T01:30:00.000Z')

interface Described {
  readonly operationId: string
  readonly 'x-exchange': { readonly kind: string; readonly anonymised?: object }
  readonly requestBody: { readonly content: { readonly 'application/json': Examples } }
  readonly responses: { readonly '200': { readonly content: { readonly 'application/json': Examples } } }
}
interface Examples {
  readonly examples: Readonly<Record<string, { readonly $ref: string }>>
}
interface ContractDocument {
  readonly paths: Readonly<Record<string, { readonly post: Described }>>
  readonly webhooks?: Readonly<
    Record<string, { readonly post: Pick<Described, 'operationId' | 'requestBody'> }>
  >
  readonly components: { readonly examples: Readonly<Record<string, { readonly value: object }>> }
}

function readContract(service: string): ContractDocument {
  const path = `services/${service.replace(/\/(v\d+)$/, '.$1')}.yaml`
  return parse(readFileSync(join(import.meta.dirname, '../../schemas', path), 'utf8'))
}

function examplesOf({ components }: ContractDocument, { examples }: Examples): readonly object[] {
  return Object.values(examples).map(
    ({ $ref }) => components.examples[$ref.split('/').at(-1) ?? '']?.value ?? {},
  )
}

/** A key for each consumer: one key may not be two subsystems'. */
async function makeKeys(consumers: readonly string[]) {
  return new Map(
    await Promise.all(
      consumers.map(async (id) => {
        const pair = await oauth.generateKeyPair('ES256', { extractable: true })
        const jwk = await crypto.subtle.exportKey('jwk', pair.privateKey)
        const key = createSigningKey({ ...jwk, kid: 'main', alg: 'ES256' })
        const { publicJwk } = key
        return [id, { key, pair, credentials: { jwks: [{ ...publicJwk, kid: 'main' } as never] } }] as const
      }),
    ),
  )
}
type Keys = Awaited<ReturnType<typeof makeKeys>>

function register(keys: Keys, documents: RegistryDocuments): RegistryDocuments {
  const subsystems = documents.subsystems.map((its) => {
    const credentials = keys.get(its.id)?.credentials
    return credentials ? { ...its, credentials } : its
  })
  return { ...documents, subsystems }
}

/** The members an agreement lets through, of an example's; nested fields by their first member. */
function agreedMembers(example: object, fields: readonly string[]): readonly string[] {
  const agreed = new Set(fields.map((pointer) => pointer.split('/')[1]))
  return Object.keys(example).filter((member) => agreed.has(member))
}

describe('systems that exchange through the gateway', () => {
  const { agreements } = readRegistryFiles()
  const consumers = new Map<string, Promise<Consumer>>()
  let keys: Keys
  let world: GatewayWorld

  before(async () => {
    const publishers = SYSTEMS.flatMap(({ services }) => services)
      .filter((service) => readContract(service).webhooks !== undefined)
      .map(providerIdOf)
    keys = await makeKeys([...new Set([...agreements.map(({ consumer }) => consumer), ...publishers])])
    world = await startWorld({ change: (documents) => register(keys, documents), sandboxNow: () => NOW })
  })
  after(() => world?.close())

  function consumerOf(id: string): Promise<Consumer> {
    const pair = keys.get(id)?.pair ?? world.keys
    const known = consumers.get(id) ?? createConsumer(world.gateway.publicUrl, id, pair)
    consumers.set(id, known)
    return known
  }

  /** The person of the request agrees to all that the agreement opens. */
  async function consentFor(agreement: Agreement, body: object): Promise<string | undefined> {
    const { consumer, service, purposes, operations, consent } = agreement
    const [issuer = ''] = consent?.issuers ?? []
    const key = keys.get(issuer)?.key
    if (key === undefined) throw new Error(`no key of ${issuer}`)
    const subject = 'personalId' in body ? String(body.personalId) : ''
    const fields = operations.flatMap((operation) => operation.fields)
    const agreed = { subject, consumer, service, purposes, fields }
    const audience = () => world.gateway.publicUrl
    return (await createSandboxConsentIssuer({ issuer, key, audience, now: Date.now }).issue(agreed)).artefact
  }

  /** Asks an operation's examples under an agreement; what comes back is the example, minimised. */
  async function ask(row: number, agreement: Agreement, path: string, fields: readonly string[]) {
    const contract = readContract(agreement.service)
    const described = contract.paths[path]?.post
    if (described === undefined) throw new Error(`no ${path}`)
    // That it answers nobody, and how it leaves, is test/scenarios/anonymised-set.test.ts's to hold.
    if (described['x-exchange'].anonymised !== undefined) return 0
    const answers = examplesOf(contract, described.responses['200'].content['application/json'])
    const requests = examplesOf(contract, described.requestBody.content['application/json'])
    for (const [index, body] of requests.entries()) {
      const consumer = await consumerOf(agreement.consumer)
      const reply = await consumer.call(`${agreement.service}${path}`, {
        body,
        headers: {
          'exchange-purpose': agreement.purposes[0],
          ...(agreement.consent && { 'exchange-consent': await consentFor(agreement, body) }),
          ...(agreement.requires?.procedure === true && { 'exchange-procedure': '1.001193' }),
          ...(['submit', 'request'].includes(described['x-exchange'].kind) && {
            'idempotency-key': `${row}-${described.operationId}-${index}`,
          }),
        },
      })
      const isLater = described['x-exchange'].kind === 'request'
      const said = `${described.operationId} ${JSON.stringify(reply.json)}`
      expect(reply.status, said).to.equal(isLater ? 202 : 200)
      // What came of it is test/scenarios/document-request.test.ts's to hold.
      if (isLater) continue
      const example = answers[index] ?? answers[0] ?? {}
      expect(Object.keys(reply.json), described.operationId).to.have.members(agreedMembers(example, fields))
    }
    return requests.length
  }

  const parties = new Map<string, Promise<Party>>()
  function partyOf(id: string): Promise<Party> {
    const party = parties.get(id) ?? createParty(id, () => world.gateway.publicUrl, keys.get(id)?.pair)
    parties.set(id, party)
    return party
  }

  /** Publishes an event's examples; each agreed subscriber reads them, minimised. @returns exchanges it took. */
  async function tell(row: number, service: string, id: string): Promise<number> {
    const contract = readContract(service)
    const described = contract.webhooks?.[id]?.post
    if (described === undefined) throw new Error(`no ${id}`)
    const examples = examplesOf(contract, described.requestBody.content['application/json'])
    const grants = agreements
      .filter((its) => its.service === service)
      .flatMap((agreement) =>
        agreement.operations.filter(({ operation }) => operation === id).map((its) => ({ agreement, its })),
      )
    expect(grants, `${service} ${id} is agreed with nobody`).not.to.have.length(0)
    const reading = await Promise.all(
      grants.map(async ({ agreement, its }) => {
        const party = await partyOf(agreement.consumer)
        const wish = { service, types: [id], purpose: agreement.purposes[0], mode: 'pull' }
        const { json, status } = await party.send('POST', '/subscriptions', wish)
        expect(status, JSON.stringify(json)).to.equal(201)
        return { party, fields: its.fields, subscription: json['id'] }
      }),
    )
    for (const [index, data] of examples.entries()) {
      const event = cloudEvent(id, `${row}-${id}-${index}`, data)
      const published = await publish(await partyOf(providerIdOf(service)), service, event)
      expect(published.status, JSON.stringify(published.json)).to.equal(202)
    }
    for (const { party, fields, subscription } of reading) {
      const { json } = await party.send('GET', `/subscriptions/${subscription}/events`)
      const events = json['events'] as { event: { data: object } }[]
      expect(events.map(({ event }) => Object.keys(event.data))).to.deep.equal(
        examples.map((example) => agreedMembers(example, fields)),
      )
    }
    return examples.length * (1 + reading.length)
  }

  for (const row of SYSTEMS.filter(({ services }) => services.length > 0)) {
    it(titleOf(row), async () => {
      let asked = 0
      const delivered = await countDelivered()
      for (const service of row.services) {
        for (const path of Object.keys(readContract(service).paths)) {
          const id = readContract(service).paths[path]?.post.operationId
          const grants = agreements.flatMap((agreement) =>
            agreement.service === service && agreement.id !== 'TT-2024-017'
              ? agreement.operations
                  .filter(({ operation }) => operation === id)
                  .map((its) => ({ agreement, its }))
              : [],
          )
          expect(grants, `${service} ${id} is agreed with nobody`).not.to.have.length(0)
          for (const { agreement, its } of grants) asked += await ask(row.number, agreement, path, its.fields)
        }
      }
      const told = row.services.flatMap((service) =>
        row.modes.includes('E')
          ? Object.keys(readContract(service).webhooks ?? {}).map((id) => ({ service, id }))
          : [],
      )
      expect(told.length > 0, 'events').to.equal(row.modes.includes('E'))
      for (const { service, id } of told) asked += await tell(row.number, service, id)
      expect(asked).to.be.above(0)
      expect((await countDelivered()) - delivered).to.equal(asked)
    })
  }

  async function countDelivered(): Promise<number> {
    const isAsked = (record: Record<string, unknown>) =>
      record['outcome'] === 'delivered' && !(record['kind'] === 'request' && 'parent' in record)
    return (await world.records()).filter(isAsked).length
  }

  it('are named once each, the thirty-eight of them', () => {
    expect(SYSTEMS.map(({ number }) => number)).to.deep.equal(SYSTEMS.map((_, index) => index + 1))
    expect(SYSTEMS).to.have.length(38)
  })
})
