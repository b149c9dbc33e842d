import {
  type Documents,
  inside,
  isMembers,
  type Location,
  type Members,
  membersOf,
} from '../contract/document.ts'
import { pointerTo } from '../contract/minimise.ts'
import { type OperationDescription, readContract } from '../contract/openapi.ts'
import { type PlacedSchema, referenceOf, schemaAt } from '../contract/schema.ts'
import type { Bilingual, Language } from '../model/identifier.ts'
import type { RegistryDocuments } from '../registry/documents.ts'
import { formatInstant } from './table.ts'

/** One member of a document: what it is called and what it says, for people. */
export interface Fact {
  readonly title: string
  readonly text: string
}

/** Puts documents in words by what the contracts and the dictionary call things. */
export interface Wording {
  /** @throws Error where the registry has no such service or operation. */
  operation(service: string, id: string): OperationDescription
  /** @returns the facts of a document that the schema at `location` describes, in the schema's order. */
  tell(document: unknown, location: Location | undefined): readonly Fact[]
  /** @returns the members that an answer may have and `fields` do not open. */
  withheld(location: Location | undefined, fields: readonly string[]): readonly Withheld[]
}

export interface Withheld {
  readonly pointer: string
  readonly title: string
}

const YES_NO = { true: { vi: 'có', en: 'yes' }, false: { vi: 'không', en: 'no' } } as const

/** What the rungs of `dictionary/match.yaml` mean. */
const RUNGS: Readonly<Record<string, Bilingual>> = {
  exact: { vi: 'đúng hoàn toàn', en: 'exactly the same' },
  tone: { vi: 'đúng, chỉ khác cách đặt dấu', en: 'the same but for the place of a mark' },
  folded: { vi: 'chỉ giống khi bỏ dấu', en: 'alike without marks only' },
  order: { vi: 'khác thứ tự hoặc cách viết', en: 'another order or spelling' },
  year: { vi: 'đúng năm', en: 'the same year' },
  different: { vi: 'khác', en: 'different' },
}
const RUNGS_DOCUMENT = 'dictionary/match.yaml'
const ADDRESS = { path: 'dictionary/address.yaml', pointer: '/$defs/Address' }

function isBilingual(value: unknown): value is Bilingual {
  return isMembers(value) && typeof value['vi'] === 'string' && typeof value['en'] === 'string'
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}

/** Titles end with the unit of what they name: `Diện tích, m²`. */
function withUnit(title: string, text: string): Fact {
  const [, name, unit] = /^(.+), (m²|đồng)$/.exec(title) ?? []
  return name === undefined ? { title, text } : { title: name, text: `${text} ${unit}` }
}

/** `13/08/1986` in Vietnamese, as it was in English. */
function formatDay(day: string, language: Language): string {
  const [, year, month, date] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day) ?? []
  return year === undefined || language === 'en' ? day : `${date}/${month}/${year}`
}

export function createWording({ services, schemas }: RegistryDocuments, language: Language): Wording {
  const documents: Documents = new Map(schemas.map(({ path, content }) => [path, content]))
  const numbers = new Intl.NumberFormat(language === 'vi' ? 'vi-VN' : 'en-GB')

  /** Follows references to what is described at last. */
  function settle(placed: PlacedSchema): { readonly schema: Members; readonly location: Location } {
    const { schema, location } = placed
    if (!isMembers(schema)) return { schema: {}, location }
    const target = referenceOf(schema, location)
    return target === undefined ? { schema, location } : settle(schemaAt(documents, target))
  }

  const at = (location: Location) => settle(schemaAt(documents, location))

  /** What a member is called where it stands, else what its kind of value is called. */
  function titleOf(member: Location, name: string): string {
    const placed = schemaAt(documents, member).schema
    for (const schema of [isMembers(placed) ? placed : {}, at(member).schema]) {
      const title = schema['x-title']
      if (isBilingual(title)) return title[language]
    }
    return name
  }

  function tellAddress(address: Members): string {
    const { detail, ward, province } = address
    const units = { vi: `xã ${ward}, tỉnh ${province}`, en: `commune ${ward}, province ${province}` }
    return typeof detail === 'string' ? `${detail} (${units[language]})` : units[language]
  }

  function tellText(text: string, { schema, location }: { schema: Members; location: Location }): string {
    const codes = schema['x-codes']
    const meaning = isMembers(codes) ? codes[text] : undefined
    if (isBilingual(meaning)) return meaning[language]
    if (location.path === RUNGS_DOCUMENT) return RUNGS[text]?.[language] ?? text
    if (schema['format'] === 'date-time') {
      const [day = '', time] = formatInstant(new Date(text)).split(' ')
      return `${formatDay(day, language)} ${time}`
    }
    if (schema['format'] === 'date' || schema['format'] === 'birth-date') return formatDay(text, language)
    return text
  }

  function tellValue(value: unknown, location: Location): string {
    const settled = at(location)
    if (typeof value === 'string') return tellText(value, settled)
    if (typeof value === 'number') return numbers.format(value)
    if (typeof value === 'boolean') return YES_NO[`${value}`][language]
    if (Array.isArray(value)) {
      return value.map((item: unknown) => tellValue(item, inside(settled.location, 'items'))).join('; ')
    }
    if (!isMembers(value)) return ''
    const { path, pointer } = settled.location
    if (path === ADDRESS.path && pointer === ADDRESS.pointer) return tellAddress(value)
    return factsOf(value, settled)
      .map(({ text }) => text)
      .join(' · ')
  }

  /** An object of rungs has no sense without the names of its members: they become facts of their own. */
  function isOfRungs({ schema, location }: { schema: Members; location: Location }): boolean {
    const members = membersOf(schema['properties'])
    const paths = members.map(([name]) => at(inside(location, 'properties', name)).location.path)
    return paths.length > 0 && paths.every((path) => path === RUNGS_DOCUMENT)
  }

  function factsOf(document: Members, { schema, location }: { schema: Members; location: Location }): Fact[] {
    return membersOf(schema['properties']).flatMap(([name]): Fact[] => {
      const value = document[name]
      if (value === undefined || (Array.isArray(value) && value.length === 0)) return []
      const member = inside(location, 'properties', name)
      const settled = at(member)
      if (isMembers(value) && isOfRungs(settled)) return factsOf(value, settled)
      return [withUnit(titleOf(member, name), tellValue(value, member))]
    })
  }

  function withheldBelow(location: Location, fields: readonly string[], pointer: string): Withheld[] {
    const settled = at(location)
    const { schema } = settled
    if (schema['items'] !== undefined)
      return withheldBelow(inside(settled.location, 'items'), fields, pointer)
    return membersOf(schema['properties']).flatMap(([name]): Withheld[] => {
      const below = pointerTo(pointer, name)
      if (fields.includes(below)) return []
      const member = inside(settled.location, 'properties', name)
      const title = titleOf(member, name)
      if (!fields.some((field) => field.startsWith(`${below}/`))) return [{ pointer: below, title }]
      return withheldBelow(member, fields, below).map((inner) => ({
        pointer: inner.pointer,
        title: `${title} › ${lowerFirst(inner.title)}`,
      }))
    })
  }

  return {
    operation(service, id) {
      const path = services.find((known) => known.id === service)?.contract
      const contract = path === undefined ? undefined : readContract(path, documents, () => {})
      const operation = contract?.operations.find((known) => known.id === id)
      if (operation === undefined) throw new Error(`the registry has no operation ${id} of ${service}`)
      return operation
    },
    tell: (document, location) =>
      location === undefined || !isMembers(document) ? [] : factsOf(document, at(location)),
    withheld: (location, fields) => (location === undefined ? [] : withheldBelow(location, fields, '')),
  }
}
