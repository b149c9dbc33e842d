import type { Finding } from '../ledger/verify.ts'
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
      const mark = ok ? terminal.style('green', '✓', 'stdout') : terminal.style('red', '✗', 'stdout')
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

/** Tells of long work on stderr, ten times in all. */
export function createProgress(total: number, { terminal }: Tools): (done: number) => void {
  const step = Math.max(1, Math.ceil(total / 10))
  let next = step
  return (done) => {
    if (done < next || total < 10_000) return
    next = done + step
    const percent = Math.floor((done / total) * 100)
    terminal.talk(
      terminal.pick({
        vi: `${percent} %: ${done}/${total} bản ghi`,
        en: `${percent} %: ${done}/${total} records`,
      }),
    )
  }
}
