import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { Axios, AxiosError } from 'axios'
import { CliFault, EXIT, interrupted } from './fault.ts'

export interface HttpQuestion {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Buffer | undefined
}

export interface HttpReply {
  readonly status: number
  /** Names in lower case; of a repeated field the values are joined by `, `. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export interface ConsumerHttpOptions {
  readonly timeoutMs: number
  readonly maxAnswerBytes: number
  /** PEM certificates of the authorities to trust in place of the well-known ones. */
  readonly authorities: string | undefined
  readonly signal: AbortSignal | undefined
  /** Shown to a gateway that asks for one in the TLS handshake. */
  readonly certificate?: ClientCertificate | undefined
}

/** A client certificate and its private key, PEM. */
export interface ClientCertificate {
  readonly certificate: string
  readonly key: string
}

/** Axios takes such characters out of a value without a word; a signed request must be the one that is sent. */
const PRINTABLE = /^[\x20-\x7e]*$/

function assertHeaders(headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) {
    if (PRINTABLE.test(value)) continue
    throw new CliFault(EXIT.usage, 'header_malformed', {
      title: {
        vi: `Tiêu đề ${name} chỉ được có ký tự ASCII in được.`,
        en: `The header ${name} may hold printable ASCII characters only.`,
      },
      side: 'you',
    })
  }
}

function readCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** TLS trouble has codes of OpenSSL's making. */
const TLS_CODE = /^(?:ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|EPROTO)/

function unreachable(origin: string, cause: unknown): CliFault {
  const code = readCode(cause)
  const at = { vi: `${origin} (${code || 'không rõ'})`, en: `${origin} (${code || 'unknown'})` }
  if (TLS_CODE.test(code)) {
    return new CliFault(EXIT.unreachable, 'gateway_tls', {
      title: { vi: 'Không xác thực được chứng thư của cổng', en: "The gateway's certificate is not trusted" },
      detail: at,
      side: 'you',
      fix: {
        vi: 'Kiểm tra địa chỉ; nếu cổng dùng CA riêng, thêm --ca TỆP.',
        en: 'Check the address; add --ca FILE where the gateway has a certificate of a private CA.',
      },
      cause,
    })
  }
  const isSlow = code === AxiosError.ERR_CANCELED || code === AxiosError.ETIMEDOUT
  return new CliFault(EXIT.unreachable, isSlow ? 'gateway_timeout' : 'gateway_unreachable', {
    title: isSlow
      ? { vi: 'Cổng không trả lời kịp', en: 'The gateway did not answer in time' }
      : { vi: 'Không kết nối được tới cổng', en: 'The gateway cannot be reached' },
    detail: at,
    side: 'gateway',
    fix: {
      vi: 'Kiểm tra địa chỉ (--gateway) và xem cổng có đang chạy: lienthong serve.',
      en: 'Check the address (--gateway) and whether the gateway runs: lienthong serve.',
    },
    cause,
  })
}

function translate(
  error: unknown,
  origin: string,
  { signal, maxAnswerBytes }: ConsumerHttpOptions,
): CliFault {
  if (signal?.aborted) return interrupted()
  const code = readCode(error)
  if (code === AxiosError.ERR_BAD_RESPONSE || code.startsWith('HPE_')) {
    return new CliFault(EXIT.failed, 'answer_unreadable', {
      title: {
        vi: 'Câu trả lời không phải HTTP hoặc quá lớn',
        en: 'The answer is not HTTP, or it is too large',
      },
      detail: { vi: `Giới hạn ${maxAnswerBytes} byte.`, en: `The limit is ${maxAnswerBytes} bytes.` },
      side: 'gateway',
      cause: error,
    })
  }
  return unreachable(origin, error)
}

function flatten(headers: Readonly<Record<string, unknown>>): Record<string, string> {
  const flat: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && value !== null) {
      flat[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : String(value)
    }
  }
  return flat
}

/**
 * Sends HTTP requests over kept connections, by axios with everything off that follows, guesses or
 * transforms: a redirect or a proxy variable would carry signed requests elsewhere.
 * @throws CliFault where there is no answer (exit 5), `interrupted` where the signal came.
 */
export function createConsumerHttp(
  options: ConsumerHttpOptions,
): (question: HttpQuestion) => Promise<HttpReply> {
  const { authorities, certificate: shown } = options
  const axios = new Axios({
    adapter: 'http',
    httpAgent: new HttpAgent({ keepAlive: true }),
    httpsAgent: new HttpsAgent({
      keepAlive: true,
      ...(authorities !== undefined && { ca: authorities }),
      ...(shown && { cert: shown.certificate, key: shown.key }),
    }),
    maxRedirects: 0,
    proxy: false,
    maxContentLength: options.maxAnswerBytes,
    maxBodyLength: options.maxAnswerBytes,
    responseType: 'arraybuffer',
    decompress: false,
    validateStatus: null,
    transformRequest: [],
    transformResponse: [],
  })
  // Axios's own timeout does not count the time a connection takes.
  const deadline = () => {
    const limit = AbortSignal.timeout(options.timeoutMs)
    return options.signal === undefined ? limit : AbortSignal.any([options.signal, limit])
  }
  return async ({ method, url, headers, body }) => {
    assertHeaders(headers)
    try {
      const reply = await axios.request<Buffer>({
        method,
        url,
        signal: deadline(),
        headers: { 'accept-encoding': 'identity', 'user-agent': 'lienthong-cli', ...headers },
        ...(body !== undefined && { data: Buffer.from(body) }),
      })
      return { status: reply.status, headers: flatten(reply.headers), body: Buffer.from(reply.data) }
    } catch (error) {
      throw translate(error, new URL(url).origin, options)
    }
  }
}
