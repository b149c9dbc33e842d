import { inflateRawSync } from 'node:zlib'

/** The parts of an archive made with data descriptors, by the central directory (APPNOTE 4.3.12). */
export function unzip(archive: Buffer): ReadonlyMap<string, Buffer> {
  const parts = new Map<string, Buffer>()
  const end = archive.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'))
  let at = archive.readUInt32LE(end + 16)
  for (let entries = archive.readUInt16LE(end + 10); entries > 0; entries -= 1) {
    const [method, size] = [archive.readUInt16LE(at + 10), archive.readUInt32LE(at + 20)]
    const [nameLength, extra, comment] = [28, 30, 32].map((offset) => archive.readUInt16LE(at + offset)) as [
      number,
      number,
      number,
    ]
    const local = archive.readUInt32LE(at + 42)
    const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28)
    const bytes = archive.subarray(start, start + size)
    parts.set(
      archive.subarray(at + 46, at + 46 + nameLength).toString(),
      method === 0 ? bytes : inflateRawSync(bytes),
    )
    at += 46 + nameLength + extra + comment
  }
  return parts
}
