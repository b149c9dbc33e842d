import { hash } from 'node:crypto'
import { proposalOf, stateAfter } from '../../model/application.ts'
import { mayDecide } from '../../model/approver.ts'
import { GatewayError } from '../../model/errors.ts'
import type { Bilingual } from '../../model/identifier.ts'
import type { Registry } from '../../registry/snapshot.ts'
import type { ApplicationDesk, ApplicationTold, DecisionTold } from '../../reporting/application-desk.ts'
import { html, type Markup } from './html.ts'
import type { Download } from './maker.ts'
import type { View } from './view.ts'

/** What of a decision may be downloaded, under which name and as what. */
const FILES = {
  'decision.json': { of: 'text', type: 'application/json' },
  'decision.p7s': { of: 'signature', type: 'application/pkcs7-signature' },
  'decision.pem': { of: 'chain', type: 'application/x-pem-file' },
} as const satisfies Record<string, { readonly of: keyof DecisionTold; readonly type: string }>

export type DecisionFile = keyof typeof FILES

export function isDecisionFile(name: string | undefined): name is DecisionFile {
  return name !== undefined && Object.hasOwn(FILES, name)
}

/** @throws GatewayError where the application has no such file. */
export function downloadDecision({ number, decision }: ApplicationTold, file: DecisionFile): Download {
  const { of, type } = FILES[file]
  const held = decision?.[of]
  if (held === undefined) throw new GatewayError('application_unknown')
  const content = of === 'signature' ? Buffer.from(held, 'base64') : held
  return { content, type, name: file.replace('decision', number) }
}

/** What the page of an application knows of decisions and who makes them. */
export interface DecisionContext {
  readonly registry: Registry
  readonly mayDecide: boolean
  readonly signing: ApplicationDesk['signing']
  /** Unix milliseconds. */
  readonly nowMs: number
}

function field(id: string, label: string, input: Markup): Markup {
  return html`<div class="field"><label for="${id}">${label}</label>${input}</div>`
}

/** Who may sign a decision on this application now; nobody is chosen for whoever hands it up. */
function approverField(
  view: View,
  id: string,
  application: ApplicationTold,
  { registry, signing, nowMs }: DecisionContext,
): Markup {
  const { say, pick } = view
  const fitting = [...registry.approvers.values()].filter((each) => mayDecide(each, application, nowMs))
  const options = fitting.map(
    (each) => html`<option value="${each.id}">${pick(each.title)} (${each.id})</option>`,
  )
  const none = say(
    'Danh bạ chưa có ai ký được đề nghị này (Approver).',
    'The registry has nobody who may sign it (Approver).',
  )
  return html`${field(
    id,
    say('Người ký', 'Who is to sign'),
    html`<select id="${id}" name="approver"${signing === 'required' && html` required`}><option value="">–</option>${options}</select>`,
  )}${fitting.length === 0 && html`<p class="hint">${none}</p>`}`
}

type Act = 'ask' | 'approve' | 'refuse'

interface DecisionForm {
  readonly application: ApplicationTold
  readonly act: Act
  readonly fields: Markup
}

function decisionForm(
  view: View,
  { application, act, fields }: DecisionForm,
  context: DecisionContext,
): Markup {
  const { say, viewer } = view
  const words: Readonly<Record<Act, string>> = {
    ask: say('Yêu cầu bổ sung', 'Ask for more'),
    approve: say('Phê duyệt', 'Approve'),
    refuse: say('Từ chối', 'Refuse'),
  }
  const handUp: Readonly<Record<Act, string>> = {
    ask: '',
    approve: say('Trình ký phê duyệt', 'Hand the approval up'),
    refuse: say('Trình ký từ chối', 'Hand the refusal up'),
  }
  const root = `/console/applications/${application.number}`
  const look = act === 'approve' ? '' : html` class="secondary"`
  const isDirect = act === 'ask' || context.signing !== 'required'
  const isSigned = act !== 'ask' && context.signing !== 'closed'
  return html`<form class="filters" method="post" action="${root}/${isDirect ? act : 'propose'}" autocomplete="off"><input type="hidden" name="csrf" value="${viewer?.csrf}">${fields}${isSigned && html`<input type="hidden" name="decision" value="${act}">${approverField(view, `approver-${act}`, application, context)}`}${isDirect && html`<button${look}>${words[act]}</button>`}${isSigned && html`<button${isDirect ? html` class="secondary"` : look} formaction="${root}/propose">${handUp[act]}</button>`}</form>`
}

/** The forms by which an appraiser decides, or hands a decision up. */
export function decisionForms(view: View, application: ApplicationTold, context: DecisionContext): Markup {
  const { say, pick } = view
  const { state } = application
  const reason = (id: string, label: string) =>
    field(id, label, html`<input id="${id}" name="reason" required maxlength="2000">`)
  const bases = [...context.registry.legalBases.values()].map(
    ({ id, text, title, unverified }) =>
      html`<option value="${id}">${text}${unverified === true && ' (?)'} – ${pick(title)}</option>`,
  )
  const form = (act: Act, fields: Markup) => decisionForm(view, { application, act, fields }, context)
  return html`<section class="card"><h2>${say('Quyết định', 'Decide')}</h2>
${stateAfter(state, 'approve') !== undefined && form('approve', field('agreement', say('Số của thỏa thuận', 'Id of the agreement'), html`<input id="agreement" name="agreement" required maxlength="64" pattern="[A-Za-z0-9][A-Za-z0-9.\\-]*" spellcheck="false">`))}
${stateAfter(state, 'ask') !== undefined && form('ask', reason('missing', say('Còn thiếu gì', 'What is missing')))}
${form('refuse', html`${field('basis', say('Căn cứ pháp lý', 'Legal ground'), html`<select id="basis" name="legalBasis" required><option value="">${say('Chọn căn cứ', 'Choose a ground')}</option>${bases}</select>`)}${reason('why', say('Lý do', 'Reason'))}`)}</section>`
}

/** What the members of a signed text mean, beside their names: those are signed with it. */
const MEMBERS: Readonly<Record<string, Bilingual>> = {
  kind: { vi: 'Loại văn bản', en: 'Kind of text' },
  v: { vi: 'Phiên bản', en: 'Version' },
  gateway: { vi: 'Sổ của cổng', en: "The gateway's log" },
  application: { vi: 'Đề nghị', en: 'Application' },
  class: { vi: 'Loại đề nghị', en: 'Class' },
  consumer: { vi: 'Bên hỏi', en: 'Consumer' },
  provider: { vi: 'Bên cung cấp', en: 'Provider' },
  service: { vi: 'Dịch vụ', en: 'Service' },
  content: { vi: 'Mã băm của hồ sơ', en: 'Digest of the application' },
  decision: { vi: 'Quyết định', en: 'Decision' },
  agreement: { vi: 'Thỏa thuận và mã băm', en: 'Agreement and its digest' },
  legalBasis: { vi: 'Căn cứ pháp lý', en: 'Legal basis' },
  reason: { vi: 'Lý do', en: 'Reason' },
  approver: { vi: 'Người ký', en: 'Approver' },
  proposed: { vi: 'Trình ký', en: 'Handed up' },
}

function officeOf({ pick }: View, id: string | undefined, { approvers }: Registry): string {
  const known = approvers.get(id ?? '')
  return known === undefined ? (id ?? '–') : pick(known.title)
}

/** A decision that waits for its signature, or bears it, with the files that prove it. */
export function decisionCard(view: View, application: ApplicationTold, context: DecisionContext): Markup {
  const { say, pick, viewer } = view
  const { decision, number, events } = application
  if (decision === undefined) return html``
  const root = `/console/applications/${number}`
  const { text, signer, signature } = decision
  const office = officeOf(view, events.at(-1)?.approver, context.registry)
  const members = Object.entries<unknown>(JSON.parse(text)).map(
    ([name, value]) =>
      html`<div><dt>${MEMBERS[name] !== undefined && html`${pick(MEMBERS[name])} `}<code>${name}</code></dt><dd><code>${typeof value === 'string' ? value : JSON.stringify(value)}</code></dd></div>`,
  )
  const shown = html`<details><summary>${say('Nội dung được ký', 'What is signed')}</summary><dl class="facts">${members}<div><dt>${say('SHA-256 của văn bản', 'SHA-256 of the text')}</dt><dd><code>${hash('sha256', text)}</code></dd></div></dl></details>`
  if (signature !== undefined) {
    return html`<section class="card"><h2>${say('Chữ ký của lãnh đạo', "The leader's signature")}</h2><p><strong>${signer}</strong><br>${office}</p><p class="row"><a class="button secondary" href="${root}/decision.json" download>${say('Văn bản', 'Text')}</a><a class="button secondary" href="${root}/decision.p7s" download>${say('Chữ ký', 'Signature')}</a><a class="button secondary" href="${root}/decision.pem" download>${say('Chứng thư', 'Certificates')}</a></p>${shown}</section>`
  }
  const proposal = proposalOf(application)
  const what =
    proposal?.decision === 'refuse'
      ? say('từ chối', 'refusal')
      : html`${say('phê duyệt', 'approval')} <code>${proposal?.agreement}</code>`
  const handIn = html`<form method="post" enctype="multipart/form-data" action="${root}/sign" autocomplete="off"><input type="hidden" name="csrf" value="${viewer?.csrf}">${field('signature', say('Chữ ký (.p7s, .pem)', 'Signature (.p7s, .pem)'), html`<input id="signature" name="signature" type="file" required accept=".p7s,.p7b,.p7m,.der,.pem,.sig,.cms">`)}<p class="row"><button>${say('Nộp chữ ký', 'Hand in')}</button></p></form>`
  return html`<section class="card"><h2>${say('Chờ lãnh đạo ký', "Waiting for a leader's signature")}</h2><p>${office}: ${what}</p><p class="row"><a class="button secondary" href="${root}/decision.json" download>${say('Tải văn bản để ký', 'Download the text to sign')}</a></p><p class="hint">${say('Ký CMS tách rời trên máy của lãnh đạo; khóa riêng không bao giờ đến đây.', "Signed detached, in CMS, on the leader's own machine; a private key never comes here.")}</p>${context.mayDecide && handIn}${shown}</section>`
}
