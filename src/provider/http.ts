import { Axios, type AxiosAdapter, AxiosError, type AxiosRequestConfig } from 'axios'
import { GatewayError } from '../model/errors.ts'
import type { AbortReason, Attempt, ProviderCall, ProviderReply, ProviderRequest } from './call.ts'

interface HttpOptions {
  /** `http://host:port` and the path that every target is below; no `/` at its end. */
  readonly baseUrl: string
  /** The transport; `'http'` is axios's own. */
  readonly adapter: AxiosAdapter | 'http'
  readonly maxResponseBytes: number
  /** Throws where the host may not be reached. */
  readonly assertReachable: () => void
  readonly onAttempt: (attempt: Attempt) => void
}

/** A value with a control character would be cut or sent on by the transport: it is refused before. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const CONTROL = /[\0-\x08\x0a-\x1f\x7f]/

function assertHeaders(headers: Readonly<Record<string, string>>): void {
  for (const name in headers) {
    if (CONTROL.test(headers[name] ?? '')) {
      throw new GatewayError('request_malformed', {
        detail: { vi: `Tiêu đề ${name} có ký tự điều khiển.`, en: `Header ${name} has a control character.` },
      })
    }
  }
}

function aborted(reason: AbortReason): GatewayError {
  return new GatewayError(reason === 'gone' ? 'consumer_gone' : 'provider_timeout')
}

/** What a failed attempt means; anything that is no answer counts as unreachable. */
function translate(error: unknown, signal: AbortSignal): GatewayError {
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

/**
 * One attempt over HTTP by axios: nothing is followed, guessed or transformed. The URL was made and checked
 * by the caller; axios's own joining would let dot segments out of the base path.
 */
export function createHttpCall(options: HttpOptions): ProviderCall {
  const axios = new Axios({
    adapter: options.adapter,
    maxRedirects: 0,
    allowAbsoluteUrls: options.adapter === 'http',
    proxy: false,
    maxContentLength: options.maxResponseBytes,
    maxBodyLength: Number.POSITIVE_INFINITY,
    responseType: 'arraybuffer',
    decompress: false,
    validateStatus: null,
    transformRequest: [],
    transformResponse: [],
  })
  const { origin, pathname } = new URL(options.baseUrl)
  const base = (options.adapter === 'http' ? origin : '') + pathname.replace(/\/$/, '')

  async function attempt(request: ProviderRequest): Promise<ProviderReply> {
    const config: AxiosRequestConfig = {
      method: request.method,
      url: base + request.target,
      headers: { ...request.headers },
      signal: request.deadline,
    }
    if (request.body) config.data = request.body
    const { status, headers, data } = await axios.request<Buffer>(config)
    const retryAfter = header(headers['retry-after'])
    assertAnswered(status, retryAfter)
    return { status, contentType: header(headers['content-type']) ?? '', retryAfter, body: data, attempts: 1 }
  }

  return async (request) => {
    assertHeaders(request.headers)
    if (request.deadline.aborted) throw aborted(request.deadline.reason as AbortReason)
    const startedMs = performance.now()
    const observe = (end: { status: number } | { error: string }) =>
      options.onAttempt({ method: request.method, seconds: (performance.now() - startedMs) / 1000, ...end })
    try {
      options.assertReachable()
      const reply = await attempt(request)
      observe({ status: reply.status })
      return reply
    } catch (thrown) {
      const error = translate(thrown, request.deadline)
      observe({ error: error.code })
      throw error
    }
  }
}
