import { randomBytes } from 'node:crypto'
import type { ExchangeFacts } from '../../src/model/exchange.ts'
import { formatExchangeId } from '../../src/model/identifier.ts'

/** A delivered lookup as the pipeline would note it, of a synthetic person. */
export function sampleFacts(overrides: Partial<ExchangeFacts> = {}): ExchangeFacts {
  return {
    exchangeId: formatExchangeId(Date.now(), randomBytes(16)),
    receivedAtMs: Date.now(),
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    consumer: 'H29/mot-cua',
    binding: 'dpop',
    tokenDigest: 'dG9rZW4',
    service: 'G01/dan-cu/cong-dan/v1',
    registryDigest: 'a'.repeat(64),
    provider: 'G01/dan-cu',
    operation: 'lookUpCitizen',
    kind: 'lookup',
    contractDigest: 'b'.repeat(64),
    agreement: 'TT-2026-001',
    agreementDigest: 'c'.repeat(64),
    purpose: 'giai-quyet-thu-tuc-hanh-chinh',
    legalBases: ['ND-278-2025'],
    dossier: 'H29.12-261122-0007',
    officer: 'cb-017',
    subject: '099090000017',
    request: { bytes: 31, digest: 'cmVxdWVzdA' },
    answer: { bytes: 400, digest: 'YW5zd2Vy', status: 200 },
    fields: ['/fullName', '/birthDate'],
    attempts: 1,
    providerMs: 3,
    ...overrides,
  }
}
