import type { ExchangeFacts, Outcome, SignatureFacts, XroadFacts } from '../model/exchange.ts'
import type { PrivateDigests } from './disclosure.ts'

/**
 * The content of one ledger entry, `schemas/record.schema.json`. No personal data stands in it, nor anything that
 * links two records of one person: digests let a holder of the original prove what was exchanged.
 */
export interface ExchangeRecord {
  readonly agreement: { readonly digest: string; readonly id: string } | undefined
  readonly answer: { readonly bytes: number; readonly digest: string; readonly status: number } | undefined
  readonly answerSignature: SignatureFacts | undefined
  /** Milliseconds from receipt until the provider was asked. */
  readonly askedMs?: number | undefined
  /** Unix milliseconds of completion; never decreases along a log. */
  readonly at: number
  readonly attempts: number | undefined
  readonly binding: string
  readonly code: string | undefined
  readonly consent?: { readonly id: string; readonly issuer: string } | undefined
  readonly consumer: string
  readonly contract: string | undefined
  readonly exchange: string
  readonly fields: readonly string[] | undefined
  readonly kind: string | undefined
  readonly legalBases: readonly string[] | undefined
  readonly operation: string | undefined
  readonly outcome: Outcome
  /** Id of the job or exchange that this one is a part of. */
  readonly parent?: string | undefined
  /** Of the disclosures kept apart from the log. */
  readonly private: PrivateDigests | undefined
  readonly procedure: string | undefined
  readonly provider: string | undefined
  readonly providerMs: number | undefined
  readonly purpose: string | undefined
  /** Of a reading of the log itself. */
  readonly reading?: { readonly found: number; readonly query: string } | undefined
  readonly receivedAt: number
  readonly registry: string
  readonly request: { readonly bytes: number; readonly digest: string } | undefined
  readonly requestSignature: SignatureFacts | undefined
  readonly service: string
  readonly token: string
  readonly trace: string
  readonly v: 1
  /** Of an exchange that came through the X-Road door. */
  readonly xroad?: XroadFacts | undefined
}

/** Members in the order the leaf wants them. */
function signatureOf(signature: SignatureFacts | undefined): SignatureFacts | undefined {
  return signature && { base: signature.base, key: signature.key, signature: signature.signature }
}

/**
 * @returns the record but for its time (`at` is 0), which the sequencer gives. Members stand in code-unit
 * order of their names and hold strings and safe integers only, so that `encodeLeaf` is canonical.
 */
export function recordOf(
  facts: ExchangeFacts,
  digests: PrivateDigests | undefined,
  outcome: Outcome,
): ExchangeRecord {
  const { agreement, agreementDigest, request, answer } = facts
  return {
    agreement:
      agreement === undefined || agreementDigest === undefined
        ? undefined
        : { digest: agreementDigest, id: agreement },
    answer: answer && { bytes: answer.bytes, digest: answer.digest, status: answer.status },
    answerSignature: signatureOf(facts.answerSignature),
    askedMs: facts.askedMs,
    at: 0,
    attempts: facts.attempts,
    binding: facts.binding,
    code: facts.code,
    consent: facts.consent && { id: facts.consent.id, issuer: facts.consent.issuer },
    consumer: facts.consumer,
    contract: facts.contractDigest,
    exchange: facts.exchangeId,
    fields: facts.fields,
    kind: facts.kind,
    legalBases: facts.legalBases,
    operation: facts.operation,
    outcome,
    parent: facts.parent,
    private: digests,
    procedure: facts.procedure,
    provider: facts.provider,
    providerMs: facts.providerMs,
    purpose: facts.purpose,
    reading: facts.reading && { found: facts.reading.found, query: facts.reading.query },
    receivedAt: facts.receivedAtMs,
    registry: facts.registryDigest,
    request: request && { bytes: request.bytes, digest: request.digest },
    requestSignature: signatureOf(facts.requestSignature),
    service: facts.service,
    token: facts.tokenDigest,
    trace: facts.traceId,
    v: 1,
    xroad: facts.xroad && {
      messageId: facts.xroad.messageId,
      representedParty: facts.xroad.representedParty,
    },
  }
}

/**
 * The leaf: the record by the JSON Canonicalization Scheme (RFC 8785), UTF-8. `JSON.stringify` writes
 * strings and integers as the scheme demands and keeps the members' order, which `recordOf` made.
 */
export function encodeLeaf(record: ExchangeRecord): Buffer {
  return Buffer.from(JSON.stringify(record))
}
