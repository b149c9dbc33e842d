import { setTimeout as pause } from 'node:timers/promises'
import type { Bilingual } from '../model/identifier.ts'
import { isMembers, type Members } from './consumer-reply.ts'
import type { DemoCase } from './demo-story.ts'
import type { DemoWorld } from './demo-world.ts'
import { interrupted } from './fault.ts'

/** What the ways to move data are shown with. */
export interface ModeParts {
  readonly world: DemoWorld
  readonly demoCase: DemoCase
  readonly newId: () => string
  /** Unix milliseconds. */
  readonly now: () => number
  readonly signal: AbortSignal
}

/** What a mode came to: whether it is what it has to be, and in words. */
export interface Told {
  readonly ok: boolean
  readonly told: Bilingual
}

/** One of the gateway's ways to move data, which checks itself. */
export interface Mode {
  /** Stable, for `--json`. */
  readonly id: string
  readonly title: Bilingual
  readonly run: (parts: ModeParts) => Promise<Told>
}

/** Below what agreements of the demo allow in a second. */
const LOOK_MS = 250
const LONGEST_MS = 60_000

/** Looks until it is so. @throws where it never is: the tour must not hang. */
export async function until<T>({ signal }: ModeParts, look: () => Promise<T | undefined>): Promise<T> {
  for (let waited = 0; waited < LONGEST_MS; waited += LOOK_MS) {
    const found = await look()
    if (found !== undefined) return found
    await pause(LOOK_MS, undefined, { signal }).catch(() => {
      throw interrupted()
    })
  }
  throw new Error(`nothing after ${LONGEST_MS / 1000} s`)
}

/** @returns the members of an answer; none where it is no object. */
export function membersOf(value: unknown): Members {
  return isMembers(value) ? value : {}
}
