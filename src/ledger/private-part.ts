import { hash } from 'node:crypto'
import type { ExchangeFacts } from '../model/exchange.ts'
import { type PrivateDigests, type PrivateName, parseDisclosure } from './disclosure.ts'
import type { Tagger, TagKind } from './tag.ts'

/** What records are searched by in place of identifiers; it stands beside the log, never in it. */
export type SearchTags = { readonly [Kind in TagKind]?: string | undefined }

/** What a record says of people: kept apart from the log, under encryption, and erased without it. */
export interface PrivatePart {
  readonly disclosures: readonly string[]
  readonly tags: SearchTags
}

/** A private part with what the leaf holds in its place. */
export interface WithheldPart extends PrivatePart {
  readonly digests: PrivateDigests
}

const SALT_BYTES = 16

/** @returns what a record says of a batch's subjects: SHA-256 of their tags, one behind the other, base64url. */
export function digestOfSubjects(tags: Uint8Array): string {
  return hash('sha256', tags, 'base64url')
}

/** What a record says of people, before it is withheld. */
export type PrivateFacts = Pick<ExchangeFacts, 'subject' | 'officer' | 'dossier' | 'note'> & {
  /** Of a batch: the tags of everybody it asked about. */
  readonly batchTags?: Uint8Array | undefined
}

/** @returns what of an exchange must not stand in its leaf; undefined where there is nothing. */
export function withhold(
  facts: PrivateFacts,
  tag: Tagger,
  random: (bytes: number) => Buffer,
): WithheldPart | undefined {
  const { subject, officer, dossier, batchTags } = facts
  const tags: SearchTags = {
    subject: subject && tag('subject', subject),
    officer: officer && tag('officer', officer),
    dossier: dossier && tag('dossier', dossier),
  }
  const disclosures: string[] = []
  const disclose = (name: PrivateName, value: string | undefined): string | undefined => {
    if (!value) return undefined
    const salted = JSON.stringify([random(SALT_BYTES).toString('base64url'), name, value])
    const disclosure = Buffer.from(salted).toString('base64url')
    disclosures.push(disclosure)
    return hash('sha256', disclosure, 'base64url')
  }
  // Members in the order the leaf wants them.
  const digests: PrivateDigests = {
    dossier: disclose('dossier', dossier),
    note: disclose('note', facts.note),
    officer: disclose('officer', officer),
    subjectTag: disclose('subjectTag', tags.subject),
    subjects: disclose('subjects', batchTags && digestOfSubjects(batchTags)),
  }
  return disclosures.length === 0 ? undefined : { digests, disclosures, tags }
}

/** @returns the tags that disclosures are searched by. */
export function searchTagsOf(disclosures: readonly string[], tag: Tagger): SearchTags {
  const values = new Map(
    disclosures.flatMap((each) => {
      const disclosed = parseDisclosure(each)
      return disclosed === undefined ? [] : [[disclosed.name, disclosed.value] as const]
    }),
  )
  const [officer, dossier] = [values.get('officer'), values.get('dossier')]
  return {
    subject: values.get('subjectTag'),
    officer: officer && tag('officer', officer),
    dossier: dossier && tag('dossier', dossier),
  }
}

/** What is there of a record's private part: its disclosures, or by which record of the log it was erased. */
export type KeptPart = { readonly disclosures: readonly string[] } | { readonly erasedBy: string | undefined }
