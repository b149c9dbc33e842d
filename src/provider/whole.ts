import { Readable } from 'node:stream'
import type { Cancellation } from '../model/cancellation.ts'
import { GatewayError } from '../model/errors.ts'
import type { Field } from '../model/whole.ts'
import type { AbortReason, Attempt, ProviderCall, ProviderRequest } from './call.ts'
import { aborted, assertTarget, checkValue } from './http.ts'
import { hubError } from './hub.ts'
import type { StreamRequest } from './pool-adapter.ts'

interface WholeOptions {
  /** Path that every target is below; no `/` at its end. */
  readonly basePath: string
  readonly stream: StreamRequest
  readonly maxResponseBytes: number
  /** Whether a Security Server answers, whose own errors are marked. */
  readonly isHub: boolean
  readonly assertReachable: () => void
  readonly onAttempt: (attempt: Attempt) => void
}

function fieldsOf({ headers, whole }: ProviderRequest): string[] {
  const own = Object.entries(headers)
  const names = new Set(own.map(([name]) => name.toLowerCase()))
  const passed = (whole?.fields ?? []).filter(([name]) => !names.has(name.toLowerCase()))
  const all: Field[] = [...passed, ...own]
  const { body } = whole ?? {}
  if (body !== undefined) all.push(['content-length', String(body.bytes)])
  for (const [name, value] of all) checkValue(name, value)
  return all.flat()
}

function pairsOf(headers: Readonly<Record<string, string | string[] | undefined>>): Field[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((one): Field => [name, one]),
  )
}

/** Ends a request with its deadline; the transport knows `AbortSignal` only. */
function follow(deadline: Cancellation): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController()
  const stop = () => controller.abort()
  deadline.addEventListener('abort', stop)
  if (deadline.aborted) stop()
  return { signal: controller.signal, release: () => deadline.removeEventListener('abort', stop) }
}

/**
 * One attempt whose answer is kept whole, whatever its status, type and length: nothing in it is read, followed or
 * decompressed. An answer too large for its binding is `response_invalid`.
 */
export function createWholeCall(options: WholeOptions): ProviderCall {
  const { basePath, stream, maxResponseBytes, assertReachable, onAttempt } = options

  async function receive(request: ProviderRequest, signal: AbortSignal) {
    const { whole, method, target } = request
    if (whole === undefined) throw new TypeError('the request is not one to be passed whole')
    const answer = await stream({
      method,
      path: basePath + target,
      fields: fieldsOf(request),
      body: whole.body === undefined ? undefined : Readable.from(whole.body.read(), { objectMode: false }),
      signal,
    })
    const told = options.isHub ? answer.headers['x-road-error'] : undefined
    if (told !== undefined) {
      // What the hub says beside it is not the provider's: it is read away, so that the connection stays good.
      for await (const _ of answer.body);
      throw hubError([told].flat().join())
    }
    const sink = whole.openSink(maxResponseBytes)
    try {
      for await (const chunk of answer.body) await sink.write(chunk)
      return { status: answer.status, fields: pairsOf(answer.headers), body: sink.end() }
    } catch (thrown) {
      await sink.discard()
      if (thrown instanceof GatewayError && thrown.code === 'body_too_large') {
        throw new GatewayError('response_invalid', {
          cause: thrown,
          detail: { vi: 'Câu trả lời quá lớn.', en: 'The answer is too large.' },
        })
      }
      throw thrown
    }
  }

  return async (request) => {
    const { method, deadline } = request
    assertTarget(request.target)
    const { signal, release } = follow(deadline)
    const startedMs = performance.now()
    const elapsedSeconds = () => (performance.now() - startedMs) / 1000
    try {
      assertReachable()
      const whole = await receive(request, signal)
      onAttempt({ method, seconds: elapsedSeconds(), status: whole.status })
      return {
        status: whole.status,
        contentType: '',
        retryAfter: undefined,
        body: Buffer.alloc(0),
        attempts: 1,
        whole,
      }
    } catch (thrown) {
      const error =
        thrown instanceof GatewayError
          ? thrown
          : deadline.aborted
            ? aborted(deadline.reason as AbortReason)
            : new GatewayError('provider_unavailable', { cause: thrown, retryAfterSeconds: 5 })
      onAttempt({ method, seconds: elapsedSeconds(), error: error.code })
      throw error
    } finally {
      release()
    }
  }
}
