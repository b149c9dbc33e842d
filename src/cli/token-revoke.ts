import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { decodeJwt } from 'jose'
import type { Settings } from '../settings.ts'
import { createTokenRevocations } from '../storage/authority.ts'
import { addGuide } from './examples.ts'
import { EXIT, type ExitCode, usageFault } from './fault.ts'
import { withDatabase } from './open-database.ts'
import { requireSettings } from './settings-file.ts'
import type { Tools } from './tools.ts'

const TEXTS = {
  summary: {
    vi: 'Thu hồi mã truy cập ở mọi tiến trình (dành cho đơn vị vận hành)',
    en: 'Revoke access tokens in every process (for the operator)',
  },
  digest: {
    vi: 'dấu của mã, như cột token trong bản ghi',
    en: "the token's digest, as the member token of records",
  },
  file: { vi: 'tệp chứa mã truy cập', en: 'file that holds the access token' },
  none: { vi: 'Cần dấu của mã, hoặc --file.', en: 'A digest or --file is needed.' },
  malformed: { vi: 'Đó không phải dấu của một mã truy cập.', en: 'That is no digest of an access token.' },
  notToken: { vi: 'Tệp này không chứa mã truy cập.', en: 'The file holds no access token.' },
  done: {
    vi: 'Đã thu hồi: từ giờ không tiến trình nào trả dữ liệu theo mã này.',
    en: 'Revoked: from now on no process releases anything under it.',
  },
} as const

/** Longer than any token is accepted (schemas/settings.schema.json, `maxLifetimeSeconds`). */
const KEPT_MS = 2 * 3_600_000
const DIGEST = /^[A-Za-z0-9_-]{43}$/

/** @param issuers foreign ones, whose tokens are named with their issuer. */
function digestInFile(file: string, issuers: Settings['tokens']['issuers']): string {
  try {
    const { iss, jti } = decodeJwt(readFileSync(file, 'utf8').trim())
    const isForeign = issuers.some(({ issuer }) => issuer === iss)
    if (typeof jti === 'string') return hash('sha256', isForeign ? `${iss}\n${jti}` : jti, 'base64url')
  } catch {
    // Told below, without a word of what the file holds.
  }
  throw usageFault(TEXTS.notToken)
}

async function revoke(
  typed: string | undefined,
  options: { file?: string },
  tools: Tools,
): Promise<ExitCode> {
  const { terminal, outside } = tools
  if (typed === undefined && options.file === undefined) throw usageFault(TEXTS.none)
  if (typed !== undefined && !DIGEST.test(typed)) throw usageFault(TEXTS.malformed)
  const settings = requireSettings(tools)
  const { issuers } = settings.tokens
  const tokenDigest = typed ?? digestInFile(resolve(outside.workingDirectory, options.file ?? ''), issuers)
  await withDatabase(settings, tools, ({ pool }) =>
    createTokenRevocations(pool).revoke({ tokenDigest, expiresAtMs: outside.now() + KEPT_MS }),
  )
  if (terminal.json) terminal.resultJson({ tokenDigest })
  else terminal.result(tokenDigest)
  terminal.talk(`${terminal.style('green', '✔')} ${terminal.pick(TEXTS.done)}`)
  return EXIT.ok
}

/** `lienthong token revoke`: returns once the revocation is in force in every process. */
export function defineRevoke(command: Command, tools: Tools): void {
  const { pick } = tools.terminal
  const revoking = command
    .command('revoke')
    .summary(pick(TEXTS.summary))
    .description(pick(TEXTS.summary))
    .argument('[digest]', pick(TEXTS.digest))
    .option('--file <file>', pick(TEXTS.file))
    .action(
      tools.act((typed: string | undefined, options: { file?: string }) => revoke(typed, options, tools)),
    )
  addGuide(revoking, tools.terminal, {
    examples: [
      [
        'token revoke --file .lienthong/token',
        { vi: 'thu hồi mã trong tệp', en: 'revoke the token in a file' },
      ],
    ],
    json: '{ "tokenDigest" }',
  })
}
