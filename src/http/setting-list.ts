import settingsSchema from '../../schemas/settings.schema.json' with { type: 'json' }
import type { Bilingual } from '../model/identifier.ts'

/** What the settings' schema says of one member; `x-vi` is its description in Vietnamese. */
interface SettingSchema {
  readonly type?: string
  readonly description?: string
  readonly 'x-vi'?: string
  readonly default?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly format?: string
  readonly oneOf?: readonly SettingSchema[]
  readonly items?: SettingSchema
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, SettingSchema>>
}

/** One member of the settings, or a group of members that has a meaning of its own. */
export interface Setting {
  /** `listen.port`; `tokens.issuers[].issuer` for a member of each object of a list. */
  readonly path: string
  /** Its name in the environment; undefined for a group and for what stands in a list. */
  readonly environment: string | undefined
  /** What it may hold, words of the file between backquotes; undefined for a group. */
  readonly value: Bilingual | undefined
  /** Likewise; undefined where there is none. */
  readonly fallback: Bilingual | undefined
  readonly meaning: Bilingual
}

const KINDS: Readonly<Record<string, Bilingual>> = {
  boolean: { vi: '`true`, `false`', en: '`true`, `false`' },
  integer: { vi: 'số nguyên', en: 'integer' },
  number: { vi: 'số', en: 'number' },
  string: { vi: 'chuỗi', en: 'string' },
  array: { vi: 'danh sách', en: 'list' },
  'http-url': { vi: 'địa chỉ http hoặc https', en: 'http or https address' },
  'key-set-url': { vi: 'địa chỉ https', en: 'https address' },
}
const REQUIRED: Bilingual = { vi: 'bắt buộc khi có nhóm này', en: 'required with the others of its group' }

function both(write: (language: keyof Bilingual) => string): Bilingual {
  return { vi: write('vi'), en: write('en') }
}

function code(value: unknown): string {
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
}

function kindOf(schema: SettingSchema): Bilingual {
  const { type = '', format = '', enum: words, const: only, oneOf, minimum, maximum } = schema
  if (oneOf !== undefined) {
    const kinds = oneOf.map(kindOf)
    return { vi: kinds.map(({ vi }) => vi).join(' hoặc '), en: kinds.map(({ en }) => en).join(' or ') }
  }
  if (only !== undefined) return both(() => code(only))
  if (words !== undefined) return both(() => words.map(code).join(', '))
  const range = minimum === undefined || maximum === undefined ? '' : ` ${minimum}–${maximum}`
  return both((language) => `${(KINDS[format] ?? KINDS[type])?.[language] ?? type}${range}`)
}

function fallbackOf({ default: usual }: SettingSchema, isRequired: boolean): Bilingual | undefined {
  if (isRequired) return REQUIRED
  return usual === undefined ? undefined : both(() => `\`${JSON.stringify(usual)}\``)
}

function settingsBelow(schema: SettingSchema, path: string): readonly Setting[] {
  const prefix = path === '' ? '' : `${path}.`
  const isInList = path.includes('[]')
  return Object.entries(schema.properties ?? {}).flatMap(([name, member]) => {
    const at = `${prefix}${name}`
    const meaning = { vi: member['x-vi'] ?? '', en: member.description ?? '' }
    if (member.properties !== undefined) {
      const group = { path: at, environment: undefined, value: undefined, fallback: undefined, meaning }
      return [...(meaning.vi + meaning.en === '' ? [] : [group]), ...settingsBelow(member, at)]
    }
    const setting = {
      path: at,
      environment: isInList ? undefined : `LIENTHONG_${at.replaceAll('.', '_').toUpperCase()}`,
      value: kindOf(member),
      fallback: fallbackOf(member, schema.required?.includes(name) ?? false),
      meaning,
    }
    return [setting, ...settingsBelow(member.items ?? {}, `${at}[]`)]
  })
}

/** @returns every member of the settings in the order of their schema, and each group that is described. */
export function listSettings(): readonly Setting[] {
  return settingsBelow(settingsSchema, '')
}
