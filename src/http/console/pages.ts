import { parseCheckpoint } from '../../ledger/checkpoint.ts'
import { parseReceipt } from '../../ledger/receipt.ts'
import type { Agreement } from '../../model/agreement.ts'
import { GatewayError } from '../../model/errors.ts'
import type { ServiceId } from '../../model/identifier.ts'
import type { ReadingRight } from '../../registry/readers.ts'
import type { Registry } from '../../registry/snapshot.ts'
import type { AuditDesk, ShownEntry } from '../../reporting/audit-desk.ts'
import { dayOf } from '../../reporting/period.ts'
import { provinceOf } from '../../reporting/provinces.ts'
import {
  type Answered,
  AUDIT_SERVICE,
  type ReadingAction,
  type ReadingWork,
} from '../../reporting/reading.ts'
import { type ProofSource, proveInclusion } from '../inclusion.ts'
import { conditionsOf, isKind, periodOf, readFilters, recogniseKind, UUID, withheldFields } from './asked.ts'
import { exchangePage } from './exchange-page.ts'
import { html } from './html.ts'
import { proofPage } from './proof-page.ts'
import {
  accessPage,
  connectionTable,
  listPage,
  partyPage,
  qualityPage,
  type StatusFacts,
  statusPage,
} from './reader-pages.ts'
import { type Choices, type Filters, type Sought, searchPage } from './search-page.ts'
import { MAP_FORMS, statisticsPage } from './statistics-page.ts'
import type { Page, View } from './view.ts'
import type { Works } from './works.ts'

export interface PageParts {
  readonly desk: AuditDesk
  readonly works: Works
  readonly registry: () => Registry
  readonly now: () => number
  readonly proofs: ProofSource & { readEntries(start: number, end: number): Promise<readonly Buffer[]> }
  readonly verifierKey: string
  readonly status: () => Promise<Pick<StatusFacts, 'checks' | 'circuits'>>
  readonly treeSize: () => Promise<number>
  readonly latestCheckpoint: () => Promise<string | undefined>
}

interface Download {
  readonly text: string
  readonly type: string
  readonly name: string
}

/** Reads the log for the person signed in; it is recorded before it resolves. */
export type ReadLog = <Result extends Answered>(
  action: ReadingAction,
  work: ReadingWork<Result>,
) => Promise<{ readonly result: Result; readonly right: ReadingRight }>

/** A page made of what it reads. */
export type PageMaker = (read: ReadLog, view: View) => Promise<Page | Download>

const PAGE_SIZE = 25

/** What the console's addresses mean: each is a reading of the log and a page made of its answer. */
export function createPages(parts: PageParts) {
  const { desk, works, registry, now } = parts

  function choices(): Choices {
    const { subsystems, services } = registry()
    return { subsystems: [...subsystems.keys()].toSorted(), services: [...services.keys()].toSorted() }
  }

  const search =
    (filters: Filters, sought?: Sought): PageMaker =>
    async (read, view) => {
      const asked = sought === undefined ? {} : { [sought.kind]: sought.identifier }
      const conditions = { ...conditionsOf(filters), ...asked, limit: PAGE_SIZE, total: true }
      const { json } = (await read('search', desk.search(conditions))).result
      const result = { entries: json.records, total: json.total, next: json.next }
      return searchPage(view, { filters, sought, choices: choices(), result })
    }

  const life =
    (id: string): PageMaker =>
    async (read, view) => {
      const { json } = (await read('exchange', desk.exchange(id))).result
      const { record } = json.entry
      const service = registry().services.get(record.service as ServiceId)
      const operation = service?.contract.operations.get(record.operation ?? '')
      return exchangePage(view, {
        ...json,
        agreement: (json.agreement ?? undefined) as Partial<Agreement> | undefined,
        withheld: withheldFields(registry(), json.entry),
        operationTitle: operation && view.pick(operation.title),
      })
    }

  function disclosuresOf(
    { private: part }: ShownEntry,
    { rights }: ReadingRight,
  ): readonly string[] | undefined {
    if (!rights.privatePart) return undefined
    return part !== undefined && 'disclosures' in part ? part.disclosures : []
  }

  async function leafOf(entry: ShownEntry, { rights }: ReadingRight): Promise<string | undefined> {
    if (!rights.privatePart) return undefined
    const [leaf] = await parts.proofs.readEntries(entry.leafIndex, entry.leafIndex + 1)
    return leaf?.toString('utf8')
  }

  const proof =
    (id: string): PageMaker =>
    async (read, view) => {
      const { result, right } = await read('exchange', desk.exchange(id))
      const { entry } = result.json
      const text = await proveInclusion(parts.proofs, id).catch((error: unknown) => {
        if (error instanceof GatewayError && error.code === 'checkpoint_pending') return undefined
        throw error
      })
      return proofPage(view, {
        exchange: id,
        leaf: await leafOf(entry, right),
        leafHash: entry.leafHash,
        leafIndex: entry.leafIndex,
        disclosures: disclosuresOf(entry, right),
        proof: text,
        verifierKey: parts.verifierKey,
      })
    }

  const download =
    (id: string, file: 'proof.txt' | 'record.json'): PageMaker =>
    async (read) => {
      const { result, right } = await read('exchange', desk.exchange(id))
      if (file === 'proof.txt') {
        return { text: await proveInclusion(parts.proofs, id), type: 'text/plain; charset=utf-8', name: file }
      }
      const leaf = await leafOf(result.json.entry, right)
      if (leaf === undefined) throw new GatewayError('reading_denied')
      return { text: leaf, type: 'application/json', name: file }
    }

  const statistics = (query: URLSearchParams): PageMaker => {
    const map = MAP_FORMS.find((form) => form === query.get('map')) ?? 'volume'
    const work = works.statistics(periodOf(query, now()))
    return async (read, view) => {
      const { data } = (await read('count', work)).result
      return statisticsPage(view, { ...data, map, nowMs: now() })
    }
  }

  function partiesOf(code: string): readonly string[] {
    const province = provinceOf(code)
    const codes = new Set(province?.agencies ?? [code])
    const known = [...registry().subsystems.keys()].filter((id) => codes.has(id.split('/')[0] ?? ''))
    // Systems that have left the registry have exchanges all the same.
    const usual = province === undefined ? [] : province.agencies.map((agency) => `${agency}/mot-cua`)
    return [...new Set([...known, ...usual])]
  }

  function agency(code: string, query: URLSearchParams): PageMaker {
    const period = periodOf(query, now())
    const parties = partiesOf(code)
    if (parties.length === 0) throw new GatewayError('path_unknown')
    const own = new Set(parties)
    const gives = (service: string) => own.has(service.split('/').slice(0, 2).join('/'))
    const work = works.party(
      period,
      { report: 'agency', agency: code },
      (each) => own.has(each.consumer) || gives(each.service),
      { parties },
    )
    return async (read, view) => {
      const { figures, connections } = (await read('count', work)).result.data
      return partyPage(view, {
        title: view.pick(view.names.agency(code)),
        code,
        section: 'agencies',
        figures,
        today: dayOf(now()),
        facts: [],
        connections: [
          [view.say('Khai thác', 'Takes'), connections.filter(({ consumer }) => own.has(consumer))],
          [view.say('Cung cấp', 'Gives'), connections.filter(({ service }) => gives(service))],
        ],
      })
    }
  }

  function service(id: string, query: URLSearchParams): PageMaker {
    const period = periodOf(query, now())
    const known = registry().services.get(id as ServiceId)
    if (known === undefined) throw new GatewayError('path_unknown')
    const work = works.party(period, { report: 'service', service: id }, (each) => each.service === id, {
      service: id,
    })
    return async (read, view) => {
      const { figures, connections } = (await read('count', work)).result.data
      return partyPage(view, {
        title: view.pick(known.document.name),
        code: id,
        section: 'services',
        figures,
        today: dayOf(now()),
        facts: [
          [view.say('Bên cung cấp', 'Provider'), view.pick(known.provider.name)],
          [
            view.say('Hợp đồng dữ liệu', 'Contract'),
            `${view.pick(known.contract.title)} ${known.contract.version} · SHA-256 ${known.contract.digest.slice(0, 16)}…`,
          ],
          [
            view.say('Thao tác', 'Operations'),
            [...known.contract.operations.values()]
              .map(({ title, method, pathTemplate }) => `${view.pick(title)} (${method} ${pathTemplate})`)
              .join(' · '),
          ],
          [
            view.say('Trạng thái', 'State'),
            known.document.state === 'active'
              ? view.say('đang hoạt động', 'active')
              : view.say('tạm dừng', 'suspended'),
          ],
        ],
        connections: [[view.say('Ai được dùng', 'Who may use it'), connections]],
      })
    }
  }

  function directory(section: 'agencies' | 'services'): PageMaker {
    const work = works.connections(section)
    return async (read, view) => {
      const { data } = (await read('count', work)).result
      const { services, agencies, subsystems } = registry()
      const delivered = (fits: (each: (typeof data)[number]) => boolean) => {
        const uses = new Map(
          data
            .filter(fits)
            .map(({ consumer, service: id, use }) => [`${consumer} ${id}`, use?.delivered ?? 0]),
        )
        return [...uses.values()].reduce((sum, count) => sum + count, 0)
      }
      const known = new Set([...subsystems.keys()].map((id) => id.split('/')[0] ?? ''))
      const listed =
        section === 'services'
          ? [...services.values()].map(({ document, provider }) => ({
              address: `/console/services/${document.id}`,
              name: view.pick(document.name),
              note: `${view.pick(provider.name)} · ${document.id}`,
              count: delivered((each) => each.service === document.id),
            }))
          : [...agencies.values()]
              .filter(({ code }) => known.has(code))
              .map(({ code, name }) => ({
                address: `/console/agencies/${code}`,
                name: view.pick(name),
                note: code,
                count: delivered(
                  (each) => each.consumer.startsWith(`${code}/`) || each.service.startsWith(`${code}/`),
                ),
              }))
      const sorted = listed.toSorted((a, b) => new Intl.Collator('vi').compare(a.name, b.name))
      const unused = data.filter((each) => each.unused)
      const heading = view.say('Kết nối không dùng từ 90 ngày', 'Connections unused for 90 days')
      const ending = data.filter((each) => each.ending)
      const endingHeading = view.say('Thỏa thuận hết hạn trong 30 ngày', 'Agreements ending within 30 days')
      const all = view.say(
        'Ma trận kết nối: mọi thỏa thuận và lần dùng gần nhất',
        'Connection matrix: all agreements and their last use',
      )
      return listPage(
        view,
        section,
        sorted,
        html`<section class="card"><h2>${heading} (${unused.length})</h2>${connectionTable(view, heading, unused)}</section><section class="card"><h2>${endingHeading} (${ending.length})</h2>${connectionTable(view, endingHeading, ending)}</section><section class="card"><details><summary>${all} (${data.length})</summary>${connectionTable(view, all, data)}</details></section>`,
      )
    }
  }

  function quality(query: URLSearchParams): PageMaker {
    const work = works.quality(periodOf(query, now()))
    return async (read, view) => qualityPage(view, (await read('count', work)).result.data, dayOf(now()))
  }

  const access = (): PageMaker => async (read, view) => {
    const { json } = (await read('search', desk.search({ service: AUDIT_SERVICE, limit: 50 }))).result
    return accessPage(view, json.records)
  }

  function status(): PageMaker {
    const work = works.status()
    return async (read, view) => {
      await read('count', work)
      const note = await parts.latestCheckpoint()
      const head = note === undefined ? undefined : parseCheckpoint(note)
      const { version, digest, services, agreements } = registry()
      return statusPage(view, {
        ...(await parts.status()),
        treeSize: await parts.treeSize(),
        checkpoint: head && {
          size: head.size,
          cosigners: head.note.signatures.map(({ name }) => name).filter((name) => name !== head.origin),
        },
        registry: { version, digest, services: services.size, agreements: agreements.size },
      })
    }
  }

  return {
    /** @returns the page at a path, or where to go instead. */
    open(path: string, query: URLSearchParams): PageMaker | string {
      const [, , section = '', ...rest] = path.split('/')
      const [first = '', second] = rest
      const id = first.toLowerCase()
      if (section === '') return '/console/search'
      if (section === 'search' && rest.length === 0) return search(readFilters(query))
      if (section === 'exchanges' && UUID.test(first)) {
        if (rest.length === 1) return life(id)
        if (rest.length === 2 && second === 'proof') return proof(id)
        if (rest.length === 2 && (second === 'proof.txt' || second === 'record.json'))
          return download(id, second)
      }
      if (section === 'statistics' && rest.length === 0) return statistics(query)
      if (section === 'quality' && rest.length === 0) return quality(query)
      if (section === 'agencies') return rest.length === 0 ? directory('agencies') : agency(first, query)
      if (section === 'services')
        return rest.length === 0 ? directory('services') : service(rest.join('/'), query)
      if (section === 'status' && rest.length === 0) return status()
      if (section === 'access' && rest.length === 0) return access()
      throw new GatewayError('path_unknown')
    },

    /** Looks up whatever was typed into the one box. */
    async find(form: URLSearchParams): Promise<PageMaker | string> {
      const identifier = (form.get('identifier') ?? '').trim()
      if (identifier === '') return '/console/search'
      const uuid = identifier.replace(/^urn:uuid:/i, '')
      if (UUID.test(uuid)) return `/console/exchanges/${uuid.toLowerCase()}`
      const receipt = parseReceipt(identifier)
      if (receipt !== undefined) {
        const [leaf] = await parts.proofs.readEntries(receipt.index, receipt.index + 1)
        const held: unknown = leaf === undefined ? undefined : Object(JSON.parse(leaf.toString()))['exchange']
        if (typeof held !== 'string') throw new GatewayError('record_unknown')
        return `/console/exchanges/${held}`
      }
      const asked = form.get('kind')
      const kind = isKind(asked) && asked !== 'auto' ? asked : recogniseKind(identifier)
      return search(readFilters(form), { kind, identifier })
    },

    exportWork(form: URLSearchParams) {
      const { cursor, ...filters } = readFilters(form)
      const kind = form.get('kind')
      const identifier = form.get('identifier')
      const asked = isKind(kind) && kind !== 'auto' && identifier ? { [kind]: identifier } : {}
      return desk.export({ ...conditionsOf(filters), ...asked, format: form.get('format') ?? 'csv' })
    },
  }
}
