import { type FileHandle, open } from 'node:fs/promises'
import type { ConsumerClient } from './client.ts'
import type { Members } from './consumer-reply.ts'
import { refusalOf, requireMembers } from './refusal.ts'

const ROUTE = '/jobs/bulk'
const PIECE_BYTES = 4 * 1024 * 1024

/** A job as the gateway describes it. */
export interface BulkStatus {
  readonly id: string
  readonly state: string
  readonly records: number
  readonly sizeBytes: number
  readonly receivedBytes: number
  readonly code?: string
}

/** @returns a job out of what the gateway said of it. */
export function statusOf(members: Members): BulkStatus {
  const number = (name: string) => Number(members[name] ?? 0)
  return {
    id: String(members['id']),
    state: String(members['state']),
    records: number('records'),
    sizeBytes: number('sizeBytes'),
    receivedBytes: number('receivedBytes'),
    ...(typeof members['code'] === 'string' && { code: members['code'] }),
  }
}

/** A consumer's bulk jobs at a gateway; whatever is refused is thrown as CliFault. */
export function createBulkClient(client: ConsumerClient) {
  const ask = (method: string, path: string) => client.request({ method, path: ROUTE + path })

  async function offsetOf(id: string): Promise<number> {
    const reply = await ask('HEAD', `/${id}/input`)
    if (reply.status !== 200) throw refusalOf(reply)
    return Number(reply.headers['upload-offset'])
  }

  async function sendPiece(file: FileHandle, id: string, offset: number): Promise<number> {
    const piece = Buffer.allocUnsafe(PIECE_BYTES)
    const { bytesRead } = await file.read(piece, 0, PIECE_BYTES, offset)
    const reply = await client.request({
      method: 'PATCH',
      path: `${ROUTE}/${id}/input`,
      headers: { 'content-type': 'application/offset+octet-stream', 'upload-offset': String(offset) },
      body: piece.subarray(0, bytesRead),
    })
    // Somebody's piece arrived whose answer did not: the gateway knows where to go on.
    if (reply.status === 409) return offsetOf(id)
    if (reply.status !== 204) throw refusalOf(reply)
    return Number(reply.headers['upload-offset'])
  }

  return {
    async create(wanted: object, headers: Readonly<Record<string, string>>): Promise<BulkStatus> {
      const body = JSON.stringify(wanted)
      const type = { 'content-type': 'application/json', ...headers }
      return statusOf(
        requireMembers(await client.request({ method: 'POST', path: ROUTE, headers: type, body })),
      )
    },
    /** Sends what the gateway has not yet of the file. */
    async upload(path: string, id: string, onProgress: (bytes: number) => void): Promise<void> {
      const file = await open(path)
      try {
        const { size } = await file.stat()
        let offset = await offsetOf(id)
        while (offset < size) {
          offset = await sendPiece(file, id, offset)
          onProgress(offset)
        }
      } finally {
        await file.close()
      }
    },
    show: async (id: string) => statusOf(requireMembers(await ask('GET', `/${id}`))),
    act: async (id: string, action: string) =>
      statusOf(requireMembers(await ask('POST', `/${id}/${action}`))),
    report: async (id: string) => requireMembers(await ask('GET', `/${id}/report`)),
    list: async () => requireMembers(await ask('GET', '')),
    /** A job's results, sealed for hand-over. */
    async package(id: string): Promise<Buffer> {
      const reply = await ask('GET', `/${id}/package`)
      if (reply.status !== 200) throw refusalOf(reply)
      return reply.body
    },
    async result(id: string): Promise<Buffer> {
      const reply = await ask('GET', `/${id}/result`)
      if (reply.status !== 200) throw refusalOf(reply)
      return reply.body
    },
  }
}

export type BulkClient = ReturnType<typeof createBulkClient>
