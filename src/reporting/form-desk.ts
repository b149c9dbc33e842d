import type { QualityWeights } from '../jobs/data-quality.ts'
import { dayOf } from '../model/calendar.ts'
import { indexOn } from '../model/service-index.ts'
import type { Registry } from '../registry/snapshot.ts'
import type { AuditStore } from './audit-query.ts'
import { agreedConnections, connectionsOf, providerOf } from './connections.ts'
import type { FigureDesk, FigureScope, FigureStore, Parties } from './figures.ts'
import { FORMS, type Form, type FormId, suppressed as suppress } from './form.ts'
import { type CleaningDivision, cleaningForm } from './forms/cleaning.ts'
import { connectionForm } from './forms/connections.ts'
import { type DatasetFreshness, freshnessForm } from './forms/freshness.ts'
import { incidentForm } from './forms/incidents.ts'
import { productForm } from './forms/products.ts'
import { groundRefusals, refusalForm } from './forms/refusals.ts'
import { indexForm } from './forms/service-index.ts'
import { judgeTask, taskForm } from './forms/tasks.ts'
import { DIVISIONS, isCovered } from './kpi.ts'
import { createNames } from './names.ts'
import { addDays, type Comparison, closedPart, type Period, samePeriodBefore, startOf } from './period.ts'
import { type Deadlines, type Incident, judgeIncidents, type QualityStore, silenceOf } from './quality.ts'
import { createReport, exchangeForm } from './report.ts'

/** A form as somebody asks for it. */
export interface AskedForm {
  readonly form: FormId
  readonly period: Period
  /** One of the form's divisions; its usual one where absent. */
  readonly by: string | undefined
  readonly compare: Comparison
  /** Of one agency, or of one service; of everything the reader may see where both are absent. */
  readonly agency: string | undefined
  readonly service: string | undefined
}

/** Whose figures a form tells. */
export interface FormScope extends FigureScope {
  /** Whether small counts are left out. */
  readonly suppressed: boolean
}

export type FormRegistry = Pick<
  Registry,
  | 'agencies'
  | 'subsystems'
  | 'services'
  | 'agreements'
  | 'isWorkingDay'
  | 'tasks'
  | 'serviceIndexes'
  | 'legalBases'
>

export interface FormDeskParts {
  readonly figures: FigureDesk
  readonly count: AuditStore['count']
  readonly store: FigureStore
  readonly quality: QualityStore
  readonly registry: () => FormRegistry
  readonly deadlines: Deadlines
  readonly weights: QualityWeights
  /** Unix milliseconds. */
  readonly now: () => number
}

/** Makes every form there is, for whoever shows it. */
export interface FormDesk {
  make(asked: AskedForm, scope: FormScope): Promise<Form>
  /** Incidents open at some time of a period, as a reader of these parties sees them. */
  incidents(period: Period, scope: FigureScope): Promise<readonly Incident[]>
  datasets(scope: FigureScope): Promise<readonly DatasetFreshness[]>
}

const FRESHNESS_DAYS = 7

/** Whether a service is of interest to these parties: they provide it, or an agreement opens it to them. */
function createSight({ agreements }: FormRegistry, { parties, service }: FigureScope) {
  const own = parties && new Set(parties)
  const opened = new Set<string>(
    [...agreements.values()].flatMap(({ document }) =>
      own?.has(document.consumer) ? [document.service] : [],
    ),
  )
  return (id: string) =>
    (service === undefined || service === id) &&
    (own === undefined || own.has(providerOf(id)) || opened.has(id))
}

export function createFormDesk(parts: FormDeskParts): FormDesk {
  const { figures, count, store, quality, deadlines, weights, now } = parts
  const today = () => dayOf(now())

  function promisesOf({ services }: FormRegistry) {
    return [...services.values()].flatMap(({ document, contract }) =>
      [...contract.operations.values()].flatMap(({ id, kind, freshness }) =>
        kind === 'event' && freshness !== undefined ? [{ service: document.id, type: id, ...freshness }] : [],
      ),
    )
  }

  async function datasets(scope: FigureScope): Promise<readonly DatasetFreshness[]> {
    const registry = parts.registry()
    const promises = promisesOf(registry)
    const since = new Date(now() - FRESHNESS_DAYS * 86_400_000)
    const promised = promises.map(({ service, type, deliverWithinSeconds }) => ({
      service,
      type,
      withinMs: deliverWithinSeconds * 1000,
    }))
    const rows = await quality.freshness(since, promised)
    const isSeen = createSight(registry, scope)
    return rows
      .filter(({ service }) => isSeen(service))
      .map((row) => {
        const own = promises.find(({ service, type }) => service === row.service && type === row.type)
        return {
          ...row,
          withinSeconds: own?.deliverWithinSeconds,
          silentAfterSeconds: own?.silentAfterSeconds,
        }
      })
  }

  async function incidents(period: Period, scope: FigureScope): Promise<readonly Incident[]> {
    const registry = parts.registry()
    const isSeen = createSight(registry, scope)
    const isRunning = today() < period.until
    const [rows, newest] = await Promise.all([quality.incidents(period), isRunning ? quality.newest() : []])
    const promises = promisesOf(registry)
    const silences = newest.flatMap((each) => {
      const own = promises.find(({ service, type }) => service === each.service && type === each.type)
      const after = own?.silentAfterSeconds
      return silenceOf(each, after === undefined ? undefined : after * 1000, now()) ?? []
    })
    const { isWorkingDay } = registry
    const seen = [...rows, ...silences].filter(({ service }) => isSeen(service))
    return judgeIncidents(seen, { isWorkingDay, deadlines, today: today() })
  }

  async function tasks(asked: AskedForm, { parties }: FigureScope): Promise<Form> {
    const registry = parts.registry()
    const own: Parties = parties
    const wanted = registry.tasks.filter(
      ({ state, agency, measuredBy }) =>
        state === 'active' &&
        (asked.agency === undefined || asked.agency === agency) &&
        (asked.service === undefined || measuredBy.some(({ service }) => service === asked.service)) &&
        (own === undefined ||
          own.some((id) => id.startsWith(`${agency}/`)) ||
          measuredBy.some(({ service, consumer }) => own.includes(consumer ?? providerOf(service)))),
    )
    const measures = wanted.flatMap(({ assigned, measuredBy }) =>
      measuredBy.map((measure) => ({ ...measure, since: assigned })),
    )
    const firsts = [...(await store.firstDelivered(measures))]
    const judged = wanted.map((task) => judgeTask(task, firsts.splice(0, task.measuredBy.length), today()))
    return taskForm(judged, createNames(registry))
  }

  async function index(period: Period, scope: FigureScope): Promise<Form> {
    const closed = closedPart(period, today())
    const base = samePeriodBefore(closed)
    const of = ({ from, until }: Period) =>
      from < until
        ? count({ since: startOf(from), until: startOf(until), exchangesOnly: true, ...scope }, [
            'purpose',
            'outcome',
          ])
        : []
    const [counts, before, opening] = await Promise.all([of(closed), of(base), store.opening()])
    const { serviceIndexes, legalBases } = parts.registry()
    const lastDay = addDays(period.until, -1)
    const found = indexOn(serviceIndexes, lastDay < today() ? lastDay : today())
    const ground = found && { index: found, legalBasis: legalBases.get(found.legalBasis) }
    return indexForm(ground, { closed: counts, base: before, covered: isCovered(base, opening) })
  }

  const MAKERS: Readonly<Record<FormId, (asked: AskedForm, scope: FormScope) => Promise<Form>>> = {
    async exchanges({ period, compare, ...asked }, { suppressed, ...scope }) {
      const by = DIVISIONS.find((each) => each === asked.by) ?? DIVISIONS[0]
      const made = await figures.of(period, scope, compare)
      return exchangeForm(
        createReport({ figures: made, by, nameOf: createNames(parts.registry()).of, suppressed }),
      )
    },
    async refusals({ period }, scope) {
      const registry = parts.registry()
      const rows = groundRefusals(registry, await store.refusals(period, scope))
      return { ...refusalForm(rows, createNames(registry)), facts: {} }
    },
    async connections(_asked, { parties, service }) {
      const registry = parts.registry()
      const all = agreedConnections(registry, await store.connections(parties), today())
      const seen = connectionsOf(all, parties).filter(
        (each) => service === undefined || each.service === service,
      )
      return connectionForm(seen, createNames(registry))
    },
    async cleaning({ period, ...asked }, { parties, service }) {
      const { divisions } = FORMS.cleaning
      const by: CleaningDivision = divisions.find((each) => each === asked.by) ?? divisions[0]
      const rows = await quality.cleaning(period, parties)
      const seen = rows.filter((row) => service === undefined || row.service === service)
      return cleaningForm(seen, { by, names: createNames(parts.registry()), weights })
    },
    async incidents({ period }, scope) {
      return incidentForm(await incidents(period, scope), createNames(parts.registry()), deadlines)
    },
    async freshness(_asked, scope) {
      return freshnessForm(await datasets(scope), createNames(parts.registry()), now())
    },
    tasks: (asked, scope) => tasks(asked, scope),
    index: ({ period }, { suppressed: _, ...scope }) => index(period, scope),
    async products({ period }, { suppressed: _, ...scope }) {
      const { from, until } = period
      const conditions = { since: startOf(from), until: startOf(until), exchangesOnly: true, ...scope }
      const [counts, packages] = await Promise.all([
        count(conditions, ['consumer', 'service', 'operation', 'outcome']),
        store.packages(period, scope),
      ])
      const registry = parts.registry()
      const operationOf = (service: string, id: string) =>
        registry.services.get(service as never)?.contract.operations.get(id)
      return productForm(counts, packages, { names: createNames(registry), operationOf })
    },
  }

  return {
    incidents,
    datasets,
    async make(asked, scope) {
      const form = await MAKERS[asked.form](asked, scope)
      const { isOfPeriod } = FORMS[asked.form]
      const told = {
        ...form,
        facts: {
          ...(isOfPeriod ? { period: asked.period } : { asOf: new Date(now()).toISOString() }),
          ...form.facts,
        },
      }
      return scope.suppressed && asked.form !== 'exchanges' ? suppress(told) : told
    },
  }
}
