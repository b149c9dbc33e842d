import type { Command } from 'commander'
import type { Bilingual } from '../model/identifier.ts'
import { defineControl } from './demo-control.ts'
import { backfillHistory } from './demo-history.ts'
import { reportTour } from './demo-json.ts'
import { createLayout } from './demo-layout.ts'
import { type ModeReport, planModes, showModes } from './demo-modes.ts'
import { formatMs, type PageParts, showMode, showStep, showToken } from './demo-show.ts'
import { type DemoCase, openCase, planSteps } from './demo-story.ts'
import { showMetrics, showReady, showRecords, showSteady } from './demo-summary.ts'
import { type TourReport, takeTour } from './demo-tour.ts'
import { defineTraffic } from './demo-traffic.ts'
import { type DemoWatch, startDemoWatch } from './demo-watch.ts'
import { createWording } from './demo-wording.ts'
import { type DemoProgress, type DemoWorld, startDemoWorld } from './demo-world.ts'
import { addGuide } from './examples.ts'
import { EXIT, type ExitCode } from './fault.ts'
import { startOrTell, stopAsked } from './serve.ts'
import { requireSettings } from './settings-file.ts'
import { pad, widthOf } from './table.ts'
import type { Tools } from './tools.ts'

const TEXTS = {
  full: {
    vi: 'mỗi bước đủ trường, căn cứ, bản ghi; thêm bảng chỉ số và sổ',
    en: 'each step with fields, grounds and record; tables of metrics and ledger',
  },
  exit: { vi: 'kết thúc sau chuyến tham quan', en: 'end after the tour' },
  history: {
    vi: 'thêm hai năm số liệu mô phỏng (khoảng 60 triệu giao dịch) cho thống kê',
    en: 'add two years of synthetic counts (about 60 million exchanges) for the statistics',
  },
  prometheus: {
    vi: 'chạy kèm Prometheus (và Alertmanager) có trên máy, cho cổng có việc đều đặn, để xem chỉ số và cảnh báo',
    en: "run this machine's Prometheus (and Alertmanager) beside it and keep the gateway busy, to see metrics and alerts",
  },
  historyMade: {
    vi: 'Đã thêm hai năm số liệu mô phỏng cho thống kê; không có bản ghi đứng sau, việc soát sổ bỏ qua chúng.',
    en: 'Two years of synthetic counts were added to the statistics; no records stand behind them, and audits of the log leave them out.',
  },
  title: { vi: 'Liên Thông – chuyến tham quan', en: 'Liên Thông – a tour' },
  intro: {
    vi: 'Liên Thông là cổng chia sẻ dữ liệu: hệ thống của cơ quan này hỏi hệ thống của cơ quan khác. Cổng xét ai hỏi, theo thỏa thuận nào, chỉ cho qua phần được phép, và ghi sổ mọi giao dịch.',
    en: "Liên Thông is a gateway for sharing data: one agency's system asks another's. The gateway looks at who asks and by which agreement, lets only the agreed part pass, and records every exchange.",
  },
  case: {
    vi: 'Chuyến đi theo một hồ sơ đất đai tại bộ phận một cửa của TP. Hồ Chí Minh (H29/mot-cua), hỏi ba cơ quan: dân cư, đất đai, thuế. Mọi người, thửa đất và mã số ở đây đều là hư cấu.',
    en: 'The tour follows one land dossier at the one-stop office of Ho Chi Minh City (H29/mot-cua), which asks three agencies: population, land, tax. Every person, parcel and number here is synthetic.',
  },
  database: { vi: 'PostgreSQL nhúng', en: 'Embedded PostgreSQL' },
  sandbox: { vi: 'Các cơ quan thử', en: 'Agencies of the sandbox' },
  gateway: { vi: 'Cổng liên thông', en: 'Gateway' },
  agencies: (count: number): Bilingual => ({
    vi: `${count} hệ thống: dân cư, đất đai, thuế, hộ tịch, bảo hiểm …`,
    en: `${count} systems: population, land, tax, civil status, insurance …`,
  }),
  sound: (steps: number, seconds: string): Bilingual => ({
    vi: `Cả ${steps} bước đều ra kết quả mong đợi, trong ${seconds} giây kể từ lúc khởi động.`,
    en: `All ${steps} steps came out as they should, ${seconds} s after the start.`,
  }),
  faulty: (count: number): Bilingual => ({
    vi: `${count} bước không ra kết quả mong đợi.`,
    en: `${count} of the steps did not come out as they should.`,
  }),
  stopping: { vi: 'Đang dừng…', en: 'Stopping…' },
  stopped: { vi: 'Đã dừng; không còn tiến trình nào.', en: 'Stopped; no process is left.' },
} as const

/** Part of a token's life after which the one in the file is replaced. */
const USED_LIFE = 0.6
const TRY_AGAIN_MS = 5000

interface DemoOptions {
  readonly exit?: boolean
  readonly history?: boolean
  readonly withPrometheus?: boolean
  readonly full?: boolean
}

function tellProgress({ terminal }: Tools): DemoProgress {
  const { pick, style } = terminal
  const width =
    Math.max(...[TEXTS.database, TEXTS.sandbox, TEXTS.gateway].map((text) => widthOf(pick(text)))) + 3
  const said = (event: Parameters<DemoProgress>[0]): string => {
    if (event.part === 'database') return ''
    if (event.part === 'gateway') return event.gateway.publicUrl
    return pick(TEXTS.agencies(Object.keys(event.sandbox.agencies).length))
  }
  return (event) => {
    if (terminal.json) return
    const ms = event.ms < 50 ? '' : style('dim', `${formatMs(event.ms / 1000, terminal)} s`, 'stdout')
    const done = style('green', '✔', 'stdout')
    terminal.result(
      `  ${done} ${pad(pick(TEXTS[event.part]), width)}${[said(event), ms].filter((part) => part !== '').join('  ')}`,
    )
  }
}

/** What was shown, with how it came out. */
interface Shown {
  readonly tour: TourReport
  readonly modes: readonly ModeReport[]
}

/** Takes the tour and shows it as it goes. */
async function guide(world: DemoWorld, demoCase: DemoCase, tools: Tools, full: boolean): Promise<Shown> {
  const { terminal, outside } = tools
  const wording = createWording(world.documents, terminal.language)
  const layout = createLayout(terminal, outside.stdout.columns)
  const plannedModes = planModes()
  const page: PageParts = {
    terminal,
    layout,
    wording,
    documents: world.documents,
    steps: planSteps(demoCase).length + 1 + plannedModes.length,
    now: outside.now,
    full,
  }
  let number = 1
  const show = (lines: readonly string[]) => {
    if (!terminal.json) terminal.result(lines.join('\n'))
  }
  const tour = await takeTour({
    world,
    wording,
    demoCase,
    now: outside.now,
    onToken: (token) => show(showToken(page, token)),
    onStep(report) {
      number += 1
      show(showStep(page, report, number))
    },
  })
  const { now, newId, signal } = outside
  const modes = await showModes(plannedModes, { world, demoCase, now, newId, signal }, (report) => {
    number += 1
    show(showMode(page, report, number))
  })
  if (full) show([...showMetrics(tour, terminal, layout), ...showRecords(tour, terminal, layout)])
  else show(['', ...showSteady(tour, terminal, layout)])
  return { tour, modes }
}

function isSound({ tour: { steps, faults }, modes }: Shown): boolean {
  return faults.length === 0 && steps.every((step) => step.faults.length === 0) && modes.every(({ ok }) => ok)
}

function conclude(shown: Shown, elapsedMs: number, { terminal }: Tools): void {
  const { pick, style } = terminal
  const { tour, modes } = shown
  const wrong = tour.steps.filter(({ faults }) => faults.length > 0).length
  const count = wrong + modes.filter((mode) => !mode.ok).length
  const ok = isSound(shown)
  const text = ok
    ? TEXTS.sound(tour.steps.length + 1 + modes.length, formatMs(elapsedMs / 1000, terminal))
    : TEXTS.faulty(count)
  const mark = ok ? style('green', '✔', 'stdout') : style('red', '✘', 'stdout')
  terminal.result(['', `${mark} ${pick(text)}`, ...tour.faults.map((fault) => `  ${pick(fault)}`)].join('\n'))
}

/** Keeps a good token in the file for curl. @returns ends it. */
async function keepToken(world: DemoWorld): Promise<() => void> {
  let timer: NodeJS.Timeout | undefined
  const plan = (lifeMs: number) => {
    timer = setTimeout(() => {
      world.renewToken().then(plan, () => plan(TRY_AGAIN_MS))
    }, lifeMs * USED_LIFE)
  }
  plan(await world.renewToken())
  return () => clearTimeout(timer)
}

/** A terminal that is closed asks for a stop as Ctrl-C does: the database server must not outlive the demo. */
function heedHangUp(tools: Tools): Tools {
  const hungUp = new AbortController()
  process.once('SIGHUP', () => hungUp.abort('SIGHUP'))
  const signal = AbortSignal.any([tools.outside.signal, hungUp.signal])
  return { ...tools, outside: { ...tools.outside, signal } }
}

interface Serving {
  readonly world: DemoWorld
  readonly demoCase: DemoCase
  readonly watch: DemoWatch | undefined
}

async function serve({ world, demoCase, watch }: Serving, tools: Tools): Promise<string> {
  const letTokenGo = await keepToken(world)
  try {
    const lines = showReady(world, demoCase, tools)
    if (tools.terminal.json) tools.terminal.talk(lines.at(-1) ?? '')
    else tools.terminal.result(lines.join('\n'))
    watch?.ask()
    return await stopAsked(tools.outside.signal)
  } finally {
    letTokenGo()
  }
}

function introduce({ terminal, outside }: Tools): void {
  if (terminal.json) return
  const { pick, style } = terminal
  const layout = createLayout(terminal, outside.stdout.columns)
  terminal.result(
    [
      '',
      style('bold', pick(TEXTS.title), 'stdout'),
      '',
      ...layout.paragraph(pick(TEXTS.intro), 0),
      ...layout.paragraph(pick(TEXTS.case), 0),
      '',
    ].join('\n'),
  )
}

async function demo(options: DemoOptions, tools: Tools): Promise<ExitCode> {
  const { terminal, outside } = tools
  const startedMs = performance.now()
  const settings = requireSettings(tools)
  introduce(tools)
  const progress = tellProgress(tools)
  const parts = { tools, settings, version: tools.version, progress }
  const world = await startOrTell(() => startDemoWorld(parts), tools)
  let reason = 'tour_ended'
  let watch: DemoWatch | undefined
  try {
    if (options.withPrometheus) watch = await startDemoWatch(world, tools)
    if (options.history) {
      const rows = await backfillHistory(world.gateway.database, world.documents, outside.now())
      if (rows > 0) terminal.talk(terminal.pick(TEXTS.historyMade))
    }
    const demoCase = openCase(outside.now(), outside.newId)
    const shown = await guide(world, demoCase, tools, options.full === true)
    const ok = isSound(shown)
    const elapsedMs = performance.now() - startedMs
    if (terminal.json) {
      const frame = { world, ok, elapsedMs, nowMs: outside.now(), terminal, modes: shown.modes }
      terminal.resultJson(reportTour(shown.tour, frame))
    } else conclude(shown, elapsedMs, tools)
    if (!options.exit) {
      reason = await serve({ world, demoCase, watch }, tools)
      terminal.talk(`\n${terminal.pick(TEXTS.stopping)}`)
    }
    return ok ? EXIT.ok : EXIT.failed
  } finally {
    await watch?.stop()
    await world.close(reason)
    if (!options.exit) terminal.talk(terminal.pick(TEXTS.stopped))
  }
}

/** `lienthong demo`: everything in one process, for somebody who sees it for the first time. */
export function define(command: Command, tools: Tools): void {
  const { terminal } = tools
  command
    .option('--exit', terminal.pick(TEXTS.exit))
    .option('--history', terminal.pick(TEXTS.history))
    .option('--with-prometheus', terminal.pick(TEXTS.prometheus))
    .option('--full', terminal.pick(TEXTS.full))
    .action(tools.act((options: DemoOptions) => demo(options, heedHangUp(tools))))
  defineControl(command, tools)
  defineTraffic(command, tools)
  addGuide(command, terminal, {
    examples: [
      [
        'demo',
        {
          vi: 'tham quan, rồi cổng chạy tiếp để tự thử',
          en: 'take the tour; the gateway then keeps serving',
        },
      ],
      ['demo --exit', { vi: 'chỉ tham quan', en: 'the tour alone' }],
      ['demo --history', { vi: 'có hai năm số liệu để thống kê', en: 'with two years of figures' }],
      [
        'demo --with-prometheus',
        { vi: 'có Prometheus đọc chỉ số và cảnh báo', en: 'with Prometheus reading metrics and alerting' },
      ],
      ['demo --full', { vi: 'mọi chi tiết của từng bước', en: 'every detail of each step' }],
      ['demo --lang en', { vi: 'bằng tiếng Anh', en: 'in English' }],
      [
        'demo break tax',
        { vi: 'làm hỏng cơ quan thuế của bản đang chạy', en: "break the running demo's tax agency" },
      ],
      ['demo heal', { vi: 'cho mọi cơ quan chạy lại', en: 'mend every agency' }],
      [
        'demo traffic --rate 20 --for 5m',
        { vi: 'cho cổng đang chạy có việc', en: 'give the running demo something to do' },
      ],
      [
        'demo clock --advance 30d',
        { vi: 'đưa đồng hồ của cổng đi 30 ngày', en: "move the gateway's clock on" },
      ],
    ],
    notes: {
      vi: 'Chỉ nghe trên máy này (127.0.0.1); cổng mạng nào đã bị chiếm thì lấy cổng khác. Dữ liệu ở .lienthong/demo; DATABASE_URL không được dùng.',
      en: 'It listens on this machine (127.0.0.1) only; where a port is taken, it takes another. Its data are in .lienthong/demo; DATABASE_URL is not used.',
    },
    json: '{ "ok", "elapsedMs", "addresses", "files", "steps": [ { "id", "status", "code", "agreement", "gatewayMs", … } ],\n  "modes": [ { "id", "ok", "told", "ms" } ],\n  "metrics": [ { "name", "labels", "before", "after" } ], "steady": { … }, "records": [ … ] }',
  })
}
