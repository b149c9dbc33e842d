import { isMembers } from './consumer-reply.ts'
import { usageFault } from './fault.ts'

type Draft = Record<string, unknown>

function badWord(word: string) {
  // Only the name is repeated: what follows it may be personal data.
  const [name = ''] = word.split('=', 1)
  return usageFault(
    { vi: `Không hiểu “${name}”.`, en: `'${name}' is not understood.` },
    {
      vi: 'Viết tên=giá-trị, tên:=JSON, @tệp.json, hoặc @- để đọc từ stdin.',
      en: 'Write name=value, name:=JSON, @file.json, or @- to read stdin.',
    },
  )
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // A parser's own message would quote the text.
    throw usageFault({ vi: `${where} không phải JSON hợp lệ.`, en: `${where} is not valid JSON.` })
  }
}

/** Sets the member that a dotted name names, making objects on the way. */
function setMember(draft: Draft, word: string, name: string, value: unknown): void {
  const steps = name.split('.')
  const last = steps.pop() ?? ''
  let parent = draft
  for (const step of steps) {
    const below = Object.hasOwn(parent, step) ? parent[step] : undefined
    if (step === '' || step === '__proto__' || (below !== undefined && !isMembers(below))) throw badWord(word)
    const next: Draft = { ...below }
    parent[step] = next
    parent = next
  }
  if (last === '' || last === '__proto__' || Object.hasOwn(parent, last)) throw badWord(word)
  parent[last] = value
}

function splitWord(word: string): { readonly name: string; readonly value: unknown } {
  const mark = word.indexOf('=')
  if (mark < 1) throw badWord(word)
  const value = word.slice(mark + 1)
  if (word[mark - 1] !== ':') return { name: word.slice(0, mark), value }
  const name = word.slice(0, mark - 1)
  return { name, value: parseJson(value, name) }
}

/**
 * Builds a request body of words: `name=text`, `name:=json`, dots for members of members, at most one
 * `@file` (`@-` for stdin) that gives the whole document to which members are added.
 * @returns `undefined` where there are no words.
 * @throws CliFault with exit code 2; a value is never repeated in it.
 */
export async function buildBody(
  words: readonly string[],
  read: (file: string) => Promise<string>,
): Promise<unknown> {
  if (words.length === 0) return undefined
  const files = words.filter((word) => word.startsWith('@'))
  const [file, extra] = files
  if (extra !== undefined) throw badWord(extra)
  const members = words.filter((word) => !word.startsWith('@'))
  const document = file === undefined ? {} : parseJson(await read(file.slice(1)), file)
  if (members.length === 0) return document
  if (!isMembers(document)) throw badWord(members[0] ?? '')
  const typed: Draft = {}
  for (const word of members) {
    const { name, value } = splitWord(word)
    setMember(typed, word, name, value)
  }
  return { ...document, ...typed }
}

/** Moves the members a path template names out of the body: `/thua-dat/{id}`. */
export function fillPath(
  pathTemplate: string,
  body: unknown,
): { readonly path: string; readonly body: unknown } {
  if (!pathTemplate.includes('{')) return { path: pathTemplate, body }
  const rest: Draft = isMembers(body) ? { ...body } : {}
  const path = pathTemplate.replaceAll(/\{([^}]+)\}/g, (_match, name: string) => {
    const value = rest[name]
    if (typeof value !== 'string' && typeof value !== 'number') {
      throw usageFault({ vi: `Thiếu ${name}=… cho đường dẫn.`, en: `The path needs ${name}=….` })
    }
    delete rest[name]
    return encodeURIComponent(value)
  })
  return { path, body: Object.keys(rest).length === 0 ? undefined : rest }
}
