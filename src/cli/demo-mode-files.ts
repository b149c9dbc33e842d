import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { NODE_CRYPTO } from '../identity/log-key.ts'
import { parseVerifierKey } from '../ledger/note.ts'
import { samplePerson } from '../sandbox/samples.ts'
import { createBulkClient } from './bulk-client.ts'
import { type Mode, type ModeParts, membersOf, type Told, until } from './demo-mode.ts'
import { DEMO_RECIPIENT } from './demo-registry.ts'
import { openPackage } from './package-open.ts'

const WISH = { service: 'G01/dan-cu/cong-dan/v1', operation: 'verifyCitizens', format: 'ndjson' }
const PURPOSE = { 'exchange-purpose': 'lam-sach-du-lieu' }

const clientOf = ({ world }: ModeParts) => createBulkClient(world.as(DEMO_RECIPIENT, '/jobs'))

/** Hands in a file and waits for its results. @returns the job's id. */
async function match(parts: ModeParts, records: readonly object[]): Promise<string> {
  const jobs = clientOf(parts)
  const file = join(parts.world.files.folder, 'doi-soat.ndjson')
  const text = records.map((record) => `${JSON.stringify(record)}\n`).join('')
  writeFileSync(file, text, { mode: 0o600 })
  const { id } = await jobs.create({ ...WISH, sizeBytes: Buffer.byteLength(text) }, PURPOSE)
  await jobs.upload(file, id, () => {})
  await until(parts, async () => ((await jobs.show(id)).state === 'done' ? true : undefined))
  return id
}

/** Five records of an agency's file: three right, one without its marks, one with a number too short. */
async function matchFile(parts: ModeParts): Promise<Told & { readonly job: string }> {
  const right = [11, 12, 13].map((index) => samplePerson(index).verify)
  const records = [
    ...right,
    { ...samplePerson(14).verify, fullName: 'Nguyen Van Khac' },
    { ...samplePerson(15).verify, personalId: '12' },
  ]
  const job = await match(parts, records)
  const { outcomes, quality } = await clientOf(parts).report(job)
  const { matched, differs, invalid } = membersOf(outcomes)
  const index = String(membersOf(quality)['index'])
  return {
    job,
    ok: matched === 3 && differs === 1 && invalid === 1,
    told: {
      vi: `tệp ${records.length} bản ghi của CSDL cán bộ: ${matched} khớp, ${differs} sai lệch, ${invalid} sai dạng; chỉ số chất lượng ${index}`,
      en: `a file of ${records.length} officials: ${matched} matched, ${differs} differs, ${invalid} invalid; data-quality index ${index}`,
    },
  }
}

/** Opens a package as its recipient does, offline but for the log's key. */
export async function openSealed({ world }: ModeParts, sealed: Buffer, name: string) {
  const file = join(world.files.folder, `${name}.package`)
  const out = join(world.files.folder, `${name}.results.ndjson`)
  writeFileSync(file, sealed, { mode: 0o600 })
  const { body } = await world.consumer.request({ method: 'GET', path: '/log/vkey' })
  const logKey = await parseVerifierKey(body.toString('utf8').trim(), NODE_CRYPTO.hash)
  if (logKey === undefined) throw new Error('the log tells no key')
  const privateJwk = JSON.parse(readFileSync(world.files.packageKey, 'utf8'))
  const { findings, manifest } = await openPackage({ file, logKey, privateJwk, out })
  const good = findings.filter(({ ok }) => ok).length
  return { findings, good, manifest, content: readFileSync(out), kid: privateJwk.kid as string }
}

/** The job's results for hand-over: fetched as a package, opened offline, and held against the results themselves. */
async function handOver(parts: ModeParts, job: string): Promise<Told> {
  const jobs = clientOf(parts)
  const { findings, good, manifest, content, kid } = await openSealed(
    parts,
    await jobs.package(job),
    'doi-soat',
  )
  const isWhole = good === findings.length && content.equals(await jobs.result(job))
  return {
    ok: isWhole && manifest?.records === 5 && manifest.recipientKey === kid,
    told: {
      vi: `kết quả đối soát thành gói: bản kê do sổ ký, nội dung mã hóa (JWE) cho riêng CSDL cán bộ; mở bằng lienthong package open: ${good}/${findings.length} phép kiểm đúng, ${manifest?.records} bản ghi`,
      en: `the matched file as a package: manifest signed by the log, content encrypted (JWE) to the officials' key; opened by lienthong package open: ${good} of ${findings.length} checks hold, ${manifest?.records} records`,
    },
  }
}

/** A file matched, and its results handed over: the second takes up what the first made. */
export function planFiles(): { readonly bulk: Mode; readonly handOver: Mode } {
  let job: string | undefined
  return {
    bulk: {
      id: 'bulk',
      title: { vi: 'Đối soát hàng loạt', en: 'Bulk matching' },
      async run(parts) {
        const matched = await matchFile(parts)
        job = matched.job
        return matched
      },
    },
    handOver: {
      id: 'package',
      title: { vi: 'Gói bàn giao', en: 'Package for hand-over' },
      async run(parts) {
        if (job === undefined) throw new Error('there are no results to hand over')
        return handOver(parts, job)
      },
    },
  }
}
