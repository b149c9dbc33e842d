import type { AuditConditions, AuditQuery, Dimension } from '../../src/reporting/audit-query.ts'
import type { createAuditStore } from '../../src/storage/reports.ts'

/** What auditors search for and count in a log filled by `loadRecords`; each turn asks for other values. */

interface Span {
  readonly from: Date
  readonly until: Date
}
type Search = (turn: number) => Omit<AuditQuery, 'limit'>
type Count = readonly [(turn: number) => AuditConditions, readonly Dimension[]]

const DAY_MS = 86_400_000
/** Midnight in Vietnam comes so long before that of UTC. */
const EAST_MS = 7 * 3_600_000
const PAGE = 50

const consumerOf = (turn: number) => `H${10 + ((turn * 7) % 34)}/mot-cua`
const serviceOf = (turn: number) => {
  const s = turn % 60
  return `G${String(1 + (s % 12)).padStart(2, '0')}/he-thong-${s % 20}/dich-vu-${s}/v1`
}

function monthsOf({ from, until }: Span): readonly string[] {
  const months: string[] = []
  const month = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth()))
  for (; month < until; month.setUTCMonth(month.getUTCMonth() + 1))
    months.push(month.toISOString().slice(0, 7))
  return months
}

function createDays({ from, until }: Span): (turn: number) => { readonly since: Date; readonly until: Date } {
  const days = Math.floor((until.getTime() - from.getTime()) / DAY_MS)
  return (turn) => {
    const since = new Date(from.getTime() + ((turn * 17) % days) * DAY_MS - EAST_MS)
    return { since, until: new Date(since.getTime() + DAY_MS) }
  }
}

function searchesOf(span: Span): Readonly<Record<string, Search>> {
  const dayOf = createDays(span)
  const months = monthsOf(span)
  const tagsOf = (tag: string) => months.map((month) => ({ month, tag }))
  return {
    'latest of everybody': () => ({}),
    'a consumer, a day': (turn) => ({ consumer: consumerOf(turn), ...dayOf(turn) }),
    'a consumer, a service': (turn) => ({
      consumer: consumerOf(turn),
      service: serviceOf(((turn * 7) % 34) * 5 + 1),
    }),
    'a provider, a day': (turn) => ({
      provider: serviceOf(turn).split('/').slice(0, 2).join('/'),
      ...dayOf(turn),
    }),
    'an agreement': (turn) => ({ agreement: `TT-${turn % 12}-${(turn % 12) * 5 + 1}` }),
    'what failed, a consumer': (turn) => ({ outcome: 'failed', consumer: consumerOf(turn) }),
    'a code, a day': (turn) => ({ code: 'provider_timeout', ...dayOf(turn) }),
    'a person': (turn) => ({
      tagged: { kind: 'subject', tags: tagsOf(`subject-${(turn * 991) % 100_000}`) },
    }),
    'an officer': (turn) => ({ tagged: { kind: 'officer', tags: tagsOf(`officer-${(turn * 37) % 2000}`) } }),
    'a dossier': (turn) => ({
      tagged: { kind: 'dossier', tags: tagsOf(`dossier-${turn * 13}`).slice(0, 1) },
    }),
    'an agency’s own': (turn) => ({ parties: [consumerOf(turn), consumerOf(turn + 1), 'G02/he-thong-13'] }),
  }
}

function countsOf(span: Span): Readonly<Record<string, Count>> {
  const dayOf = createDays(span)
  return {
    'a day': [dayOf, []],
    'a day by consumer and outcome': [dayOf, ['consumer', 'outcome']],
    'everything by day': [() => ({}), ['day']],
    'a consumer by service': [(turn) => ({ consumer: consumerOf(turn) }), ['service']],
  }
}

async function tell(name: string, rounds: number, ask: (turn: number) => Promise<unknown>): Promise<void> {
  const times: number[] = []
  for (let turn = 0; turn < rounds; turn += 1) {
    const startedMs = performance.now()
    await ask(turn)
    times.push(performance.now() - startedMs)
  }
  times.sort((a, b) => a - b)
  const at = (share: number) => (times[Math.ceil(rounds * share) - 1] ?? 0).toFixed(1).padStart(8)
  console.log(`${name.padEnd(38)} p50 ${at(0.5)} ms   p95 ${at(0.95)} ms`)
}

/** Prints how long each takes. */
export async function measureSearches(
  store: Pick<ReturnType<typeof createAuditStore>, 'search' | 'count'>,
  span: Span,
  rounds: number,
): Promise<void> {
  for (const [name, query] of Object.entries(searchesOf(span)))
    await tell(`search ${name}`, rounds, (turn) => store.search({ ...query(turn), limit: PAGE }))
  for (const [name, [conditions, by]] of Object.entries(countsOf(span)))
    await tell(`count ${name}`, rounds, (turn) => store.count(conditions(turn), by))
}
