/** Entries as a bundle of c2sp.org/tlog-tiles: each behind its length in two bytes, big-endian. */
export function encodeEntries(entries: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    entries.flatMap((entry) => {
      const length = Buffer.alloc(2)
      length.writeUInt16BE(entry.length)
      return [length, entry]
    }),
  )
}

/** @throws RangeError where the bytes are no whole entries. */
export function decodeEntries(bytes: Buffer): readonly Buffer[] {
  const entries: Buffer[] = []
  let at = 0
  while (at < bytes.length) {
    const end = at + 2 + bytes.readUInt16BE(at)
    if (end > bytes.length) throw new RangeError('an entry is cut off')
    entries.push(bytes.subarray(at + 2, end))
    at = end
  }
  return entries
}
