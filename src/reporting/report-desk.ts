import { GatewayError } from '../model/errors.ts'
import type { Bilingual } from '../model/identifier.ts'
import type { ReadingRight } from '../registry/readers.ts'
import type { Registry } from '../registry/snapshot.ts'
import type { FigureScope } from './figures.ts'
import { FORM_IDS, FORMS, type Form, formJson } from './form.ts'
import type { AskedForm, FormDesk } from './form-desk.ts'
import { COMPARISONS, parsePeriod } from './period.ts'
import { provinceOf } from './provinces.ts'
import type { Answered, ReadingWork } from './reading.ts'

/** A report as somebody asks for it. */
export interface AskedReport extends AskedForm {
  readonly by: string | undefined
  /** Whether it is to be published: small counts are left out. */
  readonly public: boolean
}

export interface ReportAnswer extends Answered {
  readonly form: Form
}

export interface ReportDesk {
  /** @param read what is asked; it may throw `request_invalid`, which is then recorded. */
  report(read: () => AskedReport): ReadingWork<ReportAnswer>
}

function oneOf<Choice extends string>(
  query: URLSearchParams,
  name: string,
  choices: readonly Choice[],
): Choice | undefined {
  const given = query.get(name)
  const choice = choices.find((each) => each === given)
  if (choice !== undefined || given === null) return choice ?? choices[0]
  const detail = { vi: `Chỉ nhận: ${choices.join(', ')}.`, en: `One of: ${choices.join(', ')}.` }
  throw new GatewayError('request_invalid', { errors: [{ pointer: `/${name}`, rule: 'enum', detail }] })
}

function matching(query: URLSearchParams, name: string, pattern: RegExp): string | undefined {
  const given = query.get(name)
  if (given === null || given === '') return undefined
  if (pattern.test(given)) return given
  const detail: Bilingual = { vi: 'Không đúng dạng.', en: 'Not of the right form.' }
  throw new GatewayError('request_invalid', { errors: [{ pointer: `/${name}`, rule: 'pattern', detail }] })
}

const AGENCY = /^[A-Z]\d{2}(?:\.[0-9A-Z]{1,5})*$/
const SERVICE = /^[A-Z]\d{2}(?:\.[0-9A-Z]{1,5})*(?:\/[a-z0-9-]{1,64}){2}\/v[1-9]\d{0,2}$/

/**
 * @param usual the period where none is named.
 * @throws GatewayError `request_invalid`.
 */
export function readAskedReport(query: URLSearchParams, usual: string): AskedReport {
  const period = parsePeriod(query.get('period') ?? usual)
  if (period === undefined) {
    const detail = {
      vi: 'Ví dụ: 2026, 2026-H1, 2026-Q3, 2026-11.',
      en: 'For example 2026, 2026-H1, 2026-Q3, 2026-11.',
    }
    throw new GatewayError('request_invalid', { errors: [{ pointer: '/period', rule: 'pattern', detail }] })
  }
  const form = oneOf(query, 'form', FORM_IDS) ?? 'exchanges'
  return {
    form,
    period,
    by: oneOf<string>(query, 'by', FORMS[form].divisions),
    compare: oneOf(query, 'compare', COMPARISONS) ?? 'same-period',
    agency: matching(query, 'agency', AGENCY),
    service: matching(query, 'service', SERVICE),
    public: oneOf(query, 'public', ['false', 'true']) === 'true',
  }
}

/** @returns the subsystems whose exchanges are an agency's, those of what was merged into it among them. */
export function partiesOfAgency(registry: Pick<Registry, 'subsystems'>, code: string): readonly string[] {
  const province = provinceOf(code)
  const codes = new Set(province?.agencies ?? [code])
  const known = [...registry.subsystems.keys()].filter((id) => codes.has(id.split('/')[0] ?? ''))
  // Systems that have left the registry have exchanges all the same.
  const usual = province === undefined ? [] : province.agencies.map((agency) => `${agency}/mot-cua`)
  return [...new Set([...known, ...usual])]
}

/** Whoever sees no single exchange gets the figures of all, small counts left out. */
function isForThePublic(asked: AskedReport, { rights }: ReadingRight): boolean {
  return asked.public || !rights.search
}

function scopeOf(asked: AskedReport, right: ReadingRight, registry: Registry): FigureScope {
  const { agency, service } = asked
  const own = right.rights.search && right.parties ? new Set<string>(right.parties) : undefined
  const of = agency === undefined ? undefined : partiesOfAgency(registry, agency)
  const parties = own && of ? of.filter((id) => own.has(id)) : (of ?? (own && [...own]))
  return { parties, service }
}

interface ReportDeskParts {
  readonly forms: FormDesk
  readonly registry: () => Registry
}

/** The published figures as a reading of the log. */
export function createReportDesk({ forms, registry }: ReportDeskParts): ReportDesk {
  return {
    report(read) {
      let asked: AskedReport | undefined
      return {
        ask() {
          asked = read()
          const { form, period, by, compare, agency, service } = asked
          return {
            query: { form, report: period.id, by, compare, agency, service, public: asked.public },
            identifier: undefined,
          }
        },
        async answer(right) {
          const wanted = asked ?? read()
          const scope = scopeOf(wanted, right, registry())
          const form = await forms.make(wanted, { ...scope, suppressed: isForThePublic(wanted, right) })
          return { found: form.rows.length, json: formJson(form), form }
        },
      }
    },
  }
}
