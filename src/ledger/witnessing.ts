import { parseDecimal } from './base64.ts'
import type { SignedHead } from './keeper.ts'
import { type Crypto, formatSignatureLine, isSignedBy, parseNote, parseSignatureLine } from './note.ts'
import type { Policy, PolicyWitness } from './policy.ts'
import { consistencySpans, hashOfSpan, type Tile, type TilePlace, tilesOf } from './tile.ts'
import { formatWitnessRequest, SIZE_TYPE } from './witness-request.ts'

/**
 * How a witness stands to the log: `cosigned` the newest it was shown; `waiting` not asked yet; `unreachable`;
 * `refused` it does not know the log, or its key; `invalid` its answer is no cosignature of its key; `ahead` it
 * says that it cosigned more than there is; `forked` it says that the log does not follow from what it cosigned.
 */
export type WitnessState = 'waiting' | 'cosigned' | 'unreachable' | 'refused' | 'invalid' | 'ahead' | 'forked'

export const WITNESS_STATES = [
  'waiting',
  'cosigned',
  'unreachable',
  'refused',
  'invalid',
  'ahead',
  'forked',
] as const satisfies readonly WitnessState[]

/** One witness as the log knows it. */
export interface WitnessStanding {
  /** Its name in the policy. */
  readonly name: string
  readonly state: WitnessState
  /** Size of the last checkpoint it cosigned, or says that it did. */
  readonly size: number
}

/** What is kept of witnesses, so that a restart needs to ask nobody for it. */
export interface WitnessStore {
  /** Size that each witness cosigned last, by verifier key id in hexadecimal. */
  witnessSizes(): Promise<ReadonlyMap<string, number>>
  /** Keeps a cosigned checkpoint where it is served from. */
  addCosignatures(checkpoint: { size: number; note: string; cosigned: boolean }): Promise<void>
  noteWitness(key: string, size: number, atMs: number): Promise<void>
  readTiles(places: readonly TilePlace[]): Promise<readonly Tile[]>
}

/** What a witness answered over HTTP. */
export interface SubmissionAnswer {
  readonly status: number
  readonly type: string
  readonly body: string
}

/** Sends an `add-checkpoint` request. Rejects where there is no whole answer in time. */
export type SubmitCheckpoint = (prefix: string, body: string) => Promise<SubmissionAnswer>

interface WitnessingParts {
  readonly policy: Policy
  readonly store: WitnessStore
  readonly submit: SubmitCheckpoint
  readonly crypto: Crypto
  /** Unix milliseconds. */
  readonly now: () => number
  /** Told once for each checkpoint when a quorum has cosigned it; its promise is waited for. */
  readonly onQuorum: (head: SignedHead) => Promise<void>
  readonly onStanding: (standing: WitnessStanding, before: WitnessState) => void
  readonly onError: (error: unknown) => void
}

/** Has the log's checkpoints cosigned. */
export interface Witnessing {
  /** Asks every witness that is free. @returns once a quorum has cosigned, or all who were asked have answered. */
  offer(head: SignedHead): Promise<void>
  standings(): readonly WitnessStanding[]
  /** Since when the newest checkpoint offered waits for its quorum, Unix milliseconds. */
  waitingSinceMs(): number | undefined
}

/** A witness that fails is asked again after this long, then after twice as long and so on. */
const FIRST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 30_000

interface Asked {
  readonly witness: PolicyWitness
  readonly url: string
  state: WitnessState
  size: number
  busy: boolean
  failures: number
  retryAtMs: number
  /** The newest checkpoint it has cosigned, as text. */
  cosigned: string | undefined
}

const keyIdOf = ({ key }: PolicyWitness) => Buffer.from(key.id).toString('hex')

/** What came of asking once. */
interface Verdict {
  readonly state: WitnessState
  readonly size: number
  readonly line?: string
}

async function readCosignature(body: string, text: string, asked: Asked, crypto: Crypto) {
  const { key } = asked.witness
  for (const line of body.split('\n')) {
    const signature = parseSignatureLine(line)
    if (signature && (await isSignedBy({ text, signatures: [signature] }, key, crypto)))
      return formatSignatureLine(signature)
  }
  return undefined
}

/** The cosignatures of one checkpoint as they come in. */
interface Round {
  readonly note: string
  /** By the witness's name. */
  readonly lines: Map<string, string>
  cosigned: boolean
  /** One after the other: what was written last has all lines. */
  kept: Promise<unknown>
}

/** @param parts the policy, and how its witnesses are reached. */
export function createWitnessing(parts: WitnessingParts): Witnessing {
  const { policy, store, submit, crypto, now } = parts
  const all: Asked[] = policy.witnesses.flatMap((witness) =>
    witness.url === undefined
      ? []
      : {
          witness,
          url: witness.url,
          state: 'waiting' as const,
          size: 0,
          busy: false,
          failures: 0,
          retryAtMs: 0,
          cosigned: undefined,
        },
  )
  let sizesRead = false
  let waitingSince: number | undefined
  let current: Round | undefined

  async function readSizes(): Promise<void> {
    if (sizesRead) return
    const sizes = await store.witnessSizes()
    for (const asked of all) asked.size = sizes.get(keyIdOf(asked.witness)) ?? 0
    sizesRead = true
  }

  async function proofFrom(old: number, size: number): Promise<readonly Uint8Array[]> {
    const spans = consistencySpans(old, size)
    const tiles = await store.readTiles(tilesOf(spans))
    const stored = new Map(tiles.map(({ level, n, hashes }) => [`${level}/${n}`, hashes]))
    return spans.map((span) =>
      hashOfSpan(span, ({ level, n }) => stored.get(`${level}/${n}`) ?? Buffer.alloc(0)),
    )
  }

  /** @param old the size it is thought to have cosigned; asked once more where it names another. */
  async function ask(asked: Asked, head: SignedHead, old: number, mayRepeat: boolean): Promise<Verdict> {
    const path = await proofFrom(old, head.size)
    let answer: SubmissionAnswer
    try {
      answer = await submit(asked.url, formatWitnessRequest({ oldSize: old, path, note: head.note }))
    } catch {
      return { state: 'unreachable', size: asked.size }
    }
    if (answer.status === 200) {
      const text = parseNote(head.note)?.text ?? ''
      const line = await readCosignature(answer.body, text, asked, crypto)
      return line === undefined
        ? { state: 'invalid', size: asked.size }
        : { state: 'cosigned', size: head.size, line }
    }
    if (answer.status === 422) return { state: 'forked', size: asked.size }
    if (answer.status !== 409) {
      return { state: answer.status >= 500 ? 'unreachable' : 'refused', size: asked.size }
    }
    const theirs = answer.type.startsWith(SIZE_TYPE) ? parseDecimal(answer.body.trimEnd()) : undefined
    if (theirs === undefined) return { state: 'invalid', size: asked.size }
    if (theirs > head.size) return { state: 'ahead', size: theirs }
    if (theirs === old) return { state: 'forked', size: theirs }
    return mayRepeat ? ask(asked, head, theirs, false) : { state: 'invalid', size: asked.size }
  }

  function settle(asked: Asked, { state, size }: Verdict): void {
    const before = asked.state
    const isGood = state === 'cosigned'
    asked.failures = isGood ? 0 : asked.failures + 1
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(asked.failures - 1, 10))
    asked.retryAtMs = isGood ? 0 : now() + pause
    asked.state = state
    asked.size = size
    parts.onStanding({ name: asked.witness.name, state, size }, before)
  }

  function keep(head: SignedHead, round: Round): Promise<void> {
    const kept = round.kept.then(() => write(head, round))
    round.kept = kept.catch(() => {})
    return kept
  }

  async function write(head: SignedHead, round: Round): Promise<void> {
    const names = new Set(round.lines.keys())
    const isQuorum = policy.isQuorum(names)
    const lines = all.map(({ witness }) => round.lines.get(witness.name) ?? '').join('')
    await store.addCosignatures({ size: head.size, note: head.note + lines, cosigned: isQuorum })
    if (!isQuorum || round.cosigned) return
    round.cosigned = true
    if (current === round) waitingSince = undefined
    await parts.onQuorum(head)
  }

  async function offerTo(asked: Asked, head: SignedHead, round: Round): Promise<void> {
    asked.busy = true
    try {
      const verdict = await ask(asked, head, Math.min(asked.size, head.size), true)
      settle(asked, verdict)
      if (verdict.line === undefined) return
      asked.cosigned = head.note
      round.lines.set(asked.witness.name, verdict.line)
      await store.noteWitness(keyIdOf(asked.witness), head.size, now())
      await keep(head, round)
    } catch (error) {
      parts.onError(error)
    } finally {
      asked.busy = false
    }
  }

  return {
    async offer(head) {
      await readSizes()
      if (current?.note !== head.note) {
        current = { note: head.note, lines: new Map(), cosigned: false, kept: Promise.resolve() }
        waitingSince ??= now()
        if (policy.isQuorum(new Set())) await keep(head, current)
      }
      const round = current
      const free = all.filter(
        ({ busy, cosigned, retryAtMs }) => !busy && cosigned !== head.note && retryAtMs <= now(),
      )
      let done = () => {}
      const quorum = new Promise<void>((resolve) => {
        done = resolve
      })
      const asking = free.map((asked) =>
        offerTo(asked, head, round).then(() => {
          if (round.cosigned) done()
        }),
      )
      await Promise.race([quorum, Promise.all(asking)])
    },
    standings: () => all.map(({ witness: { name }, state, size }) => ({ name, state, size })),
    waitingSinceMs: () => waitingSince,
  }
}
