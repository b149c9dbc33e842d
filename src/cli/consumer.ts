import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Command } from 'commander'
import type { JWK } from 'jose'
import { readSecretFile } from '../identity/key-file.ts'
import type { Bilingual } from '../model/identifier.ts'
import { type ConsumerClient, type ConsumerClientOptions, createConsumerClient } from './client.ts'
import { type ClientCertificate, createConsumerHttp } from './consumer-http.ts'
import { isMembers } from './consumer-reply.ts'
import { usageFault } from './fault.ts'
import type { Tools } from './tools.ts'

/** Below the working directory. */
export const DEFAULT_KEY_FILE = '.lienthong/consumer.jwk'
const DEFAULT_PROFILE = '.lienthong/consumer.json'
const DEFAULT_GATEWAY = 'http://127.0.0.1:8080'
export const DEFAULT_MANAGEMENT = 'http://127.0.0.1:9464'

/** Options of every command that talks to a gateway. */
export interface ReachOptions {
  readonly gateway?: string
  readonly ca?: string
  readonly timeout?: string
}

/** Options of every command that acts as a consumer. */
export interface ConsumerOptions extends ReachOptions {
  readonly consumer?: string
  readonly key?: string
  readonly profile?: string
  readonly bearer?: boolean
  readonly cert?: string
  readonly certKey?: string
}

const TEXTS = {
  gateway: {
    vi: `địa chỉ cổng (mặc định ${DEFAULT_GATEWAY})`,
    en: `gateway's address (default ${DEFAULT_GATEWAY})`,
  },
  consumer: { vi: 'hệ thống đứng ra hỏi, ví dụ H29/mot-cua', en: 'the subsystem that asks, say H29/mot-cua' },
  key: {
    vi: `tệp khóa riêng (mặc định ${DEFAULT_KEY_FILE})`,
    en: `file of its private key (default ${DEFAULT_KEY_FILE})`,
  },
  profile: {
    vi: `tệp JSON {gateway, management, consumer, key} (mặc định ${DEFAULT_PROFILE} nếu có)`,
    en: `JSON file {gateway, management, consumer, key} (default ${DEFAULT_PROFILE} if there)`,
  },
  ca: { vi: 'tệp PEM của CA riêng mà cổng dùng', en: "PEM file of the gateway's private CA" },
  timeout: {
    vi: 'chờ mỗi yêu cầu bao nhiêu giây (mặc định 35)',
    en: 'seconds to wait for a request (default 35)',
  },
  bearer: {
    vi: 'mã không gắn khóa; chỉ cho hệ thống thử nghiệm',
    en: 'a token bound to no key; for sandbox subsystems only',
  },
  cert: {
    vi: 'tệp PEM của chứng thư máy khách đã đăng ký; mã gắn với nó thay vì DPoP',
    en: 'PEM file of a registered client certificate; the token is bound to it in place of DPoP',
  },
  certKey: {
    vi: 'tệp PEM khóa riêng của chứng thư (quyền 600)',
    en: "PEM file of the certificate's private key (mode 600)",
  },
  halfCertificate: {
    vi: '--cert và --cert-key phải đi cùng nhau, không cùng --bearer.',
    en: '--cert and --cert-key go together, and not with --bearer.',
  },
  noConsumer: { vi: 'Chưa biết hỏi thay hệ thống nào.', en: 'Which subsystem asks is not known.' },
  noConsumerFix: {
    vi: `Thêm --consumer (ví dụ H29/mot-cua), hoặc ghi vào ${DEFAULT_PROFILE}.`,
    en: `Add --consumer (say H29/mot-cua), or write it to ${DEFAULT_PROFILE}.`,
  },
  noKey: (file: string): Bilingual => ({
    vi: `Không có tệp khóa ${file}.`,
    en: `There is no key file ${file}.`,
  }),
  noKeyFix: {
    vi: 'Chỉ ra tệp khóa bằng --key, hoặc tạo: lienthong keys new',
    en: 'Name the key file with --key, or make one: lienthong keys new',
  },
  badFile: (file: string): Bilingual => ({
    vi: `${file} không phải một đối tượng JSON.`,
    en: `${file} is not a JSON object.`,
  }),
  badTimeout: { vi: '--timeout phải là số giây từ 1 đến 600.', en: '--timeout must be 1 to 600 seconds.' },
  badGateway: {
    vi: '--gateway phải có dạng https://máy[:cổng].',
    en: '--gateway must have the form https://host[:port].',
  },
  badManagement: {
    vi: '--management phải có dạng https://máy[:cổng].',
    en: '--management must have the form https://host[:port].',
  },
} as const

export function addReachOptions(command: Command, { terminal: { pick } }: Tools): Command {
  return command
    .option('--gateway <url>', pick(TEXTS.gateway))
    .option('--ca <file>', pick(TEXTS.ca))
    .option('--timeout <seconds>', pick(TEXTS.timeout))
}

export function addConsumerOptions(command: Command, tools: Tools): Command {
  const { pick } = tools.terminal
  command
    .option('--consumer <id>', pick(TEXTS.consumer))
    .option('--key <file>', pick(TEXTS.key))
    .option('--profile <file>', pick(TEXTS.profile))
    .option('--bearer', pick(TEXTS.bearer))
    .option('--cert <file>', pick(TEXTS.cert))
    .option('--cert-key <file>', pick(TEXTS.certKey))
  return addReachOptions(command, tools)
}

function parseObject(file: string, text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    if (isMembers(value)) return value
  } catch {
    // Said below; a parser's message may quote what it read.
  }
  throw usageFault(TEXTS.badFile(file))
}

interface Profile {
  readonly gateway: string | undefined
  readonly management: string | undefined
  readonly consumer: string | undefined
  readonly key: string | undefined
}

const NO_PROFILE: Profile = {
  gateway: undefined,
  management: undefined,
  consumer: undefined,
  key: undefined,
}

/** A profile's `key` is relative to the profile's own folder. */
function readProfile(typed: string | undefined, folder: string): Profile {
  const file = resolve(folder, typed ?? DEFAULT_PROFILE)
  if (typed === undefined && !existsSync(file)) return NO_PROFILE
  const { gateway, management, consumer, key } = parseObject(file, readFileSync(file, 'utf8'))
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined)
  const keyFile = text(key)
  return {
    gateway: text(gateway),
    management: text(management),
    consumer: text(consumer),
    key: keyFile === undefined ? undefined : resolve(dirname(file), keyFile),
  }
}

function readPrivateJwk(file: string): JWK {
  if (!existsSync(file)) throw usageFault(TEXTS.noKey(file), TEXTS.noKeyFix)
  return parseObject(file, readSecretFile(file).toString('utf8'))
}

/** @throws CliFault where the text is no `https://host[:port]`. */
export function parseGateway(text: string, fault: Bilingual = TEXTS.badGateway): string {
  const url = /^https?:\/\/[^/]/.test(text) ? URL.parse(text) : null
  const isOrigin =
    url !== null && url.pathname === '/' && url.search === '' && url.hash === '' && url.username === ''
  if (!isOrigin) throw usageFault(fault)
  return url.origin
}

function parseTimeout(text: string | undefined): number {
  const seconds = Number(text ?? 35)
  if (!(seconds >= 1 && seconds <= 600)) throw usageFault(TEXTS.badTimeout)
  return seconds * 1000
}

function readAuthorities({ ca }: ReachOptions, folder: string): string | undefined {
  return ca === undefined ? undefined : readFileSync(resolve(folder, ca), 'utf8')
}

/** A gateway that is asked for what it shows to everybody. */
export function openHttp(options: ReachOptions, { outside }: Tools) {
  const send = createConsumerHttp({
    timeoutMs: parseTimeout(options.timeout),
    maxAnswerBytes: 16_777_216,
    authorities: readAuthorities(options, outside.workingDirectory),
    signal: outside.signal,
  })
  return { gatewayUrl: parseGateway(options.gateway ?? DEFAULT_GATEWAY), send }
}

function readCertificate(
  { cert, certKey, bearer }: ConsumerOptions,
  folder: string,
): ClientCertificate | undefined {
  if (cert === undefined && certKey === undefined) return undefined
  if (cert === undefined || certKey === undefined || bearer === true) throw usageFault(TEXTS.halfCertificate)
  return {
    certificate: readFileSync(resolve(folder, cert), 'utf8'),
    key: readSecretFile(resolve(folder, certKey)).toString('utf8'),
  }
}

/** A consumer as a profile says, and options where they say otherwise. */
export interface OpenedConsumer {
  readonly client: ConsumerClient
  readonly gatewayUrl: string
  readonly clientId: string
}

/** @throws CliFault with exit code 2 where it is not clear who asks or with which key. */
export function openConsumer(
  options: ConsumerOptions,
  { outside, terminal }: Tools,
  wanted: Pick<ConsumerClientOptions, 'resource' | 'baseUrl' | 'maxAnswerBytes'> = {},
): OpenedConsumer {
  const folder = outside.workingDirectory
  const profile = readProfile(options.profile, folder)
  const gatewayUrl = parseGateway(options.gateway ?? profile.gateway ?? DEFAULT_GATEWAY)
  const clientId = options.consumer ?? profile.consumer
  if (clientId === undefined) throw usageFault(TEXTS.noConsumer, TEXTS.noConsumerFix)
  const keyFile =
    options.key === undefined
      ? (profile.key ?? resolve(folder, DEFAULT_KEY_FILE))
      : resolve(folder, options.key)
  const certificate = readCertificate(options, folder)
  const bound = certificate === undefined ? 'dpop' : 'certificate'
  const client = createConsumerClient({
    gatewayUrl,
    clientId,
    privateJwk: readPrivateJwk(keyFile),
    binding: options.bearer === true ? 'bearer' : bound,
    certificate,
    language: terminal.language,
    timeoutMs: parseTimeout(options.timeout),
    authorities: readAuthorities(options, folder),
    signal: outside.signal,
    now: outside.now,
    newId: outside.newId,
    ...wanted,
  })
  return { client, gatewayUrl, clientId }
}

/** A subsystem that reads the log, on the gateway's management address. */
export function openReader(
  options: ConsumerOptions & { readonly management?: string },
  tools: Tools,
  wanted: Pick<ConsumerClientOptions, 'resource' | 'maxAnswerBytes'>,
): OpenedConsumer {
  const { management } = readProfile(options.profile, tools.outside.workingDirectory)
  const typed = options.management ?? management ?? DEFAULT_MANAGEMENT
  return openConsumer(options, tools, { ...wanted, baseUrl: parseGateway(typed, TEXTS.badManagement) })
}
