import { createHmac } from 'node:crypto'

/** What a tag stands for; the kinds never share a value, so tags of one cannot be compared with another's. */
export type TagKind = 'subject' | 'officer' | 'dossier'

/** Gives the HMAC key of a month (`yyyy-mm`, UTC); a month's key destroyed makes its tags unlinkable. */
export type TagKeys = (month: string) => Promise<Uint8Array>

/**
 * Tags a value: HMAC-SHA256 under the month's key over `kind ‖ 0x00 ‖ value`, cut to 16 bytes, base64url.
 * A plain hash would not do: there are few enough personal ids to try them all.
 */
export type Tagger = (kind: TagKind, value: string) => string

function monthOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 7)
}

/** Identifiers are compared without case, outer space and Unicode form. */
function normalise(value: string): string {
  return value.normalize('NFC').trim().toUpperCase()
}

export function tagWith(key: Uint8Array): Tagger {
  return (kind, value) =>
    createHmac('sha256', key)
      .update(`${kind}\0${normalise(value)}`)
      .digest()
      .subarray(0, 16)
      .toString('base64url')
}

/** @returns the tagger of the current month, fetched once a month; synchronous but for a month's first use. */
export function createTaggers(keys: TagKeys): (atMs: number) => Tagger | Promise<Tagger> {
  let month = ''
  let tagger: Tagger | undefined
  return (atMs) => {
    const wanted = monthOf(atMs)
    if (tagger !== undefined && month === wanted) return tagger
    return keys(wanted).then((key) => {
      month = wanted
      tagger = tagWith(key)
      return tagger
    })
  }
}
