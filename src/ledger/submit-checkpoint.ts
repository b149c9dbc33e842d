import type { SubmitCheckpoint } from './witnessing.ts'

/** A dozen cosignatures are 3 kB. */
const MAX_ANSWER_BYTES = 65_536

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) throw new RangeError('the answer of a witness is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Asks witnesses over HTTP (c2sp.org/tlog-witness): no redirects, no long answers, nothing waited for beyond `timeoutMs`. */
export function createSubmitCheckpoint(timeoutMs: number): SubmitCheckpoint {
  return async (prefix, body) => {
    const response = await fetch(`${prefix.replace(/\/$/, '')}/add-checkpoint`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    })
    const type = response.headers.get('content-type') ?? ''
    return { status: response.status, type, body: await readText(response) }
  }
}
