import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Operation } from '../contract/contract.ts'
import { readSecret } from '../credentials.ts'
import { startDeadline } from '../exchange/deadline.ts'
import { GatewayError } from '../model/errors.ts'
import type { Bilingual } from '../model/identifier.ts'
import type { Binding } from '../model/party.ts'
import { createProviderCalls, type ProviderReply } from '../provider/call.ts'
import { createConnectProvider } from '../provider/connect.ts'
import type { CompiledService } from '../registry/snapshot.ts'
import { type FolderOptions, readService, sampleOf } from './check-registry.ts'
import { tellConformance } from './conformance.ts'
import { addGuide } from './examples.ts'
import { CliFault, EXIT, type ExitCode, usageFault } from './fault.ts'
import { type Check, codeOf, type Finding, isSound } from './finding.ts'
import { reach } from './reach.ts'
import type { Tools } from './tools.ts'

const TEXTS = {
  summary: {
    vi: 'Bên cung cấp trả lời có đúng hợp đồng không: danh sách để gửi kèm yêu cầu kết nối',
    en: 'Whether a provider answers as its contract says: a list to attach to a connection request',
  },
  service: { vi: 'dịch vụ, ví dụ G01/dan-cu/cong-dan/v1', en: 'the service, say G01/dan-cu/cong-dan/v1' },
  url: {
    vi: 'địa chỉ gốc của bên cung cấp (mặc định theo danh bạ)',
    en: "the provider's base address (default: the registry's)",
  },
  ca: {
    vi: 'tệp PEM của CA cấp chứng thư cho bên cung cấp (mặc định theo danh bạ, rồi các CA phổ biến)',
    en: "PEM file of the CA behind the provider's certificate (default: the registry's, then well-known ones)",
  },
  submissions: {
    vi: 'thử cả thao tác nộp, hai lần cùng một khóa: có làm thay đổi dữ liệu',
    en: 'try submissions too, twice under one key: this changes data',
  },
} as const

const SOON_DAYS = 30
const DAY_MS = 86_400_000

interface ProviderOptions extends FolderOptions {
  readonly baseUrl?: string
  readonly ca?: string
  readonly withSubmissions?: boolean
}

/** What is asked of the provider, and how. */
interface Trial {
  readonly service: CompiledService
  readonly binding: Binding
  ask(
    operation: Operation,
    body: unknown,
    more?: { readonly path?: string; readonly key?: string },
  ): Promise<Answered>
}

interface Answered {
  readonly reply: ProviderReply | undefined
  /** Why there is none. */
  readonly error: GatewayError | undefined
  readonly ms: number
}

function createTrial(
  service: CompiledService,
  binding: Binding,
  tools: Tools,
): Trial & { close(): Promise<void> } {
  const ignore = () => {}
  const observer = { attempt: ignore, retry: ignore, breaker: ignore, close: ignore }
  // The very stack that the gateway calls providers by: address guard, TLS, bounds, hub, SOAP.
  const calls = createProviderCalls(
    createConnectProvider({ observe: () => observer, readSecret, random: Math.random }),
  )
  const call = calls.callOf(service.document.id, service.provider.id, { ...binding, retries: 0 })
  return {
    service,
    binding,
    close: () => calls.close(),
    async ask(operation, body, { path = operation.pathTemplate, key } = {}) {
      const deadline = startDeadline(binding.timeoutMs, undefined)
      const startedMs = performance.now()
      const headers = {
        'content-type': 'application/json',
        accept: 'application/json',
        'exchange-id': tools.outside.newId(),
        'exchange-salt': randomBytes(16).toString('base64url'),
        'exchange-consumer': 'check/provider',
        'exchange-purpose': 'kiem-tra-ket-noi',
        ...(key !== undefined && { 'idempotency-key': key }),
      }
      const bytes = typeof body === 'string' ? Buffer.from(body) : Buffer.from(JSON.stringify(body))
      try {
        const asked = {
          operation: operation.id,
          method: operation.method,
          target: path,
          headers,
          body: bytes,
        }
        const reply = await call({ ...asked, idempotent: false, deadline: deadline.signal })
        return { reply, error: undefined, ms: performance.now() - startedMs }
      } catch (thrown) {
        if (!(thrown instanceof GatewayError)) throw thrown
        return { reply: undefined, error: thrown, ms: performance.now() - startedMs }
      } finally {
        deadline.clear()
      }
    },
  }
}

function refused(error: GatewayError | undefined): Bilingual {
  const { entry, code, errors } = error ?? new GatewayError('internal_error')
  const places = errors.map(({ pointer, rule }) => `${pointer || '/'} ${rule}`).join(', ')
  const more = places === '' ? '' : `: ${places}`
  return { vi: `${entry.title.vi} (${code})${more}`, en: `${entry.title.en} (${code})${more}` }
}

async function checkTls({ binding }: Trial, nowMs: number): Promise<Finding> {
  const url = new URL(binding.baseUrl)
  const check = 'tls'
  if (url.protocol !== 'https:') {
    const isLoopback = /^(?:localhost|127\.|\[::1\])/.test(url.hostname)
    return {
      check,
      state: isLoopback ? 'warning' : 'failed',
      detail: { vi: 'không mã hóa đường truyền', en: 'the way is not encrypted' },
      fix: { vi: 'Dùng https với TLS 1.2 trở lên.', en: 'Use https with TLS 1.2 or later.' },
    }
  }
  try {
    const { notAfterMs = 0, protocol } = await reach({
      url,
      ca: binding.tls?.ca,
      timeoutMs: binding.timeoutMs,
    })
    const days = Math.floor((notAfterMs - nowMs) / DAY_MS)
    return {
      check,
      state: days < SOON_DAYS ? 'warning' : 'ok',
      detail: {
        vi: `${protocol}, chứng thư còn ${days} ngày`,
        en: `${protocol}, certificate good for ${days} days`,
      },
      fix: { vi: 'Thay chứng thư.', en: 'Renew the certificate.' },
    }
  } catch (thrown) {
    return {
      check,
      state: 'failed',
      detail: { vi: codeOf(thrown), en: codeOf(thrown) },
      fix: {
        vi: 'Chứng thư phải được CA trong binding.tls.ca hoặc CA phổ biến cấp, đúng tên máy.',
        en: 'The certificate has to come from binding.tls.ca or a well-known CA, for this host.',
      },
    }
  }
}

function changesData({ kind }: Operation): boolean {
  return kind === 'submit' || kind === 'request'
}

/** The contract's own example, answered with something the contract lists. */
async function checkSample(trial: Trial, operation: Operation): Promise<readonly Finding[]> {
  const check = `${operation.id}: sample` as const
  const { request } = sampleOf(trial.service, operation)
  if (request === undefined) {
    return [
      {
        check,
        state: 'skipped',
        detail: { vi: 'hợp đồng không có ví dụ', en: 'the contract has no example' },
      },
    ]
  }
  const key = changesData(operation) ? randomBytes(12).toString('base64url') : undefined
  const { reply, error, ms } = await trial.ask(operation, request, { ...(key && { key }) })
  const fix = {
    vi: 'Trả lời đúng hợp đồng: trạng thái đã liệt kê, JSON đúng lược đồ.',
    en: 'Answer as the contract says: a listed status, JSON of its schema.',
  }
  if (reply === undefined) return [{ check, state: 'failed', detail: refused(error), fix }]
  const findings: Finding[] = [judgeAnswer(check, operation, reply)]
  const limit = trial.binding.timeoutMs
  const isSlow = ms > limit / 2
  findings.push({
    check: `${operation.id}: time`,
    state: isSlow ? 'warning' : 'ok',
    detail: { vi: `${ms.toFixed(0)} ms trong ${limit} ms`, en: `${ms.toFixed(0)} of ${limit} ms` },
    fix: {
      vi: 'Trả lời nhanh hơn, hoặc thỏa thuận timeoutMs lớn hơn.',
      en: 'Answer faster, or agree on a longer timeoutMs.',
    },
  })
  if (key === undefined) return findings
  const again = await trial.ask(operation, request, { key })
  const isSame = again.reply?.status === reply.status && again.reply.body.equals(reply.body)
  findings.push({
    check: `${operation.id}: repeated`,
    state: isSame ? 'ok' : 'failed',
    detail: isSame
      ? { vi: 'cùng Idempotency-Key, cùng câu trả lời', en: 'the same Idempotency-Key, the same answer' }
      : { vi: 'cùng Idempotency-Key mà trả lời khác', en: 'the same Idempotency-Key, another answer' },
    fix: {
      vi: 'Nhớ khóa đã nhận và trả lại câu trả lời đầu tiên.',
      en: 'Remember keys, and give the first answer again.',
    },
  })
  return findings
}

function judgeAnswer(check: Check, operation: Operation, { status, body }: ProviderReply): Finding {
  try {
    operation.checkResponse(status, body.length === 0 ? undefined : JSON.parse(body.toString('utf8')))
    return {
      check,
      state: 'ok',
      detail: { vi: `${status}, đúng hợp đồng`, en: `${status}, as the contract says` },
    }
  } catch (thrown) {
    const detail =
      thrown instanceof GatewayError
        ? refused(thrown)
        : { vi: `${status}: không phải JSON`, en: `${status}: not JSON` }
    return {
      check,
      state: 'failed',
      detail,
      fix: {
        vi: 'Sửa câu trả lời ở các chỗ nêu trên, hoặc sửa hợp đồng.',
        en: 'Mend the answer at these places, or the contract.',
      },
    }
  }
}

/** A body that is not JSON is the caller's fault: it must be told so, not answered nor fallen over. */
async function checkMalformed(trial: Trial, operation: Operation): Promise<Finding> {
  const check = `${operation.id}: malformed` as const
  const { reply, error } = await trial.ask(operation, '{"')
  const fix = {
    vi: 'Trả 4xx cho yêu cầu hỏng; 5xx sẽ bị coi là bên cung cấp gặp sự cố và bị ngắt.',
    en: 'Answer 4xx to a broken request; a 5xx counts as an outage and opens the breaker.',
  }
  if (reply === undefined) return { check, state: 'failed', detail: refused(error), fix }
  const isTold = reply.status >= 400
  return {
    check,
    state: isTold ? 'ok' : 'failed',
    detail: {
      vi: `trả lời ${reply.status} cho nội dung hỏng`,
      en: `answers ${reply.status} to a broken body`,
    },
    fix,
  }
}

/** An address that is not there: anything but a 404 makes a typing error look like an outage or an answer. */
async function checkUnknownPath(trial: Trial, operation: Operation): Promise<Finding> {
  const { reply, error } = await trial.ask(operation, {}, { path: '/khong-co-dia-chi-nay' })
  const status = reply?.status
  return {
    check: 'unknown path',
    state: status === 404 ? 'ok' : status !== undefined && status >= 400 ? 'warning' : 'failed',
    detail: status === undefined ? refused(error) : { vi: `trả lời ${status}`, en: `answers ${status}` },
    fix: { vi: 'Trả 404 cho địa chỉ không có.', en: 'Answer 404 where there is nothing.' },
  }
}

async function examine(trial: Trial, options: ProviderOptions, nowMs: number): Promise<readonly Finding[]> {
  const findings: Finding[] = [await checkTls(trial, nowMs)]
  const operations = [...trial.service.contract.operations.values()].filter(({ kind }) => kind !== 'event')
  for (const operation of operations) {
    if (changesData(operation) && options.withSubmissions !== true) {
      const detail = {
        vi: 'bỏ qua; thử bằng --with-submissions',
        en: 'left out; try it by --with-submissions',
      }
      findings.push({ check: `${operation.id}: sample`, state: 'skipped', detail })
      continue
    }
    findings.push(...(await checkSample(trial, operation)))
    if (operation.method !== 'GET') findings.push(await checkMalformed(trial, operation))
  }
  const [first] = operations
  if (first !== undefined) findings.push(await checkUnknownPath(trial, first))
  return findings
}

async function checkProvider(id: string, options: ProviderOptions, tools: Tools): Promise<ExitCode> {
  const service = await readService(id, options, tools)
  const { binding: bound } = service.document
  if (bound === undefined || service.contract.isOpaque) {
    throw usageFault({
      vi: 'Dịch vụ này không có bên cung cấp với hợp đồng để thử.',
      en: 'This service has no provider with a contract to try.',
    })
  }
  const { baseUrl } = options
  if (baseUrl !== undefined && !/^https?:\/\/[^?#\s]+$/.test(baseUrl)) {
    throw usageFault({
      vi: '--base-url phải là địa chỉ http(s).',
      en: '--base-url must be an http(s) address.',
    })
  }
  const ca =
    options.ca === undefined
      ? undefined
      : readFileSync(resolve(tools.outside.workingDirectory, options.ca), 'utf8')
  const binding = {
    ...bound,
    ...(baseUrl !== undefined && { baseUrl, allowPrivateAddress: true }),
    ...(ca !== undefined && { tls: { ...bound.tls, ca } }),
  }
  const trial = createTrial(service, binding, tools)
  try {
    const findings = await examine(trial, options, tools.outside.now())
    const subject = { kind: 'provider', id, address: new URL(binding.baseUrl).origin } as const
    tellConformance(subject, findings, tools)
    return isSound(findings) ? EXIT.ok : EXIT.failed
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown
    throw new CliFault(EXIT.failed, thrown.code, { title: thrown.entry.title, cause: thrown })
  } finally {
    await trial.close()
  }
}

/** `lienthong check provider`: by the stack and the contract that a gateway uses. */
export function defineProvider(command: Command, tools: Tools): void {
  const { pick } = tools.terminal
  const provider = command
    .command('provider')
    .summary(pick(TEXTS.summary))
    .description(pick(TEXTS.summary))
    .argument('<service>', pick(TEXTS.service))
    .option('--base-url <url>', pick(TEXTS.url))
    .option('--ca <file>', pick(TEXTS.ca))
    .option('--with-submissions', pick(TEXTS.submissions))
    .action(
      tools.act((service: string, _own: unknown, its: Command) =>
        checkProvider(service, its.optsWithGlobals<ProviderOptions>(), tools),
      ),
    )
  addGuide(provider, tools.terminal, {
    examples: [
      [
        'check provider G01/dan-cu/cong-dan/v1 --base-url https://dan-cu.example/v1',
        { vi: 'trước khi nối vào cổng', en: 'before it is connected' },
      ],
    ],
    json: '{ "ok", "kind", "id", "address", "at", "version", "findings": [ { "check", "state", "detail", "fix" } ] }',
  })
}
