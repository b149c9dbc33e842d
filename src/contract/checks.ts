import type { ErrorObject } from 'ajv/dist/2020.js'
import type { Violation } from '../model/errors.ts'
import type { Documents, Location } from './document.ts'
import { allMemberNames, createUnfoldedSize } from './schema.ts'
import { createValidators } from './validators.ts'
import { violationsOf } from './violation.ts'

/** Judges a value; `undefined` where it keeps its schema. */
export type Check = (value: unknown) => readonly Violation[] | undefined

export interface LazyCheck {
  readonly check: Check
  /** Compiles now what the first check would. */
  readonly prepare: () => void
}

/** Makes checks of the schemas of some documents. */
export type CheckFactory = (schema: Location) => LazyCheck

/** A value beyond these is told its first fault only: looking for all costs time that it chooses. */
const MODEST = { nodes: 1_000, textLength: 4_096 }

/** Parts, copies counted, up to which a schema becomes one function. Larger ones are compiled piece by piece. */
const MAX_INLINED = 400

/** @returns whether a value is small enough to look for all its faults. */
function isModest(value: unknown): boolean {
  let nodes = 0
  const visit = (item: unknown): boolean => {
    nodes += 1
    if (nodes > MODEST.nodes) return false
    if (typeof item === 'string') return item.length <= MODEST.textLength
    if (typeof item !== 'object' || item === null) return true
    return Object.values(item).every(visit)
  }
  return visit(value)
}

/** @returns a function that calls `make` once, when its result is first needed. */
export function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

/**
 * Two validators stand behind a check: one that stops at the first fault, for every value, and one that
 * goes on, compiled when a value has failed for the first time.
 */
export function createChecks(documents: Documents, syntheticPersons: boolean): CheckFactory {
  const fast = lazy(() => createValidators(documents, { syntheticPersons, allErrors: false, inline: true }))
  const plain = lazy(() => createValidators(documents, { syntheticPersons, allErrors: false, inline: false }))
  const sizeOf = createUnfoldedSize(documents, ({ keyword }) => keyword !== '$defs')
  const thorough = lazy(() =>
    createValidators(documents, { syntheticPersons, allErrors: true, inline: false }),
  )
  const names = lazy(
    () => new Set([...documents.values()].flatMap((content) => [...allMemberNames(content)])),
  )

  return (schema) => {
    const validator = lazy(() => (sizeOf(schema) <= MAX_INLINED ? fast() : plain()).validatorAt(schema))
    const explainer = lazy(() => thorough().validatorAt(schema))
    const explain = (value: unknown, first: readonly ErrorObject[]): readonly Violation[] => {
      if (!isModest(value)) return violationsOf(first, names())
      const validateAll = explainer()
      validateAll(value)
      return violationsOf(validateAll.errors ?? first, names())
    }
    return {
      check: (value) => {
        const validate = validator()
        return validate(value) ? undefined : explain(value, validate.errors ?? [])
      },
      prepare: () => void validator(),
    }
  }
}
