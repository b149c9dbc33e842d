import type { Operation } from '../contract/contract.ts'
import type { Quota } from '../model/agreement.ts'
import type { ColumnRule } from '../model/anonymity.ts'
import type { ApplicationClass } from '../model/application.ts'
import type { Bilingual, Language } from '../model/identifier.ts'
import { html, type Markup } from './html.ts'

/** What whoever looks for data is to know of a product beside its fields: how it leaves, how fresh it is, its terms. */

const WORDS = {
  terms: { vi: 'Điều kiện khai thác', en: 'Terms' },
  agreed: {
    vi: 'Dịch vụ nào cũng cần thỏa thuận nêu rõ thao tác, trường, mục đích, căn cứ pháp lý, hạn mức mỗi giây, mỗi ngày và thời hạn. Đề nghị thuộc một trong các loại sau; (?) là chưa đối chiếu văn bản gốc.',
    en: 'Each service needs an agreement that names operations, fields, purposes, legal bases, a quota by second and day, and how long it holds. An application is of one of these classes; (?) has not been held against the text itself.',
  },
  class: { vi: 'Loại đề nghị', en: 'Class' },
  scope: { vi: 'Dành cho', en: 'For' },
  days: { vi: 'Thẩm định (ngày làm việc)', en: 'Appraisal (working days)' },
  papers: { vi: 'Giấy tờ', en: 'Papers' },
  member: { vi: 'Trường', en: 'Member' },
  told: { vi: 'Trong gói', en: 'In the package' },
} as const satisfies Readonly<Record<string, Bilingual>>

/** @returns the classes of applications, as the registry in force has them. */
export function termsSection(classes: Iterable<ApplicationClass>, language: Language): Markup {
  const rows = [...classes].map(
    ({ title, scope, unverified, appraisalWorkingDays, documents }) => html`<tr>
<td>${title[language]}${unverified === true && ' (?)'}</td><td>${scope[language]}</td><td>${appraisalWorkingDays}</td>
<td>${documents.map((paper) => html`${paper.title[language]}<br>`)}</td></tr>`,
  )
  if (rows.length === 0) return html``
  const title = WORDS.terms[language]
  return html`<h2>${title}</h2><p>${WORDS.agreed[language]}</p>
<div class="scroll" tabindex="0" role="region" aria-label="${title}"><table><thead><tr><th scope="col">${WORDS.class[language]}</th>
<th scope="col">${WORDS.scope[language]}</th><th scope="col">${WORDS.days[language]}</th><th scope="col">${WORDS.papers[language]}</th></tr></thead>
<tbody>${rows}</tbody></table></div>`
}

function columnWords({ is, as = 'same', width = 1 }: ColumnRule): Bilingual {
  if (is === 'identifier') return { vi: 'không rời cổng', en: 'never leaves' }
  const told: Readonly<Record<typeof as, Bilingual>> = {
    same: { vi: 'nguyên giá trị', en: 'as it is' },
    years: { vi: `khoảng ${width} năm`, en: `a span of ${width} years` },
    band: { vi: `khoảng ${width}`, en: `a band of ${width}` },
    province: { vi: 'tỉnh, thành phố hiện nay', en: 'its province of today' },
  }
  const role: Readonly<Record<typeof is, Bilingual>> = {
    quasi: { vi: ', xét khi đếm k', en: ', counted for k' },
    sensitive: { vi: ', nhạy cảm, xét khi đếm l', en: ', sensitive, counted for l' },
    plain: { vi: '', en: '' },
  }
  return { vi: told[as].vi + role[is].vi, en: told[as].en + role[is].en }
}

function anonymityNotes({ id, title, anonymised }: Operation, language: Language): Markup {
  if (anonymised === undefined) return html``
  const { k, l = 1, columns } = anonymised
  const note: Bilingual = {
    vi: `Chỉ rời cổng thành gói ẩn danh: nhóm dưới k = ${k} dòng, hoặc có dưới l = ${l} giá trị của một trường nhạy cảm, bị lược. Đặt bằng POST /jobs/bulk với scope, hoặc`,
    en: `Leaves as an anonymised package only: classes under k = ${k} rows, or with under l = ${l} values of a sensitive member, are left out. Order it by POST /jobs/bulk with a scope, or`,
  }
  const label = `${title[language]}: ${WORDS.told[language].toLowerCase()}`
  const rows = Object.entries(columns).map(
    ([name, rule]) =>
      html`<tr><td><code>/rows/${name}</code></td><td>${columnWords(rule)[language]}</td></tr>`,
  )
  return html`<p>${note[language]} <code>lienthong package order … ${id}</code>.</p>
<div class="scroll" tabindex="0" role="region" aria-label="${label}"><table><thead><tr><th scope="col">${WORDS.member[language]}</th>
<th scope="col">${WORDS.told[language]}</th></tr></thead><tbody>${rows}</tbody></table></div>`
}

function freshnessNote({ freshness }: Operation): Bilingual | undefined {
  if (freshness === undefined) return undefined
  const { deliverWithinSeconds: within, silentAfterSeconds: silent } = freshness
  return {
    vi: `Độ mới: giao trong ${within} giây từ khi xảy ra${silent === undefined ? '' : `; quá ${silent} giây không có gì mới là trễ`}.`,
    en: `Freshness: delivered within ${within} seconds of what happened${silent === undefined ? '' : `; late after ${silent} seconds of silence`}.`,
  }
}

function batchNote({ batch }: Operation): Bilingual | undefined {
  if (batch === undefined) return undefined
  return {
    vi: `Theo tệp (POST /jobs/bulk), mỗi lô nhiều nhất ${batch.size}; kết quả lấy được thành gói.`,
    en: `For a file (POST /jobs/bulk), at most ${batch.size} a batch; results can be had as a package.`,
  }
}

/** What agreements in force allow of an operation. */
export type QuotasOf = (operation: string) => readonly Quota[]

function rangeOf(values: readonly number[], language: Language): string {
  const format = new Intl.NumberFormat(language)
  return [...new Set([Math.min(...values), Math.max(...values)])].map((each) => format.format(each)).join('–')
}

/** A quota is an agreement's, for all it opens together; whose they are stays untold. */
function quotaNote({ batch, anonymised }: Operation, quotas: readonly Quota[]): Bilingual {
  const counted = {
    vi: anonymised || batch ? ' Mỗi trang hoặc lô tính một lần.' : '',
    en: anonymised || batch ? ' Each page or batch counts once.' : '',
  }
  const own = {
    vi: 'Hạn mức của bạn ở trường RateLimit-Policy của mọi câu trả lời, và trong thỏa thuận.',
    en: 'Yours stands in RateLimit-Policy of each answer, and in your agreement.',
  }
  if (quotas.length === 0) {
    return {
      vi: `Hạn mức: chưa có thỏa thuận nào đang hiệu lực.${counted.vi}`,
      en: `Quota: no agreement is in force.${counted.en}`,
    }
  }
  const told = (language: Language) =>
    [quotas.map(({ perSecond }) => perSecond), quotas.map(({ perDay }) => perDay)].map((values) =>
      rangeOf(values, language),
    )
  const [[secondVi, dayVi], [secondEn, dayEn]] = [told('vi'), told('en')]
  return {
    vi: `Hạn mức của các thỏa thuận đang hiệu lực: ${secondVi} giao dịch mỗi giây, ${dayVi} mỗi ngày, tính chung mọi thao tác của thỏa thuận.${counted.vi} ${own.vi}`,
    en: `Quota of the agreements in force: ${secondEn} exchanges a second, ${dayEn} a day, over all operations of the agreement.${counted.en} ${own.en}`,
  }
}

/** @returns what is to be known of one operation before it is asked for. */
export function productNotes(operation: Operation, quotas: readonly Quota[], language: Language): Markup {
  const quota = operation.kind === 'event' ? undefined : quotaNote(operation, quotas)
  const notes = [freshnessNote(operation), batchNote(operation), quota].filter((note) => note !== undefined)
  return html`${notes.map((note) => html`<p>${note[language]}</p>`)}${anonymityNotes(operation, language)}`
}
