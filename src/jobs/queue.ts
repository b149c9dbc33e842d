/** Work that outlives the request it came with: kept in the database until it is done, by whichever process lives. */

/** What a job is told of its work: a small JSON object of ids and numbers. Personal data never stands in it. */
export type JobData = Readonly<Record<string, string | number | boolean | null>>

/** In which order jobs that share a key are done; jobs without a key are free of all of it. */
export type JobOrder =
  /** As workers are free. */
  | 'any'
  /** One at a time, first come first; one that has become a dead letter holds up those behind it. */
  | 'by_key'
  /** While one waits or runs, another of its key is not taken at all. */
  | 'one_per_key'

/** One kind of work, the same in every process of a gateway. */
export interface QueueDefinition {
  /** Lower case, `-` between words; it names a queue in metrics and dead letters. */
  readonly name: string
  readonly order: JobOrder
  /** Tries after the first one; then the job becomes a dead letter. */
  readonly retries: number
  /** Before the second try; it doubles from try to try, with jitter, up to `maxRetryDelaySeconds`. */
  readonly retryDelaySeconds: number
  readonly maxRetryDelaySeconds: number
  /** Jobs that one process does at once. */
  readonly concurrency: number
  /** A try that takes longer is cut off and counts as failed; at most a day. */
  readonly timeLimitSeconds: number
  /** How long a done job is kept, for those who ask what became of it. */
  readonly keepDays: number
}

/**
 * Work that is carried on for days, whatever happens to the process that began it: a try fails only where the database
 * does, and is taken up again for as long as that lasts.
 */
export const CARRIED_ON: Omit<QueueDefinition, 'name'> = {
  order: 'any',
  retries: 10_000,
  retryDelaySeconds: 1,
  maxRetryDelaySeconds: 60,
  concurrency: 8,
  timeLimitSeconds: 900,
  keepDays: 1,
}

/** One try of one job. */
export interface QueuedJob {
  readonly id: string
  readonly data: JobData
  /** 1 at the first try. */
  readonly attempt: number
  readonly isLastAttempt: boolean
  /** Aborts where the process is asked to stop, the time limit passed or the job was taken away. */
  readonly signal: AbortSignal
}

/** What became of a try that threw nothing: done, or to be taken up again without counting as a failure. */
export type JobResult = 'done' | { readonly againInSeconds: number }

/**
 * Does one job. At least once: after a crash the same job comes again, so whatever it does outside must bear that.
 * A throw is a failed try.
 */
export type DoJob = (job: QueuedJob) => Promise<JobResult>

export interface SendOptions {
  /** Jobs of one key are held to the queue's order. */
  readonly key?: string
  /** Not before this time, Unix milliseconds. */
  readonly notBeforeMs?: number
}

/** How full one queue is. */
export interface QueueState {
  readonly name: string
  readonly waiting: number
  readonly running: number
  readonly dead: number
  /** Age of the oldest job that could be done by now, in seconds; 0 where there is none. */
  readonly oldestSeconds: number
}

/** How one try ended. */
export type JobEnd = 'done' | 'again' | 'failed' | 'dead'

/** Puts jobs into queues. What has been resolved is in the database. */
export interface JobQueue {
  /** @returns the job's id; undefined where the queue takes one of a key and has it already. */
  send(queue: string, data: JobData, options?: SendOptions): Promise<string | undefined>
  /** Takes a job away from a process that is known to be dead, to be tried again. */
  release(queue: string, id: string): Promise<void>
  /** Removes a job, and asks the process that does it to stop. */
  cancel(queue: string, id: string): Promise<void>
  /** Puts the dead letters of a queue back into it. @returns how many. */
  revive(queue: string): Promise<number>
  states(): Promise<readonly QueueState[]>
}

/** The same, with what a process that does jobs adds. */
export interface JobWorkshop extends JobQueue {
  /** Says what does a queue's jobs; before `start`. */
  define(definition: QueueDefinition, doJob: DoJob): void
  /** Sends an empty job whenever the cron expression is due, once for all processes; in Vietnam's time. */
  schedule(queue: string, cron: string): void
  /** Makes the queues known; with `works` this process does jobs from now on. */
  start(options: { readonly works: boolean }): Promise<void>
  /** Takes no more jobs, asks those under way to stop, and waits for them at most so long. */
  stop(timeoutMs: number): Promise<void>
}
