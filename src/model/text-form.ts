import { createDateForm, DEFAULT_ZONE } from './date-form.ts'

/** How a system that knows only text (XML, columns of a database) writes one JSON value. */
export interface TextForm {
  /** What the value is in JSON; `string` where absent. `json`: the text itself is JSON. */
  readonly type?: 'string' | 'integer' | 'number' | 'boolean' | 'timestamp' | 'json'
  /** A day or time in another form than JSON's, e.g. `ddMMyyyy`. */
  readonly date?: string
  /** Offset of times written without one; Vietnam's where absent. */
  readonly zone?: string
  /** The system's text for each text of the contract; `true` and `false` for booleans. */
  readonly codes?: Readonly<Record<string, string>>
  /** Texts that say there is no value, e.g. `null` or `00/00/0000`. */
  readonly nothing?: readonly string[]
  /** Whether spaces round a text are the system's and not the value's. */
  readonly trim?: boolean
}

/** A form, ready. Both directions refuse by answering undefined. */
export interface TextCodec {
  write(value: unknown): string | undefined
  /** @returns `nothing` where the text says that there is no value. */
  read(text: string): { readonly value: unknown } | 'nothing' | undefined
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)$/
const INTEGRAL = /^[+-]?(\d+)(?:\.0*)?$/
const TIMESTAMP = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d{1,9})?\s?(Z|[+-]\d\d(?::?\d\d)?)?$/i

/** @returns a number in plain decimals: XML's `decimal` and SQL's `numeric` know no exponent everywhere. */
function plain(value: number): string {
  const text = String(value)
  const [mantissa = '', exponent] = text.split('e')
  if (exponent === undefined) return text
  const negative = mantissa.startsWith('-')
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.')
  const digits = whole + fraction
  const point = whole.length + Number(exponent)
  const padded = point <= 0 ? '0'.repeat(1 - point) + digits : digits.padEnd(point, '0')
  const at = Math.max(point, 1)
  const rest = padded.slice(at)
  return `${negative ? '-' : ''}${padded.slice(0, at)}${rest === '' ? '' : `.${rest}`}`
}

function writeValue(value: unknown, type: TextForm['type']): string | undefined {
  switch (type) {
    case 'integer':
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) ? plain(value) : undefined
    case 'boolean':
      return typeof value === 'boolean' ? String(value) : undefined
    case 'json':
      return value === undefined ? undefined : JSON.stringify(value)
    default:
      return typeof value === 'string' ? value : undefined
  }
}

/** Space or `T` between day and time, offsets of two digits, none at all: as RFC 3339. */
function readTimestamp(text: string, zone: string): string | undefined {
  const [, day = '', time = '', fraction = '', offset] = TIMESTAMP.exec(text) ?? []
  const given = offset === undefined ? zone : offset.toUpperCase()
  const digits = given.replace(':', '')
  const whole = given === 'Z' ? 'Z' : `${digits.slice(0, 3)}:${digits.slice(3).padEnd(2, '0')}`
  const stamp = `${day}T${time}${fraction}${whole}`
  // Date.parse takes a 31st of any month; the day itself has to exist.
  const isDay = day !== '' && new Date(`${day}T00:00:00Z`).toJSON()?.slice(0, 10) === day
  return isDay && !Number.isNaN(Date.parse(stamp)) ? stamp : undefined
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function readValue(text: string, { type, zone = DEFAULT_ZONE }: TextForm): unknown {
  switch (type) {
    case 'integer': {
      const value = Number(text)
      return INTEGRAL.test(text) && Number.isSafeInteger(value) ? value : undefined
    }
    case 'number': {
      const value = Number(text)
      return DECIMAL.test(text) && Number.isFinite(value) ? value : undefined
    }
    case 'boolean':
      return /^(?:true|1|t)$/i.test(text) ? true : /^(?:false|0|f)$/i.test(text) ? false : undefined
    case 'timestamp':
      return readTimestamp(text, zone)
    case 'json':
      return readJson(text)
    default:
      return text
  }
}

/** Compiles a form. @throws RangeError where its `date` is no form of dates. */
export function createTextCodec(form: TextForm): TextCodec {
  const { type, codes, nothing = [], date, zone } = form
  const dates = date === undefined ? undefined : createDateForm(date, zone)
  const written = codes && new Map(Object.entries(codes))
  const known = codes && new Map(Object.entries(codes).map(([value, code]) => [code, value]))
  const trims =
    form.trim === true || dates !== undefined || codes !== undefined || (type ?? 'string') !== 'string'

  return {
    write(value) {
      if (dates !== undefined) return typeof value === 'string' ? dates.write(value) : undefined
      const text = writeValue(value, type)
      return written === undefined || text === undefined ? text : written.get(text)
    },
    read(raw) {
      const text = trims ? raw.trim() : raw
      if (nothing.includes(text)) return 'nothing'
      if (dates !== undefined) {
        const value = dates.read(text)
        return value === undefined ? undefined : { value }
      }
      const meant = known === undefined ? text : known.get(text)
      if (meant === undefined) return undefined
      const value = readValue(meant, form)
      return value === undefined ? undefined : { value }
    },
  }
}
