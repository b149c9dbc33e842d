import { join, resolve } from 'node:path'
import { type Command, Option } from 'commander'
import type { JWK } from 'jose'
import { stringify } from 'yaml'
import { openDevice } from '../credentials.ts'
import {
  ENCRYPTION_ALGORITHMS,
  generateEncryptionKey,
  readEncryptionAlgorithm,
} from '../identity/encryption-key.ts'
import { createSecretFile } from '../identity/key-file.ts'
import {
  adoptDeviceKey,
  openKeyDirectory,
  readKeyFacts,
  readPublicJwk,
  rotateKeys,
} from '../identity/keys.ts'
import { generatePrivateJwk, toPublicJwk } from '../identity/signing-key.ts'
import type { Bilingual } from '../model/identifier.ts'
import { DEFAULT_KEY_FILE } from './consumer.ts'
import { addGuide } from './examples.ts'
import { CliFault, EXIT, type ExitCode } from './fault.ts'
import { defineExpiry } from './keys-expiry.ts'
import { requireSettings } from './settings-file.ts'
import { formatInstant } from './table.ts'
import type { Tools } from './tools.ts'

const ALGORITHMS = ['ES256', 'PS256', 'EdDSA']

const TEXTS = {
  new: {
    vi: 'Tạo khóa riêng cho một hệ thống; in phần công khai để đăng ký',
    en: "Make a subsystem's private key; print the public half to register",
  },
  show: {
    vi: 'In phần công khai của một khóa, hoặc các khóa ký của cổng',
    en: "Print the public half of a key, or the gateway's signing keys",
  },
  rotate: { vi: 'Thêm khóa ký mới cho cổng', en: 'Add a new signing key to the gateway' },
  file: {
    vi: `tệp khóa riêng, dạng JWK (mặc định ${DEFAULT_KEY_FILE})`,
    en: `file of the private key, a JWK (default ${DEFAULT_KEY_FILE})`,
  },
  showFile: {
    vi: 'tệp khóa riêng; không có thì in các khóa ký của cổng',
    en: "file of a private key; without it the gateway's signing keys are printed",
  },
  algorithm: { vi: 'ES256 (mặc định), PS256 hoặc EdDSA', en: 'ES256 (default), PS256 or EdDSA' },
  anyAlgorithm: {
    vi: 'ký: ES256 (mặc định), PS256, EdDSA; mở gói bàn giao: ECDH-ES, RSA-OAEP-256',
    en: 'to sign: ES256 (default), PS256, EdDSA; to open packages: ECDH-ES, RSA-OAEP-256',
  },
  made: (file: string): Bilingual => ({
    vi: `Đã tạo ${file} (quyền 600). Giữ kín tệp này.`,
    en: `Made ${file} (mode 600). Keep it secret.`,
  }),
  paste: {
    vi: 'Dán phần dưới vào tài liệu Subsystem trong danh bạ rồi chạy: lienthong registry apply',
    en: 'Paste what follows into the Subsystem document of the registry, then run: lienthong registry apply',
  },
  rotated: (file: string, at: string): Bilingual => ({
    vi: `Đã tạo ${file}, ký từ ${at}. Các cổng công bố khóa này trong nửa phút; khóa cũ còn được nhận thêm 10 phút sau đó.`,
    en: `Made ${file}; it signs from ${at} (Vietnam's time). The gateways publish it within half a minute; the old key is taken 10 minutes longer.`,
  }),
  hsmKey: {
    vi: 'nhãn của khóa đã có trong thiết bị PKCS#11 (tokens.pkcs11)',
    en: 'label of a key that is in the PKCS#11 device (tokens.pkcs11)',
  },
  noDevice: {
    vi: 'Cấu hình không có thiết bị nào (tokens.pkcs11)',
    en: 'The settings name no device (tokens.pkcs11)',
  },
  exists: { vi: 'Đã có tệp này, không ghi đè', en: 'The file is there already and is not replaced' },
  existsFix: {
    vi: 'Chọn tên khác; xóa khóa cũ khi không hệ thống nào còn dùng.',
    en: 'Choose another name; delete the old key once nothing uses it.',
  },
} as const

/** Where a gateway keeps the keys it signs tokens with. */
export function signingKeyDirectory(dataDir: string): string {
  return join(dataDir, 'keys/tokens')
}

function showPublicJwk(jwk: Readonly<JWK>, file: string, { terminal }: Tools): void {
  const credentials = jwk.use === 'enc' ? { encryptionKey: jwk } : { jwks: [jwk] }
  if (terminal.json) terminal.resultJson({ file, publicJwk: jwk })
  else terminal.result(stringify({ credentials }, { lineWidth: 0 }).trimEnd())
}

async function generate(algorithm: string): Promise<{ readonly privateJwk: JWK; readonly publicJwk: JWK }> {
  const encryption = readEncryptionAlgorithm(algorithm)
  if (encryption !== undefined) {
    const { privateJwk, publicJwk } = await generateEncryptionKey(encryption)
    return { privateJwk, publicJwk: { ...publicJwk } }
  }
  const privateJwk = await generatePrivateJwk(algorithm)
  return { privateJwk, publicJwk: toPublicJwk(privateJwk) }
}

async function makeKey(typed: string | undefined, algorithm: string, tools: Tools): Promise<ExitCode> {
  const { terminal, outside } = tools
  const file = resolve(outside.workingDirectory, typed ?? DEFAULT_KEY_FILE)
  const { privateJwk, publicJwk } = await generate(algorithm)
  if (!createSecretFile(file, `${JSON.stringify(privateJwk, null, 2)}\n`)) {
    throw new CliFault(EXIT.failed, 'file_exists', {
      title: TEXTS.exists,
      detail: { vi: file, en: file },
      side: 'you',
      fix: TEXTS.existsFix,
    })
  }
  terminal.talk(`${terminal.style('green', '✔')} ${terminal.pick(TEXTS.made(file))}`)
  if (!terminal.json) terminal.talk(terminal.pick(TEXTS.paste))
  showPublicJwk(publicJwk, file, tools)
  return EXIT.ok
}

async function showKeys(typed: string | undefined, tools: Tools): Promise<ExitCode> {
  const { terminal, outside } = tools
  if (typed !== undefined) {
    const file = resolve(outside.workingDirectory, typed)
    showPublicJwk(readPublicJwk(file), file, tools)
    return EXIT.ok
  }
  const { dataDir, tokens } = requireSettings(tools)
  const directory = signingKeyDirectory(dataDir)
  const ring = await openKeyDirectory(directory, openDevice(tokens.pkcs11))
  const nowMs = outside.now()
  const current = ring.current(nowMs).kid
  const { keys } = ring.jwks(nowMs)
  if (terminal.json) terminal.resultJson({ directory, current, keys })
  else {
    for (const { kid = '', alg = '' } of keys)
      terminal.result(`${kid === current ? '*' : ' '} ${kid}  ${alg}`)
  }
  return EXIT.ok
}

interface RotateOptions {
  readonly alg: string
  readonly hsmKey?: string
}

async function addKey({ alg, hsmKey }: RotateOptions, tools: Tools): Promise<string> {
  const { dataDir, tokens } = requireSettings(tools)
  const directory = signingKeyDirectory(dataDir)
  const nowMs = tools.outside.now()
  const device = openDevice(tokens.pkcs11)
  if (hsmKey === undefined) {
    // The first key of a gateway that never ran is made here, so that a second one can follow it.
    await openKeyDirectory(directory, device)
    return rotateKeys(directory, alg, nowMs)
  }
  if (device !== undefined) return adoptDeviceKey(directory, device, hsmKey, nowMs)
  throw new CliFault(EXIT.usage, 'device_missing', { title: TEXTS.noDevice, side: 'you' })
}

async function rotate(options: RotateOptions, tools: Tools): Promise<ExitCode> {
  const { terminal } = tools
  const file = await addKey(options, tools)
  const { kid, activeFrom } = readKeyFacts(file)
  if (terminal.json) {
    terminal.resultJson({ file, kid, signsFrom: new Date(activeFrom * 1000).toISOString() })
  } else terminal.result(kid)
  const said = TEXTS.rotated(file, formatInstant(activeFrom * 1000))
  terminal.talk(`${terminal.style('green', '✔')} ${terminal.pick(said)}`)
  return EXIT.ok
}

/** `lienthong keys`: private halves stay in files of mode 600; only public ones are printed. */
export function define(command: Command, tools: Tools): void {
  const { terminal } = tools
  const { pick } = terminal
  const algorithm = () =>
    new Option('--alg <name>', pick(TEXTS.algorithm)).choices(ALGORITHMS).default('ES256')
  const fresh = command
    .command('new')
    .summary(pick(TEXTS.new))
    .description(pick(TEXTS.new))
    .argument('[file]', pick(TEXTS.file))
    .addOption(
      new Option('--alg <name>', pick(TEXTS.anyAlgorithm))
        .choices([...ALGORITHMS, ...ENCRYPTION_ALGORITHMS])
        .default('ES256'),
    )
    .action(
      tools.act((file: string | undefined, options: { alg: string }) => makeKey(file, options.alg, tools)),
    )
  addGuide(fresh, terminal, {
    examples: [
      ['keys new', { vi: `tạo ${DEFAULT_KEY_FILE}`, en: `make ${DEFAULT_KEY_FILE}` }],
      ['keys new mot-cua.jwk --alg PS256', { vi: 'khóa RSA 3072 bit', en: 'an RSA key of 3072 bits' }],
      ['keys new goi.jwk --alg ECDH-ES', { vi: 'khóa mở gói bàn giao', en: 'a key that opens packages' }],
    ],
    json: '{ "file", "publicJwk": { "kty", "kid", "alg", … } }',
  })
  const show = command
    .command('show')
    .summary(pick(TEXTS.show))
    .description(pick(TEXTS.show))
    .argument('[file]', pick(TEXTS.showFile))
    .action(tools.act((file: string | undefined) => showKeys(file, tools)))
  addGuide(show, terminal, {
    examples: [
      ['keys show mot-cua.jwk', { vi: 'phần công khai của một khóa', en: 'the public half of a key' }],
      ['keys show', { vi: 'khóa ký của cổng; * là khóa đang ký', en: "the gateway's keys; * signs now" }],
    ],
    json: '{ "file", "publicJwk" }  |  { "directory", "current", "keys": [ … ] }',
  })
  const next = command
    .command('rotate')
    .summary(pick(TEXTS.rotate))
    .description(pick(TEXTS.rotate))
    .addOption(algorithm())
    .option('--hsm-key <label>', pick(TEXTS.hsmKey))
    .action(tools.act((options: RotateOptions) => rotate(options, tools)))
  addGuide(next, terminal, {
    examples: [
      ['keys rotate', { vi: 'khóa mới ký sau 10 phút', en: 'the new key signs after 10 minutes' }],
      ['keys rotate --hsm-key 2026-11', { vi: 'khóa nằm trong thiết bị', en: 'a key that is in the device' }],
    ],
    json: '{ "file", "kid", "signsFrom" }',
  })
  defineExpiry(command, tools)
}
