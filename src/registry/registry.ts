import { setImmediate as setImmediatePromise } from 'node:timers/promises'
import type { DocumentFault } from '../contract/violation.ts'
import { type Compilation, type CompiledRegistry, compileInSteps, type Registry } from './snapshot.ts'
import type { RegistryStore, StoredRegistry } from './store.ts'

/** What the holder tells its owner while it works, for the log. */
export type RegistryEvent =
  | {
      readonly event: 'registry_loaded'
      readonly version: number
      readonly digest: string
      readonly durationMs: number
    }
  | {
      readonly event: 'registry_refused'
      readonly version: number
      readonly faults: readonly DocumentFault[]
    }
  | { readonly event: 'registry_unreadable'; readonly cause: unknown }

/** Why the registry in use is not the latest. */
export type RegistryProblem = Extract<RegistryEvent, { event: 'registry_refused' | 'registry_unreadable' }>

export interface RegistryHolderParts {
  readonly store: Pick<RegistryStore, 'current' | 'onChange'>
  readonly syntheticPersons: boolean
  readonly log: (event: RegistryEvent) => void
  /** Told after each swap; it must not throw. */
  readonly onSwap?: (registry: Registry, previous: Registry | undefined) => void
  /** Monotonic milliseconds. */
  readonly clock: () => number
  /** Ends when others have had their turn; by default with `setImmediate`. */
  readonly pause?: () => Promise<void>
}

/** How long `start` compiles contracts ahead of their first use; the rest is done between exchanges. */
const START_PREPARATION_MS = 1000

/** Holds the registry in use and swaps it whole when the store has a new one. */
export interface RegistryHolder {
  /**
   * Whoever works with a registry keeps the one it got: a swap does not touch what is under way.
   * @throws Error before `start` has ended.
   */
  current(): Registry
  /** @throws Error where there is no registry that can be used. */
  start(): Promise<void>
  stop(): Promise<void>
  /** Loads the latest version now; never rejects. */
  refresh(): Promise<void>
  /** Undefined where the registry in use is the latest. */
  lastError(): RegistryProblem | undefined
}

/** The store's digest is over what was admitted: another one means that rows were changed behind its back. */
const CHANGED_BEHIND: DocumentFault = {
  path: '',
  pointer: '',
  rule: 'digest',
  detail: {
    vi: 'Nội dung trong cơ sở dữ liệu không khớp dấu của phiên bản.',
    en: 'What the database holds does not match the digest of the version.',
  },
}

export function createRegistryHolder(parts: RegistryHolderParts): RegistryHolder {
  const { store, syntheticPersons, log, clock, pause = setImmediatePromise } = parts
  let stored: StoredRegistry | undefined
  let registry: CompiledRegistry | undefined
  let problem: RegistryProblem | undefined
  let unwatch: (() => Promise<void>) | undefined
  let wanted = false
  let running: Promise<void> | undefined
  const preparations: (() => void)[] = []
  let preparing: Promise<void> | undefined

  /** @returns whether there was anything to compile ahead of its first use. */
  function prepareNext(): boolean {
    const step = preparations.shift()
    if (step === undefined) return false
    try {
      step()
    } catch {
      // What cannot be compiled fails the exchanges that need it, and is recorded there.
    }
    return true
  }

  async function prepareAll(): Promise<void> {
    while (prepareNext()) await pause()
    preparing = undefined
  }

  function prepareAtStart(): void {
    const startedMs = clock()
    while (clock() - startedMs < START_PREPARATION_MS) if (!prepareNext()) return
  }

  function report(found: RegistryProblem): void {
    // The same trouble is found again at each look; it is told once.
    if (problem?.event !== found.event || found.event === 'registry_refused') log(found)
    problem = found
  }

  /** Exchanges go on meanwhile: ten thousand agreements in one go would keep them waiting for 40 ms. */
  async function compile({ documents, version, digest }: StoredRegistry): Promise<Compilation> {
    const steps = compileInSteps(documents, { version, syntheticPersons, previous: registry })
    let step = steps.next()
    for (; step.done !== true; step = steps.next()) await pause()
    const compilation = step.value
    if ('faults' in compilation || version === 0 || compilation.registry.digest === digest) return compilation
    return { faults: [CHANGED_BEHIND] }
  }

  /** A set that does not compile changes nothing: the last good one stays in use. */
  async function adopt(next: StoredRegistry): Promise<void> {
    const startedMs = clock()
    const compilation = await compile(next)
    if ('faults' in compilation) {
      report({ event: 'registry_refused', version: next.version, faults: compilation.faults })
      return
    }
    const previous = registry
    registry = compilation.registry
    stored = next
    problem = undefined
    const { version, digest } = registry
    log({ event: 'registry_loaded', version, digest, durationMs: clock() - startedMs })
    parts.onSwap?.(registry, previous)
    preparations.push(...compilation.preparations)
    if (previous === undefined) prepareAtStart()
    preparing ??= prepareAll()
  }

  async function load(): Promise<void> {
    let next: StoredRegistry
    try {
      next = await store.current(stored)
    } catch (cause) {
      report({ event: 'registry_unreadable', cause })
      return
    }
    if (next.version === registry?.version && next.digest === stored?.digest) problem = undefined
    else if (problem?.event !== 'registry_refused' || problem.version !== next.version) await adopt(next)
  }

  async function loadWhileWanted(): Promise<void> {
    while (wanted) {
      wanted = false
      await load()
    }
    running = undefined
  }

  /** One loading at a time; what changes during it is loaded after it. */
  function refresh(): Promise<void> {
    wanted = true
    running ??= loadWhileWanted()
    return running
  }

  return {
    current() {
      if (registry === undefined) throw new Error('the registry is used before it was loaded')
      return registry
    },
    async start() {
      await refresh()
      if (registry === undefined) {
        const reason =
          problem?.event === 'registry_unreadable' ? problem.cause : problem?.faults[0]?.detail.en
        throw new Error('the registry cannot be loaded', { cause: reason })
      }
      unwatch = store.onChange((version) => {
        if (version !== registry?.version || problem !== undefined) void refresh()
      })
    },
    refresh,
    async stop() {
      await unwatch?.()
      unwatch = undefined
      await running
      preparations.length = 0
      await preparing
    },
    lastError: () => problem,
  }
}
