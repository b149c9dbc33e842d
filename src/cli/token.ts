import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Bilingual } from '../model/identifier.ts'
import { addConsumerOptions, type ConsumerOptions, openConsumer } from './consumer.ts'
import { addGuide } from './examples.ts'
import { EXIT, type ExitCode } from './fault.ts'
import { replaceSecretFile } from './secret-file.ts'
import { formatInstant } from './table.ts'
import { defineRevoke } from './token-revoke.ts'
import type { Tools } from './tools.ts'

const DEFAULT_TOKEN_FILE = '.lienthong/token'

const TEXTS = {
  out: {
    vi: `ghi mã vào tệp này (mặc định ${DEFAULT_TOKEN_FILE})`,
    en: `write it here (default ${DEFAULT_TOKEN_FILE})`,
  },
  print: { vi: 'in mã ra stdout thay vì ghi vào tệp', en: 'print it to stdout and write no file' },
  written: (file: string, until: string): Bilingual => ({
    vi: `Đã ghi mã truy cập vào ${file} (quyền 600), dùng được đến ${until}.`,
    en: `The access token is in ${file} (mode 600), good until ${until} (Vietnam's time).`,
  }),
  bound: {
    vi: 'Mã này gắn với khóa của bạn: mỗi yêu cầu cần một bằng chứng DPoP mới; lienthong call làm sẵn việc đó.',
    en: 'It is bound to your key: each request needs a fresh DPoP proof; lienthong call makes them.',
  },
  certificate: (file: string): Bilingual => ({
    vi: `Dùng với curl: --cert TỆP --key TỆP -H "Authorization: Bearer $(cat ${file})"`,
    en: `For curl: --cert FILE --key FILE -H "Authorization: Bearer $(cat ${file})"`,
  }),
  bearer: (file: string): Bilingual => ({
    vi: `Dùng với curl: -H "Authorization: Bearer $(cat ${file})"`,
    en: `For curl: -H "Authorization: Bearer $(cat ${file})"`,
  }),
} as const

interface TokenOptions extends ConsumerOptions {
  readonly out?: string
  readonly print?: boolean
}

async function getToken(options: TokenOptions, tools: Tools): Promise<ExitCode> {
  const { terminal, outside } = tools
  const { client } = openConsumer(options, tools)
  const { accessToken, type, expiresAtMs } = await client.token()
  const facts = { type, expiresAt: new Date(expiresAtMs).toISOString() }
  if (options.print) {
    if (terminal.json) terminal.resultJson({ ...facts, accessToken })
    else terminal.result(accessToken)
    return EXIT.ok
  }
  const file = resolve(outside.workingDirectory, options.out ?? DEFAULT_TOKEN_FILE)
  replaceSecretFile(file, `${accessToken}\n`)
  if (terminal.json) terminal.resultJson({ ...facts, file })
  else terminal.result(file)
  const said = TEXTS.written(file, formatInstant(expiresAtMs))
  terminal.talk(`${terminal.style('green', '✔')} ${terminal.pick(said)}`)
  const hint = options.cert === undefined ? TEXTS.bearer(file) : TEXTS.certificate(file)
  terminal.talk(terminal.pick(type === 'Bearer' ? hint : TEXTS.bound))
  return EXIT.ok
}

/** `lienthong token`: the token goes to a file of mode 600, to stdout only where asked for. */
export function define(command: Command, tools: Tools): void {
  const { pick } = tools.terminal
  command.option('--out <file>', pick(TEXTS.out)).option('--print', pick(TEXTS.print))
  addConsumerOptions(command, tools).action(tools.act((options: TokenOptions) => getToken(options, tools)))
  addGuide(command, tools.terminal, {
    examples: [
      [
        'token --consumer H29/mot-cua --key mot-cua.jwk',
        { vi: 'lấy mã gắn khóa (DPoP)', en: 'get a token bound to the key (DPoP)' },
      ],
      [
        'token --consumer H29/thu-nghiem --bearer --print',
        { vi: 'mã cho curl, trong môi trường thử nghiệm', en: 'a token for curl, in a sandbox' },
      ],
    ],
    json: '{ "type", "expiresAt", "file" }; --print: { "type", "expiresAt", "accessToken" }',
  })
  defineRevoke(command, tools)
}
