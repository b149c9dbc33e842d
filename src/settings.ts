import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import { pointerTo } from './contract/minimise.ts'
import { violationsOf } from './contract/violation.ts'
import type { RetentionDays } from './ledger/retention.ts'
import type { Bilingual } from './model/identifier.ts'
import { parseYaml, type YamlSource } from './registry/yaml-source.ts'

/** Settings of a gateway process: file and environment, checked against `schemas/settings.schema.json`. */
export interface Settings {
  readonly publicUrl?: string
  readonly sandbox: boolean
  readonly workers: number | 'auto'
  readonly listen: {
    readonly host: string
    readonly port: number
    readonly hosts: readonly string[]
    readonly trustedProxies: readonly string[]
    readonly tls?: {
      readonly certificateFile: string
      readonly keyFile: string
      readonly clientAuthoritiesFile?: string
    }
  }
  readonly management: {
    readonly publicUrl?: string
    readonly host: string
    readonly port: number
    readonly hosts: readonly string[]
  }
  readonly console?: ConsoleSettings
  readonly database: { readonly url?: string; readonly poolSize: number }
  readonly dataDir: string
  readonly registryDir: string
  readonly schemasDir: string
  readonly limits: {
    readonly maxBodyBytes: number
    readonly maxConnections: number
    readonly maxConnectionsPerAddress: number
    readonly maxRequestsPerConnection: number
    readonly refusalsPerMinute: number
    readonly headersTimeoutMs: number
    readonly requestTimeoutMs: number
    readonly idleTimeoutMs: number
    readonly answerTimeoutMs: number
    readonly drainTimeoutMs: number
    readonly maxSeriesPerMetric: number
  }
  readonly tokens: {
    readonly lifetimeSeconds: number
    readonly dpopNonce: 'off' | 'required'
    readonly issuers: readonly IssuerSettings[]
    readonly pkcs11?: Pkcs11Settings
  }
  readonly ledger: {
    readonly origin: string
    readonly anchorFile: string
    readonly public: boolean
    readonly auditShare: number
    readonly stopAfterSeconds: number
    readonly checkpointDays: number
    readonly witnesses: {
      /** c2sp.org/tlog-policy, with the witnesses' addresses. */
      readonly policyFile?: string
      readonly timeoutMs: number
      readonly alarmAfterSeconds: number
    }
    readonly timestamps: {
      readonly authorities: readonly TimestampSettings[]
      readonly intervalMinutes: number
      readonly timeoutMs: number
    }
  }
  readonly xroad: {
    readonly enabled: boolean
    readonly instance: string
    /** What consumers may call this gateway: `I/C/M/server`. */
    readonly securityServer?: string
    readonly errors: 'honest' | 'camel' | 'snake'
    readonly spoolBytes: number
  }
  /** Days, by security level. */
  readonly retention: RetentionDays
  readonly idempotency: { readonly keepHours: number }
  readonly bulk: {
    readonly maxBytes: number
    readonly keepDays: number
    readonly qualityWeights: {
      readonly accurate: number
      readonly complete: number
      readonly clean: number
      readonly live: number
      readonly consistent: number
    }
  }
  readonly events: { readonly keepDays: number }
  readonly applications: { readonly signatures: SignatureSettings }
  readonly incidents: {
    readonly cleanDays: number
    /** Working days. */
    readonly deadlines: { readonly explained: number; readonly mended: number; readonly checked: number }
  }
  readonly log: { readonly level: 'error' | 'warn' | 'info' | 'debug' }
}

/** Who signs people in to the console: an OpenID Connect provider. */
export interface ConsoleSettings {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecretFile?: string
  readonly readerClaim: string
}

/** A time-stamping authority (RFC 3161). */
export interface TimestampSettings {
  readonly name: string
  readonly url: string
  /** PEM certificates that the authority's own has to lead to. */
  readonly certificatesFile: string
}

/** Leaders' own signatures over decisions on applications. */
export interface SignatureSettings {
  readonly required: boolean
  /** PEM certificates that leaders' own have to lead to; without it no signature is taken. */
  readonly authoritiesFile?: string
  /** Revocation lists of those authorities, PEM or DER, read at each signature. */
  readonly revocationsFile?: string
}

/** A device that holds signing keys. */
export interface Pkcs11Settings {
  /** The PKCS#11 module's file. */
  readonly library: string
  /** The token's label. */
  readonly token: string
  readonly pinFile: string
}

/** A foreign issuer whose tokens are taken. */
export interface IssuerSettings {
  readonly issuer: string
  /** Where its keys are read, and nowhere else: https, or http on loopback. */
  readonly jwksUri: string
  readonly algorithms: readonly ('ES256' | 'PS256' | 'Ed25519')[]
  readonly maxLifetimeSeconds: number
  /** How long its keys are used while they can't be read anew. */
  readonly maxStaleSeconds: number
  readonly subjectIsClient: boolean
  readonly caFile?: string
  readonly allowPrivateAddress: boolean
}

/** One fault of the settings: where it was found, and what is wrong. Line and column count from 1. */
export interface SettingsFault {
  /** The settings file, or `environment`. */
  readonly file: string
  readonly line: number
  readonly column: number
  /** JSON Pointer into the settings; the variable's name for `environment`. */
  readonly pointer: string
  readonly rule: string
  readonly detail: Bilingual
}

/** Thrown with every fault at once. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
  readonly faults: readonly SettingsFault[]

  constructor(faults: readonly SettingsFault[]) {
    super(
      faults.map(({ file, line, pointer, detail }) => `${file}:${line} ${pointer} ${detail.en}`).join('\n'),
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

type Members = Record<string, unknown>

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function setMember(members: Members, path: readonly string[], value: unknown): void {
  const [name = '', ...rest] = path
  if (rest.length === 0) {
    members[name] = value
    return
  }
  const below = members[name]
  const next = isMembers(below) ? below : {}
  members[name] = next
  setMember(next, rest, value)
}

const pointerOf = (path: readonly string[]) => path.reduce(pointerTo, '')

interface AppliedEnvironment {
  readonly faults: readonly SettingsFault[]
  /** Which variable set the member at a pointer. */
  readonly variables: ReadonlyMap<string, string>
}

function environmentFault(name: string, rule: string, detail: Bilingual): SettingsFault {
  return { file: ENVIRONMENT, line: 1, column: 1, pointer: name, rule, detail }
}

/** Lays `DATABASE_URL` and `LIENTHONG_…` over the settings; values are read as YAML. */
function applyEnvironment(
  settings: Members,
  schema: SettingsSchema,
  environment: NodeJS.ProcessEnv,
): AppliedEnvironment {
  const faults: SettingsFault[] = []
  const variables = new Map<string, string>()
  const set = (name: string, path: readonly string[], value: unknown) => {
    setMember(settings, path, value)
    variables.set(pointerOf(path), name)
  }
  for (const [name, text] of Object.entries(environment)) {
    if (!name.startsWith(PREFIX) || text === undefined) continue
    const path = environmentPath(schema, name.slice(PREFIX.length).split('_'))
    const [source] = parseYaml(text)
    const [unread] = source?.faults ?? []
    if (path === undefined) {
      const detail = { vi: 'Không có mục cấu hình này.', en: 'It names no setting.' }
      faults.push(environmentFault(name, 'environment', detail))
    } else if (unread) faults.push(environmentFault(name, unread.rule, unread.detail))
    else set(name, path, source?.value)
  }
  const url = environment['DATABASE_URL']
  if (url) set('DATABASE_URL', ['database', 'url'], url)
  return { faults, variables }
}

const START = { line: 1, column: 1 }

const NO_SUCH_MEMBER: Bilingual = {
  vi: 'Lược đồ cấu hình không có mục này.',
  en: 'The settings have no such member.',
}

/** A member that is missing or too many is shown by its own name, not its parent's. */
function placeOf({ instancePath, params }: ErrorObject): string {
  const member: unknown = params['additionalProperty'] ?? params['missingProperty']
  return typeof member === 'string' ? pointerTo(instancePath, member) : instancePath
}

function faultOf(
  error: ErrorObject,
  { file, document, variables }: { file: string; document: YamlSource | undefined } & AppliedEnvironment,
): SettingsFault[] {
  return violationsOf([error]).map(({ rule, detail }) => {
    const pointer = placeOf(error)
    const variable = variables.get(pointer)
    if (variable !== undefined) return environmentFault(variable, rule, detail)
    const isUnknown = rule === 'additionalProperties'
    const { line, column } = document?.locate(pointer, isUnknown ? 'name' : 'value') ?? START
    return { file, line, column, pointer, rule, detail: isUnknown ? NO_SUCH_MEMBER : detail }
  })
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

/** An address, or a CIDR range that is not the whole world. */
function isAddressRange(text: string): boolean {
  const [address = '', prefix, more] = text.split('/')
  const family = isIP(address)
  if (family === 0 || more !== undefined) return false
  return (
    prefix === undefined || (/^[1-9]\d{0,2}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128))
  )
}

/** Keys that came over an open network could be anybody's. */
function isKeySetUrl(text: string): boolean {
  if (!/^https?:\/\/[^@#\\\s]+$/.test(text) || !URL.canParse(text)) return false
  const { protocol, hostname } = new URL(text)
  return protocol === 'https:' || ['127.0.0.1', '[::1]', 'localhost'].includes(hostname)
}

const NOT_ONE_OBJECT = {
  line: 1,
  column: 1,
  pointer: '',
  rule: 'settings',
  detail: {
    vi: 'Tệp cấu hình phải có đúng một đối tượng YAML.',
    en: 'The settings file must hold exactly one YAML object.',
  },
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
  const [document, second] = parseYaml(readFileSync(file, 'utf8'))
  const unread = document?.faults ?? []
  if (unread.length > 0) throw new SettingsError(unread.map((fault) => ({ file, ...fault })))
  const value = document?.value ?? {}
  if (!isMembers(value) || second !== undefined) throw new SettingsError([{ file, ...NOT_ONE_OBJECT }])
  const settings: Members = structuredClone(value)
  const applied = applyEnvironment(settings, schema, environment)
  const faults = [...applied.faults]
  Object.assign(settings, structuredClone(source.overrides))
  const ajv = new Ajv2020({ allErrors: true, useDefaults: true, strict: true, strictTypes: false })
  ajv.addKeyword({ keyword: 'x-vi', schemaType: 'string' }) // the description in Vietnamese
  ajv.addFormat('http-url', (value: string) => /^https?:\/\/[^/?#@]+$/.test(value) && URL.canParse(value))
  ajv.addFormat('address-range', isAddressRange)
  ajv.addFormat('key-set-url', isKeySetUrl)
  const validate = ajv.compile<Settings>(schema)
  if (!validate(settings)) {
    const place = { file, document, ...applied }
    for (const error of validate.errors ?? []) faults.push(...faultOf(error, place))
  }
  if (faults.length > 0) throw new SettingsError(faults)
  // Validated just now.
  const checked = settings as unknown as Settings
  const located = (path: string) => resolve(root, path)
  /** The same with these members, where it has them, as absolute paths. */
  const locate = <Part extends object>(part: Part, ...names: readonly (keyof Part)[]): Part => {
    const paths = names.flatMap((name) => {
      const path = part[name]
      return typeof path === 'string' ? [[name, located(path)]] : []
    })
    return { ...part, ...Object.fromEntries(paths) }
  }
  const { tls } = checked.listen
  const { pkcs11, issuers } = checked.tokens
  const { witnesses, timestamps } = checked.ledger
  return deepFreeze({
    ...locate(checked, 'dataDir', 'registryDir', 'schemasDir'),
    ...(checked.console && { console: locate(checked.console, 'clientSecretFile') }),
    applications: {
      signatures: locate(checked.applications.signatures, 'authoritiesFile', 'revocationsFile'),
    },
    tokens: {
      ...checked.tokens,
      ...(pkcs11 && { pkcs11: locate(pkcs11, 'library', 'pinFile') }),
      issuers: issuers.map((issuer) => locate(issuer, 'caFile')),
    },
    ledger: {
      ...checked.ledger,
      anchorFile: located(checked.ledger.anchorFile ?? join(checked.dataDir, 'log/anchor')),
      timestamps: {
        ...timestamps,
        authorities: timestamps.authorities.map((authority) => locate(authority, 'certificatesFile')),
      },
      witnesses: locate(witnesses, 'policyFile'),
    },
    listen: {
      ...checked.listen,
      ...(tls && { tls: locate(tls, 'certificateFile', 'keyFile', 'clientAuthoritiesFile') }),
    },
  })
}
