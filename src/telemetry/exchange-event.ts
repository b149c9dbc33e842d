import type { ErrorCode, Stage } from '../model/error-table.ts'
import type { OperationKind, Outcome } from '../model/exchange.ts'

/** What is told of one exchange once its reply is decided: metrics count it, the log keeps a line of it. */
export interface ExchangeEvent {
  readonly exchangeId: string
  readonly traceId: string
  readonly consumer: string
  /** As asked for; what the registry does not know appears as `_unknown`. */
  readonly service: string
  readonly provider?: string | undefined
  readonly operation?: string | undefined
  readonly kind?: OperationKind | undefined
  readonly agreement?: string | undefined
  readonly purpose?: string | undefined
  readonly outcome: Outcome
  readonly code?: ErrorCode | undefined
  /** Where it ended, if not at the stage the code's table entry names. */
  readonly stage?: Stage | undefined
  readonly method: string
  readonly status: number
  /** From the first byte of the request to the reply's last. */
  readonly totalMs: number
  /** Wait for the provider, all attempts; 0 where it was not called. */
  readonly providerMs: number
  readonly attempts: number
  readonly requestBytes?: number | undefined
  readonly answerBytes?: number | undefined
}

/** A request that is not an exchange: the token endpoint, metadata, or one refused before authentication. */
export interface RequestEvent {
  readonly method: string
  /** A route of the gateway, e.g. `/oauth/token`; another becomes `_unknown`. */
  readonly route: string
  readonly status: number
  readonly code?: ErrorCode | undefined
  readonly totalMs: number
}
