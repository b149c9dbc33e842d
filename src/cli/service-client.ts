import { existsSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { errorEntry } from '../model/errors.ts'
import type { Bilingual } from '../model/identifier.ts'
import { SERVICE } from './client.ts'
import { addReachOptions, openHttp, type ReachOptions } from './consumer.ts'
import { isMembers, parseReplyBody } from './consumer-reply.ts'
import { addGuide } from './examples.ts'
import { CliFault, EXIT, type ExitCode, usageFault } from './fault.ts'
import type { Tools } from './tools.ts'

const TEXTS = {
  service: { vi: 'dịch vụ, ví dụ G01/dan-cu/cong-dan/v1', en: 'the service, say G01/dan-cu/cong-dan/v1' },
  out: { vi: 'ghi vào tệp này thay vì in ra', en: 'write it here instead of printing it' },
  force: { vi: 'ghi đè tệp đã có', en: 'overwrite the file' },
  notService: (typed: string): Bilingual => ({
    vi: `“${typed}” không phải tên dịch vụ.`,
    en: `'${typed}' is not the name of a service.`,
  }),
  notServiceFix: {
    vi: 'Dạng đúng: cơ-quan/hệ-thống/dịch-vụ/v1; danh mục ở /docs của cổng.',
    en: 'The form is agency/subsystem/service/v1; the gateway lists them at /docs.',
  },
  there: (file: string): Bilingual => ({ vi: `${file} đã có.`, en: `${file} is there already.` }),
  thereFix: { vi: 'Thêm --force để ghi đè.', en: 'Add --force to overwrite it.' },
  written: (file: string): Bilingual => ({
    vi: `Đã ghi ${file}. Cần thêm: npm install openapi-fetch`,
    en: `${file} is written. It needs: npm install openapi-fetch`,
  }),
  notGiven: (status: number): Bilingual => ({
    vi: `Cổng trả lời ${status} khi được hỏi chương trình mẫu.`,
    en: `The gateway answered ${status} when asked for the client.`,
  }),
} as const

interface ServiceClientOptions extends ReachOptions {
  readonly out?: string
  readonly force?: boolean
}

async function fetchClient(service: string, options: ServiceClientOptions, tools: Tools): Promise<ExitCode> {
  const { terminal, outside } = tools
  if (!SERVICE.test(service)) throw usageFault(TEXTS.notService(service), TEXTS.notServiceFix)
  const file = options.out === undefined ? undefined : resolve(outside.workingDirectory, options.out)
  if (file !== undefined && existsSync(file) && options.force !== true) {
    throw usageFault(TEXTS.there(file), TEXTS.thereFix)
  }
  const { gatewayUrl, send } = openHttp(options, tools)
  const url = `${gatewayUrl}/services/${service}/client.ts`
  const reply = await send({ method: 'GET', url, headers: { accept: 'text/plain' } })
  if (reply.status !== 200) {
    const problem = parseReplyBody(reply)
    const code = isMembers(problem) ? String(problem['code']) : ''
    const entry = errorEntry(code)
    throw new CliFault(EXIT.failed, entry === undefined ? 'client_not_given' : code, {
      title: entry?.title ?? TEXTS.notGiven(reply.status),
      ...(entry !== undefined && { side: entry.fault, fix: entry.fix }),
    })
  }
  const source = reply.body.toString('utf8')
  if (file !== undefined) {
    writeFileSync(file, source)
    terminal.talk(`${terminal.style('green', '✔')} ${terminal.pick(TEXTS.written(file))}`)
  }
  if (terminal.json) terminal.resultJson({ service, gateway: gatewayUrl, ...(file ? { file } : { source }) })
  else terminal.result(file ?? source.trimEnd())
  return EXIT.ok
}

/** `lienthong client`: a typed client of one service, made by the gateway from the contract that it judges by. */
export function define(command: Command, tools: Tools): void {
  const { pick } = tools.terminal
  command
    .argument('<service>', pick(TEXTS.service))
    .option('--out <file>', pick(TEXTS.out))
    .option('--force', pick(TEXTS.force))
  addReachOptions(command, tools).action(
    tools.act((service: string, options: ServiceClientOptions) => fetchClient(service, options, tools)),
  )
  addGuide(command, tools.terminal, {
    examples: [
      [
        'client G01/dan-cu/cong-dan/v1 --out cong-dan.ts',
        { vi: 'chương trình gọi dịch vụ dân cư, có kiểu', en: 'a typed client of the population service' },
      ],
    ],
    json: '{ "service", "gateway", "source" }; --out: { "service", "gateway", "file" }',
  })
}
