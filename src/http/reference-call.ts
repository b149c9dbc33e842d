import type { Operation } from '../contract/contract.ts'
import type { Bilingual, Language, ServiceId } from '../model/identifier.ts'
import { html, type Markup } from './html.ts'

/** What stands in examples where a caller's own agreement has to say it. */
const PURPOSE = 'giai-quyet-thu-tuc-hanh-chinh'
const DOSSIER = 'H29.12-261122-0007'
const OFFICER = 'cb-017'
/** By the field of a request. */
export const SAMPLE_PARTICULARS: Readonly<Record<string, string>> = {
  'Exchange-Purpose': PURPOSE,
  'Exchange-Dossier': DOSSIER,
  'Exchange-Officer': OFFICER,
}

const WORDS = {
  curl: { vi: 'Gọi bằng curl', en: 'By curl' },
  cli: { vi: 'Gọi bằng lienthong', en: 'By lienthong' },
  token: {
    vi: 'TOKEN là mã truy cập. Mã thật gắn với khóa của hệ thống, nên mỗi yêu cầu kèm thêm một chứng minh DPoP; chỉ môi trường thử nhận mã không gắn khóa như ở đây (lienthong demo để sẵn trong .lienthong/demo/token).',
    en: "TOKEN is an access token. Real ones are bound to the system's key, so each request carries a DPoP proof too; only a sandbox takes unbound ones as here (lienthong demo keeps one in .lienthong/demo/token).",
  },
  particulars: {
    vi: 'Mục đích, mã hồ sơ, cán bộ: ghi theo thỏa thuận của bạn.',
    en: 'Purpose, dossier and officer are as your agreement says.',
  },
} as const satisfies Readonly<Record<string, Bilingual>>

export interface CallExample {
  readonly service: ServiceId
  readonly operation: Operation
  /** The body of the contract's example; undefined where it has none. */
  readonly body: unknown
  readonly publicUrl: string
}

/** One word of a POSIX shell. */
function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

function curlOf({ service, operation, body, publicUrl }: CallExample): string {
  const { method, pathTemplate, kind } = operation
  const submits = kind === 'submit' || kind === 'request'
  return [
    `curl -s${method === 'POST' ? '' : ` -X ${method}`} ${quote(`${publicUrl}/exchange/${service}${pathTemplate}`)}`,
    `-H "Authorization: Bearer $TOKEN"`,
    ...Object.entries(SAMPLE_PARTICULARS).map(([name, value]) => `-H '${name}: ${value}'`),
    ...(submits ? [`-H "Idempotency-Key: $(uuidgen)"`] : []),
    ...(body === undefined
      ? []
      : [`-H 'Content-Type: application/json'`, `-d ${quote(JSON.stringify(body))}`]),
  ].join(' \\\n  ')
}

function commandOf({ service, operation, body, publicUrl }: CallExample): string {
  const given = body === undefined ? '' : `echo ${quote(JSON.stringify(body))} |\n  `
  return [
    `${given}npx lienthong call ${service} ${operation.id}${body === undefined ? '' : ' @-'}`,
    `--gateway ${publicUrl} --consumer H29/mot-cua --key khoa.jwk`,
    `--purpose ${PURPOSE} --dossier ${DOSSIER} --officer ${OFFICER}`,
  ].join(' \\\n  ')
}

/** How an anonymised set is ordered from a terminal. @param scope of the contract's own example. */
export function orderExample({ service, operation, publicUrl }: CallExample, scope: unknown): string {
  return [
    `npx lienthong package order ${service} ${operation.id} --scope ${quote(JSON.stringify(scope))}`,
    `--gateway ${publicUrl} --consumer H21/ioc --key khoa.jwk`,
    `--purpose thong-ke --out ${operation.id}.package`,
  ].join(' \\\n  ')
}

/** How an operation is asked from a terminal, with the contract's own example. */
export function callExamples(example: CallExample, language: Language): Markup {
  return html`<h3>${WORDS.curl[language]}</h3>
<pre tabindex="0">${curlOf(example)}</pre><p class="meta">${WORDS.token[language]} ${WORDS.particulars[language]}</p>
<h3>${WORDS.cli[language]}</h3>
<pre tabindex="0">${commandOf(example)}</pre>`
}
