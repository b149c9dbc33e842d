import type { Operation } from '../contract/contract.ts'
import type { Bilingual, Language, ServiceId } from '../model/identifier.ts'
import { html, type Markup } from './html.ts'
import {
  SAMPLE_CONSUMER,
  SAMPLE_DOSSIER,
  SAMPLE_OFFICER,
  type SampleCall,
  sampleFields,
} from './reference-sample.ts'

const WORDS = {
  curl: { vi: 'Gọi bằng curl', en: 'By curl' },
  cli: { vi: 'Gọi bằng lienthong', en: 'By lienthong' },
  token: {
    vi: 'TOKEN là mã truy cập. Mã thật gắn với khóa của hệ thống, nên mỗi yêu cầu kèm thêm một chứng minh DPoP; chỉ môi trường thử nhận mã không gắn khóa như ở đây. Bên cạnh lienthong demo: TOKEN=$(cat .lienthong/demo/token)',
    en: "TOKEN is an access token. Real ones are bound to the system's key, so each request carries a DPoP proof too; only a sandbox takes unbound ones as here. Beside lienthong demo: TOKEN=$(cat .lienthong/demo/token)",
  },
  key: {
    vi: 'khoa.jwk là khóa của hệ thống bạn. Bên cạnh lienthong demo: --profile .lienthong/demo/consumer.json thay cho cả dòng --gateway … --key khoa.jwk.',
    en: 'khoa.jwk is the key of your system. Beside lienthong demo: --profile .lienthong/demo/consumer.json in place of the line --gateway … --key khoa.jwk.',
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
  readonly sample: SampleCall
}

/** One word of a POSIX shell. */
function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

function curlOf({ service, operation, body, publicUrl, sample }: CallExample): string {
  const { method, pathTemplate, kind } = operation
  const submits = kind === 'submit' || kind === 'request'
  return [
    `curl -s${method === 'POST' ? '' : ` -X ${method}`} ${quote(`${publicUrl}/exchange/${service}${pathTemplate}`)}`,
    `-H "Authorization: Bearer $TOKEN"`,
    ...Object.entries(sampleFields(sample)).map(([name, value]) => `-H '${name}: ${value}'`),
    ...(submits ? [`-H "Idempotency-Key: thu-$(date +%s)-$RANDOM"`] : []),
    ...(body === undefined
      ? []
      : [`-H 'Content-Type: application/json'`, `-d ${quote(JSON.stringify(body))}`]),
  ].join(' \\\n  ')
}

function commandOf({ service, operation, body, publicUrl, sample }: CallExample): string {
  const procedure = sample.procedure === undefined ? '' : ` --procedure ${sample.procedure}`
  const given = body === undefined ? '' : `echo ${quote(JSON.stringify(body))} |\n  `
  return [
    `${given}npx lienthong call ${service} ${operation.id}${body === undefined ? '' : ' @-'}`,
    `--gateway ${publicUrl} --consumer ${SAMPLE_CONSUMER} --key khoa.jwk`,
    `--purpose ${sample.purpose} --dossier ${SAMPLE_DOSSIER} --officer ${SAMPLE_OFFICER}${procedure}`,
  ].join(' \\\n  ')
}

/** How an anonymised set is ordered from a terminal. @param scope of the contract's own example. */
export function orderExample(
  { service, operation, publicUrl }: Omit<CallExample, 'sample'>,
  scope: unknown,
): string {
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
<pre tabindex="0">${commandOf(example)}</pre><p class="meta">${WORDS.key[language]}</p>`
}
