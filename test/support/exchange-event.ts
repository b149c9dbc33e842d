import type { ExchangeEvent } from '../../src/telemetry/exchange-event.ts'
import { AGREEMENT, CONSUMER, OPERATION, PROVIDER, PURPOSE, SERVICE } from './metered-registry.ts'

/** A delivered exchange of the metered registry, with what a test changes. */
export function exchangeEvent(change: Partial<ExchangeEvent> = {}): ExchangeEvent {
  return {
    exchangeId: '0199aa00-1111-7abc-8def-0123456789ab',
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    consumer: CONSUMER,
    provider: PROVIDER,
    service: SERVICE,
    operation: OPERATION,
    kind: 'verify',
    agreement: AGREEMENT,
    purpose: PURPOSE,
    outcome: 'delivered',
    method: 'POST',
    status: 200,
    totalMs: 5,
    providerMs: 4,
    attempts: 1,
    requestBytes: 120,
    answerBytes: 900,
    ...change,
  }
}
