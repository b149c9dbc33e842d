import { AUDIT_SERVICE } from '../../ledger/own-service.ts'
import type { ExchangeRecord } from '../../ledger/record.ts'
import type { Agreement } from '../../model/agreement.ts'
import { errorEntry } from '../../model/errors.ts'
import type { ShownEntry } from '../../reporting/audit-desk.ts'
import { purposeName } from '../../reporting/names.ts'
import { html, type Markup } from './html.ts'
import type { CheckpointFacts } from './reader-pages.ts'
import { outcomeBadge, type Page, type View } from './view.ts'

/** One exchange as the desk tells it. */
export interface ExchangeLife {
  readonly entry: ShownEntry
  readonly totalMs: number
  readonly registry: { readonly digest: string; readonly version?: number; readonly appliedAt?: Date }
  readonly agreement: Partial<Agreement> | undefined
  /** What the contract lets an answer have and this exchange did not pass on. */
  readonly withheld: readonly string[]
  readonly operationTitle: string | undefined
  /** @returns a legal basis by its number, `278/2025/NĐ-CP`; its code where the registry no longer has it. */
  readonly basisName: (id: string) => string
  /** The newest of the log; undefined where none was signed yet. */
  readonly checkpoint: CheckpointFacts | undefined
}

const BINDINGS: Readonly<Record<string, readonly [string, string]>> = {
  dpop: ['mã truy cập gắn với khóa của hệ thống (DPoP)', "a token bound to the system's key (DPoP)"],
  mtls: ['mã truy cập gắn với chứng thư máy khách', 'a token bound to a client certificate'],
  bearer: ['mã truy cập không gắn khóa (chỉ môi trường thử)', 'an unbound token (sandbox only)'],
  local: ['tại chính máy chạy cổng', "at the gateway's own machine"],
  session: ['phiên đăng nhập của bảng điều khiển', 'a signed-in console session'],
}

/** What happened, in one or two sentences that need no key. */
export function plainSentence(view: View, { entry, agreement, operationTitle }: ExchangeLife): Markup {
  const { say, pick, names, format } = view
  const { record } = entry
  const [day = '', time = ''] = format.instant(entry.receivedAt).split(' ')
  const consumer = record.consumer ?? ''
  const agency = pick(names.agency(consumer.split('/')[0] ?? ''))
  const system = pick(names.subsystem(consumer))
  const isReading = record.service === AUDIT_SERVICE
  const service = isReading
    ? say('sổ giao dịch', 'the exchange log')
    : pick(names.service(record.service ?? ''))
  const provider =
    record.provider === undefined ? '' : pick(names.agency(record.provider.split('/')[0] ?? ''))
  const error = errorEntry(record.code)
  const end = {
    delivered: isReading
      ? say(
          `thấy ${format.number(record.reading?.found ?? 0)} kết quả`,
          `${format.number(record.reading?.found ?? 0)} found`,
        )
      : say(
          `cổng đã trả ${record.fields?.length ?? 0} trường dữ liệu`,
          `the gateway delivered ${record.fields?.length ?? 0} fields`,
        ),
    refused: say('cổng đã từ chối', 'the gateway refused'),
    failed: say('không lấy được câu trả lời', 'no answer could be had'),
    interrupted: say('giao dịch bị gián đoạn khi cổng ngừng', 'it was cut off when the gateway stopped'),
  }[record.outcome ?? 'failed']
  return html`<p class="sentence">${say('Ngày', 'On')} <strong>${day}</strong> ${say('lúc', 'at')} <strong>${time}</strong>, <strong>${system}</strong> (${agency}) ${isReading ? say('đọc', 'read') : say('hỏi', 'asked')} <strong>${service}</strong>${provider !== '' && html` ${say('của', 'of')} <strong>${provider}</strong>`}${operationTitle !== undefined && html` (${format.inside(operationTitle)})`}${record.purpose !== undefined && html`, ${say('để', 'for')} ${pick(purposeName(record.purpose))}`}${record.agreement !== undefined && html`, ${say('theo', 'under')} ${agreement?.title ? html`“${pick(agreement.title)}”` : ''} <code>${record.agreement.id}</code>`}; ${end}${error !== undefined && html`: ${format.inside(pick(error.title))}`}.</p>`
}

interface Step {
  readonly title: string
  readonly detail: Markup | string
  readonly at?: string | undefined
  readonly state: 'good' | 'warn' | 'bad' | 'none'
}

function step({ title, detail, at, state }: Step): Markup {
  return html`<li class="${state}"><div class="what"><strong>${title}</strong><span class="at">${at}</span></div><div class="detail">${detail}</div></li>`
}

const digest = (text: string | undefined) => html`<code class="digest">${text}</code>`

function steps(view: View, life: ExchangeLife): readonly Step[] {
  const { say, pick, format } = view
  const { entry, registry } = life
  const record: Partial<ExchangeRecord> = entry.record
  const reached = { agreement: record.agreement !== undefined, answer: record.answer !== undefined }
  const bad = record.outcome === 'refused' ? 'warn' : 'bad'
  const error = errorEntry(record.code)
  const binding = BINDINGS[record.binding ?? ''] ?? [record.binding ?? '', record.binding ?? '']
  const sealedMs = Math.max((record.at ?? 0) - (record.receivedAt ?? 0), 0)
  const all: Step[] = [
    {
      title: say('Nhận yêu cầu', 'Request received'),
      at: format.instant(entry.receivedAt).slice(11),
      state: 'good',
      detail:
        record.request === undefined
          ? ''
          : html`${format.number(record.request.bytes)} ${say('byte', 'bytes')} · ${say('dấu băm', 'digest')} ${digest(record.request.digest)}`,
    },
    {
      title: say('Xác thực bên hỏi', 'Consumer authenticated'),
      state: 'good',
      detail: html`${record.consumer}: ${say(...(binding as [string, string]))}${record.requestSignature !== undefined && html`; ${say('yêu cầu có chữ ký số', 'the request was signed')}`}`,
    },
    {
      title: reached.agreement
        ? say('Có thỏa thuận cho phép', 'An agreement allows it')
        : say('Xét thỏa thuận', 'Looking for an agreement'),
      state: reached.agreement ? 'good' : bad,
      detail: html`${record.agreement !== undefined && html`<code>${record.agreement.id}</code> · `}${record.legalBases !== undefined && html`${say('căn cứ', 'legal basis')} ${record.legalBases.map((id) => life.basisName(id)).join(', ')} · `}${say('danh bạ', 'registry')} ${registry.version !== undefined && html`${say('phiên bản', 'version')} ${registry.version}, `}${digest(registry.digest.slice(0, 16))}`,
    },
  ]
  if (record.providerMs !== undefined) {
    all.push({
      title: say('Hỏi bên cung cấp', 'Provider asked'),
      state: reached.answer || record.outcome === 'delivered' ? 'good' : bad,
      at: `${format.number(record.providerMs)} ms`,
      detail: say(
        `${record.provider}; gọi ${record.attempts ?? 1} lần`,
        `${record.provider}; called ${record.attempts === undefined || record.attempts === 1 ? 'once' : `${record.attempts} times`}`,
      ),
    })
  }
  if (record.outcome === 'delivered' && record.fields !== undefined) {
    all.push({
      title: say('Soát câu trả lời, lược phần ngoài thỏa thuận', 'Answer checked and minimised'),
      state: 'good',
      detail: say(
        `Đúng hợp đồng; ${record.fields.length} trường trong thỏa thuận được đi qua, ${life.withheld.length === 0 ? 'không trường nào' : `${life.withheld.length} trường`} bị giữ lại`,
        `As the contract says; only the agreement's ${record.fields.length} fields passed, ${life.withheld.length === 0 ? 'none' : life.withheld.length} kept back`,
      ),
    })
  }
  all.push(
    record.outcome === 'delivered'
      ? {
          title: say('Trả lời', 'Delivered'),
          state: 'good',
          detail:
            record.answer === undefined
              ? ''
              : html`HTTP ${record.answer.status} · ${format.number(record.answer.bytes)} ${say('byte', 'bytes')} · ${say('dấu băm', 'digest')} ${digest(record.answer.digest)}${record.answerSignature !== undefined && html` · ${say('có chữ ký của cổng', "with the gateway's signature")}`}`,
        }
      : {
          title: error === undefined ? say('Không có câu trả lời', 'No answer') : pick(error.title),
          state: bad,
          detail: html`<code>${record.code}</code>${error !== undefined && html` – ${pick(error.fix)}`}`,
        },
    {
      title: say('Ghi vào sổ', 'Recorded in the log'),
      at: `+${format.number(sealedMs)} ms`,
      state: 'good',
      detail: html`${say('bản ghi số', 'record no.')} ${format.number(entry.leafIndex)} · ${digest(entry.leafHash)}`,
    },
    checkpointStep(view, life),
  )
  return all
}

/** From when on nobody, the gateway's own keeper included, can change the record unseen. */
function checkpointStep({ say, format }: View, { entry, checkpoint }: ExchangeLife): Step {
  const title = say('Vào điểm kiểm có chữ ký', 'Covered by a signed checkpoint')
  if (checkpoint === undefined || checkpoint.size <= entry.leafIndex) {
    const detail = say('điểm kiểm kế tiếp được ký sau vài giây', 'the next one is signed in a few seconds')
    return { title, state: 'none', detail }
  }
  const { size, cosigners } = checkpoint
  return {
    title,
    state: 'good',
    detail: say(
      `mới nhất: ${format.number(size)} bản ghi, ${cosigners.length === 0 ? 'chưa có nhân chứng' : `${cosigners.length} nhân chứng cùng ký`}`,
      `the latest has ${format.number(size)} records, ${cosigners.length === 0 ? 'no witness yet' : `${cosigners.length} witnesses cosigned`}`,
    ),
  }
}

function fieldLists({ say }: View, { entry, withheld }: ExchangeLife): Markup | undefined {
  const { fields, outcome } = entry.record
  // What an agreement would have let pass is noted of refused exchanges too.
  if (fields === undefined || outcome !== 'delivered') return undefined
  const list = (items: readonly string[]) =>
    html`<ul class="fields">${items.map((item) => html`<li><code>${item}</code></li>`)}</ul>`
  return html`<section class="card"><h2>${say('Dữ liệu đã trao', 'What was passed on')}</h2><h3>${say(`Đã trả (${fields.length})`, `Delivered (${fields.length})`)}</h3>${list(fields)}
${withheld.length > 0 && html`<h3>${say(`Đã giữ lại theo nguyên tắc tối thiểu (${withheld.length})`, `Kept back by minimisation (${withheld.length})`)}</h3><div class="withheld">${list(withheld)}</div>`}
<p class="hint">${say('Sổ giữ tên trường, không bao giờ giữ giá trị.', 'The log holds the names of fields, never their values.')}</p></section>`
}

/** Officer, dossier and the officer's reason, for a role that sees them; what was erased is said to be. */
function privateFacts({ say }: View, { entry }: ExchangeLife): readonly (readonly [string, string])[] {
  const part = entry.private
  if (part === undefined) return []
  if ('erased' in part) {
    const by = part.erasedBy === undefined ? '' : ` (${part.erasedBy})`
    return [[say('Phần riêng', 'Private part'), `${say('đã bị xóa', 'erased')}${by}`]]
  }
  const { officer, dossier, note } = part
  return [
    ...(officer === undefined ? [] : [[say('Cán bộ', 'Officer'), officer] as const]),
    ...(dossier === undefined ? [] : [[say('Hồ sơ', 'Dossier'), dossier] as const]),
    ...(note === undefined ? [] : [[say('Lý do tra cứu', 'Reason of the question'), note] as const]),
  ]
}

export function exchangePage(view: View, life: ExchangeLife): Page {
  const { say, pick, names, format } = view
  const { entry, agreement } = life
  const { record } = entry
  const id = record.exchange ?? ''
  const fact = (title: string, value: Markup | string | undefined) =>
    value !== undefined && value !== '' && html`<div><dt>${title}</dt><dd>${value}</dd></div>`
  return {
    title: say('Một giao dịch', 'One exchange'),
    section: 'search',
    body: html`<p class="crumb"><a href="/console/search">${say('Tra cứu', 'Search')}</a></p>
<h1>${say('Vòng đời giao dịch', 'Life of an exchange')} ${outcomeBadge(view, record.outcome ?? '')}</h1>
<p class="id-line"><code>${id}</code></p>
${plainSentence(view, life)}
<div class="columns"><section class="card wide"><h2>${say('Từng bước', 'Step by step')}</h2><ol class="life">${steps(view, life).map(step)}</ol></section>
<div class="side"><section class="card proof-call"><h2>${say('Bằng chứng', 'Proof')}</h2><p>${say('Kiểm chứng ngay trong trình duyệt của bạn rằng bản ghi này nằm trong sổ và chưa ai sửa.', 'Check in your own browser that this record is in the log and nobody changed it.')}</p><p><a class="button" href="/console/exchanges/${id}/proof">${say('Kiểm chứng', 'Verify')}</a></p></section>
${fieldLists(view, life)}
<section class="card"><h2>${say('Chi tiết', 'Details')}</h2><dl>${fact(say('Bên hỏi', 'Consumer'), html`${pick(names.subsystem(record.consumer ?? ''))}<small>${record.consumer}</small>`)}${record.provider !== undefined && fact(say('Bên cung cấp', 'Provider'), html`${pick(names.subsystem(record.provider))}<small>${record.provider}</small>`)}${fact(say('Dịch vụ', 'Service'), html`${pick(names.service(record.service ?? ''))}<small>${record.service}</small>`)}${record.purpose !== undefined && fact(say('Mục đích', 'Purpose'), html`${pick(purposeName(record.purpose))}<small>${record.purpose}</small>`)}${fact(say('Thủ tục', 'Procedure'), record.procedure)}${privateFacts(view, life).map(([title, value]) => fact(title, value))}${agreement?.validity !== undefined && fact(say('Hiệu lực thỏa thuận', 'Agreement valid'), `${format.day(agreement.validity.from)} – ${agreement.validity.until === undefined ? '…' : format.day(agreement.validity.until)}`)}${fact(say('Vết (trace)', 'Trace'), html`<code class="digest">${record.trace}</code>`)}${record.reading !== undefined && fact(say('Điều kiện đã tìm', 'What was looked for'), html`<code class="digest">${record.reading.query}</code>`)}${fact(say('Toàn bộ thời gian', 'Whole time'), `${format.number(life.totalMs)} ms`)}</dl></section></div></div>`,
  }
}
