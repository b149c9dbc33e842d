import { cellText, FORMS, type Form, isNumeric } from '../../reporting/form.ts'
import { html, type Markup } from './html.ts'
import { growthMark } from './statistics-page.ts'
import { scrollTable, type View } from './view.ts'

/** A form's table as it is printed; what is for files alone stays out. */
export function formTable(view: View, report: Form): Markup {
  const { say, pick, format, language } = view
  const columns = report.columns
    .map((column, place) => ({ ...column, place }))
    .filter(({ fileOnly }) => !fileOnly)
  const shown = (row: Form['rows'][number]) =>
    columns.map((column, first) => {
      const cell = row[column.place]
      const text = cellText(cell, column.kind, format, language)
      const isGrowth = typeof cell === 'object' && cell !== null && 'kind' in cell
      const content =
        column.kind === 'code' && cell ? html`<code>${text}</code>` : isGrowth ? growthMark(view, cell) : text
      if (first === 0) return html`<th scope="row">${content}</th>`
      return html`<td${isNumeric(column) ? html` class="number"` : ''}>${content}</td>`
    })
  const head = columns.map(
    (column) =>
      html`<th scope="col"${isNumeric(column) ? html` class="number"` : ''}>${pick(column.title)}</th>`,
  )
  const body = report.rows.map(
    (row, place) => html`<tr><td class="number">${place + 1}</td>${shown(row)}</tr>`,
  )
  const label = `${say('Bảng', 'Table')} ${FORMS[report.id].number}`
  return scrollTable(
    label,
    html`<table class="division form-table"><caption class="hidden">${label}</caption><thead><tr><th scope="col" class="number">${say('STT', 'No.')}</th>${head}</tr></thead><tbody>${body}</tbody>${report.total && html`<tfoot><tr><td></td>${shown(report.total)}</tr></tfoot>`}</table>`,
  )
}
