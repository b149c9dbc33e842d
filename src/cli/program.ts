import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Command, CommanderError, Help, Option } from 'commander'
import type { Bilingual } from '../model/identifier.ts'
import { asFault, EXIT, type ExitCode, showFault } from './fault.ts'
import type { Outside } from './outside.ts'
import { vietnameseName, vietnamesePlaceholders } from './placeholders.ts'
import { createTerminal, type GlobalFlags, readGlobalFlags, type Terminal } from './terminal.ts'
import type { CommandModule, Tools } from './tools.ts'
import { translateUsage } from './usage.ts'

interface Entry {
  readonly name: string
  readonly summary: Bilingual
  readonly load: () => Promise<CommandModule>
}

const PROJECT_ROOT = join(import.meta.dirname, '../..')

const COMMANDS: readonly Entry[] = [
  {
    name: 'demo',
    summary: {
      vi: 'Chuyến tham quan: cổng, các cơ quan thử và một hồ sơ, ngay trên máy này',
      en: 'A tour: the gateway, the agencies of the sandbox and one dossier, on this machine',
    },
    load: () => import('./demo.ts'),
  },
  {
    name: 'serve',
    summary: { vi: 'Chạy cổng theo cấu hình', en: 'Serve as the settings say' },
    load: () => import('./serve.ts'),
  },
  {
    name: 'check',
    summary: {
      vi: 'Soát cấu hình và danh bạ, nêu mọi lỗi cùng lúc',
      en: 'Check settings and registry; tell every fault at once',
    },
    load: () => import('./check.ts'),
  },
  {
    name: 'doctor',
    summary: {
      vi: 'Khám cổng từ bên ngoài: cơ sở dữ liệu, đồng hồ, khóa, ổ đĩa, bên cung cấp…',
      en: 'Examine what a gateway stands on: database, clock, keys, disk, providers …',
    },
    load: () => import('./doctor.ts'),
  },
  {
    name: 'registry',
    summary: {
      vi: 'Áp dụng, so sánh, xuất danh bạ và xem lịch sử',
      en: 'Apply, compare, export the registry and see its history',
    },
    load: () => import('./registry.ts'),
  },
  {
    name: 'keys',
    summary: {
      vi: 'Tạo khóa, xem phần công khai, thay khóa của cổng',
      en: "Make keys, show their public half, rotate the gateway's own",
    },
    load: () => import('./keys.ts'),
  },
  {
    name: 'token',
    summary: { vi: 'Lấy mã truy cập và ghi vào tệp', en: 'Get an access token and write it to a file' },
    load: () => import('./token.ts'),
  },
  {
    name: 'call',
    summary: {
      vi: 'Gửi một yêu cầu qua cổng và đọc câu trả lời',
      en: 'Send one request through a gateway and read the answer',
    },
    load: () => import('./call.ts'),
  },
  {
    name: 'client',
    summary: {
      vi: 'Chương trình TypeScript có kiểu để gọi một dịch vụ',
      en: "A typed TypeScript client of one service, for a consumer's program",
    },
    load: () => import('./service-client.ts'),
  },
  {
    name: 'bulk',
    summary: {
      vi: 'Đối soát, làm sạch hàng loạt: nộp tệp, theo dõi, lấy kết quả và báo cáo',
      en: 'Bulk matching: submit a file, follow it, fetch results and report',
    },
    load: () => import('./bulk.ts'),
  },
  {
    name: 'package',
    summary: {
      vi: 'Gói dữ liệu bàn giao: lấy gói đã ký và mã hóa; kiểm tra, mở gói không cần mạng',
      en: 'Packages for hand-over: fetch one signed and encrypted; check and open it offline',
    },
    load: () => import('./package.ts'),
  },
  {
    name: 'reconcile',
    summary: {
      vi: 'Đối soát với bên kia: nộp danh sách, xem số khớp và chỗ lệch',
      en: 'Hold your list against the other side: counts and differences',
    },
    load: () => import('./reconcile.ts'),
  },
  {
    name: 'applications',
    summary: {
      vi: 'Đề nghị kết nối: nộp, theo dõi, thẩm định, lấy thỏa thuận đã duyệt',
      en: 'Applications for connection: file, follow, appraise, get the agreement',
    },
    load: () => import('./applications.ts'),
  },
  {
    name: 'events',
    summary: {
      vi: 'Công bố và đọc sự kiện, thư chết, gửi lại, khóa webhook',
      en: "Publish and read events; dead letters, replay, a webhook's secret",
    },
    load: () => import('./events.ts'),
  },
  {
    name: 'subscriptions',
    summary: { vi: 'Đăng ký nhận sự kiện', en: 'Subscribe to events' },
    load: () => import('./subscriptions.ts'),
  },
  {
    name: 'records',
    summary: { vi: 'Tra cứu sổ giao dịch', en: 'Search the exchange log' },
    load: () => import('./records.ts'),
  },
  {
    name: 'audit',
    summary: {
      vi: 'Đọc sổ của một cổng từ xa, theo quyền đọc: tìm, đếm, kết xuất, lấy bằng chứng',
      en: "Read a gateway's log from elsewhere, by right: search, count, export, fetch proofs",
    },
    load: () => import('./audit.ts'),
  },
  {
    name: 'erase',
    summary: {
      vi: 'Xóa khả năng nhận ra người trong sổ: theo thời hạn, có lệnh giữ lại',
      en: 'Make persons in the log unrecognisable: by retention, with legal holds',
    },
    load: () => import('./erase.ts'),
  },
  {
    name: 'report',
    summary: {
      vi: 'Số liệu để công bố: theo kỳ, tỉnh, cơ quan, dịch vụ, so với cùng kỳ',
      en: 'Figures to publish: by period, province, agency, service, against the same period',
    },
    load: () => import('./report.ts'),
  },
  {
    name: 'verify',
    summary: {
      vi: 'Kiểm tra biên nhận, bản ghi, sổ và bản xuất, không cần tin ai',
      en: 'Check receipts, records, the log and exports, trusting nobody',
    },
    load: () => import('./verify.ts'),
  },
  {
    name: 'log',
    summary: {
      vi: 'Quyết định của người vận hành về sổ, mỗi lần đều được ghi vào sổ',
      en: "An operator's decisions about the exchange log, each recorded in it",
    },
    load: () => import('./log.ts'),
  },
  {
    name: 'witness',
    summary: {
      vi: 'Làm nhân chứng cho sổ của cổng khác: chỉ ký khi sổ chỉ được ghi thêm',
      en: "Witness another gateway's log: cosign only what only grew",
    },
    load: () => import('./witness.ts'),
  },
]

const TITLES: Readonly<Record<string, string>> = {
  'Usage:': 'Cách dùng:',
  'Arguments:': 'Đối số:',
  'Options:': 'Tùy chọn:',
  'Global Options:': 'Tùy chọn chung:',
  'Commands:': 'Các lệnh:',
}

const TEXTS = {
  description: {
    vi: 'Liên Thông: cổng chia sẻ dữ liệu giữa các hệ thống của cơ quan nhà nước.',
    en: "Liên Thông: a data-sharing gateway between state agencies' systems.",
  },
  config: {
    vi: 'tệp cấu hình (mặc định config/gateway.yaml)',
    en: 'settings file (default config/gateway.yaml)',
  },
  language: { vi: 'ngôn ngữ: vi hoặc en (mặc định theo LANG)', en: 'language: vi or en (default by LANG)' },
  json: { vi: 'kết quả dạng JSON', en: 'result as JSON' },
  quiet: { vi: 'chỉ in kết quả và lỗi', en: 'print results and faults only' },
  debug: { vi: 'in thêm dấu vết khi lỗi', en: 'print stack traces' },
  color: { vi: 'không tô màu (như NO_COLOR)', en: 'no colours (as NO_COLOR does)' },
  help: { vi: 'in hướng dẫn này', en: 'print this help' },
  helpOf: { vi: 'In hướng dẫn của một lệnh', en: 'Print the help of a command' },
  version: { vi: 'in phiên bản', en: 'print the version' },
  exits: {
    vi: [
      'Mã thoát:',
      '  0    xong',
      '  1    không làm được, hoặc câu trả lời là lỗi',
      '  2    gõ sai lệnh',
      '  3    cấu hình, danh bạ hoặc bằng chứng không đúng',
      '  5    không tới được cổng hoặc bên cung cấp',
      '  130  bị ngắt (Ctrl-C)',
    ].join('\n'),
    en: [
      'Exit codes:',
      '  0    done',
      '  1    failed, or the answer is an error',
      '  2    wrong usage',
      '  3    settings, registry or evidence do not hold',
      '  5    gateway or provider cannot be reached',
      '  130  interrupted (Ctrl-C)',
    ].join('\n'),
  },
} as const satisfies Record<string, Bilingual>

function readVersion(): string {
  const { version } = JSON.parse(readFileSync(join(PROJECT_ROOT, 'package.json'), 'utf8'))
  return String(version)
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** How help says what it lists: placeholders in the reader's language, descriptions of commands as sentences. */
function describeHelp({ pick }: Pick<Terminal, 'pick'>): Partial<Help> {
  const plain = new Help()
  const named = (text: string) => pick({ vi: vietnamesePlaceholders(text), en: text })
  return {
    optionTerm: (option) => named(plain.optionTerm(option)),
    subcommandTerm: (command) => named(plain.subcommandTerm(command)),
    argumentTerm: (argument) => pick({ vi: vietnameseName(argument.name()), en: argument.name() }),
    commandUsage: (command) => named(plain.commandUsage(command)),
    optionDescription: ({ description }) => description,
    subcommandDescription: (command) => capitalise(plain.subcommandDescription(command)).replace(/\.$/, ''),
    commandDescription: (command) => capitalise(plain.commandDescription(command)).replace(/([^.…])$/, '$1.'),
  }
}

/** Declares what `readGlobalFlags` has read already, so that help shows it and commander takes it. */
function addGlobalOptions(program: Command, { pick, style }: Terminal): void {
  program
    .description(pick(TEXTS.description))
    .option('--config <file>', pick(TEXTS.config))
    .addOption(new Option('--lang <vi|en>', pick(TEXTS.language)).choices(['vi', 'en']))
    .option('--json', pick(TEXTS.json))
    .option('-q, --quiet', pick(TEXTS.quiet))
    .option('--no-color', pick(TEXTS.color))
    .option('--debug', pick(TEXTS.debug))
    .helpOption('-h, --help', pick(TEXTS.help))
    // The commands below have it from here; the program's own is `withoutHelpCommand`.
    .helpCommand('help [command]', pick(TEXTS.helpOf))
    .helpCommand(false)
    .version(readVersion(), '-V, --version', pick(TEXTS.version))
    .addHelpText('afterAll', `\n${pick(TEXTS.exits)}`)
    .configureHelp({
      showGlobalOptions: true,
      ...describeHelp({ pick }),
      styleTitle: (title) => style('bold', pick({ vi: TITLES[title] ?? title, en: title }), 'stdout'),
    })
}

function createProgram(tools: Tools): Command {
  const { terminal, outside } = tools
  const program = new Command('lienthong')
  program.exitOverride()
  program.configureOutput({
    writeOut: (text) => void outside.stdout.write(text),
    writeErr: (text) => void outside.stderr.write(text),
    outputError: () => {},
  })
  addGlobalOptions(program, terminal)
  for (const { name, summary } of COMMANDS) program.command(name).summary(terminal.pick(summary))
  program.hook('preSubcommand', async (_program, command) => {
    const entry = COMMANDS.find(({ name }) => name === command.name())
    if (entry === undefined) return
    command.description(terminal.pick(entry.summary))
    const { define } = await entry.load()
    define(command, tools)
  })
  return program
}

/** `lienthong help call` is `lienthong call --help`. */
function withoutHelpCommand(argv: readonly string[]): readonly string[] {
  return argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv
}

function conclude(thrown: unknown, terminal: Terminal, flags: GlobalFlags): ExitCode {
  if (thrown instanceof CommanderError) {
    if (thrown.exitCode === 0) return EXIT.ok
    // Without a command the help was shown already.
    if (thrown.code === 'commander.help') return EXIT.usage
    showFault(terminal, translateUsage(thrown), flags.debug)
    return EXIT.usage
  }
  const fault = asFault(thrown)
  showFault(terminal, fault, flags.debug)
  return fault.exit
}

/**
 * Carries out one command line.
 * @param argv the words after the program's name.
 * @returns the exit code; nothing is thrown, and no stack trace shown without `--debug`.
 */
export async function run(argv: readonly string[], outside: Outside): Promise<ExitCode> {
  const flags = readGlobalFlags(argv, outside.environment)
  const terminal = createTerminal(outside, flags)
  let exit: ExitCode = EXIT.ok
  const tools: Tools = {
    terminal,
    outside,
    debug: flags.debug,
    projectRoot: PROJECT_ROOT,
    version: readVersion(),
    settingsFile:
      flags.settingsFile === undefined
        ? join(PROJECT_ROOT, 'config/gateway.yaml')
        : resolve(outside.workingDirectory, flags.settingsFile),
    act:
      (work) =>
      async (...typed) => {
        exit = await work(...typed)
      },
  }
  try {
    await createProgram(tools).parseAsync(withoutHelpCommand(argv), { from: 'user' })
    return exit
  } catch (thrown) {
    return conclude(thrown, terminal, flags)
  }
}
