import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Bilingual } from '../model/identifier.ts'
import { samplePerson } from '../sandbox/samples.ts'
import { createBulkClient } from './bulk-client.ts'
import { isMembers, type Members } from './consumer-reply.ts'
import { DEMO_CONSUMER } from './demo-registry.ts'
import type { DemoCase } from './demo-story.ts'
import type { DemoWorld } from './demo-world.ts'
import { createPublisher, createSubscriptionClient } from './event-client.ts'
import { asFault, EXIT, interrupted } from './fault.ts'

/** How one of the gateway's other ways to move data did. */
export interface ModeReport {
  /** Stable, for `--json`. */
  readonly id: string
  readonly title: Bilingual
  /** What happened, in a line. */
  readonly told: Bilingual
  readonly ok: boolean
  readonly ms: number
  readonly isFirst: boolean
}

interface ModeParts {
  readonly world: DemoWorld
  readonly demoCase: DemoCase
  readonly newId: () => string
  /** Unix milliseconds. */
  readonly now: () => number
  readonly signal: AbortSignal
}

/** What a mode came to: whether it is what it has to be, and in words. */
interface Told {
  readonly ok: boolean
  readonly told: Bilingual
}

interface Mode {
  readonly id: string
  readonly title: Bilingual
  readonly run: (parts: ModeParts) => Promise<Told>
}

const CITIZENS = 'G01/dan-cu/cong-dan/v1'
const TRANSFER = 'G06/lien-thong/chuyen-nhuong-dat/v1'
const DEATH = 'G06/lien-thong/khai-tu/v1'
const LOOK_MS = 100
const LONGEST_MS = 20_000

/** Looks until it is so. @throws where it never is: the tour must not hang. */
async function until<T>({ signal }: ModeParts, look: () => Promise<T | undefined>): Promise<T> {
  for (let waited = 0; waited < LONGEST_MS; waited += LOOK_MS) {
    const found = await look()
    if (found !== undefined) return found
    await pause(LOOK_MS, undefined, { signal }).catch(() => {
      throw interrupted()
    })
  }
  throw new Error(`nothing after ${LONGEST_MS / 1000} s`)
}

function membersOf(value: unknown): Members {
  return isMembers(value) ? value : {}
}

/** Five records of an agency's file: three right, one without its marks, one with a number too short. */
async function matchFile(parts: ModeParts): Promise<Told> {
  const right = [11, 12, 13].map((index) => samplePerson(index).verify)
  const records = [
    ...right,
    { ...samplePerson(14).verify, fullName: 'Nguyen Van Khac' },
    { ...samplePerson(15).verify, personalId: '12' },
  ]
  const file = join(parts.world.files.folder, 'doi-soat.ndjson')
  const text = records.map((record) => `${JSON.stringify(record)}\n`).join('')
  writeFileSync(file, text, { mode: 0o600 })
  const jobs = createBulkClient(parts.world.as('G09/can-bo', '/jobs'))
  const wish = { service: CITIZENS, operation: 'verifyCitizens', format: 'ndjson' }
  const sizeBytes = Buffer.byteLength(text)
  const { id } = await jobs.create({ ...wish, sizeBytes }, { 'exchange-purpose': 'lam-sach-du-lieu' })
  await jobs.upload(file, id, () => {})
  await until(parts, async () => ((await jobs.show(id)).state === 'done' ? true : undefined))
  const { outcomes, quality } = await jobs.report(id)
  const { matched, differs, invalid } = membersOf(outcomes)
  const index = String(membersOf(quality)['index'])
  return {
    ok: matched === 3 && differs === 1 && invalid === 1,
    told: {
      vi: `tệp ${records.length} bản ghi của CSDL cán bộ: ${matched} khớp, ${differs} sai lệch, ${invalid} sai dạng; chỉ số chất lượng ${index}`,
      en: `a file of ${records.length} officials: ${matched} matched, ${differs} differs, ${invalid} invalid; data-quality index ${index}`,
    },
  }
}

/** The population database tells of a death; the one-stop office, which subscribed, reads the two agreed fields. */
async function tellEvent({ world, newId, now, signal }: ModeParts): Promise<Told> {
  const subscriptions = createSubscriptionClient(world.as(DEMO_CONSUMER, '/subscriptions'))
  const wish = { service: CITIZENS, types: ['citizenDied'], purpose: 'cap-nhat-bien-dong', mode: 'pull' }
  const id = String((await subscriptions.create(wish))['id'])
  const { personalId } = samplePerson(16).verify
  const at = new Date(now()).toISOString()
  const event = {
    specversion: '1.0',
    id: newId(),
    source: '/dan-cu/khai-tu',
    type: 'citizenDied',
    time: at,
    data: { personalId, diedOn: at.slice(0, 10) },
  }
  const publish = createPublisher(world.as('G01/dan-cu', '/events'), CITIZENS, { now, signal })
  const { outcome } = await publish(event)
  const { events } = await subscriptions.read(id, {})
  await subscriptions.remove(id)
  const told = membersOf(events[0]?.['event'])
  const fields = Object.keys(membersOf(told['data'])).length
  return {
    ok: outcome === 'published' && events.length === 1 && told['id'] === event.id && fields === 2,
    told: {
      vi: `dân cư báo một người mất; một cửa, bên đã đăng ký, đọc được ${fields} trường theo thỏa thuận`,
      en: `population tells of a death; the one-stop office, subscribed, reads the ${fields} agreed fields`,
    },
  }
}

/** One question, checked with every agency that knows something of it. */
async function compose({ world, demoCase }: ModeParts): Promise<Told> {
  const { dossier, officer, purpose, applicant, parcelKey } = demoCase
  const { personalId, fullName, birthDate } = samplePerson(17).verify
  const body = {
    buyer: { personalId, fullName, birthDate },
    seller: { personalId: applicant.personalId, fullName: applicant.fullName },
    parcelKey,
  }
  const path = '/kiem-tra'
  const answer = await world.consumer.call({ service: TRANSFER, path, body, purpose, dossier, officer })
  const { complete, parts } = membersOf(answer.body)
  const named = Object.values(membersOf(parts)).filter(isMembers)
  const delivered = named.filter(({ outcome }) => outcome === 'delivered').length
  return {
    ok: answer.status === 200 && complete === true && delivered >= 6,
    told: {
      vi: `chuyển nhượng đất: một câu hỏi, ${delivered} phần do dân cư, hộ tịch, đất đai, thuế trả lời; mỗi phần một bản ghi`,
      en: `a land transfer: one question, ${delivered} parts by population, civil status, land, tax; a record each`,
    },
  }
}

async function declareDeath(parts: ModeParts, person: number, declarant: string): Promise<Members> {
  const { world, newId, now } = parts
  const common = { service: DEATH, purpose: 'lien-thong-thu-tuc' }
  const diedOn = new Date(now()).toISOString().slice(0, 10)
  const body = {
    personalId: samplePerson(person).verify.personalId,
    diedOn,
    declarantPersonalId: declarant,
  }
  const begun = await world.consumer.call({ ...common, path: '/nop', body, idempotencyKey: newId() })
  const { procedureId } = membersOf(begun.body)
  return until(parts, async () => {
    const look = await world.consumer.call({ ...common, path: '/tien-do', body: { procedureId } })
    const told = membersOf(look.body)
    return told['state'] === 'running' || told['state'] === 'undoing' ? undefined : told
  })
}

/** A declaration of a death goes to three agencies; a second one is refused at its last step, so it is all undone. */
async function linkProcedure(parts: ModeParts): Promise<Told> {
  const done = await declareDeath(parts, 18, parts.demoCase.applicant.personalId)
  const undone = await declareDeath(parts, 19, '099190000409')
  const steps = Object.keys(membersOf(done['steps'])).length
  return {
    ok: done['state'] === 'done' && undone['state'] === 'undone' && steps === 4,
    told: {
      vi: `khai tử: ${steps} bước ở hộ tịch, cư trú, bảo hiểm xong cả; tờ khai thứ hai bị từ chối ở bước cuối nên được hủy hết`,
      en: `a death: ${steps} steps at civil status, residence, insurance done; a second one, refused last, is all undone`,
    },
  }
}

const MODES: readonly Mode[] = [
  { id: 'bulk', title: { vi: 'Đối soát hàng loạt', en: 'Bulk matching' }, run: matchFile },
  { id: 'event', title: { vi: 'Sự kiện', en: 'Events' }, run: tellEvent },
  { id: 'composite', title: { vi: 'Dịch vụ tổng hợp', en: 'Composite service' }, run: compose },
  { id: 'linked-procedure', title: { vi: 'Thủ tục liên thông', en: 'Linked procedure' }, run: linkProcedure },
]

/** How many there are. */
export const MODE_COUNT = MODES.length

/** Shows the other ways to move data, each checking itself. @throws CliFault where the operator asks for a stop. */
export async function showModes(
  parts: ModeParts,
  onMode: (report: ModeReport) => void,
): Promise<readonly ModeReport[]> {
  const reports: ModeReport[] = []
  for (const { id, title, run } of MODES) {
    const startedMs = performance.now()
    const { ok, told } = await run(parts).catch((thrown: unknown): Told => {
      const fault = asFault(thrown)
      if (fault.exit === EXIT.interrupted) throw fault
      return { ok: false, told: fault.particulars.detail ?? fault.particulars.title }
    })
    const report = { id, title, told, ok, ms: performance.now() - startedMs, isFirst: reports.length === 0 }
    reports.push(report)
    onMode(report)
  }
  return reports
}
