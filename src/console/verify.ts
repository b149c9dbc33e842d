import { encodeBase64, equalBytes } from '../ledger/base64.ts'
import { openCheckpoint } from '../ledger/checkpoint.ts'
import { openPrivatePart, splitDisclosures } from '../ledger/disclosure.ts'
import { type Crypto, formatNote, parseVerifierKey } from '../ledger/note.ts'
import { leafHashOf, parseProof, rootOfInclusion } from '../ledger/proof.ts'

/** The proof page's own part: checks one record in the reader's browser, with the code the gateway itself uses. */

type Check = 'leaf' | 'private' | 'inclusion' | 'signature' | 'memory'

interface Outcome {
  readonly ok: boolean | undefined
  readonly note: string
}

const element = (id: string) => document.getElementById(id)
const say = (name: string) => element('material')?.dataset[name] ?? ''
const textOf = (id: string) => {
  const area = element(id)
  return area instanceof HTMLTextAreaElement ? area.value : undefined
}

const crypto: Crypto = {
  hash: async (data) => new Uint8Array(await globalThis.crypto.subtle.digest('SHA-256', data.slice())),
  async verifyEd25519(publicKey, message, signature) {
    const key = await globalThis.crypto.subtle.importKey('raw', publicKey.slice(), 'Ed25519', false, [
      'verify',
    ])
    return globalThis.crypto.subtle.verify('Ed25519', key, signature.slice(), message.slice())
  },
}

const fromUrl = (text: string) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (sign) => sign.charCodeAt(0))

/** Remembers the largest head seen of each log; two roots of one size are a fork. */
function remember(origin: string, size: number, root: string): Outcome {
  const name = `lienthong:${origin}`
  const [knownSize = '', knownRoot = ''] = (localStorage.getItem(name) ?? '').split(' ')
  if (Number(knownSize) === size && knownRoot !== root) return { ok: false, note: say('forked') }
  if (Number(knownSize) >= size) return { ok: true, note: say('same') }
  localStorage.setItem(name, `${size} ${root}`)
  return { ok: true, note: knownSize === '' ? say('first') : say('grown') }
}

/** Holds the disclosures shown against the digests in the record; erased ones are said to be. */
async function checkPrivate(leaf: string | undefined): Promise<Outcome> {
  const shown = textOf('disclosures')
  if (leaf === undefined || shown === undefined) return { ok: undefined, note: say('hidden') }
  let digests: Readonly<Record<string, unknown>>
  try {
    digests = (JSON.parse(leaf) as { private?: Readonly<Record<string, unknown>> }).private ?? {}
  } catch {
    return { ok: false, note: '' }
  }
  const { facts, strange, closed } = await openPrivatePart(digests, splitDisclosures(shown), crypto.hash)
  if (Object.keys(digests).length === 0 && strange === 0) return { ok: undefined, note: say('nothing') }
  const lines = facts.map(({ name, value }) => `${name}: ${value}`)
  if (closed.length > 0) lines.push(`${closed.join(', ')}: ${say('erased')}`)
  return { ok: strange === 0, note: lines.join(' · ') }
}

async function check(): Promise<ReadonlyMap<Check, Outcome>> {
  const found = new Map<Check, Outcome>()
  const leaf = textOf('leaf')
  const stated = fromUrl(say('leafHash'))
  const computed = leaf === undefined ? stated : await leafHashOf(new TextEncoder().encode(leaf), crypto.hash)
  const isLeaf = equalBytes(computed, stated)
  found.set(
    'leaf',
    leaf === undefined ? { ok: undefined, note: say('skip') } : { ok: isLeaf, note: encodeBase64(computed) },
  )
  found.set('private', await checkPrivate(leaf))
  const proof = parseProof(textOf('proof') ?? '')
  const key = await parseVerifierKey(element('vkey')?.textContent?.trim() ?? '', crypto.hash)
  if (proof === undefined || key === undefined) {
    found.set('inclusion', { ok: false, note: '' })
    return found
  }
  const { index, path, checkpoint } = proof
  const root = await rootOfInclusion({ index, size: checkpoint.size, leafHash: computed, path }, crypto.hash)
  const isIncluded = root !== undefined && equalBytes(root, checkpoint.root)
  found.set('inclusion', {
    ok: isIncluded,
    note: root === undefined ? '' : `${path.length} × SHA-256 → ${encodeBase64(root)}`,
  })
  const isSigned = (await openCheckpoint(formatNote(checkpoint.note), key, crypto)) !== undefined
  found.set('signature', { ok: isSigned, note: `${checkpoint.origin} · ${checkpoint.size}` })
  if (isIncluded && isSigned)
    found.set('memory', remember(checkpoint.origin, checkpoint.size, encodeBase64(checkpoint.root)))
  return found
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

async function run(): Promise<void> {
  const found = await check()
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches
  const items = [...document.querySelectorAll<HTMLElement>('[data-check]')]
  for (const item of items) item.className = 'none'
  let all = true
  for (const item of items) {
    const outcome = found.get(item.dataset['check'] as Check)
    if (!calm) await pause(220)
    const words = outcome?.ok === undefined ? say('skip') : outcome.ok ? say('ok') : say('bad')
    item.className = outcome?.ok === undefined ? 'none' : outcome.ok ? 'good' : 'bad'
    const [at, finding] = [item.querySelector('.at'), item.querySelector('.finding')]
    if (at) at.textContent = words
    if (finding) finding.textContent = outcome?.note ?? ''
    if (outcome?.ok === false) all = false
  }
  const verdict = element('verdict')
  if (verdict) {
    verdict.className = `verdict ${all ? 'good' : 'bad'}`
    verdict.textContent = all ? say('all') : say('none')
  }
}

/** Changes one letter of the record, or of the digest where the record is not shown. */
function tamper(): void {
  const area = element('leaf') ?? element('proof')
  if (!(area instanceof HTMLTextAreaElement)) return
  const { value } = area
  const at =
    value.indexOf('"outcome":"') >= 0 ? value.indexOf('"outcome":"') + 11 : Math.floor(value.length / 2)
  area.value = `${value.slice(0, at)}${value[at] === 'x' ? 'y' : 'x'}${value.slice(at + 1)}`
  area.dataset['original'] ??= value
  area.classList.add('tampered')
  element('restore')?.removeAttribute('hidden')
}

function restore(): void {
  for (const area of document.querySelectorAll<HTMLTextAreaElement>('textarea[data-original]')) {
    area.value = area.dataset['original'] ?? area.value
    delete area.dataset['original']
    area.classList.remove('tampered')
  }
  element('restore')?.setAttribute('hidden', '')
}

element('verify')?.addEventListener('click', () => void run())
element('tamper')?.addEventListener('click', () => {
  tamper()
  void run()
})
element('restore')?.addEventListener('click', () => {
  restore()
  void run()
})
