import { userInfo } from 'node:os'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { createAdmission } from '../identity/admission.ts'
import type { Bilingual } from '../model/identifier.ts'
import { applyRegistry } from '../registry/administration.ts'
import { diffRegistry, isEmptyDiff, type RegistryDiff } from '../registry/diff.ts'
import { exportDocuments, exportRegistry } from '../registry/export-documents.ts'
import { type ReadRegistry, readRegistryDirectory } from '../registry/read-documents.ts'
import type { Settings } from '../settings.ts'
import type { Database } from '../storage/database.ts'
import { createRegistryStore } from '../storage/registry.ts'
import { placeSourceFaults } from './check.ts'
import { addGuide } from './examples.ts'
import { CliFault, EXIT, type ExitCode, usageFault } from './fault.ts'
import { withDatabase } from './open-database.ts'
import { defineCallers } from './registry-callers.ts'
import { defineHubs } from './registry-hubs.ts'
import { defineUnits } from './registry-units.ts'
import { formatPlacedFault, requireSettings } from './settings-file.ts'
import { formatInstant, formatTable } from './table.ts'
import type { Tools } from './tools.ts'

const TEXTS = {
  apply: {
    vi: 'Đưa các tài liệu trong thư mục vào hiệu lực, tất cả hoặc không gì cả',
    en: 'Put the documents of a folder in force, all or none',
  },
  diff: {
    vi: 'So thư mục với danh bạ đang có hiệu lực',
    en: 'Compare a folder with the registry in force',
  },
  export: { vi: 'Ghi danh bạ ra một thư mục trống', en: 'Write the registry to an empty folder' },
  history: { vi: 'Các phiên bản đã áp dụng, mới nhất trước', en: 'Versions applied, latest first' },
  dir: { vi: 'thư mục danh bạ (mặc định theo cấu hình)', en: 'registry folder (default: as set)' },
  outDir: { vi: 'thư mục mới hoặc trống', en: 'a new or empty folder' },
  schemas: { vi: 'thư mục lược đồ (mặc định theo cấu hình)', en: 'schemas folder (default: as set)' },
  note: { vi: 'lý do thay đổi, ghi vào lịch sử', en: 'why, for the history' },
  by: { vi: 'ai thay đổi (mặc định tài khoản đang dùng)', en: 'who (default: the account in use)' },
  at: { vi: 'phiên bản cũ này thay vì bản hiện hành', en: 'this past version in place of the current one' },
  applied: (version: number): Bilingual => ({
    vi: `Phiên bản ${version} có hiệu lực ở mọi tiến trình: không câu trả lời nào còn theo quyền vừa bị bỏ.`,
    en: `Version ${version} is in force in every process: no answer leaves under what it took away.`,
  }),
  unchanged: (version: number): Bilingual => ({
    vi: `Không có gì khác phiên bản ${version}.`,
    en: `Nothing differs from version ${version}.`,
  }),
  differs: (count: number, version: number): Bilingual => ({
    vi: `${count} tài liệu khác phiên bản ${version}. Áp dụng: lienthong registry apply`,
    en: `${count} documents differ from version ${version}. To apply: lienthong registry apply`,
  }),
  exported: (count: number, version: number): Bilingual => ({
    vi: `Đã ghi ${count} tệp của phiên bản ${version}.`,
    en: `Wrote ${count} files of version ${version}.`,
  }),
  noHistory: { vi: 'Chưa áp dụng danh bạ nào.', en: 'No registry was applied yet.' },
  faultFix: {
    vi: 'Sửa các chỗ trên; danh bạ đang có hiệu lực không đổi.',
    en: 'Mend these; the registry in force is as it was.',
  },
  conflict: (version: number): Bilingual => ({
    vi: `Người khác vừa áp dụng phiên bản ${version}`,
    en: `Somebody else applied version ${version} just now`,
  }),
  conflictFix: {
    vi: 'Xem khác biệt (lienthong registry diff) rồi áp dụng lại.',
    en: 'Look at the difference (lienthong registry diff), then apply again.',
  },
  columns: {
    vi: ['Phiên bản', 'Thời điểm', 'Người áp dụng', 'Dấu', 'Lý do'],
    en: ['Version', 'Time (UTC+7)', 'By', 'Digest', 'Note'],
  },
} as const

interface SourceOptions {
  readonly schemas?: string
}

/** Reads the folder and refuses it as a whole where it has faults. */
async function readSound(
  dir: string | undefined,
  { schemas }: SourceOptions,
  settings: Settings,
  tools: Tools,
): Promise<ReadRegistry & { readonly dir: string }> {
  const { outside } = tools
  const located = (typed: string | undefined, set: string) =>
    typed === undefined ? set : resolve(outside.workingDirectory, typed)
  const registryDir = located(dir, settings.registryDir)
  const read = await readRegistryDirectory(registryDir, located(schemas, settings.schemasDir), {
    syntheticPersons: settings.sandbox,
    admission: createAdmission(outside.now()),
  })
  if (read.faults.length === 0) return { ...read, dir: registryDir }
  const lines = (language: 'vi' | 'en') =>
    placeSourceFaults(read.faults, language)
      .map((fault) => formatPlacedFault(fault, tools))
      .join('\n')
  throw new CliFault(EXIT.invalid, 'registry_invalid', {
    title: { vi: 'Danh bạ có lỗi, không áp dụng gì', en: 'The registry has faults; nothing was applied' },
    detail: { vi: lines('vi'), en: lines('en') },
    side: 'you',
    fix: TEXTS.faultFix,
  })
}

function openStore({ pool, url }: Database) {
  return createRegistryStore({ pool, url, log: () => {} })
}

/** `+` added, `~` changed with the pointers that differ, `-` removed. */
function showDiff({ added, changed, removed }: RegistryDiff, { terminal }: Tools): void {
  const name = ({ kind, id }: { kind: string; id: string }) => `${kind}/${id}`
  const sign = (style: 'green' | 'yellow' | 'red', text: string) => terminal.style(style, text, 'stdout')
  for (const document of added) terminal.result(`${sign('green', '+')} ${name(document)}`)
  for (const document of changed) {
    terminal.result(`${sign('yellow', '~')} ${name(document)}  ${document.changes.join(' ')}`)
  }
  for (const document of removed) terminal.result(`${sign('red', '-')} ${name(document)}`)
}

interface ApplyOptions extends SourceOptions {
  readonly note?: string
  readonly by?: string
}

async function apply(dir: string | undefined, options: ApplyOptions, tools: Tools): Promise<ExitCode> {
  const { terminal, outside } = tools
  const settings = requireSettings(tools)
  const source = await readSound(dir, options, settings, tools)
  const outcome = await withDatabase(settings, tools, async (database) => {
    await database.migrate()
    return applyRegistry(openStore(database), source.documents, {
      syntheticPersons: settings.sandbox,
      admission: createAdmission(outside.now()),
      by: options.by ?? userInfo().username,
      note: options.note ?? '',
      compiled: source.registry,
    })
  })
  if (outcome.outcome === 'refused') throw new Error(outcome.faults[0]?.detail[terminal.language] ?? '')
  const { version } = outcome
  if (outcome.outcome === 'conflict') {
    throw new CliFault(EXIT.failed, 'registry_conflict', {
      title: TEXTS.conflict(version),
      side: 'you',
      fix: TEXTS.conflictFix,
    })
  }
  if (terminal.json) terminal.resultJson(outcome)
  else if (outcome.outcome === 'applied') showDiff(outcome.diff, tools)
  const said = outcome.outcome === 'applied' ? TEXTS.applied(version) : TEXTS.unchanged(version)
  terminal.talk(`${terminal.style('green', '✔')} ${terminal.pick(said)}`)
  return EXIT.ok
}

async function diff(dir: string | undefined, options: SourceOptions, tools: Tools): Promise<ExitCode> {
  const { terminal } = tools
  const settings = requireSettings(tools)
  const source = await readSound(dir, options, settings, tools)
  const stored = await withDatabase(settings, tools, (database) => openStore(database).current())
  const difference = diffRegistry(stored.documents, source.documents)
  const { added, changed, removed } = difference
  if (terminal.json) terminal.resultJson({ version: stored.version, diff: difference })
  else showDiff(difference, tools)
  const count = added.length + changed.length + removed.length
  const said = isEmptyDiff(difference)
    ? TEXTS.unchanged(stored.version)
    : TEXTS.differs(count, stored.version)
  terminal.talk(terminal.pick(said))
  return EXIT.ok
}

function parseVersion(typed: string): number {
  const version = Number(typed)
  if (Number.isSafeInteger(version) && version > 0) return version
  throw usageFault({
    vi: '--at phải là số phiên bản, từ 1.',
    en: '--at must be the number of a version, from 1.',
  })
}

async function exportTo(dir: string, options: { readonly at?: string }, tools: Tools): Promise<ExitCode> {
  const { terminal, outside } = tools
  const settings = requireSettings(tools)
  const folder = resolve(outside.workingDirectory, dir)
  const wanted = options.at === undefined ? undefined : parseVersion(options.at)
  const outcome = await withDatabase(settings, tools, async (database) => {
    const store = openStore(database)
    if (wanted === undefined) return exportRegistry(store, folder)
    const stored = await store.at(wanted)
    if (stored !== undefined) return exportDocuments(stored, folder)
    throw usageFault({ vi: `Không có phiên bản ${wanted}.`, en: `There is no version ${wanted}.` })
  })
  if (outcome.outcome === 'refused') {
    throw new CliFault(EXIT.failed, 'export_refused', {
      title: { vi: 'Không ghi vào đó', en: 'Nothing was written' },
      detail: { vi: `${folder}: ${outcome.detail.vi}`, en: `${folder}: ${outcome.detail.en}` },
      side: 'you',
      fix: { vi: 'Chọn một thư mục mới.', en: 'Choose a new folder.' },
    })
  }
  const { version, files } = outcome
  if (terminal.json) terminal.resultJson({ dir: folder, version, files })
  else terminal.result(folder)
  const said = TEXTS.exported(files.length, version)
  terminal.talk(`${terminal.style('green', '✔')} ${terminal.pick(said)}`)
  return EXIT.ok
}

async function history(tools: Tools): Promise<ExitCode> {
  const { terminal } = tools
  const versions = await withDatabase(requireSettings(tools), tools, (database) =>
    openStore(database).history(),
  )
  if (terminal.json) terminal.resultJson({ versions })
  else if (versions.length === 0) terminal.talk(terminal.pick(TEXTS.noHistory))
  else {
    const rows = versions.map(({ version, appliedAt, by, digest, note }) => [
      String(version),
      formatInstant(appliedAt),
      by,
      digest.slice(0, 12),
      note,
    ])
    for (const line of formatTable(TEXTS.columns[terminal.language], rows)) terminal.result(line)
  }
  return EXIT.ok
}

const DIFF_JSON =
  '"diff": { "added": [ { "kind", "id" } ], "changed": [ { "kind", "id", "changes" } ], "removed" }'

/** `lienthong registry`: the documents of the database, versioned; a bad set changes nothing. */
export function define(command: Command, tools: Tools): void {
  const { terminal } = tools
  const { pick } = terminal
  const add = (name: 'apply' | 'diff' | 'export' | 'history') =>
    command.command(name).summary(pick(TEXTS[name])).description(pick(TEXTS[name]))
  const applying = add('apply')
    .argument('[dir]', pick(TEXTS.dir))
    .option('--note <text>', pick(TEXTS.note))
    .option('--by <name>', pick(TEXTS.by))
    .option('--schemas <dir>', pick(TEXTS.schemas))
    .action(tools.act((dir: string | undefined, options: ApplyOptions) => apply(dir, options, tools)))
  addGuide(applying, terminal, {
    examples: [
      [
        'registry apply config/registry --note "thỏa thuận TT-2026-004"',
        { vi: 'áp dụng và ghi lý do', en: 'apply, and say why' },
      ],
    ],
    json: `{ "outcome": "applied" | "unchanged", "version", ${DIFF_JSON} }`,
  })
  const comparing = add('diff')
    .argument('[dir]', pick(TEXTS.dir))
    .option('--schemas <dir>', pick(TEXTS.schemas))
    .action(tools.act((dir: string | undefined, options: SourceOptions) => diff(dir, options, tools)))
  addGuide(comparing, terminal, {
    examples: [
      ['registry diff config/registry', { vi: 'xem trước khi áp dụng', en: 'look before applying' }],
    ],
    json: `{ "version", ${DIFF_JSON} }`,
  })
  const exporting = add('export')
    .argument('<dir>', pick(TEXTS.outDir))
    .option('--at <version>', pick(TEXTS.at))
    .action(tools.act((dir: string, options: { at?: string }) => exportTo(dir, options, tools)))
  addGuide(exporting, terminal, {
    examples: [
      ['registry export ./danh-ba', { vi: 'bản hiện hành', en: 'the current version' }],
      ['registry export ./danh-ba-3 --at 3', { vi: 'một phiên bản cũ', en: 'a past version' }],
    ],
    json: '{ "dir", "version", "files": [ … ] }',
  })
  const telling = add('history').action(tools.act(() => history(tools)))
  addGuide(telling, terminal, {
    examples: [['registry history', { vi: 'ai đã đổi gì, khi nào', en: 'who changed what, when' }]],
    json: '{ "versions": [ { "version", "digest", "appliedAt", "by", "note" } ] }',
  })
  defineCallers(command, tools)
  defineHubs(command, tools)
  defineUnits(command, tools)
}
