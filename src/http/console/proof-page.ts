import { html } from './html.ts'
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
<noscript><p class="notice">${say('Trang này cần JavaScript để tính trong trình duyệt. Không có nó: tải hai tệp dưới đây và dùng dòng lệnh.', 'This page computes in the browser and needs JavaScript. Without it, download the two files below and use the command line.')}</p></noscript>
<div class="columns"><section class="card wide"><h2>${say('Từng bước', 'Step by step')}</h2>
<ol class="life checks" id="checks">${STEPS.map(([id, vi, en, viText, enText]) => html`<li class="none" data-check="${id}"><div class="what"><strong>${say(vi, en)}</strong><span class="at"></span></div><div class="detail">${say(viText, enText)}</div><div class="finding"></div></li>`)}</ol>
<p class="verdict" id="verdict" role="status" aria-live="polite"></p>
<div class="row"><button type="button" id="verify">${say('Kiểm chứng', 'Verify')}</button> <button type="button" id="tamper" class="danger">${say('Thử sửa một ký tự', 'Change one character')}</button> <button type="button" id="restore" class="secondary" hidden>${say('Trả lại như cũ', 'Put it back')}</button></div></section>
<div class="side"><section class="card"><h2>${say('Tải về, kiểm ngoại tuyến', 'Take it offline')}</h2><ul class="plain">${leaf !== undefined && html`<li><a href="/console/exchanges/${exchange}/record.json" download>${say('Bản ghi', 'Record')} (record.json)</a></li>`}<li><a href="/console/exchanges/${exchange}/proof.txt" download>${say('Bằng chứng', 'Proof')} (proof.txt)</a></li></ul>
<p class="hint">${say('Rồi, không cần mạng:', 'Then, without a network:')}</p><pre tabindex="0">lienthong verify record record.json \\
  --proof proof.txt --key log.vkey</pre></section>
<section class="card"><h2>${say('Khóa của sổ', "The log's key")}</h2><p><code class="digest" id="vkey">${material.verifierKey}</code></p><p class="hint">${say('Đối chiếu với khóa được công bố ở nơi khác.', 'Compare it with the key as published elsewhere.')}</p></section></div></div>
<section class="card"><h2 id="record-title">${say('Bản ghi, từng byte', 'The record, byte by byte')}</h2>
${leaf === undefined ? html`<p>${say('Vai của bạn không xem nguyên bản ghi: kiểm từ dấu băm.', 'Your role does not see the whole record: checking starts at its digest.')}</p>` : html`<textarea id="leaf" aria-labelledby="record-title" rows="6" readonly spellcheck="false">${leaf}</textarea>`}
${disclosures !== undefined && html`<h2 id="disclosures-title" class="next">${say('Phần riêng, giữ bên ngoài sổ', 'The private part, kept beside the log')}</h2>${disclosures.length === 0 ? html`<p class="notice">${say('Không có, hoặc đã bị xóa.', 'There is none, or it was erased.')}</p>` : ''}<textarea id="disclosures" aria-labelledby="disclosures-title" rows="${Math.max(disclosures.length, 1)}" readonly spellcheck="false">${disclosures.join('\n')}</textarea>`}
<h2 id="proof-title" class="next">${say('Đường kiểm và điểm kiểm', 'Path and checkpoint')}</h2>${proof === undefined ? html`<p class="notice">${say('Điểm kiểm kế tiếp chưa ký; tải lại trang sau vài giây.', 'The next checkpoint is not signed yet; reload in a few seconds.')}</p>` : html`<textarea id="proof" aria-labelledby="proof-title" rows="8" readonly spellcheck="false">${proof}</textarea>`}</section>
<div id="material" hidden data-leaf-hash="${material.leafHash}" data-ok="${say('Khớp', 'Holds')}" data-bad="${say('Không khớp', 'Does not hold')}" data-skip="${say('Không xét', 'Not looked at')}" data-hidden="${say('Vai của bạn không xem phần riêng.', 'Your role does not see private parts.')}" data-nothing="${say('Bản ghi này không có phần riêng.', 'This record has no private part.')}" data-erased="${say('đã bị xóa', 'erased')}" data-first="${say('Lần đầu: đã nhớ điểm kiểm này.', 'First time: this checkpoint is remembered now.')}" data-same="${say('Đúng điểm kiểm đã nhớ.', 'The same checkpoint as remembered.')}" data-grown="${say('Sổ đã dài thêm so với lần trước.', 'The log has grown since.')}" data-forked="${say('Cùng kích thước mà gốc khác: sổ có hai mặt!', 'Same size, another root: the log has two faces!')}" data-all="${say('Bản ghi này nằm trong sổ và còn nguyên vẹn.', 'This record is in the log, unchanged.')}" data-none="${say('Bằng chứng không đúng: bản ghi đã bị sửa hoặc không thuộc sổ.', 'The proof does not hold: the record was changed or is not of this log.')}" data-tampered="${say('Đã đổi ký tự thứ', 'Changed character no.')}"></div>`,
  }
}
