import { decodeBase64, encodeBase64, equalBytes } from './base64.ts'

/**
 * Signed notes (c2sp.org/signed-note) and cosignatures (c2sp.org/tlog-cosignature). Runs in browsers: hash and
 * signature check are handed in.
 */

/** SHA-256. */
export type Hash = (data: Uint8Array) => Uint8Array | Promise<Uint8Array>

/** Checks an Ed25519 signature (RFC 8032). */
export type VerifyEd25519 = (
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
) => boolean | Promise<boolean>

export interface Crypto {
  readonly hash: Hash
  readonly verifyEd25519: VerifyEd25519
}

/** How a key signs notes: Ed25519 over the text, or a time-stamped cosignature/v1. */
export type KeyKind = 'note' | 'cosignature'

const KEY_TYPES = { note: 1, cosignature: 4 } as const satisfies Record<KeyKind, number>

/** The public half of a key that signs notes. */
export interface NoteKey {
  /** Not empty, without spaces and plus signs. */
  readonly name: string
  readonly kind: KeyKind
  /** 4 bytes that tell the name's keys apart. */
  readonly id: Uint8Array
  /** 32 bytes. */
  readonly publicKey: Uint8Array
}

export interface NoteSignature {
  readonly name: string
  readonly id: Uint8Array
  readonly signature: Uint8Array
}

export interface Note {
  /** Ends with a newline. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

const NAME = /^[^\s+]+$/u
const MAX_NOTE_LENGTH = 1_000_000
const MAX_SIGNATURES = 100
const SIGNATURE_LINE = /^— (\S+) (\S+)$/
const utf8 = (text: string) => new TextEncoder().encode(text)

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let end = 0
  for (const part of parts) {
    joined.set(part, end)
    end += part.length
  }
  return joined
}

export async function createNoteKey(
  key: Pick<NoteKey, 'name' | 'kind' | 'publicKey'>,
  hash: Hash,
): Promise<NoteKey> {
  if (!NAME.test(key.name)) throw new RangeError('a key name is not empty and has no spaces or plus signs')
  const typed = join(utf8(`${key.name}\n`), Uint8Array.of(KEY_TYPES[key.kind]), key.publicKey)
  return { ...key, id: (await hash(typed)).slice(0, 4) }
}

const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

/** The verifier key ("vkey") as text: `<name>+<id>+<base64 of type and public key>`. */
export function formatVerifierKey({ name, kind, id, publicKey }: NoteKey): string {
  return `${name}+${hex(id)}+${encodeBase64(join(Uint8Array.of(KEY_TYPES[kind]), publicKey))}`
}

/** @returns undefined where the text is no verifier key of a kind known here, or its id does not fit. */
export async function parseVerifierKey(text: string, hash: Hash): Promise<NoteKey | undefined> {
  const [, name = '', id = '', encoded = ''] = /^([^\s+]+)\+([0-9a-f]{8})\+(\S+)$/.exec(text) ?? []
  const bytes = decodeBase64(encoded)
  const kind = bytes?.[0] === KEY_TYPES.note ? 'note' : 'cosignature'
  if (bytes?.length !== 33 || bytes[0] !== KEY_TYPES[kind]) return undefined
  const key = await createNoteKey({ name, kind, publicKey: bytes.slice(1) }, hash)
  return hex(key.id) === id ? key : undefined
}

/** @returns undefined where the text is no signed note. */
export function parseNote(text: string): Note | undefined {
  if (text.length > MAX_NOTE_LENGTH || /[^\P{Cc}\n]/u.test(text)) return undefined
  const split = text.lastIndexOf('\n\n')
  if (split < 0 || !text.endsWith('\n')) return undefined
  const signatures: NoteSignature[] = []
  const lines = text.slice(split + 2, -1).split('\n')
  if (lines.length > MAX_SIGNATURES) return undefined
  for (const line of lines) {
    const signature = parseSignatureLine(line)
    if (signature === undefined) return undefined
    signatures.push(signature)
  }
  return { text: text.slice(0, split + 1), signatures }
}

/** @returns undefined where the line is no signature line of a note. */
export function parseSignatureLine(line: string): NoteSignature | undefined {
  const [, name = '', encoded = ''] = SIGNATURE_LINE.exec(line) ?? []
  const bytes = decodeBase64(encoded)
  if (bytes === undefined || bytes.length < 5 || !NAME.test(name)) return undefined
  return { name, id: bytes.slice(0, 4), signature: bytes.slice(4) }
}

export function formatSignatureLine({ name, id, signature }: NoteSignature): string {
  return `— ${name} ${encodeBase64(join(id, signature))}\n`
}

export function formatNote({ text, signatures }: Note): string {
  return `${text}\n${signatures.map(formatSignatureLine).join('')}`
}

/** What a cosigner signs: the time, in seconds, and the note's text. */
export function cosignedMessage(text: string, seconds: number): Uint8Array {
  return utf8(`cosignature/v1\ntime ${seconds}\n${text}`)
}

/** The bytes of a cosignature/v1: the time before the signature. */
export function stampSignature(seconds: number, signature: Uint8Array): Uint8Array {
  const time = new Uint8Array(8)
  new DataView(time.buffer).setBigUint64(0, BigInt(seconds))
  return join(time, signature)
}

/** When a cosignature was made, in seconds; undefined where it has not the length of one. */
export function timeOfCosignature(signature: Uint8Array): number | undefined {
  if (signature.length !== 72) return undefined
  const seconds = new DataView(signature.buffer, signature.byteOffset, 8).getBigUint64(0)
  return seconds <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(seconds) : undefined
}

/** Whether `key` signed the note. Signatures of other keys are passed over; one of this key must be right. */
export async function isSignedBy(note: Note, key: NoteKey, { verifyEd25519 }: Crypto): Promise<boolean> {
  const own = note.signatures.filter(({ name, id }) => name === key.name && equalBytes(id, key.id))
  if (own.length === 0) return false
  for (const { signature } of own) {
    const seconds = key.kind === 'cosignature' ? timeOfCosignature(signature) : undefined
    if (key.kind === 'cosignature' && seconds === undefined) return false
    const message = seconds === undefined ? utf8(note.text) : cosignedMessage(note.text, seconds)
    const bytes = seconds === undefined ? signature : signature.subarray(8)
    if (bytes.length !== 64 || !(await verifyEd25519(key.publicKey, message, bytes))) return false
  }
  return true
}

/** A private key that signs bytes; where it lives is the implementation's business. */
export interface NoteSigner {
  readonly key: NoteKey
  /** Ed25519 over the bytes, 64 bytes. */
  readonly sign: (message: Uint8Array) => Uint8Array | Promise<Uint8Array>
}

/** Signs a note's text with the log's key. */
export async function signNote(text: string, { key, sign }: NoteSigner): Promise<NoteSignature> {
  return { name: key.name, id: key.id, signature: await sign(utf8(text)) }
}
