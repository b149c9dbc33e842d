import { GatewayError } from '../model/errors.ts'
import type { Hub } from '../model/party.ts'
import type { ProviderCall, ProviderRequest } from './call.ts'

/** Calling a provider that stands behind a national hub: a Security Server, or the platform's adapter. */

/** Only these say who asks at the hub; what a consumer said of itself at our door ends here. */
const HUB_FIELDS = ['x-road-client', 'x-road-security-server', 'x-road-service']

/**
 * @param target path and query below the provider's own address.
 * @returns the target below the hub's: `/r1/{service}/…`, or the path with `dstcode` and `providerurl` in its query.
 */
export function hubTarget(hub: Hub, target: string): string {
  if (hub.protocol === 'xroad') return `/r1/${hub.service ?? ''}${target === '/' ? '' : target}`
  if (hub.protocol === 'direct') return target
  const address = new URLSearchParams({ dstcode: hub.service ?? '', providerurl: hub.providerUrl ?? '' })
  // Colons stand for themselves in a query, and the adapter's own examples have them so.
  const named = String(address).replaceAll('%3A', ':')
  return `${target}${target.includes('?') ? '&' : '?'}${named}`
}

function withoutHubFields(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !HUB_FIELDS.includes(name.toLowerCase())),
  )
}

function throughHub(request: ProviderRequest, hub: Hub): ProviderRequest {
  const headers = withoutHubFields(request.headers)
  if (hub.protocol === 'xroad') {
    headers['x-road-client'] = hub.client ?? ''
    const { whole } = request
    const isNamed =
      'x-road-id' in headers || whole?.fields.some(([name]) => /^x-road-id$/i.test(name)) === true
    // The exchange's own id is known on both sides, so that either finds it in the other's log.
    if (!isNamed) headers['x-road-id'] = `${(hub.client ?? '').split('/')[0]}-${headers['exchange-id'] ?? ''}`
  }
  const { whole } = request
  const fields = whole?.fields.filter(([name]) => !HUB_FIELDS.includes(name.toLowerCase()))
  return {
    ...request,
    target: hubTarget(hub, request.target),
    headers,
    ...(whole && fields && { whole: { ...whole, fields } }),
  }
}

const CODE = /^[A-Za-z][\w.]{0,127}$/

/**
 * What a hub's `X-Road-Error` means for the consumer here: a hub that says no is no answer of the provider.
 * @param code in either spelling.
 */
export function hubError(code: string): GatewayError {
  const plain = code.toLowerCase().replaceAll('_', '')
  const told = CODE.test(code) ? code : '?'
  const detail = { vi: `Trục liên thông báo lỗi ${told}.`, en: `The hub tells ${told}.` }
  if (/(?:maintenancemode)$/.test(plain)) return new GatewayError('provider_maintenance', { detail })
  if (/servicedisabled$/.test(plain)) return new GatewayError('service_disabled', { detail })
  if (/(?:networkerror|unknownhost|ioerror)$/.test(plain)) {
    return new GatewayError('provider_unavailable', { detail, retryAfterSeconds: 5 })
  }
  return new GatewayError('provider_failed', { detail })
}

/** Puts what a hub wants to know into each request. */
export function withHub(call: ProviderCall, hub: Hub): ProviderCall {
  return (request) => call(throughHub(request, hub))
}
