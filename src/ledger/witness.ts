import { equalBytes } from './base64.ts'
import { type Checkpoint, openCheckpoint, parseCheckpoint } from './checkpoint.ts'
import type { Anchor } from './keeper.ts'
import {
  type Crypto,
  cosignedMessage,
  formatNote,
  formatSignatureLine,
  type NoteKey,
  type NoteSigner,
  stampSignature,
} from './note.ts'
import { isConsistent } from './proof.ts'
import { parseWitnessRequest, SIZE_TYPE, type WitnessRequest } from './witness-request.ts'

/** What a witness answers, by c2sp.org/tlog-witness. */
export interface WitnessAnswer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422
  readonly type: string
  readonly body: string
}

/** What a witness has cosigned of one log, to be told to operators. */
export interface WitnessedLog {
  readonly origin: string
  readonly size: number
}

/**
 * Why a witness did not cosign: `malformed`, `unknown_log` and `unsigned` say nothing of the log; `stale` the log
 * named another size than was cosigned last; `behind` it signed less than was cosigned, as after a rollback;
 * `forked` it signed what does not begin with what was cosigned.
 */
export type WitnessRefusal = 'malformed' | 'unknown_log' | 'unsigned' | 'stale' | 'behind' | 'forked'

/** In the order of the checks. */
export const WITNESS_REFUSALS = [
  'malformed',
  'unknown_log',
  'unsigned',
  'stale',
  'behind',
  'forked',
] as const satisfies readonly WitnessRefusal[]

interface WitnessParts {
  /** Keys of the logs that are witnessed; a log may have several. */
  readonly logs: readonly NoteKey[]
  /** Where the last cosigned checkpoint of a log is kept; its write is durable before it resolves. */
  readonly stateOf: (origin: string) => Anchor
  /** Keeps a signed checkpoint that contradicts one cosigned before: the proof that the log has forked. */
  readonly keepEvidence: (origin: string, request: string) => Promise<void>
  /** Its key is of the kind `cosignature`. */
  readonly signer: NoteSigner
  readonly crypto: Crypto
  /** Unix milliseconds. */
  readonly now: () => number
  readonly onCosigned: (log: WitnessedLog) => void
  readonly onRefused: (reason: WitnessRefusal, log: WitnessedLog & { readonly cosignedSize: number }) => void
}

/** Cosigns the checkpoints of logs that only grow. */
export interface Witness {
  /** @param body of an `add-checkpoint` request. Rejects where the state cannot be read or made durable. */
  addCheckpoint(body: string): Promise<WitnessAnswer>
  /** What has been cosigned so far. @throws Error (rejects) where a log's state is not what was written. */
  cosigned(): Promise<readonly WitnessedLog[]>
}

const TEXT = 'text/plain; charset=utf-8'
const refusal = (status: WitnessAnswer['status'], body: string): WitnessAnswer => ({
  status,
  type: TEXT,
  body: `${body}\n`,
})

/** @param parts the witness's key, and the logs it knows. */
export function createWitness(parts: WitnessParts): Witness {
  const { logs, stateOf, signer, crypto, now } = parts
  /** One request of a log at a time: between reading and writing its state there must be no other. */
  const turns = new Map<string, Promise<unknown>>()

  function inTurn<Result>(origin: string, task: () => Promise<Result>): Promise<Result> {
    const before = turns.get(origin) ?? Promise.resolve()
    const turn = before.then(task, task)
    turns.set(
      origin,
      turn.catch(() => {}),
    )
    return turn
  }

  async function readState(origin: string): Promise<Checkpoint | undefined> {
    const text = await stateOf(origin).read()
    if (text === undefined) return undefined
    const checkpoint = parseCheckpoint(text)
    if (checkpoint?.origin === origin) return checkpoint
    throw new Error(`what was cosigned of ${origin} cannot be read: put the state back or take on a new key`)
  }

  async function isSigned({ checkpoint }: WitnessRequest): Promise<boolean> {
    const text = formatNote(checkpoint.note)
    for (const key of logs) if (await openCheckpoint(text, key, crypto)) return true
    return false
  }

  async function cosign({ note }: Checkpoint): Promise<string> {
    const seconds = Math.floor(now() / 1000)
    const signature = stampSignature(seconds, await signer.sign(cosignedMessage(note.text, seconds)))
    return formatSignatureLine({ name: signer.key.name, id: signer.key.id, signature })
  }

  async function decide(request: WitnessRequest, body: string): Promise<WitnessAnswer> {
    const { oldSize, path, checkpoint } = request
    const { origin, size, root } = checkpoint
    const known = await readState(origin)
    const cosignedSize = known?.size ?? 0
    const refuse = (reason: WitnessRefusal) => parts.onRefused(reason, { origin, size, cosignedSize })
    const isOther = known?.size === size && !equalBytes(known.root, root)
    if (isOther) await parts.keepEvidence(origin, body)
    if (oldSize !== cosignedSize || isOther) {
      refuse(isOther ? 'forked' : size < cosignedSize ? 'behind' : 'stale')
      return { status: 409, type: SIZE_TYPE, body: `${cosignedSize}\n` }
    }
    const from = known ?? { size: 0, root: await crypto.hash(new Uint8Array(0)) }
    if (!(await isConsistent({ from, to: checkpoint, path }, crypto.hash))) {
      await parts.keepEvidence(origin, body)
      refuse('forked')
      return refusal(422, 'the checkpoint does not follow from the one cosigned before')
    }
    const line = await cosign(checkpoint)
    // Kept before it is given away: what was cosigned must not be forgotten.
    if (known?.size !== size) await stateOf(origin).write(formatNote(checkpoint.note))
    parts.onCosigned({ origin, size })
    return { status: 200, type: TEXT, body: line }
  }

  function refuseUnseen(reason: WitnessRefusal, request?: WitnessRequest): void {
    const { origin = '', size = 0 } = request?.checkpoint ?? {}
    parts.onRefused(reason, { origin, size, cosignedSize: 0 })
  }

  return {
    async addCheckpoint(body) {
      const request = parseWitnessRequest(body)
      if (request === undefined) {
        refuseUnseen('malformed')
        return refusal(400, 'not an add-checkpoint request')
      }
      const { checkpoint, oldSize } = request
      if (!logs.some(({ name }) => name === checkpoint.origin)) {
        refuseUnseen('unknown_log')
        return refusal(404, 'this log is not witnessed here')
      }
      if (!(await isSigned(request))) {
        refuseUnseen('unsigned', request)
        return refusal(403, "the checkpoint is not signed by the log's key")
      }
      if (oldSize > checkpoint.size) {
        refuseUnseen('malformed', request)
        return refusal(400, 'the old size is larger than the checkpoint')
      }
      return inTurn(checkpoint.origin, () => decide(request, body))
    },
    async cosigned() {
      const origins = [...new Set(logs.map(({ name }) => name))]
      return Promise.all(
        origins.map(async (origin) => ({ origin, size: (await readState(origin))?.size ?? 0 })),
      )
    },
  }
}
