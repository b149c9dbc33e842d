import { hash } from 'node:crypto'
import type { PlannedAsk, PlannedStep, PlannedSteps } from '../model/plan.ts'
import type { ToldPart } from './composite.ts'
import type { KeptOrder } from './kept-order.ts'

/** Linked procedures: submissions to several agencies, done one after the other or taken back. */

/** `stuck`: only people can tell what to do. */
export type ProcedureState = 'running' | 'undoing' | 'done' | 'undone' | 'stuck'

export type StepState = 'waiting' | 'done' | 'refused' | 'undone' | 'undo_refused'

export interface StepProgress {
  readonly state: StepState
  /** Exchanges carried out for it in its present direction. */
  readonly attempts: number
  /** The last exchange about it. */
  readonly exchange?: string
  /** Error code of the last exchange, where it was refused or failed. */
  readonly code?: string
  /** Status of the provider's answer, where it gave one. */
  readonly status?: number
  /** What the provider answered, as far as the consumer was allowed to see. */
  readonly answer?: unknown
}

export interface Progress {
  readonly state: ProcedureState
  readonly steps: Readonly<Record<string, StepProgress>>
}

/** What a linked procedure was begun with; it is carried on by this, whatever the registry says of the plan later. */
export interface ProcedureOrder extends KeptOrder {
  readonly plan: PlannedSteps
}

export interface StoredProcedure {
  /** UUID. */
  readonly id: string
  /** Changes with each save. */
  readonly revision: number
  readonly startedAtMs: number
  readonly updatedAtMs: number
  /** Undefined once its contents were erased. */
  readonly contents: { readonly order: ProcedureOrder; readonly progress: Progress } | undefined
  readonly state: ProcedureState
  readonly consumer: string
  readonly service: string
  readonly operation: string
}

/** Where linked procedures are kept, contents encrypted. */
export interface ProcedureStore {
  /**
   * Begins one, and makes sure that it will be carried on; what is begun twice under one submission's slot is one.
   * @throws GatewayError `idempotency_key_reused` where the slot's procedure was begun with another request.
   */
  begin(
    id: string,
    order: ProcedureOrder,
    submission: { readonly slot: string; readonly requestDigest: string },
  ): Promise<StoredProcedure>
  find(id: string): Promise<StoredProcedure | undefined>
  /** @returns false where somebody else has saved it since it was found; then nothing is changed. */
  save(found: StoredProcedure, progress: Progress, nextAtMs: number): Promise<boolean>
}

/** The same, with what its keeping needs from time to time. */
export interface ProcedureArchive extends ProcedureStore {
  /** @returns the ids of those that nobody seems to carry on. */
  overdue(): Promise<readonly string[]>
  /** Erases the contents of those that ended long enough ago. */
  erase(): Promise<void>
}

export function firstProgress({ steps }: PlannedSteps): Progress {
  return {
    state: 'running',
    steps: Object.fromEntries(steps.map(({ name }) => [name, { state: 'waiting', attempts: 0 }])),
  }
}

/** What is to be asked next. */
export interface NextAsk {
  readonly step: PlannedStep
  readonly ask: PlannedAsk
  readonly isUndo: boolean
}

/** @returns undefined where the procedure has ended. */
export function nextAsk({ steps }: PlannedSteps, progress: Progress): NextAsk | undefined {
  const stateOf = ({ name }: PlannedStep) => progress.steps[name]?.state
  if (progress.state === 'running') {
    const step = steps.find((each) => stateOf(each) === 'waiting')
    return step && { step, ask: step, isUndo: false }
  }
  if (progress.state !== 'undoing') return undefined
  const step = steps.findLast((each) => each.undo !== undefined && stateOf(each) === 'done')
  return step?.undo && { step, ask: step.undo, isUndo: true }
}

/** Refusals that pass by themselves. */
const PASSING: ReadonlySet<string> = new Set(['quota_exceeded', 'idempotency_in_progress'])

/** @returns whether the same is to be asked again: what its provider did is unknown, or nothing yet. */
export function isToRepeat(told: ToldPart): boolean {
  return told.outcome === 'failed' || (told.outcome === 'refused' && PASSING.has(told.code))
}

function stepAfter(before: StepProgress, isUndo: boolean, told: ToldPart): StepProgress {
  const attempts = before.attempts + 1
  const { answer, state } = before
  const kept = answer === undefined ? {} : { answer }
  if (told.outcome === 'skipped') return before
  const { exchange } = told
  if (told.outcome !== 'delivered') {
    const refused = isUndo ? 'undo_refused' : 'refused'
    return { state: isToRepeat(told) ? state : refused, attempts, exchange, code: told.code, ...kept }
  }
  const { status } = told
  if (status >= 300)
    return { state: isUndo ? 'undo_refused' : 'refused', attempts, exchange, status, ...kept }
  if (isUndo) return { state: 'undone', attempts, exchange, status, ...kept }
  return { state: 'done', attempts: isUndo ? attempts : 0, exchange, status, answer: told.answer }
}

function stateAfter({ steps }: PlannedSteps, progress: Progress): ProcedureState {
  const states = steps.map(({ name }) => progress.steps[name]?.state)
  if (states.includes('refused')) {
    if (states.includes('done')) return 'undoing'
    return states.includes('undo_refused') ? 'stuck' : 'undone'
  }
  return states.includes('waiting') ? 'running' : 'done'
}

/** @returns how the procedure stands once this has been told of what was asked. */
export function afterAsk(
  plan: PlannedSteps,
  progress: Progress,
  { step, isUndo }: NextAsk,
  told: ToldPart,
): Progress {
  const before = progress.steps[step.name] ?? { state: 'waiting', attempts: 0 }
  const steps = { ...progress.steps, [step.name]: stepAfter(before, isUndo, told) }
  return { steps, state: stateAfter(plan, { state: progress.state, steps }) }
}

const KEY_LENGTH = 40

/** The Idempotency-Key of one step of one procedure, the same at each try. */
export function stepKey(procedureId: string, { step, isUndo }: NextAsk): string {
  const text = [procedureId, step.name, isUndo ? 'undo' : 'do'].join('\0')
  return hash('sha256', text, 'base64url').slice(0, KEY_LENGTH)
}
