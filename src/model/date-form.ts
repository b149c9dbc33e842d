/** How another system writes a day or a time, e.g. `ddMMyyyy`, `yyyyMMddHHmmss` or `dd/MM/yyyy`. */
export interface DateForm {
  /** @returns the text in that form; undefined where the value has another precision than the form. */
  write(value: string): string | undefined
  /** @returns `yyyy-MM-dd`, `yyyy` or RFC 3339 with the zone's offset; undefined where it is no such day. */
  read(text: string): string | undefined
}

const PARTS = { yyyy: 4, MM: 2, dd: 2, HH: 2, mm: 2, ss: 2 } as const
type Part = keyof typeof PARTS
const PRECISIONS: readonly (readonly Part[])[] = [
  ['yyyy'],
  ['yyyy', 'MM', 'dd'],
  ['yyyy', 'MM', 'dd', 'HH', 'mm'],
  ['yyyy', 'MM', 'dd', 'HH', 'mm', 'ss'],
]
const TOKEN = /yyyy|MM|dd|HH|mm|ss/g
const VALUE = /^(\d{4})(?:-(\d\d)-(\d\d)(?:[Tt](\d\d):(\d\d):(\d\d)(?:\.\d+)?([Zz]|[+-]\d\d:\d\d))?)?$/
/** Vietnam's time: what an old system writes without an offset. */
export const DEFAULT_ZONE = '+07:00'

function partsOf(form: string): readonly Part[] | undefined {
  const found: readonly string[] = form.match(TOKEN) ?? []
  const precision = PRECISIONS.find(
    (parts) => parts.length === found.length && parts.every((part) => found.includes(part)),
  )
  return precision && /^[^A-Za-z0-9]*$/.test(form.replace(TOKEN, '')) ? precision : undefined
}

/** Whether a text names each part of a year, a day or a time once and nothing else. */
export function isDateForm(form: string): boolean {
  return partsOf(form) !== undefined
}

/** @returns minutes east of Greenwich. */
function offsetOf(zone: string): number {
  if (zone.toUpperCase() === 'Z') return 0
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6))
  return zone.startsWith('-') ? -minutes : minutes
}

/** @returns whether there is such a day and time. */
function isReal(parts: Readonly<Partial<Record<Part, string>>>): boolean {
  const { yyyy = '0000', MM = '01', dd = '01', HH = '00', mm = '00', ss = '00' } = parts
  const text = `${yyyy}-${MM}-${dd}T${HH}:${mm}:${ss}.000Z`
  const time = Date.parse(text)
  return !Number.isNaN(time) && new Date(time).toISOString() === text
}

/** @param zone offset of times that the form writes, e.g. `+07:00`. @throws RangeError where it is no form. */
export function createDateForm(form: string, zone = DEFAULT_ZONE): DateForm {
  const precision = partsOf(form)
  if (precision === undefined) throw new RangeError('not a form of dates')
  const order = (form.match(TOKEN) ?? []) as Part[]
  const literal = (text: string) => text.replace(/[^A-Za-z0-9]/g, '\\$&')
  const pattern = new RegExp(
    `^${form
      .split(/(yyyy|MM|dd|HH|mm|ss)/)
      .map((piece) => (piece in PARTS ? `(\\d{${PARTS[piece as Part]}})` : literal(piece)))
      .join('')}$`,
  )
  const hasTime = precision.includes('HH')

  return {
    write(value) {
      const found = VALUE.exec(value)
      if (found === null) return undefined
      const [, year, month, , hour, , , offset] = found
      const given = hour !== undefined ? 'time' : month !== undefined ? 'day' : 'year'
      const wanted = hasTime ? 'time' : precision.length === 3 ? 'day' : 'year'
      if (given !== wanted || year === undefined) return undefined
      const local =
        offset === undefined
          ? value
          : new Date(Date.parse(value) + offsetOf(zone) * 60_000).toISOString().slice(0, 19)
      const [yyyy = '', MM = '', dd = '', HH = '', mm = '', ss = ''] = local.split(/[-T:]/)
      const parts: Record<Part, string> = { yyyy, MM, dd, HH, mm, ss }
      return form.replace(TOKEN, (part) => parts[part as Part])
    },
    read(text) {
      const found = pattern.exec(text)
      if (found === null) return undefined
      const parts = Object.fromEntries(order.map((part, index) => [part, found[index + 1]]))
      if (!isReal(parts)) return undefined
      const { yyyy, MM, dd, HH, mm, ss = '00' } = parts as Partial<Record<Part, string>>
      if (MM === undefined) return yyyy
      if (HH === undefined) return `${yyyy}-${MM}-${dd}`
      return `${yyyy}-${MM}-${dd}T${HH}:${mm}:${ss}${zone}`
    },
  }
}
