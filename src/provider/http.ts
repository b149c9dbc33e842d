import { Axios, type AxiosAdapter, AxiosError, type AxiosRequestConfig } from 'axios'
import type { Cancellation } from '../model/cancellation.ts'
import { GatewayError } from '../model/errors.ts'
import type { AbortReason, Attempt, ProviderCall } from './call.ts'
import { hubError } from './hub.ts'
import type { PoolRequestConfig } from './pool-adapter.ts'

interface HttpOptions {
  /** `http://host:port` and the path that every target is below; no `/` at its end. */
  readonly baseUrl: string
  /** The transport; `'http'` is axios's own. */
  readonly adapter: AxiosAdapter | 'http'
  readonly maxResponseBytes: number
  /** Whether a Security Server answers, whose own errors are marked. */
  readonly isHub?: boolean
  /** Whether a 500 is an answer to be read, as a SOAP 1.1 fault is (its HTTP binding §6.2). */
  readonly readsFailures?: boolean
  /** Throws where the host may not be reached. */
  readonly assertReachable: () => void
  readonly onAttempt: (attempt: Attempt) => void
}

/** A value with a control character would be cut or sent on by the transport: it is refused before. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const CONTROL = /[\0-\x08\x0a-\x1f\x7f]/

/** @throws GatewayError `request_malformed` where a value could be read as more than one field. */
export function checkValue(name: string, value: string): void {
  if (!CONTROL.test(value)) return
  throw new GatewayError('request_malformed', {
    detail: { vi: `Tiêu đề ${name} có ký tự điều khiển.`, en: `Header ${name} has a control character.` },
  })
}

/** @returns the fields as the pool takes them: name, value, name, value … */
function checkedFields(headers: Readonly<Record<string, string>>): string[] {
  const fields: string[] = []
  for (const name in headers) {
    const value = headers[name] ?? ''
    checkValue(name, value)
    fields.push(name, value)
  }
  return fields
}

/** `/` first, no empty or dot segment, nothing that a server might decode into one, no fragment. */
const TARGET =
  /^(?![^?]*%(?:2e|2f|5c|00))(?:\/(?!\/|\.{1,2}(?:[/?]|$))[\w.~!$&'()*+,;=:@%-]*)+(?:\?[\w.~!$&'()*+,;=:@%/?-]*)?$/i

/** What a consumer sent must stay below the binding's path, however the provider's server reads it. */
export function assertTarget(target: string): void {
  if (TARGET.test(target)) return
  throw new GatewayError('request_malformed', {
    detail: { vi: 'Địa chỉ không ở dạng chuẩn.', en: 'The target is not in its normal form.' },
  })
}

export function aborted(reason: AbortReason): GatewayError {
  return new GatewayError(reason === 'gone' ? 'consumer_gone' : 'provider_timeout')
}

/** What a failed attempt means; anything that is no answer counts as unreachable. */
function translate(error: unknown, signal: Cancellation): GatewayError {
  if (error instanceof GatewayError) return error
  if (signal.aborted) return aborted(signal.reason as AbortReason)
  if (error instanceof AxiosError && error.code === AxiosError.ERR_BAD_RESPONSE) {
    return new GatewayError('response_invalid', {
      cause: error,
      detail: {
        vi: 'Câu trả lời quá lớn hoặc không phải HTTP.',
        en: 'The answer is too large or is not HTTP.',
      },
    })
  }
  return new GatewayError('provider_unavailable', { cause: error, retryAfterSeconds: 5 })
}

/** 502–504 mean that no answer was to be had, the same as no connection; any other 5xx is the provider's own. */
function assertAnswered(status: number, retryAfter: string | undefined): void {
  if (status < 500) return
  if (status < 502 || status > 504) throw new GatewayError('provider_failed')
  const seconds = Number(retryAfter)
  throw new GatewayError('provider_unavailable', {
    retryAfterSeconds: Number.isSafeInteger(seconds) && seconds > 0 ? Math.min(seconds, 3600) : 5,
  })
}

function header(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** axios's own transport with all it would do unasked switched off; the pool's adapter knows nothing of it. */
const HARDENED: AxiosRequestConfig = {
  maxRedirects: 0,
  allowAbsoluteUrls: true,
  proxy: false,
  maxBodyLength: Number.POSITIVE_INFINITY,
  responseType: 'arraybuffer',
  decompress: false,
  validateStatus: null,
  transformRequest: [],
  transformResponse: [],
}

/**
 * One attempt over HTTP by axios: nothing is followed, guessed or transformed. The URL was made and checked
 * by the caller; axios's own joining would let dot segments out of the base path. axios merges and copies each
 * option for each request, so the pool's adapter is given none that it does not read.
 */
export function createHttpCall(options: HttpOptions): ProviderCall {
  const { adapter, maxResponseBytes, assertReachable, onAttempt } = options
  const isPooled = adapter !== 'http'
  const axios = new Axios(
    isPooled
      ? { adapter, allowAbsoluteUrls: false }
      : { adapter, maxContentLength: maxResponseBytes, ...HARDENED },
  )
  const { origin, pathname } = new URL(options.baseUrl)
  const base = (isPooled ? '' : origin) + pathname.replace(/\/$/, '')

  return async (request) => {
    const { method, headers, body, deadline } = request
    assertTarget(request.target)
    const config: PoolRequestConfig = {
      method,
      url: base + request.target,
      data: body,
      signal: deadline,
      fields: checkedFields(headers),
    }
    if (!isPooled) config.headers = { ...headers }
    if (deadline.aborted) throw aborted(deadline.reason as AbortReason)
    const startedMs = performance.now()
    const elapsedSeconds = () => (performance.now() - startedMs) / 1000
    try {
      assertReachable()
      const { status, headers: answered, data } = await axios.request<Buffer>(config)
      const told = options.isHub ? header(answered['x-road-error']) : undefined
      if (told !== undefined) throw hubError(told)
      const retryAfter = header(answered['retry-after'])
      if (status !== 500 || options.readsFailures !== true) assertAnswered(status, retryAfter)
      onAttempt({ method, seconds: elapsedSeconds(), status })
      const contentType = header(answered['content-type']) ?? ''
      return { status, contentType, retryAfter, body: data, attempts: 1 }
    } catch (thrown) {
      const error = translate(thrown, deadline)
      onAttempt({ method, seconds: elapsedSeconds(), error: error.code })
      throw error
    }
  }
}
