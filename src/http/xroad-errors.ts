import type { ErrorCode } from '../model/error-table.ts'
import type { GatewayError } from '../model/errors.ts'
import type { Language } from '../model/identifier.ts'
import type { XroadErrorStyle } from '../model/party.ts'

/** An error as X-Road tells it. */
export interface XroadFault {
  readonly status: number
  /** `X-Road-Error` and `type`. */
  readonly code: string
  readonly message: string
}

/** What of a request decides how its error is called. */
export interface XroadErrorContext {
  readonly style: XroadErrorStyle
  readonly language: Language
  /** `SERVICE:I/C/M/S/code`, as far as it could be read. */
  readonly service: string
  /** Client identifier as it was sent. */
  readonly client: string
  readonly isProviderKnown: boolean
}

/** X-Road's codes in the spelling from 7.8 on; up to 7.7 the same words run together. */
const CLIENT = 'server.clientproxy'
const SERVER = 'server.serverproxy'
const ACCESS_DENIED = `${SERVER}.access_denied`
const IO_ERROR = 'io_error'

const CODES: Partial<Record<ErrorCode, string>> = {
  client_header_missing: `${CLIENT}.invalid_client_identifier`,
  client_unknown: `${CLIENT}.unknown_member`,
  security_server_unknown: `${CLIENT}.invalid_security_server`,
  service_unknown: `${SERVER}.unknown_service`,
  service_disabled: `${SERVER}.service_disabled`,
  service_code_missing: `${SERVER}.invalid_request`,
  description_missing: `${SERVER}.internal_error`,
  service_opaque: `${SERVER}.service_type`,
  operation_unknown: ACCESS_DENIED,
  agreement_missing: ACCESS_DENIED,
  agreement_not_in_force: ACCESS_DENIED,
  legal_basis_expired: ACCESS_DENIED,
  purpose_not_agreed: ACCESS_DENIED,
  particulars_missing: ACCESS_DENIED,
  signature_missing: ACCESS_DENIED,
  field_not_agreed: ACCESS_DENIED,
  token_too_narrow: ACCESS_DENIED,
  subsystem_suspended: ACCESS_DENIED,
  quota_exceeded: `${SERVER}.quota_exceeded`,
  request_invalid: `${SERVER}.invalid_request`,
  provider_unavailable: `${SERVER}.network_error`,
  provider_overloaded: `${SERVER}.network_error`,
  provider_maintenance: `${CLIENT}.maintenance_mode`,
  provider_timeout: `${SERVER}.${IO_ERROR}`,
  provider_failed: `${SERVER}.service_failed`,
  response_invalid: `${SERVER}.service_failed.invalid_response`,
  body_too_large: `${CLIENT}.${IO_ERROR}`,
  ledger_unavailable: `${CLIENT}.logging_failed`,
  authority_unconfirmed: `${CLIENT}.global_conf_outdated`,
}

/** Where the two spellings differ by more than how words are joined. */
const CAMEL: Readonly<Record<string, string>> = {
  [`${CLIENT}.global_conf_outdated`]: 'Server.ClientProxy.OutdatedGlobalConf',
  [`${CLIENT}.${IO_ERROR}`]: 'Server.ClientProxy.IOError',
  [`${SERVER}.${IO_ERROR}`]: 'Server.ServerProxy.IOError',
  [`${SERVER}.unknown_host`]: 'Server.ServerProxy.NetworkError',
}

function toCamel(code: string): string {
  const [, proxy, ...rest] = code.split('.')
  const words = rest.map((word) =>
    word.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase()),
  )
  return (
    CAMEL[code] ?? ['Server', proxy === 'clientproxy' ? 'ClientProxy' : 'ServerProxy', ...words].join('.')
  )
}

/** @returns the system's code of what kept a connection from coming about, e.g. `ENOTFOUND`. */
function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const { code } = error as NodeJS.ErrnoException
  return code !== undefined && /^[A-Z][A-Z0-9_]+$/.test(code) ? code : systemCode(error.cause)
}

/** What kept a connection from coming about decides between three of X-Road's words. */
function unreachable(cause: unknown): string {
  const code = systemCode(cause) ?? ''
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `${SERVER}.unknown_host`
  return /CERT|SSL|TLS|ECONNRESET|EPIPE|UND_ERR_SOCKET|EPROTO|TIMEOUT/.test(code)
    ? `${SERVER}.${IO_ERROR}`
    : `${SERVER}.network_error`
}

function codeOf({ code, cause, entry }: GatewayError, isProviderKnown: boolean): string {
  if (code === 'service_unknown' && !isProviderKnown) return `${CLIENT}.unknown_member`
  if (code === 'provider_unavailable') return unreachable(cause)
  const known = CODES[code]
  if (known !== undefined) return known
  return entry.stage === 'authenticate' ? `${CLIENT}.ssl_authentication_failed` : `${CLIENT}.internal_error`
}

/** The words of X-Road that its clients look for; what the gateway knows beyond them follows. */
function textOf(code: string, error: GatewayError, { service, client }: XroadErrorContext): string {
  switch (code) {
    case ACCESS_DENIED:
      return `Request is not allowed: ${service}`
    case `${SERVER}.unknown_service`:
      return `Unknown service: ${service}`
    case `${SERVER}.service_disabled`:
      return `${service} is disabled`
    case `${CLIENT}.${IO_ERROR}`:
      return 'LoggingFailed: Message size exceeds maximum loggable size'
    case `${CLIENT}.unknown_member`:
      return error.code === 'client_unknown' ? `Client '${client}' not found` : `Unknown member: ${service}`
    default:
      return ''
  }
}

/** @returns an error in X-Road's words. X-Road answers 500 to nearly everything; `honest` keeps HTTP's meaning. */
export function xroadFault(error: GatewayError, context: XroadErrorContext): XroadFault {
  const { style, language, isProviderKnown } = context
  const { entry, detail } = error
  const snake = codeOf(error, isProviderKnown)
  const text = textOf(snake, error, context)
  const known = detail?.[language] ?? (text === '' ? entry.title[language] : undefined)
  return {
    status: style === 'honest' ? entry.status : snake.startsWith('server.') ? 500 : 400,
    code: style === 'camel' ? toCamel(snake) : snake,
    message: text === '' || known === undefined ? text || (known ?? '') : `${text}: ${known}`,
  }
}

const XML = /^(?:application\/xml|text\/xml|text\/\*)$/i

/** @returns the media type of an error: the first of `Accept` that means XML, whatever its weight; else JSON. */
export function errorType(accept: string | undefined): string {
  for (const item of accept?.split(',', 50) ?? []) {
    const [range = ''] = item.split(';')
    const type = range.trim().toLowerCase()
    if (XML.test(type)) return type === 'text/*' ? 'text/xml' : type
  }
  return 'application/json'
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

export function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ESCAPES[character] ?? '')
}

/** @param detail the UUID under which the gateway's log knows the exchange. */
export function errorBody({ code, message }: XroadFault, type: string, detail: string): string {
  if (type === 'application/json') return JSON.stringify({ type: code, message, detail })
  const parts = Object.entries({ type: code, message, detail })
  const inner = parts.map(([name, text]) => `<${name}>${escapeXml(text)}</${name}>`).join('')
  return `<?xml version="1.0" encoding="UTF-8"?><error>${inner}</error>`
}
