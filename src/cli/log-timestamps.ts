import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readCertificates } from '../ledger/timestamp.ts'
import type { StoredTimestamp } from '../ledger/timestamping.ts'
import type { EarlierHead, Finding, Trust } from '../ledger/verify.ts'
import { type TimestampEvidence, verifyTimestamp } from '../ledger/verify-timestamp.ts'

/** The `timestamps` folder of a bundle: for each stamp its checkpoint and token, for each authority certificates. */

/** What is read of a log's time stamps. */
export interface TimestampSource {
  listTimestamps(): Promise<readonly Pick<StoredTimestamp, 'size' | 'authority' | 'at'>[]>
  readTimestamp(size: number, authority: string): Promise<StoredTimestamp | undefined>
}

/** All stamps of a log up to a size. */
export async function* readTimestamps(
  source: TimestampSource,
  upTo: number,
): AsyncGenerator<StoredTimestamp> {
  for (const { size, authority } of await source.listTimestamps()) {
    const stamp = size <= upTo ? await source.readTimestamp(size, authority) : undefined
    if (stamp) yield stamp
  }
}

/** @returns the files of a bundle, by path. */
export async function timestampFiles(
  stamps: AsyncIterable<StoredTimestamp>,
): Promise<ReadonlyMap<string, string | Uint8Array>> {
  const files = new Map<string, string | Uint8Array>()
  for await (const { size, authority, note, token } of stamps) {
    files.set(`timestamps/${size}-${authority}.checkpoint`, note)
    files.set(`timestamps/${size}-${authority}.tsr`, token)
  }
  return files
}

/** A bundle's stamps, with the certificates that came with them. */
export async function readBundleTimestamps(
  folder: string,
): Promise<readonly (TimestampEvidence & { readonly certificates: readonly Uint8Array[] })[]> {
  if (!(await readdir(folder)).includes('timestamps')) return []
  const names = (await readdir(join(folder, 'timestamps'))).sort()
  const path = (name: string) => join(folder, 'timestamps', name)
  return Promise.all(
    names.flatMap((name) => {
      const [, base = '', authority = ''] = /^(\d+-([a-z0-9-]+))\.tsr$/.exec(name) ?? []
      if (base === '') return []
      const read = async () => ({
        authority,
        note: await readFile(path(`${base}.checkpoint`), 'utf8'),
        token: await readFile(path(name)),
        certificates: names.includes(`${authority}.pem`)
          ? readCertificates(await readFile(path(`${authority}.pem`), 'utf8'))
          : [],
      })
      return read()
    }),
  )
}

/** What the stamps say, and the heads that the log must have passed through by them. */
export async function checkTimestamps(
  stamps: readonly (TimestampEvidence & { readonly certificates: readonly Uint8Array[] })[],
  trust: Trust,
): Promise<{ readonly findings: readonly Finding[]; readonly heads: readonly EarlierHead[] }> {
  const checked = await Promise.all(stamps.map((stamp) => verifyTimestamp(stamp, stamp.certificates, trust)))
  return {
    findings: checked.map(({ finding }) => finding),
    heads: checked.flatMap(({ head }) => head ?? []),
  }
}
