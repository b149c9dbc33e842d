import type { Bilingual } from '../model/identifier.ts'
import { type Finding, findingsJson, isSound, showFindings } from './finding.ts'
import { formatInstant } from './table.ts'
import type { Tools } from './tools.ts'

/** Who was tried. */
export interface Subject {
  readonly kind: 'consumer' | 'provider'
  /** The subsystem or the service. */
  readonly id: string
  readonly address: string
}

const TEXTS = {
  consumer: { vi: 'Kiểm tra bên hỏi', en: 'Conformance of a consumer' },
  provider: { vi: 'Kiểm tra bên cung cấp', en: 'Conformance of a provider' },
  counts: (ok: number, warning: number, failed: number): Bilingual => ({
    vi: `${ok} đạt, ${warning} cần lưu ý, ${failed} chưa đạt.`,
    en: `${ok} passed, ${warning} to look at, ${failed} failed.`,
  }),
} as const

/** The list to attach to a connection request: on stdout, with when and by which version it was made. */
export function tellConformance(subject: Subject, findings: readonly Finding[], tools: Tools): void {
  const { terminal, outside, version } = tools
  const ok = isSound(findings)
  const nowMs = outside.now()
  if (terminal.json) {
    const at = new Date(nowMs).toISOString()
    terminal.resultJson({ ok, ...subject, at, version, findings: findingsJson(findings, terminal) })
    return
  }
  const { kind, id, address } = subject
  terminal.result(terminal.style('bold', `${terminal.pick(TEXTS[kind])} ${id}`, 'stdout'))
  terminal.result(`${address} · ${formatInstant(nowMs)} · lienthong ${version}\n`)
  showFindings(findings, terminal)
  const count = (state: Finding['state']) => findings.filter((finding) => finding.state === state).length
  terminal.result(`\n${terminal.pick(TEXTS.counts(count('ok'), count('warning'), count('failed')))}`)
}
