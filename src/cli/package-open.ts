import { createHash, hash } from 'node:crypto'
import { createReadStream, createWriteStream, renameSync, rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { compactVerify, type JWK } from 'jose'
import { openPart } from '../identity/package-part.ts'
import type { NoteKey } from '../ledger/note.ts'
import type { Finding } from '../ledger/verify.ts'
import type { Bilingual } from '../model/identifier.ts'
import { MANIFEST_TYPE, PACKAGE_FORMAT, type PackageManifest, type PackagePart } from '../model/package.ts'

/** Checking and opening a package with nothing but its file, the log's key and the recipient's. */

export interface OpenOptions {
  readonly file: string
  readonly logKey: NoteKey
  readonly privateJwk: JWK
  /** Written only where everything holds; absent: nothing is. */
  readonly out?: string
}

/** A manifest is a few hundred bytes, and some 70 for each part. */
const MAX_LINE = 64 * 1024 * 1024

interface ReadPackage {
  readonly parts: readonly PackagePart[]
  readonly manifest: string
}

function linesOf(file: string): AsyncIterable<string> {
  return createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })
}

/** @returns what the lines are, the last one by itself. */
async function readLines(file: string): Promise<ReadPackage> {
  const parts: PackagePart[] = []
  let last: string | undefined
  for await (const line of linesOf(file)) {
    if (line.length > MAX_LINE) return { parts, manifest: '' }
    if (last !== undefined) parts.push({ bytes: last.length, digest: hash('sha256', last, 'base64url') })
    last = line
  }
  return { parts, manifest: last ?? '' }
}

/** @returns the manifest; undefined where the log's key did not sign it. */
async function verifyManifest(
  jws: string,
  { publicKey, name }: NoteKey,
): Promise<PackageManifest | undefined> {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey).toString('base64url') }
  try {
    const { payload, protectedHeader } = await compactVerify(jws, jwk, { algorithms: ['EdDSA'] })
    if (protectedHeader.typ !== MANIFEST_TYPE || protectedHeader.kid !== name) return undefined
    const manifest: PackageManifest = JSON.parse(Buffer.from(payload).toString('utf8'))
    return manifest.format === PACKAGE_FORMAT ? manifest : undefined
  } catch {
    return undefined
  }
}

function finding(check: string, ok: boolean, detail: Bilingual): Finding {
  return { check, ok, detail }
}

function checkParts(manifest: PackageManifest, { parts }: ReadPackage): Finding[] {
  const count = parts.length
  const wanted = manifest.parts.length
  const wrong = manifest.parts.flatMap(({ bytes, digest }, index) => {
    const part = parts[index]
    return part?.bytes === bytes && part.digest === digest ? [] : [index + 1]
  })
  const list = wrong.slice(0, 10).join(', ')
  return [
    finding('count', count === wanted, {
      vi: `Số phần: ${count}, bản kê ghi ${wanted}.`,
      en: `Parts: ${count}; the manifest says ${wanted}.`,
    }),
    finding('parts', wrong.length === 0, {
      vi: wrong.length === 0 ? 'Mọi phần đúng như bản kê.' : `Phần khác bản kê: ${list}.`,
      en: wrong.length === 0 ? 'Each part is the manifest’s.' : `Parts that are not the manifest’s: ${list}.`,
    }),
  ]
}

/** Decrypts part after part. @throws RangeError naming the part that the key does not open. */
async function* decrypt(
  manifest: PackageManifest,
  { file, privateJwk }: OpenOptions,
): AsyncIterable<Uint8Array> {
  let part = 0
  for await (const line of linesOf(file)) {
    if (part === manifest.parts.length) return
    const content = await openPart(line, privateJwk, { exchange: manifest.exchange, part })
    part += 1
    if (content === undefined) throw new RangeError(String(part))
    yield content
  }
}

async function checkContent(manifest: PackageManifest, options: OpenOptions): Promise<Finding[]> {
  const { out } = options
  const draft = `${out}.draft`
  const sum = createHash('sha256').update(Buffer.from(manifest.salt, 'base64url'))
  let bytes = 0
  async function* watched() {
    for await (const content of decrypt(manifest, options)) {
      sum.update(content)
      bytes += content.length
      yield content
    }
  }
  try {
    if (out === undefined) for await (const _ of watched());
    else await pipeline(Readable.from(watched()), createWriteStream(draft, { mode: 0o600, flags: 'wx' }))
  } catch (thrown) {
    rmSync(draft, { force: true })
    if (!(thrown instanceof RangeError)) throw thrown
    return [
      finding('decryption', false, {
        vi: `Khóa này không mở được phần ${thrown.message}.`,
        en: `This key does not open part ${thrown.message}.`,
      }),
    ]
  }
  const holds = sum.digest('base64url') === manifest.contentDigest && bytes === manifest.contentBytes
  if (out !== undefined && holds) renameSync(draft, out)
  else rmSync(draft, { force: true })
  return [
    finding('content', holds, {
      vi: `Nội dung: ${bytes} byte, ${holds ? 'đúng' : 'KHÁC'} mã băm trong bản kê.`,
      en: `Content: ${bytes} bytes, ${holds ? 'as' : 'NOT as'} the manifest’s digest says.`,
    }),
  ]
}

/** @returns what was looked at, and the manifest where the log signed it. Nothing is written unless all of it holds. */
export async function openPackage(
  options: OpenOptions,
): Promise<{ readonly findings: readonly Finding[]; readonly manifest?: PackageManifest }> {
  const read = await readLines(options.file)
  const manifest = await verifyManifest(read.manifest, options.logKey)
  const signed = finding('manifest', manifest !== undefined, {
    vi: manifest
      ? `Bản kê do sổ ${manifest.origin} ký.`
      : 'Dòng cuối không phải bản kê do khóa của sổ này ký.',
    en: manifest
      ? `The manifest is signed by the log ${manifest.origin}.`
      : 'The last line is no manifest that this log’s key signed.',
  })
  if (manifest === undefined) return { findings: [signed] }
  const findings = [signed, ...checkParts(manifest, read)]
  if (!findings.every(({ ok }) => ok)) return { findings, manifest }
  return { findings: [...findings, ...(await checkContent(manifest, options))], manifest }
}
