import { encodeBase64, equalBytes } from '../ledger/base64.ts'
import { openCheckpoint } from '../ledger/checkpoint.ts'
import { openPrivatePart, splitDisclosures } from '../ledger/disclosure.ts'
import { type Crypto, formatNote, parseVerifierKey } from '../ledger/note.ts'
import { leafHashOf, parseProof, rootOfInclusion } from '../ledger/proof.ts'
import { isPromised, parseReceipt } from '../ledger/receipt.ts'

/**
 * What both proof pages run: checks one record in the reader's browser, with the code the gateway itself uses. A
 * page that knows the record's digest says it; elsewhere the receipt or the record itself tells.
 */

type Check = 'receipt' | 'leaf' | 'private' | 'inclusion' | 'signature' | 'memory'

interface Outcome {
  readonly ok: boolean | undefined
  readonly note: string
}

const element = (id: string) => document.getElementById(id)
const say = (name: string) => element('material')?.dataset[name] ?? ''
/** What a field holds; undefined where it is empty or not there. */
const textOf = (id: string) => {
  const field = element(id)
  const isField = field instanceof HTMLTextAreaElement || field instanceof HTMLInputElement
  return isField && field.value !== '' ? field.value : undefined
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
  const area = element('disclosures')
  const shown = area instanceof HTMLTextAreaElement ? area.value : undefined
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
  const key = await parseVerifierKey(textOf('vkey')?.trim() ?? '', crypto.hash)
  const receiptText = textOf('receipt')?.trim()
  const receipt = receiptText === undefined ? undefined : parseReceipt(receiptText)
  if (receiptText !== undefined) {
    const isTrue = receipt !== undefined && key !== undefined && (await isPromised(receipt, key, crypto))
    found.set('receipt', {
      ok: isTrue,
      note: receipt === undefined ? '' : `${receipt.origin} · ${receipt.index}`,
    })
  }
  const leaf = textOf('leaf')
  const computed =
    leaf === undefined ? undefined : await leafHashOf(new TextEncoder().encode(leaf), crypto.hash)
  const stated = say('leafHash') === '' ? receipt?.leafHash : fromUrl(say('leafHash'))
  if (computed !== undefined) {
    found.set('leaf', {
      ok: stated === undefined || equalBytes(computed, stated),
      note: `SHA-256 → ${encodeBase64(computed)}`,
    })
  }
  if (element('disclosures') !== null || say('leafHash') !== '')
    found.set('private', await checkPrivate(leaf))
  const leafHash = computed ?? stated
  const proofText = textOf('proof')
  if (proofText === undefined || leafHash === undefined) return found
  const proof = parseProof(proofText)
  if (proof === undefined || key === undefined) {
    found.set('inclusion', { ok: false, note: '' })
    return found
  }
  const { index, path, checkpoint } = proof
  const root = await rootOfInclusion({ index, size: checkpoint.size, leafHash, path }, crypto.hash)
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

/** A record nobody showed to be in the log is not yet proven, however well it fits its receipt. */
function verdictOf(found: ReadonlyMap<Check, Outcome>): string {
  if (found.has('inclusion')) return 'all'
  return found.has('receipt') ? 'promised' : 'digest'
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Checks what stands in the fields and tells it, step after step. */
export async function run(): Promise<void> {
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
    verdict.className = found.size === 0 ? 'verdict' : `verdict ${all ? 'good' : 'bad'}`
    verdict.textContent = found.size === 0 ? say('empty') : all ? say(verdictOf(found)) : say('none')
  }
}

/** Changes one letter of the record, or of whatever else there is to check. */
function tamper(): void {
  const areas = ['leaf', 'proof', 'receipt'].map(element)
  const area = areas.find((each) => each instanceof HTMLTextAreaElement && each.value !== '')
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

// Without this module they would do nothing.
element('acts')?.removeAttribute('hidden')
element('verify')?.addEventListener('click', () => void run())
element('tamper')?.addEventListener('click', () => {
  tamper()
  void run()
})
element('restore')?.addEventListener('click', () => {
  restore()
  void run()
})
