import type { ServiceId } from './identifier.ts'

/**
 * Where a value of a part's request comes from: a JSON Pointer (RFC 6901) into `{ request, parts }`, e.g.
 * `/request/buyer/personalId` or `/parts/parcel/parcelKey`, or a fixed value. A member whose source points to nothing
 * is left out.
 */
export type PlanSource = string | { readonly value: string | number | boolean }

/** One exchange of a plan: whom it asks what. */
export interface PlannedAsk {
  readonly service: ServiceId
  /** Of the service's contract; its path has no parameters. */
  readonly operation: string
  /** By JSON Pointer into the body of the request that is made. */
  readonly request: Readonly<Record<string, PlanSource>>
}

/** One part of a plan. */
export interface PlannedPart extends PlannedAsk {
  /** JSON Pointer below `/request`: where it points to nothing, nobody is asked and the part is not told of. */
  readonly when?: string
}

/** Look-ups and verifications by name, run side by side but where one needs what another answered. */
export interface PlannedParts {
  readonly parts: Readonly<Record<string, PlannedPart>>
}

/** One submission of a linked procedure, and what takes it back where a later one is refused. */
export interface PlannedStep extends PlannedAsk {
  readonly name: string
  /** May read what the step itself answered (`/parts/{name}/…`); only the last step can do without. */
  readonly undo?: PlannedAsk
}

/** Submissions one after the other, carried on after any crash until all are done or all done ones are taken back. */
export interface PlannedSteps {
  readonly steps: readonly PlannedStep[]
  /** What is not done by then is left to people: whether its provider acted may be unknown. */
  readonly giveUpAfterHours: number
  /** How long request and answers are kept, encrypted, after the end. */
  readonly keepDays: number
}

/** Tells those who began a linked procedure how it stands. */
export interface PlannedStatus {
  /** The operation that begins it. */
  readonly statusOf: string
}

export type PlannedOperation = PlannedParts | PlannedSteps | PlannedStatus

/** A service that is answered by other services: what each operation of its contract is made of. */
export interface Plan {
  /** Whole time for one exchange with all its parts. */
  readonly timeoutMs: number
  readonly operations: Readonly<Record<string, PlannedOperation>>
}

/** What the sources of a plan point into. */
export interface PlanContext {
  readonly request: unknown
  /** Answers as far as the consumer may see them, by name of the part. */
  readonly parts: Readonly<Record<string, unknown>>
}

/** @returns the names of the parts that a source pointer reads, at most one. */
function partOf(source: PlanSource): readonly string[] {
  if (typeof source !== 'string') return []
  const [, root, name] = source.split('/', 3)
  return root === 'parts' && name !== undefined ? [name] : []
}

/** @returns the names of the parts whose answers `ask` needs, each once. */
export function needsOf({ request }: Pick<PlannedAsk, 'request'>): readonly string[] {
  return [...new Set(Object.values(request).flatMap(partOf))]
}
