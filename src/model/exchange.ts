import type { Cancellation } from './cancellation.ts'
import type { ConsentFacts } from './consent.ts'
import type { ErrorCode } from './error-table.ts'
import type { ServiceId, SubsystemId } from './identifier.ts'
import type { ForeignClient } from './party.ts'
import type { WholeRequest } from './whole.ts'

/**
 * What an operation does; lookup and verify are separate rights, submit changes the provider's state, request is
 * answered days later, event is what the provider tells of itself.
 */
export type OperationKind = 'lookup' | 'verify' | 'submit' | 'request' | 'event'

/** How an exchange ended: done / decided no / couldn't / begun and cut off by a crash. */
export type Outcome = 'delivered' | 'refused' | 'failed' | 'interrupted'

/** W3C Trace Context: `traceId` 32 and `spanId` 16 lower-case hex digits. */
export interface TraceContext {
  readonly traceId: string
  readonly spanId: string
  readonly sampled: boolean
  readonly state?: string
}

/**
 * How the access token, or at the X-Road door the connection, is tied to its holder; `network`: by nothing but
 * where it came from, which the registry has to allow by name.
 */
export type TokenBinding = 'dpop' | 'mtls' | 'bearer' | 'session' | 'network'

/**
 * What a token is narrowed to (RFC 9396), type `data_exchange`. A member that is absent does not narrow. Several
 * of them allow together what each allows; the agreement decides in any case.
 */
export interface DataExchangeDetail {
  readonly type: 'data_exchange'
  /** The one service it is good for. */
  readonly service?: string
  /** Operation ids of the service's contract. */
  readonly operations?: readonly string[]
  readonly purpose?: string
  /** Id of a legal basis the agreement has to stand on. */
  readonly legal_basis?: string
  /** Id of the one agreement it may be used under. */
  readonly agreement?: string
  /** JSON Pointers, read as those of an agreement are. */
  readonly fields?: readonly string[]
}

/** Who is asking, as authentication found it. */
export interface Consumer {
  readonly id: SubsystemId
  readonly binding: TokenBinding
  /** SHA-256 of the token's `jti`, base64url: names the token in the record without being usable. */
  readonly tokenDigest: string
  /** The resource the token is good for: an address prefix (RFC 8707). */
  readonly audience: string
  /** What holding the token is proved with: `jkt` or `x5t#S256`, base64url; absent of a bearer token. */
  readonly boundTo?: string | undefined
  /** Thumbprint of the registered key or certificate that the token was got with; only our own tokens name it. */
  readonly clientKey?: string | undefined
  /** What a foreign issuer calls the subsystem; absent of our own tokens. */
  readonly foreignClient?: ForeignClient | undefined
  /** What the token is narrowed to; undefined where it is good for all that is agreed. */
  readonly details?: readonly DataExchangeDetail[] | undefined
}

/** What stands in front of authentication, as it came over the wire; nothing in it is trusted. */
export interface Credentials {
  readonly authorization?: string
  readonly dpop?: string
  /** SHA-256 thumbprint of the verified TLS client certificate, base64url. */
  readonly certificateThumbprint?: string
  readonly method: string
  /** The address the consumer asked for, without query: what a DPoP proof's `htu` must name. */
  readonly url: string
  /** Who the message says it is from, where the protocol says so itself. */
  readonly claim?: Claim
}

/** A subsystem that a message names as its sender, and the connection that has to bear it out. */
export interface Claim {
  readonly subsystem: SubsystemId
  readonly connection: 'http' | 'https'
  /** Address of the connection's other end. */
  readonly address: string
}

/** A request's parts that a signature may cover (RFC 9421 §2), as they came over the wire. */
export interface RequestMessage {
  readonly method: string
  /** The address asked for, with its query. */
  readonly targetUri: string
  /** By lower-case name; the lines of a repeated field are joined by `, `. */
  readonly fields: ReadonlyMap<string, string>
}

/** What the record keeps of a signature: who holds the message can show that it is the one. */
export interface SignatureFacts {
  /** SHA-256 of the signature base (RFC 9421 §2.5), base64url. */
  readonly base: string
  /** JWK SHA-256 thumbprint of the key (RFC 7638), base64url. */
  readonly key: string
  /** SHA-256 of the signature's bytes, base64url. */
  readonly signature: string
}

/** What an X-Road message says of itself that a record may hold. */
export interface XroadFacts {
  /** X-Road-Id as it was sent, where it is a UUID and so tells of nobody. */
  readonly messageId?: string | undefined
  /** The registered agency the message is sent for (X-Road-Represented-Party). */
  readonly representedParty?: string | undefined
}

/** One request for data, translated from a door's protocol. */
export interface InboundRequest {
  readonly exchangeId: string
  /** Id of the job or exchange that this one is a part of. */
  readonly parent?: string | undefined
  readonly receivedAtMs: number
  readonly credentials: Credentials
  readonly service: ServiceId
  readonly method: string
  /** Path inside the service, `/` first, decoded once. */
  readonly path: string
  readonly query: URLSearchParams | undefined
  readonly purpose: string | undefined
  readonly dossier: string | undefined
  readonly procedure: string | undefined
  readonly officer: string | undefined
  /** `Exchange-Note`: why the officer asks, in the officer's words; it goes no further than the record's private part. */
  readonly note?: string | undefined
  readonly idempotencyKey: string | undefined
  /** `Exchange-Notify`: where the end of a request that is answered later is to be told. */
  readonly notify?: string | undefined
  /** `Exchange-Consent` as it came. */
  readonly consent?: string | undefined
  /** The fields asked for; all agreed ones where absent. */
  readonly fields: readonly string[] | undefined
  readonly trace: TraceContext
  /**
   * 16 random bytes that go into the record's digests and to both sides, and are kept nowhere: without them
   * nobody can find a short body by trying every value.
   */
  readonly salt: Uint8Array
  /** Fields of the door's own protocol that the provider is sent beside the gateway's, names in lower case. */
  readonly passedOn?: Readonly<Record<string, string>>
  /** What a signature could cover; undefined where the request has neither signature nor `Content-Digest`. */
  readonly message?: RequestMessage | undefined
  /** Of a message of the X-Road door: what its record keeps of the protocol. */
  readonly xroad?: XroadFacts
  /** Of a door that passes messages whole, where the service asked for has no contract; `body` is then empty. */
  readonly whole?: WholeRequest
  /** Of what is asked about a request made before, or why nothing can be told of it. */
  readonly about?:
    | { readonly id: string; readonly act: 'look' | 'cancel' }
    | { readonly refusal: 'request_unknown' | 'request_ended' }
  /** The body's bytes as received; empty where there was none. */
  readonly body: Uint8Array
  /** The gateway itself asks, for a package that leaves anonymised; see `package_only`. */
  readonly forPackage?: true
  /** Parsed once by the door; `undefined` where there was no body. */
  readonly json: unknown
  /** Aborts when the consumer hangs up. */
  readonly signal: Cancellation | undefined
}

/** Length of a body, and SHA-256(salt ‖ body), base64url. */
export interface BodyFacts {
  readonly bytes: number
  readonly digest: string
}

/**
 * What is known of an exchange when it is recorded. Absent members were not reached: a refusal for want
 * of an agreement has no agreement.
 */
export interface ExchangeFacts {
  readonly exchangeId: string
  /** Id of the exchange or bulk job whose part this one is. */
  readonly parent?: string
  readonly receivedAtMs: number
  readonly traceId: string
  readonly consumer: SubsystemId
  /** `local` where somebody at the gateway's own machine read the log. */
  readonly binding: TokenBinding | 'local'
  readonly tokenDigest: string
  /** As asked for; it may name a service that does not exist. */
  readonly service: string
  /** Of the registry the exchange was last judged by. */
  registryDigest: string
  provider?: SubsystemId
  operation?: string
  kind?: OperationKind
  contractDigest?: string
  agreement?: string
  agreementDigest?: string
  purpose?: string
  /** Of the consent it was judged by; it names nobody. */
  consent?: ConsentFacts
  legalBases?: readonly string[]
  procedure?: string
  /** Kept beside the log, in the record as a salted digest alone. */
  note?: string
  /** Never in clear: the ledger keeps keyed tags of these three. */
  dossier?: string
  officer?: string
  subject?: string
  /** Of a batch: everybody it asks about. */
  subjects?: readonly string[]
  request?: BodyFacts
  answer?: (BodyFacts & { readonly status: number }) | undefined
  /** Of the consumer's signature on the request, found good. */
  requestSignature?: SignatureFacts
  /** Of the gateway's signature on the answer. */
  answerSignature?: SignatureFacts | undefined
  /** Pointers of the fields released. */
  fields?: readonly string[]
  attempts?: number
  /** Milliseconds from receipt until the provider was asked. */
  askedMs?: number
  providerMs?: number
  /** Of an exchange that came through the X-Road door. */
  xroad?: XroadFacts
  /** Of a reading of the log itself: what was looked for (canonical JSON, no identifier) and how much was found. */
  reading?: { readonly found: number; readonly query: string }
  outcome?: Outcome
  code?: ErrorCode | undefined
}

/** Proof that a record is durable: its place in the log. */
export interface Receipt {
  readonly leafIndex: number
  /** SHA-256(0x00 ‖ leaf), base64url (RFC 6962 §2.1). */
  readonly leafHash: string
  readonly promise: ReceiptPromise
}

/** The log's signed promise that a record will be in a checkpoint in time; one signature covers a batch. */
export interface ReceiptPromise {
  /** Index of the batch's first leaf. */
  readonly first: number
  readonly count: number
  /** Unix seconds. */
  readonly dueSeconds: number
  /** From the leaf to the batch's root. */
  readonly path: readonly Uint8Array[]
  readonly signature: Uint8Array
}

/** What is left of a quota; the `RateLimit` fields show it. */
export interface QuotaState {
  readonly policy: string
  readonly perSecond: number
  readonly perDay: number
  readonly remainingToday: number
  readonly secondsToReset: number
}
