import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { expect } from 'chai'

/** The direction of dependencies, left to right; folders in one rank never import each other. */
const RANKS: readonly (readonly string[])[] = [
  ['model'],
  ['contract'],
  ['registry'],
  ['identity', 'provider', 'ledger'],
  ['exchange'],
  ['jobs'],
  ['reporting'],
  ['telemetry'],
  ['storage', 'dashboards'],
  ['http'],
  ['settings.ts', 'repeat.ts'],
  ['credentials.ts', 'random-pool.ts', 'seed.ts'],
  ['gateway'],
  ['gateway.ts'],
  ['log-keeping.ts'],
  ['sandbox'],
  ['cli'],
  ['main.ts'],
]
const DOMAIN = new Set([
  'model',
  'contract',
  'registry',
  'identity',
  'provider',
  'ledger',
  'exchange',
  'jobs',
  'reporting',
])

/** Where a package may be imported; a trailing slash means a whole folder. */
const PACKAGE_ROOMS: Readonly<Record<string, readonly string[]>> = {
  express: ['http/'],
  pg: ['storage/'],
  'pg-boss': ['storage/job-queue.ts'],
  axios: ['provider/', 'cli/'],
  'openid-client': ['identity/sign-in.ts'],
  opossum: ['provider/breaker.ts'],
  undici: ['provider/pool-adapter.ts'],
  winston: ['telemetry/'],
  'prom-client': ['telemetry/'],
  ajv: ['contract/', 'registry/', 'settings.ts'],
  re2js: ['contract/pattern.ts'],
  koffi: ['identity/pkcs11-library.ts'],
  'openapi-fetch': ['http/typed-client/'],
  jose: ['identity/', 'ledger/', 'cli/'],
  'structured-headers': ['identity/'],
  yazl: ['http/'],
  mysql2: ['storage/agency-mariadb.ts'],
  '@xmldom/xmldom': ['provider/xml.ts', 'sandbox/'],
  pkijs: ['ledger/timestamp.ts', 'identity/document-signature.ts', 'cli/sign-document.ts'],
  asn1js: ['ledger/timestamp.ts', 'identity/document-signature.ts', 'cli/sign-document.ts'],
  yaml: ['registry/', 'settings.ts', 'cli/', 'dashboards/'],
  '@grafana/grafana-foundation-sdk': ['dashboards/'],
  commander: ['cli/', 'main.ts'],
}

/** Rules without I/O, clock, randomness or logger: no `node:` module but those named. */
const PURE: Readonly<Record<string, readonly string[]>> = {
  'contract/minimise.ts': [],
  'contract/violation.ts': [],
  'exchange/authorise.ts': [],
  'ledger/base64.ts': [],
  'ledger/checkpoint.ts': [],
  'ledger/merkle.ts': ['node:crypto'],
  'ledger/note.ts': [],
  'ledger/policy.ts': [],
  'ledger/proof.ts': [],
  'ledger/receipt.ts': [],
  'ledger/tile.ts': [],
  'ledger/verify.ts': [],
  'ledger/record.ts': [],
  'reporting/kpi.ts': [],
  'reporting/period.ts': [],
  'reporting/provinces.ts': [],
  'reporting/report.ts': [],
}

const SRC = join(import.meta.dirname, '../src')

interface SourceFile {
  /** Path below src, `/`-separated. */
  readonly path: string
  readonly text: string
  readonly imports: readonly string[]
}

function readSources(): SourceFile[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.startsWith('console'))
    .map((path) => {
      const text = readFileSync(join(SRC, path), 'utf8')
      const imports = [
        ...text.matchAll(/(?:^import\s[^'"]*|^export\s[^'"]*from\s|import\()['"]([^'"]+)['"]/gm),
      ]
      return { path, text, imports: imports.map(([, specifier = '']) => specifier) }
    })
}

function rankOf(path: string): number {
  const [room = ''] = path.split('/')
  return RANKS.findIndex((rank) => rank.includes(room))
}

function target(from: string, specifier: string): string {
  return relative(SRC, normalize(join(SRC, dirname(from), specifier)))
}

function packageOf(specifier: string): string {
  const [scope = '', name = ''] = specifier.split('/')
  return scope.startsWith('@') ? `${scope}/${name}` : scope
}

describe('architecture', () => {
  const sources = readSources()
  const local = ({ path, imports }: SourceFile) =>
    imports.filter((specifier) => specifier.startsWith('.')).map((specifier) => target(path, specifier))

  it('gives every file a ranked room', () => {
    expect(sources.filter(({ path }) => rankOf(path) < 0).map(({ path }) => path)).to.deep.equal([])
  })

  it('imports only from folders to the left, and never between folders of one rank', () => {
    const wrong = sources.flatMap((source) =>
      local(source)
        .filter((to) => {
          const sameRoom = to.split('/')[0] === source.path.split('/')[0]
          return !sameRoom && rankOf(to) >= rankOf(source.path)
        })
        .map((to) => `${source.path} → ${to}`),
    )
    expect(wrong).to.deep.equal([])
  })

  it('has no import cycle', () => {
    const graph = new Map(sources.map((source) => [source.path, local(source)]))
    const done = new Set<string>()
    const cycles: string[] = []
    const visit = (path: string, trail: readonly string[]) => {
      if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(' → '))
      if (trail.includes(path) || done.has(path)) return
      for (const next of graph.get(path) ?? []) visit(next, [...trail, path])
      done.add(path)
    }
    for (const path of graph.keys()) visit(path, [])
    expect(cycles).to.deep.equal([])
  })

  it('keeps each package in its room', () => {
    const wrong = sources.flatMap(({ path, imports }) =>
      imports
        .filter((specifier) => !specifier.startsWith('.') && !specifier.startsWith('node:'))
        .filter((specifier) => {
          const rooms = PACKAGE_ROOMS[packageOf(specifier)]
          return (
            rooms === undefined ||
            !rooms.some((room) => path === room || (room.endsWith('/') && path.startsWith(room)))
          )
        })
        .map((specifier) => `${path} imports ${specifier}`),
    )
    expect(wrong).to.deep.equal([])
  })

  it('lets only the composition root put storage and http together', () => {
    const wrong = sources.filter(
      (source) =>
        !/^(?:gateway\.ts|gateway\/|log-keeping\.ts|storage\/|http\/|cli\/|sandbox\/)/.test(source.path) &&
        local(source).some((to) => to.startsWith('storage/') || to.startsWith('http/')),
    )
    expect(wrong.map(({ path }) => path)).to.deep.equal([])
  })

  it('keeps SQL in storage', () => {
    const sql = /\b(?:SELECT\s+[\w*]|INSERT\s+INTO|DELETE\s+FROM|UPDATE\s+\w+\s+SET)\b/
    const wrong = sources.filter(({ path, text }) => !path.startsWith('storage/') && sql.test(text))
    expect(wrong.map(({ path }) => path)).to.deep.equal([])
  })

  it('keeps pure files pure', () => {
    const wrong = sources.flatMap(({ path, text, imports }) => {
      const allowed = path.startsWith('model/') ? [] : PURE[path]
      if (allowed === undefined) return []
      const modules = imports.filter(
        (specifier) => specifier.startsWith('node:') && !allowed.includes(specifier),
      )
      const impure = /\bDate\.now\(|\bMath\.random\(|\bnew Date\(\)|\bperformance\.now\(|\bprocess\./.test(
        text,
      )
      return impure ? [...modules, 'clock or randomness'].map((what) => `${path}: ${what}`) : modules
    })
    expect(wrong).to.deep.equal([])
  })

  it('has no state at module level and no drawer', () => {
    const stateful = sources.filter(({ text }) => /^(?:export )?let /m.test(text))
    const drawers = sources.filter(({ path }) =>
      /(?:^|\/)(?:utils?|helpers?|common|core|manager|misc)(?:\/|\.ts)/.test(path),
    )
    expect([...stateful, ...drawers].map(({ path }) => path)).to.deep.equal([])
  })

  it('keeps files short enough to be read', () => {
    const long = sources.filter(({ text }) => text.split('\n').length > 401)
    expect(long.map(({ path }) => path)).to.deep.equal([])
  })

  it('keeps the domain free of frameworks', () => {
    const frameworks = new Set(['express', 'winston', 'prom-client', 'pg'])
    const wrong = sources.filter(
      ({ path, imports }) =>
        DOMAIN.has(path.split('/')[0] ?? '') &&
        imports.some((specifier) => frameworks.has(packageOf(specifier))),
    )
    expect(wrong.map(({ path }) => path)).to.deep.equal([])
  })
})
