import type { Bilingual, ServiceId, SubsystemId } from './identifier.ts'

/** A connection that the platform owes by a day: who has to see to it, and what shows that it is there. */
export interface Task {
  readonly kind: 'Task'
  readonly id: string
  readonly title: Bilingual
  /** Code of the agency that is responsible. */
  readonly agency: string
  /** The legal basis it was assigned by. */
  readonly legalBasis?: string
  /** `yyyy-mm-dd`, Vietnam's time: the day it was assigned, and the last on which it is in time. */
  readonly assigned: string
  readonly due: string
  /** It is done once each of these connections has carried an exchange since it was assigned. */
  readonly measuredBy: readonly TaskMeasure[]
  readonly state: 'active' | 'withdrawn'
}

export interface TaskMeasure {
  readonly service: ServiceId
  /** Anybody's use counts where absent. */
  readonly consumer?: SubsystemId
}
