import { html, type Markup } from './html.ts'
import type { Page, View } from './view.ts'

/** What a browser needs to check one record by itself. */
export interface ProofMaterial {
  readonly exchange: string
  /** The record's bytes as text; undefined for a role that may not see all of it. */
  readonly leaf: string | undefined
  /** Base 64url, as the record's receipt has it. */
  readonly leafHash: string
  readonly leafIndex: number
  /** Of the record's private part, for a role that may see it; none where they were erased. */
  readonly disclosures: readonly string[] | undefined
  /** c2sp.org/tlog-proof; undefined while no checkpoint covers the record. */
  readonly proof: string | undefined
  readonly verifierKey: string
}

const STEPS = [
  [
    'leaf',
    'Dấu băm của bản ghi',
    'Digest of the record',
    'Bản ghi dưới đây băm ra đúng dấu mà biên nhận mang.',
    'The record below has the very digest its receipt bears.',
  ],
  [
    'private',
    'Phần riêng: cán bộ, hồ sơ, nhãn người',
    'Private part: officer, dossier, tag of the person',
    'Mỗi mảnh dưới đây băm ra đúng dấu mà bản ghi cam kết; đã xóa thì bản ghi và bằng chứng vẫn nguyên.',
    'Each disclosure below has the digest that the record commits to; where they were erased, record and proof still hold.',
  ],
  [
    'inclusion',
    'Đường từ bản ghi lên gốc cây',
    'Path from the record to the root',
    'Ghép dấu băm với từng nút bên cạnh cho ra gốc của cả sổ.',
    'Joined with each neighbouring node it gives the root of the whole log.',
  ],
  [
    'signature',
    'Chữ ký trên điểm kiểm',
    'Signature on the checkpoint',
    'Gốc ấy được khóa của sổ ký (Ed25519).',
    "That root was signed by the log's key (Ed25519).",
  ],
  [
    'memory',
    'So với điểm kiểm trình duyệt này đã nhớ',
    'Against what this browser remembers',
    'Sổ chưa bao giờ cho trình duyệt này thấy hai mặt khác nhau.',
    'The log has never shown this browser two different faces.',
  ],
] as const

type StepRow = readonly [check: string, vi: string, en: string, viText: string, enText: string]

const RECEIPT_STEP: StepRow = [
  'receipt',
  'Chữ ký trên biên nhận',
  'Signature on the receipt',
  'Sổ đã ký lời hứa ghi đúng bản ghi này, đúng chỗ này.',
  'The log signed its promise of this very record at this very place.',
]

function stepList({ say }: View, steps: readonly StepRow[]): Markup {
  return html`<ol class="life checks" id="checks">${steps.map(([id, vi, en, viText, enText]) => html`<li class="none" data-check="${id}"><div class="what"><strong>${say(vi, en)}</strong><span class="at"></span></div><div class="detail">${say(viText, enText)}</div><div class="finding"></div></li>`)}</ol>`
}

function buttons({ say }: View): Markup {
  return html`<p class="verdict" id="verdict" role="status" aria-live="polite"></p>
<div class="row" id="acts" hidden><button type="button" id="verify">${say('Kiểm chứng', 'Verify')}</button> <button type="button" id="tamper" class="danger">${say('Thử sửa một ký tự', 'Change one character')}</button> <button type="button" id="restore" class="secondary" hidden>${say('Trả lại như cũ', 'Put it back')}</button></div>`
}

/** What the module says, in the page's language. */
function words({ say }: View, leafHash: string): Markup {
  return html`<div id="material" hidden data-leaf-hash="${leafHash}" data-ok="${say('Khớp', 'Holds')}" data-bad="${say('Không khớp', 'Does not hold')}" data-skip="${say('Không xét', 'Not looked at')}" data-hidden="${say('Vai của bạn không xem phần riêng.', 'Your role does not see private parts.')}" data-nothing="${say('Bản ghi này không có phần riêng.', 'This record has no private part.')}" data-erased="${say('đã bị xóa', 'erased')}" data-first="${say('Lần đầu: đã nhớ điểm kiểm này.', 'First time: this checkpoint is remembered now.')}" data-same="${say('Đúng điểm kiểm đã nhớ.', 'The same checkpoint as remembered.')}" data-grown="${say('Sổ đã dài thêm so với lần trước.', 'The log has grown since.')}" data-forked="${say('Cùng kích thước mà gốc khác: sổ có hai mặt!', 'Same size, another root: the log has two faces!')}" data-all="${say('Bản ghi này nằm trong sổ và còn nguyên vẹn.', 'This record is in the log, unchanged.')}" data-none="${say('Bằng chứng không đúng: bản ghi đã bị sửa hoặc không thuộc sổ.', 'The proof does not hold: the record was changed or is not of this log.')}" data-empty="${say('Chưa có gì để kiểm: thả tệp vào ô trên, hoặc dán nội dung.', 'There is nothing to check yet: drop a file above, or paste its text.')}" data-promised="${say('Biên nhận có chữ ký của sổ. Thêm bằng chứng (proof.txt) để thấy bản ghi đã nằm trong sổ.', 'The log signed this receipt. Add the proof (proof.txt) to see that the record is in the log.')}" data-digest="${say('Đã tính dấu băm của bản ghi. Thêm bằng chứng hoặc biên nhận để đối chiếu.', 'The digest of the record is computed. Add its proof or receipt to hold it against.')}"></div>`
}

export function proofPage(view: View, material: ProofMaterial): Page {
  const { say, format } = view
  const { exchange, leaf, proof, disclosures } = material
  return {
    title: say('Kiểm chứng một bản ghi', 'Verify a record'),
    section: 'search',
    script: 'console/verify.ts',
    body: html`<p class="crumb"><a href="/console/search">${say('Tra cứu', 'Search')}</a> › <a href="/console/exchanges/${exchange}">${say('Một giao dịch', 'One exchange')}</a></p>
<h1>${say('Kiểm chứng bản ghi số', 'Verify record no.')} ${format.number(material.leafIndex)}</h1>
<p class="sentence">${say('Máy của bạn tự tính lại, bằng đúng đoạn mã mà dòng lệnh và cổng dùng. Không cần tin máy chủ: chỉ cần khóa của sổ.', 'Your own machine computes it anew, with the very code the command line and the gateway use. Trust the log’s key, not this server.')}</p>
<noscript><p class="notice">${say('Trang này cần JavaScript để tính trong trình duyệt. Không có nó: tải các tệp dưới đây và dùng dòng lệnh.', 'This page computes in the browser and needs JavaScript. Without it, download the files below and use the command line.')}</p></noscript>
<div class="columns"><section class="card wide"><h2>${say('Từng bước', 'Step by step')}</h2>
${stepList(view, STEPS)}
${buttons(view)}</section>
<div class="side"><section class="card"><h2>${say('Tải về, kiểm ngoại tuyến', 'Take it offline')}</h2><ul class="plain">${leaf !== undefined && html`<li><a href="/console/exchanges/${exchange}/record.json" download>${say('Bản ghi', 'Record')} (record.json)</a></li>`}<li><a href="/console/exchanges/${exchange}/proof.txt" download>${say('Bằng chứng', 'Proof')} (proof.txt)</a></li><li><a href="/console/exchanges/${exchange}/log.vkey" download>${say('Khóa của sổ', "The log's key")} (log.vkey)</a></li></ul>
<p class="hint">${say('Rồi, không cần mạng:', 'Then, without a network:')}</p><pre tabindex="0">lienthong verify record record.json \\
  --proof proof.txt --key log.vkey</pre></section>
<section class="card"><h2>${say('Khóa của sổ', "The log's key")}</h2><p><code class="digest">${material.verifierKey}</code><input type="hidden" id="vkey" value="${material.verifierKey}"></p><p class="hint">${say('Đối chiếu với khóa được công bố ở nơi khác.', 'Compare it with the key as published elsewhere.')}</p></section></div></div>
<section class="card"><h2 id="record-title">${say('Bản ghi, từng byte', 'The record, byte by byte')}</h2>
${leaf === undefined ? html`<p>${say('Vai của bạn không xem nguyên bản ghi: kiểm từ dấu băm.', 'Your role does not see the whole record: checking starts at its digest.')}</p>` : html`<textarea id="leaf" aria-labelledby="record-title" rows="6" readonly spellcheck="false">${leaf}</textarea>`}
${disclosures !== undefined && html`<h2 id="disclosures-title" class="next">${say('Phần riêng, giữ bên ngoài sổ', 'The private part, kept beside the log')}</h2>${disclosures.length === 0 ? html`<p class="notice">${say('Không có, hoặc đã bị xóa.', 'There is none, or it was erased.')}</p>` : ''}<textarea id="disclosures" aria-labelledby="disclosures-title" rows="${Math.max(disclosures.length, 1)}" readonly spellcheck="false">${disclosures.join('\n')}</textarea>`}
<h2 id="proof-title" class="next">${say('Đường kiểm và điểm kiểm', 'Path and checkpoint')}</h2>${proof === undefined ? html`<p class="notice">${say('Điểm kiểm kế tiếp chưa ký; tải lại trang sau vài giây.', 'The next checkpoint is not signed yet; reload in a few seconds.')}</p>` : html`<textarea id="proof" aria-labelledby="proof-title" rows="8" readonly spellcheck="false">${proof}</textarea>`}</section>
${words(view, material.leafHash)}`,
  }
}

/** For files that somebody kept: they are read by the browser alone, and sent nowhere. */
export function verifyPage(view: View, verifierKey: string): Page {
  const { say } = view
  const title = say('Kiểm chứng một tệp', 'Verify a file')
  const area = (id: string, label: string, hint: string, rows: number) =>
    html`<label for="${id}">${label}</label><p class="hint" id="${id}-hint">${hint}</p><textarea id="${id}" rows="${rows}" spellcheck="false" autocomplete="off" aria-describedby="${id}-hint"></textarea>`
  return {
    title,
    section: 'verify',
    script: 'console/drop.ts',
    body: html`<h1>${title}</h1>
<p class="sentence">${say('Thả bản ghi, bằng chứng hoặc biên nhận bạn đã giữ: trình duyệt tự kiểm, không tệp nào được gửi đi. Không cần đăng nhập.', 'Drop a record, a proof or a receipt that you kept: your browser checks it by itself, nothing is sent anywhere. No signing in is needed.')}</p>
<noscript><p class="notice">${say('Trang này cần JavaScript. Không có nó: dùng lienthong verify record hoặc verify receipt.', 'This page needs JavaScript. Without it: lienthong verify record, or verify receipt.')}</p></noscript>
<div class="columns"><div class="wide"><section class="card"><div id="drop" class="drop"><label for="files">${say('Thả tệp vào đây, hoặc chọn tệp', 'Drop files here, or choose them')}</label><p class="hint" id="files-hint">record.json · proof.txt · ${say('biên nhận', 'receipt')} (Exchange-Receipt)</p><input type="file" id="files" multiple aria-describedby="files-hint"></div>
<details class="paste"><summary>${say('Hoặc dán nội dung', 'Or paste what they hold')}</summary>
${area('leaf', say('Bản ghi', 'Record'), say('Đúng từng byte, như record.json.', 'Byte by byte, as record.json has it.'), 5)}
${area('proof', say('Bằng chứng', 'Proof'), say('Bắt đầu bằng c2sp.org/tlog-proof.', 'It begins with c2sp.org/tlog-proof.'), 6)}
${area('receipt', say('Biên nhận', 'Receipt'), say('Giá trị của Exchange-Receipt, bắt đầu bằng log=.', 'The value of Exchange-Receipt; it begins with log=.'), 3)}</details></section>
<section class="card"><h2>${say('Kết quả từng bước', 'Step by step')}</h2>${stepList(view, [RECEIPT_STEP, ...STEPS.filter(([id]) => id !== 'private')])}${buttons(view)}</section></div>
<div class="side"><section class="card"><h2><label for="vkey">${say('Khóa của sổ', "The log's key")}</label></h2><textarea id="vkey" rows="3" spellcheck="false" autocomplete="off" aria-describedby="vkey-hint">${verifierKey}</textarea><p class="hint" id="vkey-hint">${say('Thay bằng khóa bạn giữ từ trước, để không phải tin máy chủ này.', 'Put in the key that you kept from before, so as not to trust this server.')}</p></section>
<section class="card"><h2>${say('Lấy các tệp này ở đâu', 'Where these files come from')}</h2><ul class="plain"><li>${say('Biên nhận: hệ thống hỏi nhận trong tiêu đề Exchange-Receipt của mỗi câu trả lời.', 'The receipt: the asking system gets it with each answer, in Exchange-Receipt.')}</li><li>${say('Bằng chứng: /log/proof/{mã giao dịch}, ai cũng lấy được.', 'The proof: /log/proof/{exchange id}, for anybody.')}</li><li>${say('Bản ghi: trang Kiểm chứng của một giao dịch, cho người có quyền.', "The record: an exchange's own proof page, for those with the right.")}</li></ul></section></div></div>${words(view, '')}`,
  }
}
