import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { parse } from 'yaml'
import { consentDigest } from '../../src/identity/consent.ts'
import { type ConsentPair, startConsentPair } from '../support/consent-pair.ts'
import type { Answer } from '../support/gateway-world.ts'
import { rebound } from '../support/rebound.ts'

const CONTRACT = join(import.meta.dirname, '../../schemas/services/G18/so-suc-khoe/so.v1.yaml')
const BOOK = parse(readFileSync(CONTRACT, 'utf8')).components.examples.LookUpHealthBookAnswer.value

/** Processes that may still release what was judged before the consent was withdrawn. */
const BEHIND = `SELECT process FROM gateway_process
  WHERE authority < (SELECT authority FROM token_revocation WHERE token_digest = $1)`
const KNOWN = 'SELECT process FROM gateway_process'

describe('a consent withdrawn at one gateway', () => {
  let pair: ConsentPair
  let provider: Server
  /** What the provider waits for before it answers, and whom it tells that it was asked. */
  let hold: { readonly asked: () => void; readonly until: Promise<void> } | undefined

  before(async () => {
    provider = createServer((request, response) => {
      request.resume().on('end', async () => {
        hold?.asked()
        await hold?.until
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(BOOK))
      })
    })
    provider.listen(0, '127.0.0.1')
    await once(provider, 'listening')
    const baseUrl = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`
    pair = await startConsentPair((documents) => ({
      ...documents,
      services: documents.services.map((service) =>
        service.id === 'G18/so-suc-khoe/so/v1' ? rebound(service, { baseUrl }) : service,
      ),
    }))
  })
  after(async () => {
    await pair?.close()
    provider?.closeAllConnections()
    provider?.close()
  })

  const codeOf = ({ status, json }: Answer) => [status, json['code']]

  it('is acknowledged when every process has confirmed it, so that no other one answers under it', async () => {
    const { id, artefact } = await pair.issue()
    expect((await pair.ask(artefact)).status).to.equal(200)
    // The world’s and the other’s: a withdrawal waits for both.
    while ((await pair.world.pool.query(KNOWN)).rows.length < 2);
    expect((await pair.withdraw(id)).status).to.equal(200)
    const { rows } = await pair.world.pool.query(BEHIND, [consentDigest('G01/vneid', id)])
    expect(rows).to.deep.equal([])
    expect(codeOf(await pair.ask(artefact))).to.deep.equal([403, 'consent_withdrawn'])
  })

  it('holds back at the other what was under way there', async () => {
    const { id, artefact } = await pair.issue()
    const asked = Promise.withResolvers<void>()
    const answers = Promise.withResolvers<void>()
    hold = { asked: asked.resolve, until: answers.promise }
    const reply = pair.ask(artefact)
    await asked.promise
    expect((await pair.withdraw(id)).status).to.equal(200)
    answers.resolve()
    expect(codeOf(await reply)).to.deep.equal([403, 'consent_withdrawn'])
    hold = undefined
  })

  it('leaves the other consents of the same issuer as they are', async () => {
    const [kept, taken] = [await pair.issue(), await pair.issue()]
    await pair.withdraw(taken.id)
    expect((await pair.ask(kept.artefact)).status).to.equal(200)
  })
})
