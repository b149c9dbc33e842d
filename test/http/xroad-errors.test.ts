import { expect } from 'chai'
import { errorBody, errorType, xroadFault } from '../../src/http/xroad-errors.ts'
import type { ErrorCode } from '../../src/model/error-table.ts'
import { GatewayError } from '../../src/model/errors.ts'

const SERVICE = 'SERVICE:VN/GOV/G01/dan-cu/x'
const told = (error: GatewayError, style: 'honest' | 'camel' | 'snake', isProviderKnown = true) =>
  xroadFault(error, {
    style,
    language: 'en',
    service: SERVICE,
    client: 'VN/GOV/G99/khong-co',
    isProviderKnown,
  })

const because = (code: string) =>
  new GatewayError('provider_unavailable', {
    cause: new Error('away', { cause: Object.assign(new Error('x'), { code }) }),
  })

/** What happened, X-Road's code before 7.8 and from it on, the honest status. */
const TRIGGERS: readonly (readonly [string, GatewayError | ErrorCode, string, string, number])[] = [
  [
    'a target that cannot be read',
    'request_malformed',
    'Server.ClientProxy.InternalError',
    'server.clientproxy.internal_error',
    400,
  ],
  [
    'a verb that is not taken',
    'method_unsupported',
    'Server.ClientProxy.InternalError',
    'server.clientproxy.internal_error',
    405,
  ],
  [
    'no X-Road-Client',
    'client_header_missing',
    'Server.ClientProxy.InvalidClientIdentifier',
    'server.clientproxy.invalid_client_identifier',
    400,
  ],
  [
    'an unregistered consumer',
    'client_unknown',
    'Server.ClientProxy.UnknownMember',
    'server.clientproxy.unknown_member',
    401,
  ],
  [
    'no certificate of the consumer',
    'client_unproved',
    'Server.ClientProxy.SslAuthenticationFailed',
    'server.clientproxy.ssl_authentication_failed',
    401,
  ],
  [
    'a token that is not good',
    'credential_invalid',
    'Server.ClientProxy.SslAuthenticationFailed',
    'server.clientproxy.ssl_authentication_failed',
    401,
  ],
  [
    'another server named',
    'security_server_unknown',
    'Server.ClientProxy.InvalidSecurityServer',
    'server.clientproxy.invalid_security_server',
    400,
  ],
  [
    'a provider in maintenance',
    'provider_maintenance',
    'Server.ClientProxy.MaintenanceMode',
    'server.clientproxy.maintenance_mode',
    503,
  ],
  [
    'an unknown service code',
    'service_unknown',
    'Server.ServerProxy.UnknownService',
    'server.serverproxy.unknown_service',
    404,
  ],
  [
    'no right',
    'agreement_missing',
    'Server.ServerProxy.AccessDenied',
    'server.serverproxy.access_denied',
    403,
  ],
  [
    'no right to the path',
    'operation_unknown',
    'Server.ServerProxy.AccessDenied',
    'server.serverproxy.access_denied',
    404,
  ],
  [
    'a disabled service',
    'service_disabled',
    'Server.ServerProxy.ServiceDisabled',
    'server.serverproxy.service_disabled',
    503,
  ],
  [
    'a service of another type',
    'service_opaque',
    'Server.ServerProxy.ServiceType',
    'server.serverproxy.service_type',
    406,
  ],
  [
    'a refused connection',
    because('ECONNREFUSED'),
    'Server.ServerProxy.NetworkError',
    'server.serverproxy.network_error',
    503,
  ],
  [
    'a name that leads nowhere',
    because('ENOTFOUND'),
    'Server.ServerProxy.NetworkError',
    'server.serverproxy.unknown_host',
    503,
  ],
  [
    'a reset connection',
    because('ECONNRESET'),
    'Server.ServerProxy.IOError',
    'server.serverproxy.io_error',
    503,
  ],
  [
    'a failed handshake',
    because('DEPTH_ZERO_SELF_SIGNED_CERT'),
    'Server.ServerProxy.IOError',
    'server.serverproxy.io_error',
    503,
  ],
  ['a slow service', 'provider_timeout', 'Server.ServerProxy.IOError', 'server.serverproxy.io_error', 504],
  [
    'a body beyond the limit',
    'body_too_large',
    'Server.ClientProxy.IOError',
    'server.clientproxy.io_error',
    413,
  ],
  [
    'a log that takes no records',
    'ledger_unavailable',
    'Server.ClientProxy.LoggingFailed',
    'server.clientproxy.logging_failed',
    503,
  ],
  [
    'a registry not known to be in force',
    'authority_unconfirmed',
    'Server.ClientProxy.OutdatedGlobalConf',
    'server.clientproxy.global_conf_outdated',
    503,
  ],
  [
    'a quota used up',
    'quota_exceeded',
    'Server.ServerProxy.QuotaExceeded',
    'server.serverproxy.quota_exceeded',
    429,
  ],
  [
    'getOpenAPI without serviceCode',
    'service_code_missing',
    'Server.ServerProxy.InvalidRequest',
    'server.serverproxy.invalid_request',
    400,
  ],
  [
    'getOpenAPI of what has none',
    'description_missing',
    'Server.ServerProxy.InternalError',
    'server.serverproxy.internal_error',
    404,
  ],
]

describe('errors in X-Road’s words', () => {
  for (const [trigger, cause, camel, snake, status] of TRIGGERS) {
    const error = typeof cause === 'string' ? new GatewayError(cause) : cause
    it(`${trigger} is ${snake}, in each of the three styles`, () => {
      expect(told(error, 'honest')).to.include({ code: snake, status })
      expect(told(error, 'snake')).to.include({ code: snake, status: 500 })
      expect(told(error, 'camel')).to.include({ code: camel, status: 500 })
    })
  }

  it('an unknown provider is an unknown member', () => {
    const error = new GatewayError('service_unknown')
    expect(told(error, 'camel', false).code).to.equal('Server.ClientProxy.UnknownMember')
  })

  it('begin with the words that clients compare', () => {
    const detail = { vi: 'Nâng cấp.', en: 'Upgrade.' }
    expect(told(new GatewayError('agreement_missing'), 'snake').message).to.equal(
      `Request is not allowed: ${SERVICE}`,
    )
    expect(told(new GatewayError('service_unknown'), 'snake').message).to.equal(`Unknown service: ${SERVICE}`)
    expect(told(new GatewayError('service_disabled', { detail }), 'snake').message).to.equal(
      `${SERVICE} is disabled: Upgrade.`,
    )
    expect(told(new GatewayError('client_unknown'), 'snake').message).to.equal(
      "Client 'VN/GOV/G99/khong-co' not found",
    )
  })

  for (const [accept, type] of [
    [undefined, 'application/json'],
    ['*/*', 'application/json'],
    ['application/json', 'application/json'],
    ['application/xml', 'application/xml'],
    ['text/xml', 'text/xml'],
    ['text/*', 'text/xml'],
    ['application/json, text/xml;q=0.1', 'text/xml'],
    ['TEXT/XML', 'text/xml'],
    ['text/html', 'application/json'],
    ['application/xhtml+xml', 'application/json'],
  ] as const) {
    it(`are ${type} for Accept: ${accept}`, () => {
      expect(errorType(accept)).to.equal(type)
    })
  }

  it('have a body of the same three members in both forms', () => {
    const fault = { status: 500, code: 'server.x', message: 'a <b> & "c"' }
    expect(JSON.parse(errorBody(fault, 'application/json', 'id'))).to.deep.equal({
      type: 'server.x',
      message: 'a <b> & "c"',
      detail: 'id',
    })
    expect(errorBody(fault, 'text/xml', 'id')).to.equal(
      '<?xml version="1.0" encoding="UTF-8"?><error><type>server.x</type><message>a &lt;b&gt; &amp; &quot;c&quot;</message><detail>id</detail></error>',
    )
  })
})
