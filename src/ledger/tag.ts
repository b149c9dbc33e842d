import { createHmac, createSecretKey } from 'node:crypto'

/** What a tag stands for; the kinds never share a value, so tags of one cannot be compared with another's. */
export type TagKind = 'subject' | 'officer' | 'dossier'

/** Gives the HMAC key of a month (`yyyy-mm`, UTC); a month's key destroyed makes its tags unlinkable. */
export type TagKeys = (month: string) => Promise<Uint8Array>

/**
 * Tags a value: HMAC-SHA256 under the month's key over `kind ‖ 0x00 ‖ value`, cut to 16 bytes, base64url.
 * A plain hash would not do: there are few enough personal ids to try them all.
 */
export type Tagger = (kind: TagKind, value: string) => string

/** Identifiers are compared without case, outer space and Unicode form. */
function normalise(value: string): string {
  return value.normalize('NFC').trim().toUpperCase()
}

export function tagWith(key: Uint8Array): Tagger {
  // Imported once: a key given as bytes would be imported anew for each tag, at four times the cost.
  const imported = createSecretKey(key)
  return (kind, value) =>
    createHmac('sha256', imported)
      .update(`${kind}\0${normalise(value)}`)
      .digest()
      .subarray(0, 16)
      .toString('base64url')
}

/** @returns the tagger of a moment's month; synchronous but for a month's first use. */
export function createTaggers(keys: TagKeys): (atMs: number) => Tagger | Promise<Tagger> {
  let fromMs = 0
  let untilMs = 0
  let tagger: Tagger | undefined
  return (atMs) => {
    if (tagger !== undefined && atMs >= fromMs && atMs < untilMs) return tagger
    const at = new Date(atMs)
    const first = Date.UTC(at.getUTCFullYear(), at.getUTCMonth())
    const next = Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1)
    return keys(at.toISOString().slice(0, 7)).then((key) => {
      fromMs = first
      untilMs = next
      tagger = tagWith(key)
      return tagger
    })
  }
}
