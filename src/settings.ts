import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import { parseDocument } from 'yaml'

/** Settings of a gateway process: file and environment, checked against `schemas/settings.schema.json`. */
export interface Settings {
  readonly publicUrl?: string
  readonly sandbox: boolean
  readonly workers: number | 'auto'
  readonly listen: {
    readonly host: string
    readonly port: number
    readonly hosts: readonly string[]
    readonly tls?: {
      readonly certificateFile: string
      readonly keyFile: string
      readonly clientAuthoritiesFile?: string
    }
  }
  readonly management: { readonly host: string; readonly port: number }
  readonly database: { readonly url?: string; readonly poolSize: number }
  readonly dataDir: string
  readonly registryDir: string
  readonly schemasDir: string
  readonly limits: {
    readonly maxBodyBytes: number
    readonly maxConnections: number
    readonly headersTimeoutMs: number
    readonly requestTimeoutMs: number
    readonly drainTimeoutMs: number
    readonly maxSeriesPerMetric: number
  }
  readonly tokens: { readonly lifetimeSeconds: number; readonly dpopNonce: 'off' | 'required' }
  readonly idempotency: { readonly keepHours: number }
  readonly log: { readonly level: 'error' | 'warn' | 'info' | 'debug' }
}

/** One fault of the settings: where it was found, and what is wrong. */
export interface SettingsFault {
  readonly file: string
  readonly line: number | undefined
  readonly pointer: string
  readonly message: string
}

/** Thrown with every fault at once. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
  readonly faults: readonly SettingsFault[]

  constructor(faults: readonly SettingsFault[]) {
    super(
      faults
        .map(({ file, line, pointer, message }) => `${file}:${line ?? '?'} ${pointer} ${message}`)
        .join('\n'),
    )
    this.faults = faults
  }
}

const PREFIX = 'LIENTHONG_'
const ENVIRONMENT = 'environment'

interface SettingsSchema {
  readonly properties?: Readonly<Record<string, SettingsSchema>>
  readonly type?: string
}

/** `LIENTHONG_LISTEN_PORT` → `/listen/port`: members are found without regard to case. */
function environmentPath(schema: SettingsSchema, words: readonly string[]): readonly string[] | undefined {
  if (words.length === 0) return []
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    for (let taken = 1; taken <= words.length; taken += 1) {
      if (words.slice(0, taken).join('').toLowerCase() !== name.toLowerCase()) continue
      const rest = environmentPath(member, words.slice(taken))
      if (rest) return [name, ...rest]
    }
  }
  return undefined
}

function applyEnvironment(
  document: ReturnType<typeof parseDocument>,
  schema: SettingsSchema,
  environment: NodeJS.ProcessEnv,
): SettingsFault[] {
  const faults: SettingsFault[] = []
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith(PREFIX) || value === undefined) continue
    const path = environmentPath(schema, name.slice(PREFIX.length).split('_'))
    if (path === undefined) {
      faults.push({ file: ENVIRONMENT, line: undefined, pointer: name, message: 'names no setting' })
    } else {
      document.setIn(path, parseDocument(value).toJS())
    }
  }
  if (environment['DATABASE_URL']) document.setIn(['database', 'url'], environment['DATABASE_URL'])
  return faults
}

function lineOf(
  document: ReturnType<typeof parseDocument>,
  text: string,
  pointer: string,
): number | undefined {
  const node: unknown = document.getIn(pointer.split('/').slice(1), true)
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range))
    return undefined
  return text.slice(0, Number(node.range[0])).split('\n').length
}

function message(error: ErrorObject): string {
  const { keyword, params } = error
  if (keyword === 'additionalProperties') return `has no member ${params['additionalProperty']}`
  if (keyword === 'enum') return `must be one of ${params['allowedValues'].join(', ')}`
  return error.message ?? keyword
}

export interface SettingsSource {
  readonly file: string
  /** Values that win over file and environment, e.g. of command-line flags. */
  readonly overrides?: Readonly<Record<string, unknown>>
  readonly environment?: NodeJS.ProcessEnv
  readonly schemaFile?: string
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) deepFreeze(member)
    Object.freeze(value)
  }
  return value
}

/**
 * Reads and checks the settings. Paths in them are relative to the folder above the file's.
 * @throws SettingsError with all faults; nothing runs on half-read settings.
 */
export function readSettings(source: SettingsSource): Settings {
  const { file, environment = process.env } = source
  const root = resolve(dirname(resolve(file)), '..')
  const schema = JSON.parse(
    readFileSync(source.schemaFile ?? resolve(root, 'schemas/settings.schema.json'), 'utf8'),
  )
  const text = readFileSync(file, 'utf8')
  const document = parseDocument(text, { uniqueKeys: true })
  const faults: SettingsFault[] = document.errors.map((error) => ({
    file,
    line: error.linePos?.[0].line,
    pointer: '',
    message: error.message.split('\n')[0] ?? 'is not YAML',
  }))
  if (faults.length > 0) throw new SettingsError(faults)
  faults.push(...applyEnvironment(document, schema, environment))
  const settings: unknown = structuredClone({ ...(document.toJS() ?? {}), ...source.overrides })
  const ajv = new Ajv2020({ allErrors: true, useDefaults: true, strict: true, strictTypes: false })
  ajv.addFormat('http-url', (value: string) => /^https?:\/\/[^/?#@]+$/.test(value) && URL.canParse(value))
  const validate = ajv.compile<Settings>(schema)
  if (!validate(settings)) {
    for (const error of validate.errors ?? []) {
      const pointer = error.instancePath
      faults.push({ file, line: lineOf(document, text, pointer), pointer, message: message(error) })
    }
  }
  if (faults.length > 0) throw new SettingsError(faults)
  const checked = settings as Settings
  const located = (path: string) => resolve(root, path)
  const { tls } = checked.listen
  return deepFreeze({
    ...checked,
    dataDir: located(checked.dataDir),
    registryDir: located(checked.registryDir),
    schemasDir: located(checked.schemasDir),
    listen: {
      ...checked.listen,
      ...(tls && {
        tls: {
          ...tls,
          certificateFile: located(tls.certificateFile),
          keyFile: located(tls.keyFile),
          ...(tls.clientAuthoritiesFile && { clientAuthoritiesFile: located(tls.clientAuthoritiesFile) }),
        },
      }),
    },
  })
}
