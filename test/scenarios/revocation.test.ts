import { randomInt, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { Agent, createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import { expect } from 'chai'
import { createAdmission } from '../../src/identity/admission.ts'
import { ASSERTION_TYPE } from '../../src/identity/client-authentication.ts'
import { signAssertion } from '../../src/identity/holder.ts'
import { createSigningKey, generatePrivateJwk, type SigningKey } from '../../src/identity/signing-key.ts'
import type { Agreement } from '../../src/model/agreement.ts'
import type { SubsystemId } from '../../src/model/identifier.ts'
import type { PublicJwk, Subsystem } from '../../src/model/party.ts'
import { applyRegistry } from '../../src/registry/administration.ts'
import type { CompiledRegistry } from '../../src/registry/compiled.ts'
import type { RegistryDocuments } from '../../src/registry/documents.ts'
import { compileRegistry } from '../../src/registry/snapshot.ts'
import type { RegistryStore } from '../../src/registry/store.ts'
import { samplePerson } from '../../src/sandbox/samples.ts'
import { createRegistryStore } from '../../src/storage/registry.ts'
import { type GatewayWorld, PARTICULARS, startWorld } from '../support/gateway-world.ts'
import { rebound } from '../support/rebound.ts'
import { type Served, serve } from '../support/served.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'

const BODY = JSON.stringify(samplePerson(23).lookUp)
const SERVICE = 'G01/dan-cu/cong-dan/v1'
const HOLDERS = 5
const LANES_PER_HOLDER = 3
/** The gateways hear this late that what they wrote is durable: answers wait there when something is revoked. */
const ANSWER_DELAY_MS = 15
/** Rights are taken away for this long and this often, whichever is more. */
const LOAD_MS = 8000
const ROUNDS = 5
const REGISTRY_KINDS = ['key', 'subsystem', 'agreement'] as const
type Kind = 'token' | (typeof REGISTRY_KINDS)[number]

/** A token as the checker knows it. */
interface Token {
  readonly value: string
  readonly keyGeneration: number
}

/** A consumer whose rights are taken away and given back. */
interface Holder {
  readonly id: SubsystemId
  keyGeneration: number
  key: SigningKey
  token: Token
}

interface Revocation {
  readonly kind: Kind
  readonly holder: SubsystemId
  readonly token: Token
}

/** What was seen, in the order in which it was seen. */
type Event =
  /** The revocation was acknowledged, and whatever had been sent until then has been read. */
  | { readonly type: 'in force'; readonly revocation: Revocation }
  | { readonly type: 'undone'; readonly revocation: Revocation }
  | {
      readonly type: 'answered'
      readonly holder: SubsystemId
      readonly token: Token
      readonly exchange: string
    }

function covers({ kind, holder, token }: Revocation, asked: { holder: SubsystemId; token: Token }): boolean {
  if (asked.holder !== holder) return false
  if (kind === 'token') return asked.token === token
  return kind === 'key' ? asked.token.keyGeneration <= token.keyGeneration : true
}

/** @returns the answers that came while a revocation that covers them was in force. */
function violationsOf(history: readonly Event[]): string[] {
  const inForce = new Set<Revocation>()
  const violations: string[] = []
  for (const event of history) {
    if (event.type === 'in force') inForce.add(event.revocation)
    else if (event.type === 'undone') inForce.delete(event.revocation)
    else {
      for (const revocation of inForce) {
        if (covers(revocation, event)) violations.push(`${revocation.kind} ${event.holder} ${event.exchange}`)
      }
    }
  }
  return violations
}

/** Has the database note at which size of the log each authority came into force. */
const WATCH = `
  CREATE TABLE watched_authority (authority bigint, size bigint, registry text);
  CREATE FUNCTION watch_authority() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO watched_authority SELECT NEW.authority, NEW.size, digest FROM registry_version
     ORDER BY version DESC LIMIT 1;
    RETURN NULL;
  END $$;
  CREATE TRIGGER watch AFTER UPDATE ON ledger_head FOR EACH ROW
    WHEN (NEW.authority <> OLD.authority) EXECUTE FUNCTION watch_authority()`

/** Deliveries in the log that came after what they were judged by, or their token, had been taken away. */
const LATE_DELIVERIES = `
  SELECT leaf_index, leaf FROM (SELECT *, convert_from(leaf, 'UTF8')::json AS record FROM exchange_record) AS logged
   WHERE outcome = 'delivered' AND (
     record->>'registry' <> (SELECT registry FROM watched_authority WHERE size <= leaf_index
                              ORDER BY authority DESC LIMIT 1)
     OR EXISTS (SELECT FROM token_revocation AS revoked JOIN watched_authority USING (authority)
                 WHERE revoked.token_digest = record->>'token' AND size <= leaf_index))`

/**
 * Whatever had been sent before now lies in the receive buffers of this process' sockets: loopback delivers at
 * once. After two turns of the event loop all of it has been read, and what is read later was sent later.
 */
async function readWhatWasSent(): Promise<void> {
  for (let turn = 0; turn < 2; turn += 1) await nextTurn()
}

/** The population agency, answering after a random while, so that revocations meet exchanges at every step. */
async function startSlowAgency(url: () => string): Promise<Server> {
  let answer: Promise<{ status: number; type: string; text: string }> | undefined
  const learn = async (target: string, request: IncomingMessage, body: string) => {
    const { host: _host, connection: _connection, 'content-length': _length, ...rest } = request.headers
    const headers = rest as Record<string, string>
    const response = await fetch(url() + target, { method: request.method ?? 'POST', headers, body })
    const type = response.headers.get('content-type') ?? ''
    return { status: response.status, type, text: await response.text() }
  }
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    answer ??= learn(request.url ?? '/', request, body)
    const { status, type, text } = await answer
    await pause(Math.random() * 60)
    response.writeHead(status, { 'content-type': type }).end(text)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

describe('an acknowledged revocation', () => {
  let world: GatewayWorld
  let agency: Server
  let documents: RegistryDocuments
  let store: RegistryStore
  let compiled: CompiledRegistry | undefined
  const admission = createAdmission(Date.now())
  let wire: TcpProxy
  let served: Served
  let pids: number[] = []
  const agent = new Agent({ keepAlive: true })
  const holders: Holder[] = []
  const history: Event[] = []
  let answers = 0
  let isRunning = true
  let lanes: Promise<unknown> = Promise.resolve()

  before(async () => {
    agency = await startSlowAgency(() => world.sandbox.agencies.population.url)
    const { port } = agency.address() as AddressInfo
    for (let number = 1; number <= HOLDERS; number += 1) {
      holders.push({
        id: `H29/thu-${number}`,
        key: await newKey(),
        keyGeneration: 0,
        token: { value: '', keyGeneration: 0 },
      })
    }
    world = await startWorld({ change: (sample) => withHolders(sample, port) })
    documents = world.documents
    store = createRegistryStore({ pool: world.pool, url: world.database.url, log() {} })
    await world.pool.query(WATCH)
    const address = new URL(world.database.url)
    wire = await startTcpProxy(Number(address.port), { answerDelayMs: ANSWER_DELAY_MS })
    address.port = String(wire.port)
    served = await serve(world, { LIENTHONG_WORKERS: '2', DATABASE_URL: address.href })
    pids = [...served.lines().matchAll(/"worker_started".*?"lienthong.worker_pid":(\d+)/g)].map(([, pid]) =>
      Number(pid),
    )
    for (const holder of holders) await renew(holder)
    lanes = Promise.all(
      holders.flatMap((holder) => Array.from({ length: LANES_PER_HOLDER }, () => ask(holder))),
    )
  })

  after(async () => {
    isRunning = false
    // It ends a stopped process too. The workers of a first process that is gone would end, but not if stopped.
    for (const pid of pids) process.kill(pid, 'SIGKILL')
    served?.process.kill('SIGKILL')
    if (served?.process.exitCode === null && served.process.signalCode === null)
      await once(served.process, 'exit')
    await lanes
    agent.destroy()
    await wire?.close()
    await world?.close()
    agency?.closeAllConnections()
    agency?.close()
  })

  const newKey = async () => createSigningKey(await generatePrivateJwk('ES256'))

  /** The sample registry's one service, and consumers of it that differ in name only. */
  function withHolders(sample: RegistryDocuments, port: number): RegistryDocuments {
    const [model] = sample.agreements.filter(({ id }) => id === 'TT-2026-001')
    const [holderModel] = sample.subsystems.filter(({ id }) => id === 'H29/mot-cua')
    if (model === undefined || holderModel === undefined) throw new Error('the sample registry has changed')
    const quota = { perSecond: 100_000, perDay: 10_000_000 }
    return {
      ...sample,
      services: sample.services
        .filter(({ id }) => id === SERVICE)
        .map((service) => rebound(service, { baseUrl: `http://127.0.0.1:${port}`, maxConcurrent: 500 })),
      subsystems: [
        ...sample.subsystems,
        ...holders.map(({ id, key }): Subsystem => {
          return { ...holderModel, id, credentials: { jwks: [key.publicJwk as PublicJwk] } }
        }),
      ],
      agreements: holders.map(({ id }, place): Agreement => {
        return { ...model, id: `TT-thu-${place}`, consumer: id, quota }
      }),
    }
  }

  /** What has not changed is not compiled again: it would keep this process from reading what arrives. */
  async function change(next: RegistryDocuments): Promise<void> {
    documents = next
    const options = { syntheticPersons: true, admission, by: 'test', note: '' }
    const compilation = compileRegistry(next, { ...options, version: 0, previous: compiled })
    if ('faults' in compilation) throw new Error(JSON.stringify(compilation.faults))
    compiled = compilation.registry
    const { outcome } = await applyRegistry(store, next, { ...options, compiled })
    expect(outcome).to.equal('applied')
  }

  async function form(path: string, holder: Holder, parameters: Record<string, string>) {
    const assertion = { clientId: holder.id, issuer: served.url, nowMs: Date.now(), jti: randomUUID() }
    return fetch(`${served.url}/oauth/${path}`, {
      method: 'POST',
      body: new URLSearchParams({
        client_assertion_type: ASSERTION_TYPE,
        client_assertion: await signAssertion(holder.key, assertion),
        ...parameters,
      }),
    })
  }

  async function renew(holder: Holder): Promise<void> {
    const { keyGeneration } = holder
    const response = await form('token', holder, { grant_type: 'client_credentials' })
    expect(response.status).to.equal(200)
    holder.token = {
      value: ((await response.json()) as { access_token: string }).access_token,
      keyGeneration,
    }
  }

  /** The answer is noted in the very turn in which its first bytes are read. */
  function call({ id, token }: Holder): Promise<void> {
    return new Promise((resolve) => {
      const headers = {
        ...PARTICULARS,
        'content-type': 'application/json',
        authorization: `Bearer ${token.value}`,
      }
      const url = `${served.url}/exchange/${SERVICE}/tra-cuu`
      const sent = httpRequest(url, { method: 'POST', agent, headers }, (response) => {
        if (response.statusCode === 200) {
          const exchange = String(response.headers['exchange-id'])
          history.push({ type: 'answered', holder: id, token, exchange })
          answers += 1
        }
        response.resume().on('close', resolve)
      })
      sent.on('error', () => resolve())
      sent.end(BODY)
    })
  }

  async function ask(holder: Holder): Promise<void> {
    while (isRunning) await call(holder)
  }

  function subsystemsWith(holder: Holder, part: Partial<Subsystem>): RegistryDocuments {
    const subsystems = documents.subsystems.map((each) =>
      each.id === holder.id ? { ...each, ...part } : each,
    )
    return { ...documents, subsystems }
  }

  function agreementsWith(holder: Holder, state: Agreement['state']): RegistryDocuments {
    const agreements = documents.agreements.map((each) =>
      each.consumer === holder.id ? { ...each, state } : each,
    )
    return { ...documents, agreements }
  }

  const give: Record<'subsystem' | 'agreement', (holder: Holder) => Promise<void>> = {
    subsystem: (holder) => change(subsystemsWith(holder, { state: 'active' })),
    agreement: (holder) => change(agreementsWith(holder, 'active')),
  }

  /** Resolves when the revocation is acknowledged. */
  const take: Record<Kind, (holder: Holder) => Promise<void>> = {
    async token(holder) {
      const { value } = holder.token
      const response = await form('revoke', holder, { token: value })
      expect(response.status).to.equal(200)
    },
    async key(holder) {
      const next = await newKey()
      await change(subsystemsWith(holder, { credentials: { jwks: [next.publicJwk as PublicJwk] } }))
      holder.key = next
    },
    subsystem: (holder) => change(subsystemsWith(holder, { state: 'suspended' })),
    agreement: (holder) => change(agreementsWith(holder, 'revoked')),
  }

  /** Takes a right away, watches for what comes in spite of it, and gives it back. */
  async function revoke(kind: Kind, holder: Holder, watch: () => Promise<unknown>): Promise<void> {
    const { id, token } = holder
    await take[kind](holder)
    const revocation: Revocation = { kind, holder: id, token }
    await readWhatWasSent()
    history.push({ type: 'in force', revocation })
    await watch()
    if (kind === 'subsystem' || kind === 'agreement') {
      history.push({ type: 'undone', revocation })
      await give[kind](holder)
    } else {
      if (kind === 'key') holder.keyGeneration += 1
      await renew(holder)
    }
  }

  async function untilAnswered(more: number): Promise<void> {
    const wanted = answers + more
    while (answers < wanted) await pause(5)
  }

  it('is followed by no answer under what it took away, in any process, under load', async () => {
    const endMs = performance.now() + LOAD_MS
    for (let round = 0; round < ROUNDS || performance.now() < endMs; round += 1) {
      await untilAnswered(20)
      // A token and something of the registry at once, of two holders.
      const place = randomInt(HOLDERS)
      const one = holders[place]
      const other = holders[(place + 1 + randomInt(HOLDERS - 1)) % HOLDERS]
      const kind = REGISTRY_KINDS[round % REGISTRY_KINDS.length]
      if (one === undefined || other === undefined || kind === undefined) throw new RangeError('no holder')
      await Promise.all([revoke('token', one, () => pause(80)), revoke(kind, other, () => pause(80))])
    }
    expect(violationsOf(history)).to.deep.equal([])
    // The two workers, the one for jobs, the first process, and the one of this test.
    expect((await world.pool.query('SELECT FROM gateway_process')).rowCount).to.equal(5)
  })

  it('does not wait for a process that hangs, whose answers cannot leave when it goes on', async () => {
    const [holder] = holders
    const [pid] = pids
    if (pid === undefined || holder === undefined) throw new Error('nothing runs')
    await untilAnswered(20)
    // Stopped with exchanges at every step: waiting for the agency, for the log, between commit and socket.
    process.kill(pid, 'SIGSTOP')
    await revoke('agreement', holder, async () => {
      process.kill(pid, 'SIGCONT')
      await untilAnswered(20)
      await pause(300)
    })
    expect(violationsOf(history)).to.deep.equal([])
  })

  it('is followed in the log by no delivery judged by what was in force before it', async () => {
    expect((await world.pool.query(LATE_DELIVERIES)).rows).to.deep.equal([])
    const { rows } = await world.pool.query('SELECT FROM watched_authority')
    expect(rows.length).to.be.at.least(2 * ROUNDS)
  })

  it('leaves every answer that was received in the log', async () => {
    const received = history.flatMap((event) => (event.type === 'answered' ? event.exchange : []))
    expect(received.length).to.be.above(20 * ROUNDS)
    const delivered = new Set(
      (await world.records())
        .filter(({ outcome }) => outcome === 'delivered')
        .map(({ exchange }) => exchange),
    )
    expect(received.filter((id) => !delivered.has(id))).to.deep.equal([])
  })
})

describe('the checker of revocations', () => {
  const token: Token = { value: 'a', keyGeneration: 0 }
  const holder: SubsystemId = 'H29/thu-1'
  const answered: Event = { type: 'answered', holder, token, exchange: 'x' }
  const judge = (kind: Kind, ...events: ('in force' | 'undone' | Event)[]) => {
    const revocation: Revocation = { kind, holder, token }
    return violationsOf(
      events.map((event) => (typeof event === 'string' ? { type: event, revocation } : event)),
    ).length
  }

  it('finds an answer under what was taken away, and no other', () => {
    for (const kind of ['token', ...REGISTRY_KINDS] as const) {
      expect(judge(kind, answered, 'in force'), kind).to.equal(0)
      expect(judge(kind, 'in force', answered), kind).to.equal(1)
      expect(judge(kind, 'in force', { ...answered, holder: 'H29/thu-2' }), kind).to.equal(0)
    }
    const renewed: Event = { ...answered, token: { value: 'b', keyGeneration: 1 } }
    expect(judge('token', 'in force', renewed)).to.equal(0)
    expect(judge('key', 'in force', renewed)).to.equal(0)
    expect(judge('subsystem', 'in force', renewed)).to.equal(1)
    expect(judge('agreement', 'in force', 'undone', answered)).to.equal(0)
  })
})
