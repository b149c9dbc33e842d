import type { Language } from '../model/identifier.ts'
import type { Growth } from './kpi.ts'

/** Numbers and times as people read them: `1.234.567,89` and `22/11/2026` in Vietnamese. */
export interface Format {
  number(value: number, digits?: number): string
  /** `661,2 triệu`: for where there is little room. */
  short(value: number): string
  /** Of a part of 1. */
  percent(part: number | undefined): string
  growth(growth: Growth): string
  /** A title inside a sentence: its first letter small, unless an abbreviation begins with it. */
  inside(title: string): string
  /** Of `yyyy-mm-dd`. */
  day(day: string): string
  /** `22/11/2026 14:05:09`, in Vietnam. */
  instant(at: Date | number | string): string
}

const LOCALES = { vi: 'vi-VN', en: 'en-GB' } as const
const NO_DATA = { vi: 'chưa đủ dữ liệu', en: 'not enough data' }
const SMALL_BASE = { vi: 'kỳ gốc dưới 30', en: 'base under 30' }

/** @param day `yyyy-mm-dd`. @returns it as people write it, `22/11/2026`, in either language. */
export function dayText(day: string): string {
  return day.split('-').toReversed().join('/')
}

export function createFormat(language: Language): Format {
  const locale = LOCALES[language]
  const plain = [0, 1, 2].map(
    (digits) =>
      new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }),
  )
  // `Tr` and `N`, the short forms of Vietnamese, are read by few.
  const compactDisplay = language === 'vi' ? 'long' : 'short'
  // `60M`: the British short form is that of metres.
  const short = new Intl.NumberFormat(language === 'vi' ? locale : 'en', {
    notation: 'compact',
    compactDisplay,
    maximumFractionDigits: 1,
  })
  const percent = new Intl.NumberFormat(locale, { maximumFractionDigits: 1, minimumFractionDigits: 1 })
  const signed = new Intl.NumberFormat(locale, {
    maximumFractionDigits: 1,
    minimumFractionDigits: 1,
    signDisplay: 'exceptZero',
  })
  return {
    number: (value, digits = 0) => (plain[digits] ?? plain[0])?.format(value) ?? String(value),
    short: (value) => short.format(value),
    percent: (part) => (part === undefined ? '–' : `${percent.format(part * 100)} %`),
    growth(growth) {
      if (growth.kind === 'incomplete') return NO_DATA[language]
      if (growth.kind === 'small_base') return SMALL_BASE[language]
      return `${signed.format(growth.ratio * 100).replace('-', '−')} %`
    },
    inside: (title) =>
      /^\p{Lu}[\p{Lu}\d]/u.test(title) ? title : title.charAt(0).toLowerCase() + title.slice(1),
    day: dayText,
    instant(at) {
      const [date = '', time = ''] = new Date(new Date(at).getTime() + 7 * 3_600_000).toISOString().split('T')
      return `${dayText(date)} ${time.slice(0, 8)}`
    },
  }
}
