import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { parse } from 'yaml'
import { samplePerson } from '../../src/sandbox/samples.ts'
import { type GatewayWorld, startWorld } from '../support/gateway-world.ts'

const SERVICE = 'G06/lien-thong/khai-tu/v1'
const CIVIL_STATUS = 'G15/ho-tich/su-kien/v1'
const RESIDENCE = 'G01/cu-tru/cap-so/v1'
const INSURANCE = 'G12/bao-hiem/tham-gia/v1'
const CONTRACT = join(import.meta.dirname, '../../schemas/services/G06/lien-thong/khai-tu.v1.yaml')
const DECLARATION = parse(readFileSync(CONTRACT, 'utf8')).components.examples.StartDeathRequest.value

interface Told {
  readonly procedureId: string
  readonly state: string
  readonly steps: Readonly<
    Record<string, { state: string; status?: number; answer?: Record<string, string> }>
  >
}

describe('a linked death procedure at the agencies of the sandbox', () => {
  let world: GatewayWorld
  before(async () => {
    world = await startWorld()
  })
  after(() => world?.close())

  /** Asks no faster than the agreement allows: what is over its quota is asked again when the answer says so. */
  async function ask(path: string, body: object, more: Record<string, string> = {}) {
    for (;;) {
      const headers = { 'exchange-purpose': 'lien-thong-thu-tuc', ...more }
      const answer = await world.consumer.call(path, { body, headers })
      if (answer.status !== 429) return answer
      await sleep(Number(answer.headers.get('retry-after')) * 1000)
    }
  }

  async function carry(declaration: object, key: string): Promise<Told> {
    const begun = await ask(`${SERVICE}/nop`, declaration, { 'idempotency-key': key })
    expect(begun.status, JSON.stringify(begun.json)).to.equal(200)
    const { procedureId } = begun.json
    for (;;) {
      const told = (await ask(`${SERVICE}/tien-do`, { procedureId })).json as unknown as Told
      if (told.state !== 'running' && told.state !== 'undoing') return told
    }
  }
  const isDead = async (personalId: string) =>
    (await ask(`${CIVIL_STATUS}/khai-tu/xac-thuc`, { personalId })).json['isRegisteredDead']
  const cardOf = async (personalId: string, fullName: string) =>
    (await ask(`${INSURANCE}/xac-thuc-the`, { personalId, fullName })).json['validUntil']

  it('registers the death, removes the residence, ends the insurance and claims the allowance', async () => {
    const { verify } = samplePerson(4321)
    const { personalId, fullName } = verify
    const before = await cardOf(personalId, fullName)
    const { state, steps } = await carry({ ...DECLARATION, personalId }, 'death-1')
    expect(state, JSON.stringify(steps)).to.equal('done')
    expect(await isDead(personalId)).to.equal(true)
    expect(await cardOf(personalId, fullName))
      .to.equal(DECLARATION.diedOn)
      .and.not.to.equal(before)
    const deathRegistrationNumber = steps['civilStatus']?.answer?.['registrationNumber']
    // What each step handed in can be looked up again where it was handed in.
    const entries: readonly [path: string, step: string, number: string][] = [
      [`${RESIDENCE}/xoa-thuong-tru/tra-cuu`, 'residence', 'removalNumber'],
      [`${INSURANCE}/cham-dut/tra-cuu`, 'membership', 'terminationNumber'],
      [`${INSURANCE}/mai-tang-phi/tra-cuu`, 'benefit', 'claimNumber'],
    ]
    for (const [path, step, number] of entries) {
      const { status, json } = await ask(path, { personalId, [number]: steps[step]?.answer?.[number] })
      expect(status, path).to.equal(200)
      expect(json).to.include({ personalId, deathRegistrationNumber })
    }
  }).timeout(30_000)

  it('takes everything back where the allowance is refused: nobody is dead, insured people stay so', async () => {
    const { verify } = samplePerson(4322)
    const { personalId, fullName } = verify
    const before = await cardOf(personalId, fullName)
    const declaration = { ...DECLARATION, personalId, declarantPersonalId: '099190000409' }
    const { state, steps } = await carry(declaration, 'death-2')
    expect(state).to.equal('undone')
    expect(Object.values(steps).map((step) => step.state)).to.deep.equal([
      'undone',
      'undone',
      'undone',
      'refused',
    ])
    expect(steps['benefit']?.status).to.equal(409)
    expect(await isDead(personalId)).to.equal(false)
    expect(await cardOf(personalId, fullName)).to.equal(before)
    const gone = await ask(`${RESIDENCE}/xoa-thuong-tru/tra-cuu`, {
      personalId,
      removalNumber: steps['residence']?.answer?.['removalNumber'],
    })
    expect(gone.status).to.equal(404)
    // The matter is open again: the right declaration goes through.
    const again = await carry({ ...DECLARATION, personalId }, 'death-3')
    expect(again.state).to.equal('done')
  }).timeout(30_000)
})
