/** A token with a chain of certificates is 3 to 8 kB. */
const MAX_ANSWER_BYTES = 65_536

/** Asks a time-stamping authority over HTTP (RFC 3161 §3.4): no redirects, no long answers. */
export function createAskAuthority(
  url: string,
  timeoutMs: number,
): (request: Uint8Array) => Promise<Uint8Array> {
  return async (request) => {
    const response = await fetch(url, {
      method: 'POST',
      body: new Uint8Array(request),
      headers: { 'content-type': 'application/timestamp-query' },
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    })
    if (response.status !== 200) throw new Error(`the time-stamping authority answered ${response.status}`)
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length
      if (bytes > MAX_ANSWER_BYTES)
        throw new RangeError('the answer of a time-stamping authority is too long')
      chunks.push(chunk)
    }
    return Buffer.concat(chunks)
  }
}
