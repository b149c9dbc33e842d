import { once } from 'node:events'
import * as oauth from 'oauth4webapi'
import { createSigningKey } from '../../src/identity/signing-key.ts'
import type { RegistryDocuments } from '../../src/registry/documents.ts'
import { createSandboxConsentIssuer, type IssuedConsent } from '../../src/sandbox/consent-issuer.ts'
import { createParty } from './event-world.ts'
import { type Answer, createConsumer, type GatewayWorld, startWorld } from './gateway-world.ts'
import { type Served, serve } from './served.ts'

const SERVICE = 'G18/so-suc-khoe/so/v1'
const ISSUER = 'G01/vneid'
const PERSON = '099188010001'

/** Two gateways over one database: a consent is used at the one and withdrawn at the other. */
export interface ConsentPair {
  readonly world: GatewayWorld
  readonly other: Served
  /** A consent for the gateway in a process of its own. */
  issue(): Promise<IssuedConsent>
  /** Asks there. */
  ask(consent: string): Promise<Answer>
  /** Takes it back at the world's gateway. */
  withdraw(id: string): Promise<Answer>
  close(): Promise<void>
}

/** @param change of the registry, before it is applied. */
export async function startConsentPair(
  change: (documents: RegistryDocuments) => RegistryDocuments = (documents) => documents,
): Promise<ConsentPair> {
  const pair = await oauth.generateKeyPair('ES256', { extractable: true })
  const jwk = await crypto.subtle.exportKey('jwk', pair.privateKey)
  const key = createSigningKey({ ...jwk, kid: 'main', alg: 'ES256' })
  const party = await createParty(ISSUER, () => world.gateway.publicUrl, pair)
  // Nobody is refused for asking often: it is the withdrawal that is looked at.
  const withQuota = (documents: RegistryDocuments): RegistryDocuments => {
    const quota = { perSecond: 10_000, perDay: 10_000_000 }
    return { ...documents, agreements: documents.agreements.map((each) => ({ ...each, quota })) }
  }
  const world: GatewayWorld = await startWorld({
    change: (documents) => change(withQuota(party.register(documents))),
  })
  const other = await serve(world, { LIENTHONG_WORKERS: '1' })
  const consumer = await createConsumer(other.url, 'H29/mot-cua', world.keys)
  const issuer = createSandboxConsentIssuer({ issuer: ISSUER, key, audience: () => other.url, now: Date.now })
  return {
    world,
    other,
    issue: () =>
      issuer.issue({
        subject: PERSON,
        consumer: 'H29/mot-cua',
        service: SERVICE,
        purposes: ['giai-quyet-thu-tuc-hanh-chinh'],
        fields: ['/fullName', '/bloodGroup'],
      }),
    ask: (consent) =>
      consumer.call(`${SERVICE}/tra-cuu`, {
        body: { personalId: PERSON },
        headers: { 'exchange-consent': consent },
      }),
    withdraw: (id) => party.send('POST', '/consents/withdraw', { consent: id }),
    async close() {
      other.process.kill('SIGTERM')
      if (other.process.exitCode === null) await once(other.process, 'exit')
      await world.close()
    },
  }
}
