import type { AgreementView, OperationView, RegistryView, ServiceView } from '../../src/telemetry/known.ts'

export const CONSUMER = 'H29/mot-cua'
export const PROVIDER = 'G01/dan-cu'
export const SERVICE = 'G01/dan-cu/cong-dan/v1'
export const OPERATION = 'xacThuc'
export const AGREEMENT = 'mot-cua-dan-cu'
export const PURPOSE = 'giai-quyet-thu-tuc'

interface Scale {
  readonly consumers?: number
  readonly services?: number
}

function service(provider: string): ServiceView {
  return {
    document: { binding: { baseUrl: `https://${provider.split('/')[1]}.gov.test:8443/api` } },
    provider: { id: provider },
    contract: {
      operations: new Map<string, OperationView>([
        [OPERATION, { method: 'POST', pathTemplate: '/xac-thuc' }],
        ['traCuu', { method: 'POST', pathTemplate: '/tra-cuu/{so}' }],
      ]),
    },
  }
}

function agreement(consumer: string): AgreementView {
  const grants = new Map([
    [OPERATION, {}],
    ['traCuu', {}],
  ])
  return { document: { consumer, service: SERVICE, purposes: [PURPOSE] }, grants }
}

/** A registry as telemetry sees one: a consumer that may ask a provider, and as many more as are asked for. */
export function meteredRegistry({ consumers = 0, services = 0 }: Scale = {}): RegistryView {
  const extra = Array.from({ length: consumers }, (_, place) => `H29/he-thong-${place}`)
  const more = Array.from({ length: services }, (_, place) => `G10/dat-dai-${place}`)
  return {
    version: 7,
    digest: '0'.repeat(64),
    subsystems: new Map([CONSUMER, PROVIDER, ...extra, ...more].map((id) => [id, {}])),
    services: new Map([
      [SERVICE, service(PROVIDER)],
      ...more.map((id) => [`${id}/thua-dat/v1`, service(id)] as const),
    ]),
    agreements: new Map([
      [AGREEMENT, agreement(CONSUMER)],
      ...extra.map((id) => [`thoa-thuan-${id}`, agreement(id)] as const),
    ]),
  }
}
