import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { closeServer, listenOn } from '../http/listening.ts'
import { createWitnessServer } from '../http/witness.ts'
import { NODE_CRYPTO, openEd25519File } from '../identity/log-key.ts'
import { createNoteKey, formatVerifierKey, type NoteKey, parseVerifierKey } from '../ledger/note.ts'
import { createWitness } from '../ledger/witness.ts'
import type { Bilingual } from '../model/identifier.ts'
import { createLogger, type Logger } from '../telemetry/logger.ts'
import { createMetrics, type Metrics } from '../telemetry/metrics.ts'
import { createMetricsPage } from '../telemetry/metrics-page.ts'
import { watchProcess } from '../telemetry/process-metrics.ts'
import { createWitnessTelemetry } from '../telemetry/witness-metrics.ts'
import { addGuide } from './examples.ts'
import { EXIT, type ExitCode, usageFault } from './fault.ts'
import { stopAsked } from './serve.ts'
import type { Tools } from './tools.ts'
import { openWitnessFolder, type WitnessFolder } from './witness-folder.ts'

const TEXTS = {
  name: {
    vi: 'tên của nhân chứng này, không bao giờ đổi, ví dụ kiemtoan.example/nhan-chung',
    en: 'name of this witness, which never changes, as audit.example/witness',
  },
  state: {
    vi: 'thư mục giữ khóa và những gì đã ký; mất nó là quên đã ký gì',
    en: 'folder of the key and of what was cosigned; without it the witness forgets',
  },
  log: {
    vi: 'khóa kiểm tra của sổ (/log/vkey): chính nó, hoặc tệp có mỗi dòng một khóa; lặp lại được',
    en: "a log's verifier key (/log/vkey): the key itself, or a file with one a line; may be repeated",
  },
  host: { vi: 'địa chỉ nghe', en: 'address to listen on' },
  port: { vi: 'cổng mạng nghe', en: 'port to listen on' },
  print: {
    vi: 'chỉ in khóa kiểm tra của nhân chứng (tạo khóa nếu chưa có)',
    en: "only print the witness's verifier key (the key is made where there is none)",
  },
} as const satisfies Record<string, Bilingual>

interface Options {
  readonly name: string
  readonly state: string
  readonly log: readonly string[]
  readonly host: string
  readonly port: string
  readonly print?: boolean
}

/** @returns the keys named on the command line, and in the files named there. */
async function readLogKeys(given: readonly string[], folder: string): Promise<readonly NoteKey[]> {
  const keys: NoteKey[] = []
  for (const each of given) {
    const path = resolve(folder, each)
    const lines = existsSync(path) ? (await readFile(path, 'utf8')).split('\n') : [each]
    for (const line of lines.map((text) => text.trim())) {
      if (line === '' || line.startsWith('#')) continue
      const key = await parseVerifierKey(line, NODE_CRYPTO.hash)
      if (key?.kind !== 'note') {
        throw usageFault(
          { vi: `“${line}” không phải khóa kiểm tra của một sổ.`, en: `'${line}' is no log's verifier key.` },
          { vi: 'Lấy khóa từ /log/vkey của cổng.', en: "Take the key from the gateway's /log/vkey." },
        )
      }
      keys.push(key)
    }
  }
  return keys
}

function readPort(text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port
  throw usageFault({ vi: `“${text}” không phải cổng mạng.`, en: `'${text}' is no port.` })
}

interface WitnessRun {
  readonly keys: readonly NoteKey[]
  readonly folder: WitnessFolder
  readonly options: Options
  readonly logger: Logger
  readonly metrics: Metrics
  readonly tools: Tools
}

async function serve({ keys, folder, options, logger, metrics, tools }: WitnessRun): Promise<ExitCode> {
  const { publicKey, sign } = openEd25519File(folder.keyFile)
  const key = await createNoteKey({ name: options.name, kind: 'cosignature', publicKey }, NODE_CRYPTO.hash)
  const verifierKey = formatVerifierKey(key)
  if (options.print) {
    if (tools.terminal.json) tools.terminal.resultJson({ verifierKey })
    else tools.terminal.result(verifierKey)
    return EXIT.ok
  }
  if (keys.length === 0) throw usageFault({ vi: 'Thiếu --log.', en: '--log is missing.' })
  const telemetry = createWitnessTelemetry(metrics, (event) => logger.log(event))
  const { now } = tools.outside
  const witness = createWitness({
    logs: keys,
    stateOf: folder.stateOf,
    async keepEvidence(origin, request) {
      await folder.keepEvidence(origin, request)
      telemetry.conflicts(origin, await folder.evidenceOf(origin))
    },
    signer: { key, sign },
    crypto: NODE_CRYPTO,
    now,
    onCosigned: (log) => telemetry.cosigned(log, now()),
    onRefused: telemetry.refused,
  })
  for (const { origin, size } of await witness.cosigned()) {
    telemetry.known(origin, size)
    telemetry.conflicts(origin, await folder.evidenceOf(origin))
  }
  const server = createWitnessServer({
    witness,
    verifierKey,
    page: createMetricsPage(() => metrics.collect().filter(({ name }) => SHOWN.test(name))),
    onAnswer: telemetry.answered,
    onInternalError: (error) => logger.log({ action: 'internal_error', error }),
  })
  const { port } = await listenOn(server, options.host, readPort(options.port))
  const address = `http://${options.host}:${port}`
  logger.log({ action: 'witness_started', version: tools.version, address, verifierKey, logs: keys.length })
  const reason = await stopAsked(tools.outside.signal)
  const drained = await closeServer(server, DRAIN_MS)
  logger.log({ action: 'witness_stopped', reason })
  return drained ? EXIT.ok : EXIT.failed
}

const DRAIN_MS = 5000
/** A witness carries no exchanges. */
const SHOWN = /^(?:lienthong_witness_|lienthong_build_info|process_|nodejs_)/

async function run(options: Options, tools: Tools): Promise<ExitCode> {
  const { workingDirectory, stdout } = tools.outside
  const keys = await readLogKeys(options.log, workingDirectory)
  const folder = await openWitnessFolder(resolve(workingDirectory, options.state))
  const metrics = createMetrics()
  metrics.gauge('lienthong_build_info').child({ version: tools.version, node: process.version }).set(1)
  const logger = createLogger({ level: 'info', destination: stdout })
  const stop = watchProcess(metrics)
  try {
    return await serve({ keys, folder, options, logger, metrics, tools })
  } finally {
    stop()
    await logger.flush()
    await folder.close()
  }
}

/** `lienthong witness`: cosigns the checkpoints of other people's logs, and never two that contradict each other. */
export function define(command: Command, tools: Tools): void {
  const { terminal } = tools
  const { pick } = terminal
  const collect = (each: string, all: readonly string[]) => [...all, each]
  command
    .requiredOption('--name <name>', pick(TEXTS.name))
    .requiredOption('--state <folder>', pick(TEXTS.state))
    .option('--log <vkey>', pick(TEXTS.log), collect, [])
    .option('--host <address>', pick(TEXTS.host), '127.0.0.1')
    .option('--port <port>', pick(TEXTS.port), '8480')
    .option('--print', pick(TEXTS.print))
    .action(tools.act((options: Options) => run(options, tools)))
  addGuide(command, terminal, {
    examples: [
      [
        'witness --name kiemtoan.example/nhan-chung --state /var/lib/nhan-chung --print',
        { vi: 'tạo khóa, in dòng cho chính sách', en: 'make the key, print it for the policy' },
      ],
      [
        'witness --name kiemtoan.example/nhan-chung --state /var/lib/nhan-chung --log vkey',
        {
          vi: 'làm chứng cho sổ có khóa trong tệp vkey',
          en: 'witness the log whose key is in the file vkey',
        },
      ],
    ],
    json: {
      vi: '--print: { "verifierKey" }; không thì là nhật ký, mỗi dòng một đối tượng JSON (tên theo ECS)',
      en: '--print: { "verifierKey" }; otherwise the log, one JSON object a line (ECS names)',
    },
    notes: {
      vi: [
        'Trả lời POST /add-checkpoint (c2sp.org/tlog-witness): 200 đã ký; 400 sai dạng; 403 không do khóa của sổ',
        'ký; 404 sổ lạ; 409 đã ký ở số khác; 422 không nối tiếp cái đã ký. GET /vkey, /livez, /metrics.',
        'Điểm kiểm mâu thuẫn được giữ trong conflicts/ của thư mục: đó là bằng chứng sổ bị viết lại.',
      ].join('\n'),
      en: [
        'Answers POST /add-checkpoint (c2sp.org/tlog-witness): 200 cosigned; 400 malformed; 403 not signed by the',
        "log's key; 404 unknown log; 409 another size was cosigned; 422 it does not follow from what was cosigned.",
        'GET /vkey, /livez, /metrics. Checkpoints that contradict each other are kept in conflicts/ of the folder:',
        'they prove that the log was rewritten.',
      ].join('\n'),
    },
  })
}
