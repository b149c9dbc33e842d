import type { Finding } from '../ledger/verify.ts'
import { createFormat } from '../reporting/format.ts'
import { EXIT, type ExitCode } from './fault.ts'
import type { Tools } from './tools.ts'

/** Shows what was looked at. @returns ok where all of it holds, `invalid` otherwise. */
export function concludeFindings(findings: readonly Finding[], { terminal }: Tools): ExitCode {
  const holds = findings.length > 0 && findings.every(({ ok }) => ok)
  if (terminal.json) {
    const shown = findings.map(({ check, ok, detail }) => ({ check, ok, detail: terminal.pick(detail) }))
    terminal.resultJson({ holds, findings: shown })
  } else {
    for (const { ok, detail } of findings) {
      const mark = ok ? terminal.style('green', '✔', 'stdout') : terminal.style('red', '✘', 'stdout')
      terminal.result(`${mark} ${terminal.pick(detail)}`)
    }
    terminal.result(
      terminal.pick(
        holds
          ? { vi: 'Tất cả đều đúng.', en: 'Everything holds.' }
          : { vi: 'KHÔNG đúng.', en: 'It does NOT hold.' },
      ),
    )
  }
  return holds ? EXIT.ok : EXIT.invalid
}

/** What the statistics hold that nobody recorded: a sandbox may have it, and is to say so. */
export function tellSynthetic(count: number, isSandbox: boolean): readonly Finding[] {
  if (count === 0) return []
  const vi = `Số liệu thống kê có ${createFormat('vi').number(count)} giao dịch mô phỏng (demo --history) không có bản ghi đứng sau`
  const en = `The statistics hold ${createFormat('en').number(count)} synthetic exchanges (demo --history) that no records stand behind`
  const detail = isSandbox
    ? { vi: `${vi}; đã bỏ qua khi đối chiếu.`, en: `${en}; they were left out of the comparison.` }
    : {
        vi: `${vi}, mà đây không phải môi trường thử. Nếu phải: đặt LIENTHONG_SANDBOX=true.`,
        en: `${en}, and this is no sandbox. Where it is one: set LIENTHONG_SANDBOX=true.`,
      }
  return [{ check: 'synthetic', ok: isSandbox, detail }]
}

const BAR_CELLS = 30
/** Shorter work says nothing of itself. */
const LONG_RECORDS = 10_000

function remaining(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds))
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}

/** Tells of long work on stderr: a bar with the time left on a screen, ten lines in all elsewhere. */
export function createProgress(total: number, { terminal, outside }: Tools): (done: number) => void {
  const startedMs = outside.now()
  let drawnPercent = -1
  let saidTenths = 0

  function draw(done: number, percent: number): boolean {
    if (percent === drawnPercent) return true
    drawnPercent = percent
    const cells = Math.round((percent / 100) * BAR_CELLS)
    const bar = `${'█'.repeat(cells)}${'░'.repeat(BAR_CELLS - cells)}`
    const left = remaining(((outside.now() - startedMs) / 1000) * (total / Math.max(done, 1) - 1))
    const told = { vi: `${done}/${total} bản ghi, còn ${left}`, en: `${done}/${total} records, ${left} left` }
    return terminal.draw(`${bar} ${String(percent).padStart(3)} %  ${terminal.pick(told)}`)
  }

  return (done) => {
    if (total < LONG_RECORDS) return
    const percent = Math.min(100, Math.floor((done * 100) / total))
    if (draw(done, percent)) return
    const tenths = Math.floor(percent / 10)
    if (tenths <= saidTenths) return
    saidTenths = tenths
    const told = {
      vi: `${percent} %: ${done}/${total} bản ghi`,
      en: `${percent} %: ${done}/${total} records`,
    }
    terminal.talk(terminal.pick(told))
  }
}
