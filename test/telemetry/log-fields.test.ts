import { expect } from 'chai'
import { knownNothing } from '../../src/telemetry/known.ts'
import { type EventEntry, LOG_EVENTS } from '../../src/telemetry/log-events.ts'
import { createLineWriter } from '../../src/telemetry/log-line.ts'

/** Fields of the Elastic Common Schema 8.11 that lines use, with the type it gives them. */
const ECS: Readonly<Record<string, string>> = {
  'error.code': 'keyword',
  'error.type': 'keyword',
  'error.stack_trace': 'wildcard',
  'event.action': 'keyword',
  'event.duration': 'long',
  'event.outcome': 'keyword',
  'http.request.body.bytes': 'long',
  'http.request.method': 'keyword',
  'http.response.body.bytes': 'long',
  'http.response.status_code': 'long',
  'process.exit_code': 'long',
  'process.pid': 'long',
  'service.version': 'keyword',
  'trace.id': 'keyword',
}
const FIRST = [
  '@timestamp',
  'log.level',
  'message',
  'ecs.version',
  'service.name',
  'process.pid',
  'event.action',
]

describe('the fields of log lines', () => {
  const events = Object.entries<EventEntry>(LOG_EVENTS)

  it('are those of ECS under its names, and the gateway’s own under its own', () => {
    for (const [action, { fields }] of events) {
      const names = Object.values(fields).map(([name]) => name)
      expect(new Set(names).size, action).to.equal(names.length)
      for (const name of names) {
        // `error` is written as `error.type`, `error.code` and `error.stack_trace`.
        const isEcs = name === 'error' || Object.hasOwn(ECS, name)
        expect(isEcs || /^lienthong\.[a-z][a-z0-9_.]*$/.test(name), `${action}: ${name}`).to.equal(true)
        const [, kind] = Object.values(fields).find(([each]) => each === name) ?? []
        if (ECS[name] === 'long') expect(kind, `${action}: ${name}`).to.equal('number')
      }
    }
  })

  it('begin each line of every event in the order that ECS loggers use', () => {
    const { write } = createLineWriter(7)
    for (const [action] of events) {
      const line: unknown = JSON.parse(write({ action } as never, 1_800_000_000_000, knownNothing()))
      expect(Object.keys(Object(line)), action).to.deep.equal(FIRST)
      expect(line).to.include({
        '@timestamp': '2027-01-15T08:00:00.000Z',
        'ecs.version': '8.11.0',
        'service.name': 'lienthong',
        'event.action': action,
      })
    }
    expect(events.length).to.be.above(20)
  })
})
