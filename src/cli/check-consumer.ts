import { spawn } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { KEY_FAULTS, vetRegisteredJwk } from '../identity/key-vetting.ts'
import { toPublicJwk } from '../identity/signing-key.ts'
import { GatewayError } from '../model/errors.ts'
import type { SubsystemId } from '../model/identifier.ts'
import type { PublicJwk } from '../model/party.ts'
import type { CompiledService } from '../registry/snapshot.ts'
import { type FolderOptions, readService, sampleOf } from './check-registry.ts'
import { tellConformance } from './conformance.ts'
import { isMembers } from './consumer-reply.ts'
import { type Scene, scenesOf } from './consumer-scenes.ts'
import { type Observed, openStage, type Stage } from './consumer-stage.ts'
import { addGuide } from './examples.ts'
import { EXIT, type ExitCode, usageFault } from './fault.ts'
import { type Finding, isSound } from './finding.ts'
import type { Tools } from './tools.ts'

const TEXTS = {
  summary: {
    vi: 'Chương trình của bên hỏi có chịu được mọi câu trả lời không: danh sách để gửi kèm yêu cầu kết nối',
    en: "Whether a consumer's program can take every answer: a list to attach to a connection request",
  },
  program: {
    vi: 'chương trình gửi một yêu cầu rồi kết thúc',
    en: 'the program: it sends one request and ends',
  },
  consumer: { vi: 'hệ thống đứng ra hỏi, ví dụ H29/mot-cua', en: 'the subsystem that asks, say H29/mot-cua' },
  key: {
    vi: 'tệp JWK của khóa đã đăng ký; chỉ phần công khai được dùng',
    en: 'JWK file of the registered key; its public half is used',
  },
  service: { vi: 'dịch vụ mà chương trình gọi', en: 'the service that the program asks' },
  certificate: {
    vi: 'tệp PEM của chứng thư đã đăng ký: thử bằng mTLS (RFC 8705); cổng dựng tạm nói TLS',
    en: 'PEM file of the registered client certificate: tries mTLS (RFC 8705); the gateway put up speaks TLS',
  },
  noConsumer: {
    vi: 'Cần --consumer, --service, và --key hoặc --certificate.',
    en: '--consumer, --service, and --key or --certificate are needed.',
  },
  badCertificate: {
    vi: 'Tệp --certificate không phải một chứng thư PEM.',
    en: 'The --certificate file is no PEM certificate.',
  },
  badKey: { vi: 'Tệp --key không phải một JWK.', en: 'The --key file is no JWK.' },
  notes: {
    vi: 'Chương trình được chạy nhiều lần, mỗi lần nhận GATEWAY_URL (địa chỉ của một cổng dựng tạm trên máy này) và CLIENT_ID trong môi trường, với --certificate thêm GATEWAY_CA (tệp PEM để tin cổng ấy; cũng ở NODE_EXTRA_CA_CERTS); nó gửi một yêu cầu, mã thoát 0 nghĩa là được trả lời.',
    en: 'The program is run several times, with GATEWAY_URL (the address of a gateway put up on this machine) and CLIENT_ID in its environment, with --certificate GATEWAY_CA too (PEM file to trust that gateway by, also in NODE_EXTRA_CA_CERTS); it sends one request, and its exit code 0 means that it was answered.',
  },
} as const

/** A program has this long for a scene; the longest asks it to wait a second. */
const SCENE_MS = 30_000

interface ConsumerCheckOptions extends FolderOptions {
  readonly consumer?: string
  readonly key?: string
  readonly certificate?: string
  readonly service?: string
}

function readKey(file: string, folder: string): Readonly<Record<string, unknown>> {
  try {
    const jwk: unknown = JSON.parse(readFileSync(resolve(folder, file), 'utf8'))
    if (isMembers(jwk)) return { ...toPublicJwk(jwk) }
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown) throw thrown
    // A parser's message may quote the key.
  }
  throw usageFault(TEXTS.badKey)
}

function checkKey(jwk: Readonly<Record<string, unknown>>): Finding {
  const verdict = vetRegisteredJwk(jwk)
  if ('fault' in verdict) {
    return {
      check: 'key',
      state: 'failed',
      detail: KEY_FAULTS[verdict.fault],
      fix: { vi: 'Tạo khóa khác: lienthong keys new', en: 'Make another: lienthong keys new' },
    }
  }
  const { algorithm } = verdict.key
  return {
    check: 'key',
    state: 'ok',
    detail: { vi: `${algorithm}, đủ mạnh`, en: `${algorithm}, strong enough` },
  }
}

const SOON_DAYS = 30
const DAY_MS = 86_400_000

/** @returns the certificate's thumbprint, `x5t#S256`, and whether the gateway would take it today. */
function readCertificate(file: string, { outside }: Tools): readonly [thumbprint: string, finding: Finding] {
  const pem = readFileSync(resolve(outside.workingDirectory, file))
  let certificate: X509Certificate
  try {
    certificate = new X509Certificate(pem)
  } catch {
    throw usageFault(TEXTS.badCertificate)
  }
  const nowMs = outside.now()
  const days = Math.floor((certificate.validToDate.getTime() - nowMs) / DAY_MS)
  const isGood = days >= 0 && certificate.validFromDate.getTime() <= nowMs
  const finding: Finding = {
    check: 'certificate',
    state: isGood ? (days < SOON_DAYS ? 'warning' : 'ok') : 'failed',
    detail: isGood
      ? { vi: `còn ${days} ngày`, en: `good for ${days} days` }
      : { vi: 'chưa hoặc không còn hiệu lực', en: 'not in force' },
    fix: { vi: 'Thay chứng thư rồi đăng ký lại.', en: 'Renew the certificate and register it.' },
  }
  return [Buffer.from(certificate.fingerprint256.replaceAll(':', ''), 'hex').toString('base64url'), finding]
}

/** What the contract says of the first request that was understood. */
function checkRequest(seen: readonly Observed[], service: CompiledService): Finding {
  const check = 'contract'
  const prefix = `/exchange/${service.document.id}`
  const asked = seen.find(({ door, refusal }) => door === 'exchange' && refusal === undefined)
  const fix = {
    vi: `Theo hợp đồng của ${service.document.id} (/docs).`,
    en: `Do as the contract of ${service.document.id} says (/docs).`,
  }
  if (asked === undefined)
    return { check, state: 'skipped', detail: { vi: 'không có yêu cầu', en: 'there was no request' } }
  const url = new URL(asked.path, 'http://stage')
  const found = url.pathname.startsWith(prefix)
    ? service.contract.match(asked.method, url.pathname.slice(prefix.length))
    : undefined
  if (found === undefined) {
    const said = `${asked.method} ${url.pathname}`
    return {
      check,
      state: 'failed',
      detail: { vi: `${said} không có trong hợp đồng`, en: `${said} is not in the contract` },
      fix,
    }
  }
  try {
    const body: unknown = asked.body === '' ? undefined : JSON.parse(asked.body)
    const query = url.search === '' ? undefined : url.searchParams
    found.operation.checkRequest({ pathParameters: found.pathParameters, query, body })
  } catch (thrown) {
    const places =
      thrown instanceof GatewayError
        ? thrown.errors.map(({ pointer, rule }) => `${pointer || '/'} ${rule}`)
        : ['JSON']
    const said = places.join(', ')
    return { check, state: 'failed', detail: { vi: `sai: ${said}`, en: `wrong: ${said}` }, fix }
  }
  if (
    ['submit', 'request'].includes(found.operation.kind) &&
    asked.headers['idempotency-key'] === undefined
  ) {
    return {
      check,
      state: 'failed',
      detail: { vi: 'thiếu Idempotency-Key', en: 'Idempotency-Key is missing' },
      fix,
    }
  }
  return {
    check,
    state: 'ok',
    detail: { vi: `${found.operation.id}: đúng hợp đồng`, en: `${found.operation.id}: as the contract says` },
  }
}

/** @returns how it ended; undefined where it had to be stopped. */
function runProgram(
  words: readonly string[],
  given: Readonly<Record<string, string>>,
  tools: Tools,
): Promise<number | undefined> {
  const { outside, terminal } = tools
  const [program = '', ...rest] = words
  const child = spawn(program, rest, {
    cwd: outside.workingDirectory,
    env: { ...outside.environment, ...given },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: outside.signal,
  })
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) =>
      terminal.talk(`  │ ${chunk.toString().trimEnd().replaceAll('\n', '\n  │ ')}`),
    )
  const timer = setTimeout(() => child.kill('SIGKILL'), SCENE_MS)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? undefined))
  }).finally(() => clearTimeout(timer)) as Promise<number | undefined>
}

/** Plays every scene to the program. @returns what is found of it. */
async function playScenes(
  words: readonly string[],
  { stage, service, binding, clientId }: Playing,
  tools: Tools,
): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  const folder = mkdtempSync(join(tmpdir(), 'lienthong-check-'))
  const trusted = join(folder, 'gateway.pem')
  if (stage.authority !== undefined) writeFileSync(trusted, stage.authority)
  const given = {
    GATEWAY_URL: stage.url,
    CLIENT_ID: clientId,
    ...(stage.authority !== undefined && { GATEWAY_CA: trusted, NODE_EXTRA_CA_CERTS: trusted }),
  }
  try {
    let last: { readonly cues: string; readonly scene: Scene } | undefined
    for (const { check, cues, judge, fix } of scenesOf(binding)) {
      // What is judged of an undisturbed run is judged of one and the same.
      if (last?.cues !== cues.join()) {
        stage.begin(cues)
        const exitCode = await runProgram(words, given, tools)
        last = { cues: cues.join(), scene: { exitCode, seen: stage.seen() } }
      }
      findings.push({ check, fix, ...judge(last.scene) })
      if (check === 'headers') findings.push(checkRequest(last.scene.seen, service))
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return findings
}

interface Playing {
  readonly stage: Stage
  readonly service: CompiledService
  readonly binding: 'key' | 'certificate'
  readonly clientId: string
}

async function checkConsumer(
  words: readonly string[],
  options: ConsumerCheckOptions,
  tools: Tools,
): Promise<ExitCode> {
  const { consumer: clientId, key, certificate: file, service: id } = options
  const { outside } = tools
  if (clientId === undefined || id === undefined || (key === undefined && file === undefined))
    throw usageFault(TEXTS.noConsumer)
  const service = await readService(id, options, tools)
  const jwk = key === undefined ? undefined : readKey(key, outside.workingDirectory)
  const [certificate, certificateFinding] = file === undefined ? [] : readCertificate(file, tools)
  const findings: Finding[] = [
    ...(jwk === undefined ? [] : [checkKey(jwk)]),
    ...(certificateFinding === undefined ? [] : [certificateFinding]),
  ]
  if (isSound(findings)) {
    const stage = await openStage({
      clientId: clientId as SubsystemId,
      key: jwk as unknown as PublicJwk | undefined,
      certificate,
      now: outside.now,
      newId: outside.newId,
      answerTo(method, path) {
        const below = new URL(path, 'http://stage').pathname.slice(`/exchange/${id}`.length)
        const found = service.contract.match(method, below)
        return found === undefined ? {} : sampleOf(service, found.operation).answer
      },
    })
    const binding = certificate === undefined ? 'key' : 'certificate'
    try {
      findings.push(...(await playScenes(words, { stage, service, binding, clientId }, tools)))
    } finally {
      await stage.close()
    }
  }
  tellConformance({ kind: 'consumer', id: clientId, address: words.join(' ') }, findings, tools)
  return isSound(findings) ? EXIT.ok : EXIT.failed
}

/** `lienthong check consumer`: the program against a gateway that plays every answer it will meet. */
export function defineConsumer(command: Command, tools: Tools): void {
  const { pick } = tools.terminal
  const consumer = command
    .command('consumer')
    .summary(pick(TEXTS.summary))
    .description(pick(TEXTS.summary))
    .argument('<program...>', pick(TEXTS.program))
    .option('--consumer <id>', pick(TEXTS.consumer))
    .option('--key <file>', pick(TEXTS.key))
    .option('--certificate <file>', pick(TEXTS.certificate))
    .option('--service <id>', pick(TEXTS.service))
    .action(
      tools.act((words: readonly string[], _own: unknown, its: Command) =>
        checkConsumer(words, its.optsWithGlobals<ConsumerCheckOptions>(), tools),
      ),
    )
  addGuide(consumer, tools.terminal, {
    examples: [
      [
        'check consumer --consumer H29/mot-cua --key mot-cua.jwk --service G01/dan-cu/cong-dan/v1 -- java -jar mot-cua.jar thu',
        {
          vi: 'thử chương trình của mình trước khi xin kết nối',
          en: 'try one’s own program before asking for a connection',
        },
      ],
    ],
    notes: TEXTS.notes,
    json: '{ "ok", "kind", "id", "address", "at", "version", "findings": [ { "check", "state", "detail", "fix" } ] }',
  })
}
