import { GatewayError } from '../model/errors.ts'
import type { WebhookHosts } from '../model/party.ts'

/**
 * @param hosts where the registry lets this subsystem be told.
 * @throws GatewayError `webhook_not_allowed`.
 */
export function assertWebhookAllowed(url: string | undefined, hosts: WebhookHosts | undefined): URL {
  const parsed = url !== undefined && /^[\x21-\x7e]{1,500}$/.test(url) ? URL.parse(url) : null
  const isPlain = parsed?.protocol === 'http:' && hosts?.allowPrivateAddress === true
  const isAllowed =
    parsed !== null &&
    (parsed.protocol === 'https:' || isPlain) &&
    parsed.username === '' &&
    parsed.password === '' &&
    parsed.hash === '' &&
    hosts?.hosts.includes(parsed.host) === true
  if (isAllowed) return parsed
  throw new GatewayError('webhook_not_allowed')
}
