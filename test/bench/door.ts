import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { parseStrictJson, REQUEST_LIMITS } from '../../src/contract/strict-json.ts'
import { assertUnambiguous } from '../../src/http/gate.ts'

/**
 * What the door costs one request of 1 KB: the gate on its header fields and strict JSON on its body, in
 * microseconds of this process's own time. Run it with `node test/bench/door.ts`.
 */

const ROUNDS = 7
const TURNS = 40_000

const HOSTS = new Set(['gateway.example'])
const FIELDS: readonly (readonly [string, string])[] = [
  ['Host', 'gateway.example'],
  ['Authorization', `DPoP ${'a'.repeat(700)}`],
  ['DPoP', 'b'.repeat(500)],
  ['Content-Type', 'application/json'],
  ['Content-Length', '1024'],
  ['Exchange-Purpose', 'giai-quyet-thu-tuc-hanh-chinh'],
  ['Exchange-Dossier', 'H29.12-261122-0007'],
  ['Exchange-Officer', 'cb-017'],
  ['Accept', 'application/json'],
  ['traceparent', `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`],
]

function makeRequest(): IncomingMessage {
  const request = new IncomingMessage(new Socket())
  request.httpVersion = '1.1'
  request.method = 'POST'
  request.url = '/exchange/G01/dan-cu/cong-dan/v1/tra-cuu'
  request.rawHeaders = FIELDS.flat()
  for (const [name, value] of FIELDS) request.headers[name.toLowerCase()] = value
  return request
}

/** A form as one is submitted: a few long texts, a dozen short ones. */
function makeForm(): Buffer {
  const form = {
    personalId: '099188010001',
    fullName: 'Huỳnh Bảo Đoan',
    birthDate: '1988-01-21',
    address: { province: '29', ward: '10171', street: 'Đường số 4, khu phố 2' },
    items: ['CT01', 'CT02'].map((code, index) => ({ code, copies: index + 1, isOriginal: true })),
    note: '',
  }
  const missing = 1024 - Buffer.byteLength(JSON.stringify(form))
  return Buffer.from(JSON.stringify({ ...form, note: 'x'.repeat(missing) }))
}

/** Twelve small objects, nothing but structure. */
function makeList(): Buffer {
  const items = Array.from({ length: 13 }, (_, id) => ({
    id,
    parcel: `26743_8_${id}`,
    area: 12.5,
    isFree: true,
  }))
  return Buffer.from(JSON.stringify({ personalId: '099188010001', items }).padEnd(1024))
}

function microseconds(run: () => unknown): number {
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = process.cpuUsage()
    for (let turn = 0; turn < TURNS; turn += 1) run()
    const { user, system } = process.cpuUsage(before)
    times.push((user + system) / TURNS)
  }
  return times.toSorted((a, b) => a - b)[ROUNDS >> 1] ?? 0
}

const request = makeRequest()
const gate = () => assertUnambiguous(request, HOSTS)
const rows: (readonly [string, number])[] = [['gate', microseconds(gate)]]
for (const [name, body] of [
  ['form', makeForm()],
  ['list', makeList()],
] as const) {
  rows.push([`JSON.parse, ${name} of ${body.length} bytes`, microseconds(() => JSON.parse(body.toString()))])
  rows.push([`strict JSON, ${name}`, microseconds(() => parseStrictJson(body, REQUEST_LIMITS))])
  const both = () => {
    gate()
    return parseStrictJson(body, REQUEST_LIMITS)
  }
  rows.push([`gate and strict JSON, ${name}`, microseconds(both)])
}
for (const [name, time] of rows)
  process.stdout.write(`${name.padEnd(36)} ${time.toFixed(1).padStart(6)} µs\n`)
