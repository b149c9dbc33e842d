import { hash } from 'node:crypto'
import { GatewayError } from '../model/errors.ts'
import type { Consumer, RequestMessage, SignatureFacts } from '../model/exchange.ts'
import type { SignatureAlgorithm, VerificationKey } from './algorithm.ts'
import { matchesContentDigest } from './content-digest.ts'
import { type Fault, refusal } from './faults.ts'
import { CLOCK_LEEWAY_SECONDS, isAhead } from './jws.ts'
import type { FindRegisteredKey, SubsystemDirectory } from './registered-keys.ts'
import { REPLAY_MARGIN_MS, type ReplayStore } from './replay.ts'
import { requestComponents, signatureBase } from './signature-base.ts'
import { readSignature, type SignatureEntry } from './signature-fields.ts'

/** How old a signature may be. */
const SIGNATURE_WINDOW_SECONDS = 60
/** `tag` of a signature on a request (FAPI 2.0 HTTP Signatures). */
export const REQUEST_TAG = 'fapi-2-request'

/** Covered in every request. */
export const COVERED_ALWAYS = ['@method', '@target-uri', 'authorization', 'exchange-purpose'] as const
/** What the gateway acts upon where it is there: then it is covered, or somebody else could have put it in. */
export const COVERED_WHERE_PRESENT = [
  'dpop',
  'content-type',
  'content-digest',
  'exchange-dossier',
  'exchange-procedure',
  'exchange-officer',
  'exchange-note',
  'exchange-fields',
  'exchange-consent',
  'exchange-notify',
  'idempotency-key',
] as const

/** Names of our algorithms in the registry of RFC 9421 §6.2; PS256 has none and goes by its key alone (§3.3.7). */
const REGISTERED_NAMES: ReadonlyMap<string, SignatureAlgorithm> = new Map([
  ['ecdsa-p256-sha256', 'ES256'],
  ['ed25519', 'Ed25519'],
])
const ALGORITHMS: readonly SignatureAlgorithm[] = ['ES256', 'PS256', 'Ed25519']

/**
 * Checks the signature on a request, and its `Content-Digest`.
 * @returns what the record keeps of it; undefined where the request has none.
 * @throws GatewayError `signature_invalid`, `content_digest_mismatch`, `ledger_unavailable`.
 */
export type CheckRequestSignature = (
  message: RequestMessage,
  body: Uint8Array,
  consumer: Pick<Consumer, 'id'>,
) => Promise<SignatureFacts | undefined>

export interface RequestSignatureParts {
  readonly directory: () => SubsystemDirectory
  readonly findKey: FindRegisteredKey
  readonly replay: ReplayStore
  /** Unix milliseconds. */
  readonly now: () => number
}

/** Derived components that together say as much as `@target-uri`. */
function coversTarget(covered: ReadonlySet<string>, message: RequestMessage): boolean {
  if (covered.has('@target-uri')) return true
  const hasQuery = message.targetUri.includes('?')
  return covered.has('@authority') && covered.has('@path') && (!hasQuery || covered.has('@query'))
}

function coverFault(entry: SignatureEntry, message: RequestMessage, body: Uint8Array): Fault | undefined {
  const { covered } = entry
  if (!coversTarget(covered, message)) return 'signatureCover'
  if (COVERED_ALWAYS.some((name) => name !== '@target-uri' && !covered.has(name))) return 'signatureCover'
  if (COVERED_WHERE_PRESENT.some((name) => message.fields.has(name) && !covered.has(name))) {
    return 'signatureCover'
  }
  return body.length > 0 && !covered.has('content-digest') ? 'signatureCover' : undefined
}

function parameterFault(entry: SignatureEntry, nowMs: number): Fault | undefined {
  const { created, expires } = entry
  if (entry.tag !== REQUEST_TAG) return 'signatureTag'
  if (entry.nonce === undefined) return 'signatureNonce'
  if (isAhead(created, nowMs, CLOCK_LEEWAY_SECONDS)) return 'signatureAge'
  if (nowMs > (created + SIGNATURE_WINDOW_SECONDS) * 1000) return 'signatureAge'
  return expires !== undefined && (expires < created || nowMs >= expires * 1000) ? 'signatureAge' : undefined
}

/** @returns what goes into the record: digests that both holders of the messages can make again. */
export function signatureFacts(
  base: string,
  signature: Uint8Array,
  { thumbprint }: VerificationKey,
): SignatureFacts {
  return {
    base: hash('sha256', base, 'base64url'),
    key: thumbprint,
    signature: hash('sha256', signature, 'base64url'),
  }
}

export function createRequestSignatureCheck(parts: RequestSignatureParts): CheckRequestSignature {
  const { directory, findKey, replay, now } = parts

  function keyFor(consumer: Pick<Consumer, 'id'>, entry: SignatureEntry): VerificationKey | undefined {
    const { algorithm, keyId } = entry
    const named = algorithm === undefined ? undefined : REGISTERED_NAMES.get(algorithm)
    if (algorithm !== undefined && named === undefined) return undefined
    const subsystem = directory().subsystems.get(consumer.id)
    const keys = (named === undefined ? ALGORITHMS : [named]).flatMap((each) => {
      const key = findKey(subsystem, keyId, each)
      return key === undefined ? [] : [key]
    })
    return keys.length === 1 ? keys[0] : undefined
  }

  async function verify(
    entry: SignatureEntry,
    message: RequestMessage,
    body: Uint8Array,
    consumer: Pick<Consumer, 'id'>,
  ): Promise<SignatureFacts> {
    const fault = parameterFault(entry, now()) ?? coverFault(entry, message, body)
    if (fault !== undefined) throw refusal('signature_invalid', fault)
    const base = signatureBase(entry.input, requestComponents(message))
    if (base === undefined) throw refusal('signature_invalid', 'signatureComponents')
    const key = keyFor(consumer, entry)
    if (key === undefined) throw refusal('signature_invalid', 'signatureKey')
    if (!key.verify(Buffer.from(base), entry.signature)) throw refusal('signature_invalid', 'signature')
    const tooOldAtMs = (entry.created + SIGNATURE_WINDOW_SECONDS) * 1000 + 1
    const name = `${key.thumbprint}\n${entry.nonce}`
    if (!(await replay.claim('signature', name, tooOldAtMs + REPLAY_MARGIN_MS))) {
      throw refusal('signature_invalid', 'signatureReplayed')
    }
    return signatureFacts(base, entry.signature, key)
  }

  return async (message, body, consumer) => {
    const { fields } = message
    const digest = fields.get('content-digest')
    if (digest !== undefined && !matchesContentDigest(digest, body)) {
      throw new GatewayError('content_digest_mismatch')
    }
    const inputField = fields.get('signature-input')
    const signatureField = fields.get('signature')
    if (inputField === undefined && signatureField === undefined) return undefined
    const entry = readSignature(inputField ?? '', signatureField ?? '')
    if (entry === undefined) throw refusal('signature_invalid', 'signatureForm')
    return verify(entry, message, body, consumer)
  }
}
