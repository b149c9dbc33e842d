import { listProcesses, machineTime, type ProcessFacts, residentMb, treeOf } from './procfs.ts'
import type { Subject } from './row.ts'

/** What a subject has used since its start, its database apart. */
export interface Usage {
  readonly subjectCpuMs: number
  readonly databaseCpuMs: number
  readonly residentMb: number
  /** Time of all the machine's cores together. */
  readonly machineMs: number
  /** The part of it that went to programs outside this bench, or to other machines of the same host. */
  readonly othersMs: number
}

type Rooted = Pick<Subject, 'pid' | 'databasePid'>

/** Processor time and memory of the subject's process tree; `undefined` where there is no `/proc`. */
export function readUsage(subject: Rooted): Usage | undefined {
  const processes = listProcesses()
  const { own, database } = divide(subject, processes)
  if (own.length === 0) return undefined
  const bench = new Set([...treeOf(process.pid, processes), ...own, ...database])
  const { totalMs, usedMs } = machineTime()
  return {
    subjectCpuMs: cpuMs(own),
    databaseCpuMs: cpuMs(database),
    residentMb: own.reduce((sum, process) => sum + residentMb(process.pid), 0),
    machineMs: totalMs,
    othersMs: usedMs - cpuMs([...bench]),
  }
}

/** How much of the machine went to others between two readings (0 … 1). */
export function othersShare(before: Usage, after: Usage): number {
  return Math.max(0, (after.othersMs - before.othersMs) / (after.machineMs - before.machineMs))
}

/** The processes of the subject's database. */
export function databasePids(subject: Rooted): readonly number[] {
  return divide(subject, listProcesses()).database.map((process) => process.pid)
}

interface Division {
  readonly own: readonly ProcessFacts[]
  readonly database: readonly ProcessFacts[]
}

function divide(subject: Rooted, processes: readonly ProcessFacts[]): Division {
  const tree = treeOf(subject.pid, processes)
  const apart = subject.databasePid === undefined ? [] : treeOf(subject.databasePid, processes)
  const inside = tree.filter((process) => process.command === 'postgres')
  const database = [...inside, ...apart.filter((process) => !inside.includes(process))]
  return { own: tree.filter((process) => !database.includes(process)), database }
}

function cpuMs(processes: readonly ProcessFacts[]): number {
  return processes.reduce((sum, process) => sum + process.cpuMs, 0)
}
