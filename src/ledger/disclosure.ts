import { decodeBase64, encodeBase64 } from './base64.ts'
import type { Hash } from './note.ts'

/**
 * The private part of a record stands in its leaf as digests of salted disclosures alone, made as SD-JWT makes them
 * (RFC 9901 §4.2): a disclosure shown proves one fact, a disclosure deleted leaves nothing to guess by. Runs in
 * browsers.
 */

/**
 * What can be withheld from a leaf; `subjectTag` is a keyed tag, since the person's number itself is kept nowhere, and
 * `subjects` stands for the tags of everybody that a batch asked about.
 */
export const PRIVATE_NAMES = ['dossier', 'note', 'officer', 'subjectTag', 'subjects'] as const
export type PrivateName = (typeof PRIVATE_NAMES)[number]

/** By name, SHA-256 of the disclosure's own letters, base64url. */
export type PrivateDigests = { readonly [Name in PrivateName]?: string | undefined }

/** One disclosure, read. */
export interface Disclosed {
  /** 16 random bytes, base64url. */
  readonly salt: string
  readonly name: string
  readonly value: string
}

const toUrl = (base64: string) => base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
const fromUrl = (text: string) =>
  decodeBase64(
    text
      .replaceAll('-', '+')
      .replaceAll('_', '/')
      .padEnd(Math.ceil(text.length / 4) * 4, '='),
  )

/** @returns what stands in the leaf for a disclosure: base64url of SHA-256 over its letters (RFC 9901 §4.2.3). */
export async function digestOfDisclosure(disclosure: string, hash: Hash): Promise<string> {
  return toUrl(encodeBase64(await hash(new TextEncoder().encode(disclosure))))
}

/** @returns undefined where the text is no disclosure of a name with a text. */
export function parseDisclosure(disclosure: string): Disclosed | undefined {
  try {
    const bytes = fromUrl(disclosure) ?? new Uint8Array(0)
    const parsed: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (!Array.isArray(parsed) || parsed.length !== 3) return undefined
    const [salt, name, value] = parsed
    const isWhole = [salt, name, value].every((each) => typeof each === 'string')
    return isWhole ? { salt, name, value } : undefined
  } catch {
    return undefined
  }
}

/** The disclosures of a text, one a line or, as SD-JWT joins them, with `~` between. */
export function splitDisclosures(text: string): readonly string[] {
  return text.split(/[~\s]+/).filter((each) => each !== '')
}

/** What showing disclosures of a record came to. */
export interface Shown {
  /** Facts that the record commits to. */
  readonly facts: readonly Disclosed[]
  /** How many of those shown are not the record's. */
  readonly strange: number
  /** Names the record commits to and nothing shown opens: withheld, or erased. */
  readonly closed: readonly string[]
}

/** Holds disclosures against the digests in a leaf. */
export async function openPrivatePart(
  digests: Readonly<Record<string, unknown>>,
  disclosures: readonly string[],
  hash: Hash,
): Promise<Shown> {
  const facts: Disclosed[] = []
  let strange = 0
  for (const disclosure of disclosures) {
    const disclosed = parseDisclosure(disclosure)
    const stated = disclosed && Object.hasOwn(digests, disclosed.name) ? digests[disclosed.name] : undefined
    if (disclosed && stated === (await digestOfDisclosure(disclosure, hash))) facts.push(disclosed)
    else strange += 1
  }
  const opened = new Set(facts.map(({ name }) => name))
  return {
    facts,
    strange,
    closed: Object.keys(digests).filter((name) => digests[name] !== undefined && !opened.has(name)),
  }
}
