import { Writable } from 'node:stream'
import { expect } from 'chai'
import fc from 'fast-check'
import type { ExchangeEvent } from '../../src/telemetry/exchange-event.ts'
import { knownIn } from '../../src/telemetry/known.ts'
import { LOG_EVENTS, type LogEvent, type LogLevel } from '../../src/telemetry/log-events.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { exchangeEvent } from '../support/exchange-event.ts'
import { CONSUMER, meteredRegistry, SERVICE } from '../support/metered-registry.ts'

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 678)

/** A destination that remembers its writes, and takes them only when it is not held. */
class Destination extends Writable {
  readonly writes: string[] = []
  isHeld = false
  #taken: (() => void) | undefined

  override _write(chunk: Buffer, _encoding: BufferEncoding, next: () => void): void {
    this.writes.push(chunk.toString())
    if (this.isHeld) this.#taken = next
    else next()
  }

  release(): void {
    this.isHeld = false
    this.#taken?.()
  }

  get lines(): readonly Record<string, unknown>[] {
    return this.writes
      .join('')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line))
  }
}

function createWorld(level: LogLevel = 'info') {
  const destination = new Destination()
  const timers: (() => void)[] = []
  let dropped = 0
  let nowMs = NOW_MS
  const logger = createLogger({
    level,
    destination,
    now: () => nowMs,
    later(run) {
      timers.push(run)
      return () => timers.splice(timers.indexOf(run), 1)
    },
    onDropped() {
      dropped += 1
    },
  })
  logger.useKnown(knownIn(meteredRegistry()))
  const pass = (milliseconds: number) => {
    nowMs += milliseconds
  }
  return { destination, logger, timers, pass, dropped: () => dropped }
}

async function linesOf(run: (logger: ReturnType<typeof createLogger>) => void, level?: LogLevel) {
  const { destination, logger } = createWorld(level)
  run(logger)
  await logger.flush()
  return destination.lines
}

const numbered = (place: number): Partial<ExchangeEvent> => ({ attempts: place })

describe('the log', () => {
  it('tells an exchange in one line, with the names of ECS', async () => {
    expect(await linesOf((logger) => logger.exchange(exchangeEvent()))).to.deep.equal([
      {
        '@timestamp': '2026-01-02T03:04:05.678Z',
        'log.level': 'info',
        message: 'an exchange has ended',
        'ecs.version': '8.11.0',
        'service.name': 'lienthong',
        'process.pid': process.pid,
        'event.action': 'exchange',
        'lienthong.exchange_id': '0199aa00-1111-7abc-8def-0123456789ab',
        'trace.id': '4bf92f3577b34da6a3ce929d0e0e4736',
        'event.outcome': 'success',
        'lienthong.outcome': 'delivered',
        'lienthong.consumer': 'H29/mot-cua',
        'lienthong.provider': 'G01/dan-cu',
        'lienthong.service': 'G01/dan-cu/cong-dan/v1',
        'lienthong.operation': 'xacThuc',
        'lienthong.kind': 'verify',
        'lienthong.agreement': 'mot-cua-dan-cu',
        'lienthong.purpose': 'giai-quyet-thu-tuc',
        'http.request.method': 'POST',
        'http.response.status_code': 200,
        'event.duration': 5_000_000,
        'lienthong.provider_us': 4000,
        'lienthong.overhead_us': 1000,
        'lienthong.attempts': 1,
        'http.request.body.bytes': 120,
        'http.response.body.bytes': 900,
      },
    ])
  })

  it('tells a refusal calmly, a failure as a warning and the gateway’s own fault as an error', async () => {
    const lines = await linesOf((logger) => {
      logger.exchange(exchangeEvent({ outcome: 'refused', code: 'quota_exceeded', status: 429 }))
      logger.exchange(exchangeEvent({ outcome: 'failed', code: 'provider_timeout', status: 504 }))
      logger.exchange(exchangeEvent({ outcome: 'failed', code: 'ledger_unavailable', status: 503 }))
    })
    expect(lines.map((line) => [line['log.level'], line['error.code'], line['event.outcome']])).to.deep.equal(
      [
        ['info', 'quota_exceeded', 'failure'],
        ['warn', 'provider_timeout', 'failure'],
        ['error', 'ledger_unavailable', 'failure'],
      ],
    )
  })

  it('leaves out what is below its level', async () => {
    const lines = await linesOf((logger) => {
      logger.exchange(exchangeEvent())
      logger.log({ action: 'gateway_started' })
      logger.log({ action: 'orphans_closed', count: 3 })
    }, 'warn')
    expect(lines.map((line) => line['event.action'])).to.deep.equal(['orphans_closed'])
  })

  it('joins 64 lines of exchanges in one write, in their order', async () => {
    const { destination, logger, timers } = createWorld()
    for (let place = 0; place < 63; place += 1) logger.exchange(exchangeEvent(numbered(place)))
    expect(destination.writes).to.have.length(0)
    expect(timers, 'one timer for all').to.have.length(1)
    logger.exchange(exchangeEvent(numbered(63)))
    expect(destination.writes).to.have.length(1)
    expect(timers, 'the timer is off').to.have.length(0)
    await logger.flush()
    const places = destination.lines.map((line) => line['lienthong.attempts'])
    expect(places).to.deep.equal(Array.from({ length: 64 }, (_, place) => place))
  })

  it('writes what it has when the time of joining is over', async () => {
    const { destination, logger, timers } = createWorld()
    logger.exchange(exchangeEvent())
    const [run] = timers
    run?.()
    expect(destination.lines).to.have.length(1)
    logger.exchange(exchangeEvent())
    expect(timers, 'a new time begins').to.have.length(1)
    await logger.flush()
  })

  it('writes the life of the gateway at once, after the exchanges before it', async () => {
    const { destination, logger } = createWorld()
    logger.exchange(exchangeEvent())
    logger.log({ action: 'gateway_stopping', reason: 'SIGTERM', inFlight: 2 })
    expect(destination.lines.map((line) => line['event.action'])).to.deep.equal([
      'exchange',
      'gateway_stopping',
    ])
    await logger.flush()
  })

  it('stamps each line with its own time', async () => {
    const { destination, logger, pass } = createWorld()
    logger.exchange(exchangeEvent())
    logger.exchange(exchangeEvent())
    pass(1)
    logger.exchange(exchangeEvent())
    await logger.flush()
    expect(destination.lines.map((line) => line['@timestamp'])).to.deep.equal([
      '2026-01-02T03:04:05.678Z',
      '2026-01-02T03:04:05.678Z',
      '2026-01-02T03:04:05.679Z',
    ])
  })

  it('is flushed when the destination has taken every line', async () => {
    const { destination, logger } = createWorld()
    destination.isHeld = true
    logger.log({ action: 'gateway_started' })
    logger.exchange(exchangeEvent())
    let isFlushed = false
    const flushed = logger.flush().then(() => {
      isFlushed = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(isFlushed).to.equal(false)
    destination.release()
    await flushed
    expect(destination.lines.map((line) => line['event.action'])).to.deep.equal([
      'gateway_started',
      'exchange',
    ])
    await logger.flush()
  })

  it('keeps 10,000 exchange lines for a slow destination, drops and counts the rest, and never the gateway’s own', async () => {
    const { destination, logger, dropped } = createWorld()
    destination.isHeld = true
    logger.log({ action: 'gateway_started' })
    for (let place = 0; place < 10_005; place += 1) logger.exchange(exchangeEvent(numbered(place)))
    logger.log({ action: 'ledger_unavailable' })
    expect(dropped()).to.equal(5)
    expect(destination.writes, 'one write at a time').to.have.length(1)
    destination.release()
    await logger.flush()
    const { lines } = destination
    expect(lines).to.have.length(1 + 10_000 + 2)
    expect(lines.at(-3)).to.include({ 'lienthong.attempts': 9999 })
    expect(lines.at(-2)).to.include({ 'event.action': 'ledger_unavailable' })
    expect(lines.at(-1)).to.include({ 'event.action': 'lines_dropped', 'lienthong.count': 5 })
    logger.exchange(exchangeEvent())
    await logger.flush()
    expect(destination.lines, 'takes lines again').to.have.length(1 + 10_000 + 3)
  })

  it('outlives a destination that breaks', async () => {
    const { destination, logger } = createWorld()
    destination.destroy(new Error('EPIPE'))
    logger.log({ action: 'gateway_started' })
    logger.exchange(exchangeEvent())
    await logger.flush()
  })

  it('gives each declared field a name of its own', () => {
    const clashes = Object.entries(LOG_EVENTS).filter(([, { fields }]) => {
      const names = Object.values(fields).map(([name]) => name)
      return new Set(names).size !== names.length
    })
    expect(clashes.map(([action]) => action)).to.deep.equal([])
  })
})

/** Words that no line may show, as they would come in a request. */
const PLANTED = [
  '099300012345',
  '099 300 012 345',
  '9900000019',
  'NGUYEN VAN HO SO',
  'Nguyễn Văn Hồ Sơ',
  'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJIMjkifQ.c2lnbmF0dXJl',
  'DPoP eyJ0eXAiOiJkcG9wK2p3dCJ9',
  '"}\n{"planted":true',
]
const LEAK = /0993|099 300|9900000019|NGUYEN|Nguy|eyJ|planted/

/** Everything an event can carry, each member holding a planted word in place of what belongs there. */
function hostile(action: string, word: string): LogEvent {
  const members = Object.values(LOG_EVENTS).flatMap(({ fields }) => Object.keys(fields))
  const extra = ['body', 'subject', 'authorization', 'dossier', 'officer', 'message', '__proto__', 'level']
  const entries = [...members, ...extra].map((member) => [member, word])
  return { ...Object.fromEntries(entries), error: hostileError(word), counts: { [word]: 1 }, action }
}

function hostileError(word: string): Error {
  const error = new TypeError(`${word} is not iterable\n    at ${word} (file:///srv/${word}.ts:1:1)`)
  return Object.assign(error, {
    code: word,
    name: word,
    detail: word,
    cause: new SyntaxError(`near ${word}`),
  })
}

describe('what a line never shows', () => {
  /** Kinds whose text is the operator's own: there, only runs of nine digits are taken out. */
  const isOperators = (action: string) =>
    Object.entries(LOG_EVENTS).some(
      ([name, { fields }]) =>
        name === action &&
        Object.values(fields).some(([, kind]: readonly [string, unknown]) => kind === 'operator_text'),
    )

  for (const action of Object.keys(LOG_EVENTS)) {
    it(`in ${action}: a word of a request, wherever it was put`, async () => {
      const words = isOperators(action) ? PLANTED.slice(0, 3) : PLANTED
      const lines = await linesOf((logger) => {
        for (const word of words) logger.log(hostile(action, word))
      }, 'debug')
      expect(lines).to.have.length(words.length)
      expect(JSON.stringify(lines)).to.not.match(LEAK)
    })
  }

  it('in an exchange: a service, consumer or purpose the registry does not know', async () => {
    const planted = fc.constantFrom(...PLANTED)
    const events = fc.sample(
      fc.record({
        consumer: planted,
        service: planted,
        operation: planted,
        purpose: planted,
        agreement: planted,
      }),
      100,
    )
    const lines = await linesOf((logger) => {
      for (const change of events) logger.exchange(exchangeEvent({ ...change, method: change.purpose }))
    })
    expect(JSON.stringify(lines)).to.not.match(LEAK)
    expect(lines[0]).to.include({ 'lienthong.service': '_unknown', 'http.request.method': '_OTHER' })
  })

  it('words of a registry that serves no longer', async () => {
    const { destination, logger } = createWorld()
    logger.exchange(exchangeEvent())
    logger.useKnown(knownIn({ ...meteredRegistry(), subsystems: new Map() }))
    logger.exchange(exchangeEvent())
    await logger.flush()
    expect(
      destination.lines.map((line) => [line['lienthong.consumer'], line['lienthong.service']]),
    ).to.deep.equal([
      [CONSUMER, SERVICE],
      ['_unknown', SERVICE],
    ])
  })

  it('an error’s message, while its type, code and places are told', async () => {
    const cause = Object.assign(new Error('connect to 099300012345'), { code: 'ECONNREFUSED' })
    const error = new RangeError('bad value 099300012345', { cause })
    const [line] = await linesOf((logger) => logger.log({ action: 'internal_error', error }))
    expect(line).to.include({ 'error.type': 'RangeError' })
    expect(line?.['error.stack_trace']).to.match(/logger\.test\.ts:\d+:\d+/)
    expect(line?.['lienthong.causes']).to.have.nested.property('[0].code', 'ECONNREFUSED')
    expect(JSON.stringify(line)).to.not.match(/bad value|connect to/)
  })

  it('numbers that are none, and shapes that do not fit', async () => {
    const odd = {
      exchangeId: '099300012345',
      traceId: '0',
      totalMs: Number.NaN,
      requestBytes: Number.POSITIVE_INFINITY,
    }
    const [line] = await linesOf((logger) => logger.exchange(exchangeEvent(odd)))
    expect(line).to.not.have.any.keys(
      'lienthong.exchange_id',
      'trace.id',
      'event.duration',
      'http.request.body.bytes',
    )
  })
})
