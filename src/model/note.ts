/**
 * `Exchange-Note`: why an officer asks, in the officer's own words. A header field can't hold Vietnamese as it is, so it
 * is a Display String (RFC 9651 §3.3.8: UTF-8, percent-encoded, `%"L%c3%bd do"`); a String (§3.3.3) will do for ASCII.
 */

/** Longest note, in characters (code points). */
export const NOTE_CHARACTERS = 200

const DISPLAY_STRING = /^%"((?:[\x20\x21\x23\x24\x26-\x7e]|%[0-9a-f]{2})*)"$/
const STRING = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/
/** Control characters, and those that turn the direction of writing: what stands in a note is shown to people. */
const UNSHOWN = /[\p{Cc}\p{Cn}\p{Co}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u

function decode(field: string): string | undefined {
  const [, plain] = STRING.exec(field) ?? []
  if (plain !== undefined) return plain.replaceAll(/\\(.)/g, '$1')
  const [, escaped] = DISPLAY_STRING.exec(field) ?? []
  try {
    return escaped === undefined ? undefined : decodeURIComponent(escaped)
  } catch {
    // Not UTF-8.
    return undefined
  }
}

/** @returns undefined where the field's value is no note: not well formed, empty, too long, or not to be shown. */
export function readNote(field: string): string | undefined {
  const note = decode(field)?.normalize('NFC').trim()
  if (note === undefined || note === '' || UNSHOWN.test(note)) return undefined
  return [...note].length <= NOTE_CHARACTERS ? note : undefined
}

/** The field's value for a note. */
export function writeNote(note: string): string {
  const escaped = (byte: number) => {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25 && byte !== 0x22
    return isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, '0')}`
  }
  return `%"${[...Buffer.from(note.normalize('NFC'))].map(escaped).join('')}"`
}
