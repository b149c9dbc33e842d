import type { SignedAnswer } from '../identity/answer-signature.ts'
import type { VerifiedConsent } from '../identity/consent.ts'
import type { Stage } from '../model/error-entry.ts'
import { GatewayError } from '../model/errors.ts'
import type {
  Consumer,
  ExchangeFacts,
  InboundRequest,
  Outcome,
  QuotaState,
  Receipt,
} from '../model/exchange.ts'
import type { WholeReply } from '../model/whole.ts'
import type { Authority } from '../registry/authority.ts'
import type { Authorisation } from './authorise.ts'

/** What one exchange gathers on its way through the pipeline. */

/** An answer of the provider, ready to leave. */
export interface Answer {
  readonly status: number
  /** JSON in UTF-8, or nothing. */
  readonly body: Buffer
  /** What the body says, for who would parse it again. */
  readonly content?: unknown
  /** Of a service without a contract: the answer as it came. Whoever is handed it discards its body. */
  readonly whole?: WholeReply | undefined
  readonly replayed: boolean
  /** Fields beside the usual ones: names in lower case. */
  readonly headers?: Readonly<Record<string, string>>
  /** The gateway's signature on it, where the request was signed: header fields, names in lower case. */
  readonly signature?: Readonly<Record<string, string>>
}

/** What was got for the consumer, before anything was left out. */
export interface Obtained {
  readonly status: number
  /** Of a composite service: what may be told of its parts at the moment of the call. */
  readonly content: () => unknown
  readonly replayed: boolean
  readonly whole?: WholeReply | undefined
}

/** What stands in the log, or why nothing does. */
export interface Recorded {
  readonly ended: Answer | GatewayError
  readonly receipt: Receipt | undefined
}

/** An exchange that ended. */
export interface Passed {
  readonly passage: Passage
  readonly obtained: Obtained | GatewayError
  readonly recorded: Recorded
}

/** The exchange whose part another one is. */
export interface Parent {
  readonly exchangeId: string
  /** Whether its request was signed, so that what is asked for it is. */
  readonly isSigned: boolean
}

/** What one exchange gathers on its way. */
export interface Passage {
  readonly facts: ExchangeFacts
  readonly parent: Parent | undefined
  readonly consumer: Consumer
  /** As it came; with the national codes in place of the consumer's own once it is known for what it asks. */
  request: InboundRequest
  quota: QuotaState | undefined
  /** What it was last allowed by. */
  judged: { readonly authority: Authority; readonly authorisation: Authorisation } | undefined
  /** What the person concerned agreed to, where the request brought it. */
  consent: VerifiedConsent | undefined
  /** The signature on the answer to a signed request, and the bytes it is over. */
  sealed: (SignedAnswer & { readonly body: Buffer }) | undefined
  /** The claimed slot of a submission that has not settled. */
  slot: string | undefined
  /** Monotonic milliseconds spent waiting for the provider. */
  providerMs: number
}

const REFUSING: ReadonlySet<Stage> = new Set(['authenticate', 'resolve', 'authorise', 'check_request'])

/** @returns what an end is called in the record. */
export function outcomeOf(ended: Answer | GatewayError): Outcome {
  if (!(ended instanceof Error)) return 'delivered'
  const { stage } = ended.entry
  return REFUSING.has(stage) ? 'refused' : 'failed'
}

/** The gateway cannot be sure that what it has may leave. */
export function unconfirmed(): GatewayError {
  return new GatewayError('authority_unconfirmed', { retryAfterSeconds: 1 })
}

/** What observers are told, after the reply was released. */
export interface EndedExchange {
  readonly facts: ExchangeFacts
  readonly outcome: Outcome
  readonly error: GatewayError | undefined
  readonly receipt: Receipt | undefined
  readonly replayed: boolean
  readonly method: string
  readonly status: number
  readonly totalMs: number
  readonly providerMs: number
}

/** What observers are told of an exchange that asked no provider, at its end. */
export function describeEnd(
  facts: ExchangeFacts,
  end: {
    readonly error: GatewayError | undefined
    readonly receipt: Receipt | undefined
    readonly method: string
    readonly totalMs: number
  },
): EndedExchange {
  const { error } = end
  return {
    ...end,
    facts,
    outcome: error ? outcomeOf(error) : 'delivered',
    replayed: false,
    status: error?.entry.status ?? 200,
    providerMs: 0,
  }
}
