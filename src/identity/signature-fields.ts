import {
  type BareItem,
  type Dictionary,
  type InnerList,
  type Item,
  isInnerList,
  parseDictionary,
} from 'structured-headers'

/** Longest `Signature-Input` or `Signature` read, in characters. */
const MAX_FIELD_LENGTH = 4096
const MAX_COMPONENTS = 32

/** The one signature of a message, taken apart; nothing in it is trusted. */
export interface SignatureEntry {
  readonly label: string
  readonly input: InnerList
  /** Components named without `;req`, in lower case as the standard wants them. */
  readonly covered: ReadonlySet<string>
  /** Components of the request named with `;req`. */
  readonly coveredOfRequest: ReadonlySet<string>
  readonly created: number
  readonly expires: number | undefined
  readonly keyId: string
  readonly nonce: string | undefined
  readonly algorithm: string | undefined
  readonly tag: string
  readonly signature: Uint8Array
}

/** @returns undefined where the text is no dictionary (RFC 9651 §3.2) or too long. */
export function readDictionary(text: string): Dictionary | undefined {
  if (text.length > MAX_FIELD_LENGTH) return undefined
  try {
    return parseDictionary(text)
  } catch {
    return undefined
  }
}

/** @returns the bytes where the value is a Byte Sequence. */
export function readBytes(value: Item | InnerList | undefined): Uint8Array | undefined {
  const bytes: unknown = value?.[0]
  return bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : undefined
}

function only<T>(values: Iterable<T>): T | undefined {
  const [first, ...more] = values
  return more.length === 0 ? first : undefined
}

function isSeconds(value: BareItem | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isText(value: BareItem | undefined): value is string {
  return typeof value === 'string' && value.length >= 1 && value.length <= 256
}

function isTextOrAbsent(value: BareItem | undefined): value is string | undefined {
  return value === undefined || isText(value)
}

const PARAMETERS = new Set(['created', 'expires', 'keyid', 'nonce', 'alg', 'tag'])

type Parameters = Omit<SignatureEntry, 'label' | 'input' | 'covered' | 'coveredOfRequest' | 'signature'>

function readParameters(parameters: ReadonlyMap<string, BareItem>): Parameters | undefined {
  for (const name of parameters.keys()) if (!PARAMETERS.has(name)) return undefined
  const created = parameters.get('created')
  const expires = parameters.get('expires')
  const keyId = parameters.get('keyid')
  const nonce = parameters.get('nonce')
  const algorithm = parameters.get('alg')
  const tag = parameters.get('tag')
  if (!isSeconds(created) || !(expires === undefined || isSeconds(expires))) return undefined
  if (!isText(keyId) || !isText(tag) || !isTextOrAbsent(nonce) || !isTextOrAbsent(algorithm)) return undefined
  return { created, expires, keyId, nonce, algorithm, tag }
}

/**
 * Reads `Signature-Input` and `Signature` (RFC 9421 §4) of a message that has exactly one signature: with two,
 * whoever checks the one and whoever believes the other would speak of different messages.
 * @returns undefined where there is not exactly one, or it is not of the form taken here.
 */
export function readSignature(inputField: string, signatureField: string): SignatureEntry | undefined {
  const named = only(readDictionary(inputField) ?? [])
  const signed = only(readDictionary(signatureField) ?? [])
  if (named === undefined || signed === undefined || named[0] !== signed[0]) return undefined
  const [label, input] = named
  const signature = readBytes(signed[1])
  if (!isInnerList(input) || signature === undefined || input[0].length > MAX_COMPONENTS) return undefined
  const parameters = readParameters(input[1])
  if (parameters === undefined) return undefined
  const covered = new Set<string>()
  const coveredOfRequest = new Set<string>()
  for (const [name, { size }] of input[0]) {
    if (typeof name !== 'string' || name !== name.toLowerCase()) return undefined
    // Which parameters there are is judged where the base is made.
    const place = size === 0 ? covered : coveredOfRequest
    place.add(name)
  }
  return { label, input, covered, coveredOfRequest, signature, ...parameters }
}
