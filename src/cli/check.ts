import { dirname, join, resolve } from 'node:path'
import type { Command } from 'commander'
import { createAdmission } from '../identity/admission.ts'
import type { Bilingual, Language } from '../model/identifier.ts'
import { type ReadRegistry, readRegistryDirectory, type SourceFault } from '../registry/read-documents.ts'
import { defineConsumer } from './check-consumer.ts'
import { defineProvider } from './check-provider.ts'
import { checkSettings } from './checked-settings.ts'
import { addGuide } from './examples.ts'
import { EXIT, type ExitCode } from './fault.ts'
import { formatPlacedFault, type PlacedFault } from './settings-file.ts'
import type { Tools } from './tools.ts'

const TEXTS = {
  registry: { vi: 'thư mục danh bạ (mặc định theo cấu hình)', en: 'registry folder (default: as set)' },
  schemas: { vi: 'thư mục lược đồ (mặc định theo cấu hình)', en: 'schemas folder (default: as set)' },
  sound: (counts: string): Bilingual => ({
    vi: `Cấu hình và danh bạ đều đúng: ${counts}.`,
    en: `Settings and registry are in order: ${counts}.`,
  }),
  faulty: (count: number): Bilingual => ({
    vi: `${count} lỗi. Sửa rồi chạy lại: lienthong check`,
    en: `${count === 1 ? '1 fault' : `${count} faults`}. Mend and run again: lienthong check`,
  }),
} as const

const COUNTED: readonly (readonly [name: string, count: (read: ReadRegistry) => number, text: Bilingual])[] =
  [
    ['agencies', ({ documents }) => documents.agencies.length, { vi: 'cơ quan', en: 'agencies' }],
    ['subsystems', ({ documents }) => documents.subsystems.length, { vi: 'hệ thống', en: 'subsystems' }],
    ['services', ({ documents }) => documents.services.length, { vi: 'dịch vụ', en: 'services' }],
    ['legalBases', ({ documents }) => documents.legalBases.length, { vi: 'căn cứ', en: 'legal bases' }],
    ['agreements', ({ documents }) => documents.agreements.length, { vi: 'thỏa thuận', en: 'agreements' }],
    ['readers', ({ documents }) => documents.readers.length, { vi: 'quyền đọc sổ', en: 'readers' }],
    ['tasks', ({ documents }) => documents.tasks.length, { vi: 'nhiệm vụ', en: 'tasks' }],
  ]

/** The registry's faults in one language. */
export function placeSourceFaults(faults: readonly SourceFault[], language: Language): PlacedFault[] {
  return faults.map(({ file, line, column, pointer, rule, detail }) => ({
    file,
    line,
    column,
    pointer,
    rule,
    detail: detail[language],
  }))
}

interface CheckOptions {
  readonly registry?: string
  readonly schemas?: string
}

async function check(options: CheckOptions, tools: Tools): Promise<ExitCode> {
  const { terminal, outside, settingsFile } = tools
  const { settings, faults: settingsFaults } = checkSettings(tools)
  const folder = (typed: string | undefined, set: string | undefined, usual: string) =>
    typed === undefined
      ? (set ?? join(dirname(settingsFile), '..', usual))
      : resolve(outside.workingDirectory, typed)
  const registryDir = folder(options.registry, settings?.registryDir, 'config/registry')
  const schemasDir = folder(options.schemas, settings?.schemasDir, 'schemas')
  const read = await readRegistryDirectory(registryDir, schemasDir, {
    // Where the settings cannot be read, the wider rule tells no fault that might be none.
    syntheticPersons: settings?.sandbox ?? true,
    admission: createAdmission(outside.now()),
  })
  const faults = [...settingsFaults, ...placeSourceFaults(read.faults, terminal.language)]
  const isSound = faults.length === 0
  if (terminal.json) {
    const counts = Object.fromEntries(COUNTED.map(([name, count]) => [name, count(read)]))
    terminal.resultJson({
      ok: isSound,
      settings: settingsFile,
      registry: registryDir,
      digest: read.registry?.digest ?? null,
      counts,
      faults,
    })
  } else {
    for (const fault of faults) terminal.result(formatPlacedFault(fault, tools))
  }
  const counts = COUNTED.map(([, count, text]) => `${count(read)} ${terminal.pick(text)}`).join(', ')
  if (isSound) terminal.talk(`${terminal.style('green', '✔')} ${terminal.pick(TEXTS.sound(counts))}`)
  else terminal.talk(`${terminal.style('red', '✘')} ${terminal.pick(TEXTS.faulty(faults.length))}`)
  return isSound ? EXIT.ok : EXIT.invalid
}

/** `lienthong check`: needs no database and no gateway. */
export function define(command: Command, tools: Tools): void {
  const { pick } = tools.terminal
  defineConsumer(command, tools)
  defineProvider(command, tools)
  command
    .option('--registry <dir>', pick(TEXTS.registry))
    .option('--schemas <dir>', pick(TEXTS.schemas))
    .action(tools.act((options: CheckOptions) => check(options, tools)))
  addGuide(command, tools.terminal, {
    examples: [
      ['check', { vi: 'soát config/ trước khi khởi động', en: 'check config/ before a start' }],
      [
        'check --registry ./danh-ba-moi',
        { vi: 'soát một danh bạ chưa áp dụng', en: 'check a registry not applied yet' },
      ],
    ],
    json: '{ "ok", "settings", "registry", "digest", "counts": { "agencies", … },\n  "faults": [ { "file", "line", "column", "pointer", "rule", "detail" } ] }',
  })
}
