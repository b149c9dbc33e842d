import { parseCheckpoint } from '../../ledger/checkpoint.ts'
import { AUDIT_SERVICE } from '../../ledger/own-service.ts'
import { parseReceipt } from '../../ledger/receipt.ts'
import type { Agreement } from '../../model/agreement.ts'
import { GatewayError } from '../../model/errors.ts'
import type { ServiceId, SubsystemId } from '../../model/identifier.ts'
import { type ReadingRight, readingRightOf } from '../../registry/readers.ts'
import type { Registry } from '../../registry/snapshot.ts'
import type { ApplicationDesk } from '../../reporting/application-desk.ts'
import type { AuditDesk, ShownEntry } from '../../reporting/audit-desk.ts'
import { usualPeriod } from '../../reporting/figures.ts'
import { FORM_IDS, FORMS } from '../../reporting/form.ts'
import { dayOf } from '../../reporting/period.ts'
import { type AskedReport, type ReportDesk, readAskedReport } from '../../reporting/report-desk.ts'
import { type ProofSource, proveInclusion } from '../inclusion.ts'
import { archiveReport, REPORT_FORMATS } from '../report-files.ts'
import { accessPage } from './access-page.ts'
import { applicationPage, applicationsPage } from './applications-page.ts'
import {
  conditionsOf,
  isKind,
  leafIn,
  periodOf,
  readFilters,
  recogniseKind,
  traceIn,
  UUID,
  withheldFields,
} from './asked.ts'
import { type DecisionFile, downloadDecision, isDecisionFile } from './decision-cards.ts'
import { exchangePage } from './exchange-page.ts'
import type { PageMaker } from './maker.ts'
import { ownPage } from './own-page.ts'
import { createPartyPages } from './party-pages.ts'
import { proofPage } from './proof-page.ts'
import { qualityPage } from './quality-page.ts'
import { type CheckpointFacts, type StatusFacts, statusPage } from './reader-pages.ts'
import { reportPage } from './report-page.ts'
import { type Choices, type Filters, type Sought, searchPage } from './search-page.ts'
import { MAP_FORMS, statisticsPage } from './statistics-page.ts'
import type { Works } from './works.ts'

export interface PageParts {
  readonly desk: AuditDesk
  readonly applications: ApplicationDesk
  readonly works: Works
  readonly registry: () => Registry
  readonly now: () => number
  readonly proofs: ProofSource & { readEntries(start: number, end: number): Promise<readonly Buffer[]> }
  readonly verifierKey: string
  readonly status: () => Promise<Pick<StatusFacts, 'checks' | 'circuits'>>
  readonly treeSize: () => Promise<number>
  readonly latestCheckpoint: () => Promise<string | undefined>
  readonly reports: ReportDesk
  readonly publicUrl: () => string
  /** @returns the manifest as a compact JWS. */
  readonly sign: (manifest: string) => Promise<string>
}

const PAGE_SIZE = 25

/** What a form may do with an application, and what it says of it. */
export const DECIDING = ['ask', 'approve', 'refuse', 'propose', 'sign'] as const

const SAID: Readonly<Record<(typeof DECIDING)[number], readonly string[]>> = {
  ask: ['reason'],
  approve: ['agreement', 'reason'],
  refuse: ['legalBasis', 'reason'],
  propose: ['decision', 'approver', 'agreement', 'legalBasis', 'reason'],
  sign: ['signature'],
}

/** What a file of a report is called. */
function nameOf({ form, period, by }: AskedReport): string {
  return [form, period.id, ...(by === undefined ? [] : [by])].join('-')
}

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
      const recorded = await parts.treeSize()
      const result = { entries: json.records, total: json.total, next: json.next, recorded }
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
        basisName(basis) {
          const { bases = [] } = registry().agreements.get(record.agreement?.id ?? '') ?? {}
          return bases.find(({ document }) => document.id === basis)?.document.text ?? basis
        },
        checkpoint: await latestHead(),
      })
    }

  /** The log as it was last signed, and who else signed it. */
  async function latestHead(): Promise<CheckpointFacts | undefined> {
    const note = await parts.latestCheckpoint()
    const head = note === undefined ? undefined : parseCheckpoint(note)
    if (head === undefined) return undefined
    const { size, origin, note: signed } = head
    return { size, cosigners: signed.signatures.map(({ name }) => name).filter((name) => name !== origin) }
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

  /** @throws GatewayError `record_unknown` where the log is not that long. */
  async function exchangeAt(index: number): Promise<string> {
    const [leaf] = index < (await parts.treeSize()) ? await parts.proofs.readEntries(index, index + 1) : []
    const held: unknown = leaf === undefined ? undefined : Object(JSON.parse(leaf.toString()))['exchange']
    if (typeof held !== 'string') throw new GatewayError('record_unknown')
    return held
  }

  const download =
    (id: string, file: 'proof.txt' | 'record.json' | 'log.vkey'): PageMaker =>
    async (read) => {
      const { result, right } = await read('exchange', desk.exchange(id))
      if (file === 'proof.txt') {
        return {
          content: await proveInclusion(parts.proofs, id),
          type: 'text/plain; charset=utf-8',
          name: file,
        }
      }
      if (file === 'log.vkey')
        return { content: `${parts.verifierKey}\n`, type: 'text/plain; charset=utf-8', name: file }
      const leaf = await leafOf(result.json.entry, right)
      if (leaf === undefined) throw new GatewayError('reading_denied')
      return { content: leaf, type: 'application/json', name: file }
    }

  const statistics = (query: URLSearchParams): PageMaker => {
    const map = MAP_FORMS.find((form) => form === query.get('map')) ?? 'volume'
    const work = works.statistics(periodOf(query, now()))
    return async (read, view) => {
      const { data } = (await read('count', work)).result
      return statisticsPage(view, { ...data, map, nowMs: now() })
    }
  }

  function quality(query: URLSearchParams): PageMaker {
    const work = works.quality(periodOf(query, now()))
    return async (read, view) => {
      const { data } = (await read('count', work)).result
      return qualityPage(view, data, dayOf(now()))
    }
  }

  const access = (): PageMaker => async (read, view) => {
    const { json } = (await read('search', desk.search({ service: AUDIT_SERVICE, limit: 50 }))).result
    return accessPage(view, json.records)
  }

  const agenciesOf = () => new Set([...registry().subsystems.keys()].map((id) => id.split('/')[0] ?? ''))

  /** A division that the form now chosen does not have was the last one's. */
  function askedReport(given: URLSearchParams) {
    const query = new URLSearchParams(given)
    const form = FORM_IDS.find((id) => id === query.get('form')) ?? 'exchanges'
    const divisions: readonly string[] = FORMS[form].divisions
    if (!divisions.includes(query.get('by') ?? '')) query.delete('by')
    return readAskedReport(query, usualPeriod(now()))
  }

  function reports(query: URLSearchParams): PageMaker {
    const asked = askedReport(query)
    const work = parts.reports.report(() => asked)
    return async (read, view) => {
      const { result, right } = await read('figures', work)
      const [agency = ''] = right.reader.document.subsystem.split('/')
      return reportPage(view, {
        asked,
        report: result.form,
        agencies: [...agenciesOf()],
        services: [...registry().services.keys()],
        agency: view.pick(view.names.agency(agency)),
        today: dayOf(now()),
      })
    }
  }

  function reportDownload(query: URLSearchParams): PageMaker {
    const asked = askedReport(query)
    const format = REPORT_FORMATS.find((each) => each === query.get('format')) ?? 'xlsx'
    const work = parts.reports.report(() => asked)
    return async (read) => {
      const { result, right, receipt, exchangeId, receivedAtMs } = await read('export', work)
      const content = await archiveReport(result.form, format, {
        name: nameOf(asked),
        madeAtMs: receivedAtMs,
        query: work.ask().query,
        treeSize: await parts.treeSize(),
        checkpoint: await parts.latestCheckpoint(),
        reading: {
          exchange: exchangeId,
          leafHash: receipt?.leafHash,
          leafIndex: receipt?.leafIndex,
          reader: right.reader.document.subsystem,
          right: right.reader.document.id,
        },
        sign: parts.sign,
      })
      return {
        content,
        type: 'application/zip',
        name: `bao-cao-${nameOf(asked)}-${format}.zip`,
      }
    }
  }

  /** @returns the system asked for, the reader's first where none is; an auditor's is the first of all. */
  function own(query: URLSearchParams, reader: string | undefined): PageMaker {
    const { subsystems, agreements } = registry()
    const right = reader === undefined ? undefined : readingRightOf(registry(), reader as SubsystemId, now())
    const asking = new Set([...agreements.values()].map(({ document }) => document.consumer))
    const systems = (right?.parties ?? [...subsystems.keys()]).filter(
      (id) => right?.parties !== undefined || asking.has(id),
    )
    const system = query.get('system') ?? systems.find((id) => asking.has(id)) ?? systems[0]
    if (system === undefined || !subsystems.has(system as SubsystemId)) throw new GatewayError('path_unknown')
    const work = works.own(system)
    return async (read, view) => {
      const { data } = (await read('search', work)).result
      return ownPage(view, { system, systems: systems.toSorted(), data, publicUrl: parts.publicUrl() })
    }
  }

  function status(): PageMaker {
    const work = works.status()
    return async (read, view) => {
      await read('count', work)
      const { version, digest, services, agreements } = registry()
      return statusPage(view, {
        ...(await parts.status()),
        treeSize: await parts.treeSize(),
        checkpoint: await latestHead(),
        registry: { version, digest, services: services.size, agreements: agreements.size },
      })
    }
  }

  const parties = createPartyPages(parts)

  const applications =
    (query: URLSearchParams): PageMaker =>
    async (read, view) => {
      const { result } = await read('applications', parts.applications.list(query))
      return applicationsPage(view, result.json.applications, registry())
    }

  const application =
    (number: string): PageMaker =>
    async (read, view) => {
      const { result, right } = await read('application', parts.applications.show(number))
      const mayDecide = right.rights.appraise
      const { signing } = parts.applications
      return applicationPage(view, result.json, { registry: registry(), mayDecide, signing, nowMs: now() })
    }

  const decisionFile =
    (number: string, file: DecisionFile): PageMaker =>
    async (read) => {
      const { json } = (await read('application', parts.applications.show(number))).result
      return downloadDecision(json, file)
    }

  return {
    /** @returns the page at a path, or where to go instead. */
    open(path: string, query: URLSearchParams, reader?: string): PageMaker | string {
      const [, , section = '', ...rest] = path.split('/')
      const [first = '', second] = rest
      const id = first.toLowerCase()
      if (section === '') return '/console/search'
      if (section === 'search' && rest.length === 0) return search(readFilters(query))
      if (section === 'exchanges' && UUID.test(first)) {
        if (rest.length === 1) return life(id)
        if (rest.length === 2 && second === 'proof') return proof(id)
        if (
          rest.length === 2 &&
          (second === 'proof.txt' || second === 'record.json' || second === 'log.vkey')
        )
          return download(id, second)
      }
      if (section === 'statistics' && rest.length === 0) return statistics(query)
      if (section === 'quality' && rest.length === 0) return quality(query)
      if (section === 'agencies')
        return rest.length === 0 ? parties.directory('agencies') : parties.agency(first, query)
      if (section === 'services')
        return rest.length === 0 ? parties.directory('services') : parties.service(rest.join('/'), query)
      if (section === 'reports') {
        if (rest.length === 0) return reports(query)
        if (first === 'download' && rest.length === 1) return reportDownload(query)
      }
      if (section === 'applications' && rest.length <= 1)
        return rest.length === 0 ? applications(query) : application(first)
      if (section === 'applications' && rest.length === 2 && isDecisionFile(second))
        return decisionFile(first, second)
      if (section === 'connections' && rest.length === 0) return parties.connections()
      if (section === 'own' && rest.length === 0) return own(query, reader)
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
      const asked = form.get('kind')
      const isOpen = asked === null || asked === 'auto'
      const trace = traceIn(identifier)
      if (isOpen && trace !== undefined) return `/console/search?trace=${trace}&readings=1`
      const index = parseReceipt(identifier)?.index ?? (isOpen ? leafIn(identifier) : undefined)
      if (index !== undefined) return `/console/exchanges/${await exchangeAt(index)}`
      const kind = isKind(asked) && asked !== 'auto' ? asked : recogniseKind(identifier)
      return search(readFilters(form), { kind, identifier })
    },

    /** What a form decides on an application; empty fields say nothing. */
    decision(number: string, act: (typeof DECIDING)[number], form: URLSearchParams) {
      const said = SAID[act].map((name) => [name, (form.get(name) ?? '').trim()])
      return parts.applications.act(number, act, Object.fromEntries(said.filter(([, text]) => text !== '')))
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
