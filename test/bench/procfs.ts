import { readdirSync, readFileSync } from 'node:fs'

/** Linux reports processor time in hundredths of a second, whatever the kernel's own tick. */
const TICK_MS = 10

/** One process as `/proc/<pid>/stat` describes it. */
export interface ProcessFacts {
  readonly pid: number
  readonly parentPid: number
  /** File name of the program, at most 15 characters. */
  readonly command: string
  /** User and system time since its start. */
  readonly cpuMs: number
}

/** Every process of the machine; empty where there is no `/proc`. */
export function listProcesses(): readonly ProcessFacts[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => readProcess(Number(name)))
  } catch {
    return []
  }
}

/** The processes of `rootPid`'s tree, itself first. */
export function treeOf(rootPid: number, processes: readonly ProcessFacts[]): readonly ProcessFacts[] {
  const tree = processes.filter((process) => process.pid === rootPid)
  // The list grows while it is walked: each member brings its own children.
  for (const member of tree) tree.push(...processes.filter((process) => process.parentPid === member.pid))
  return tree
}

/** Resident memory in mebibytes (`VmRSS`); 0 for a process that has gone. */
export function residentMb(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readText(`/proc/${pid}/status`))?.[1]
  return Number(kilobytes ?? 0) / 1024
}

/** The most memory that was ever resident (`VmHWM`), in mebibytes; 0 for a process that has gone. */
export function peakMb(pid: number): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readText(`/proc/${pid}/status`))?.[1]
  return Number(kilobytes ?? 0) / 1024
}

/** Time of all cores together since the machine started. */
export interface MachineTime {
  /** Idle time included. */
  readonly totalMs: number
  /** Used by programs of this machine, or given to others by its own host (steal). Interrupts do not count. */
  readonly usedMs: number
}

/** Reads the first line of `/proc/stat` (proc_stat(5)). */
export function machineTime(): MachineTime {
  const ticks = readText('/proc/stat').split('\n', 1)[0]?.split(/ +/).slice(1, 9).map(Number) ?? []
  const [user = 0, nice = 0, system = 0, , , , , steal = 0] = ticks
  return {
    totalMs: ticks.reduce((sum, tick) => sum + tick, 0) * TICK_MS,
    usedMs: (user + nice + system + steal) * TICK_MS,
  }
}

/** The cores this process may run on, ascending; empty where the kernel does not say. */
export function allowedCores(): readonly number[] {
  const list = /^Cpus_allowed_list:\s+(\S+)$/m.exec(readText('/proc/self/status'))?.[1] ?? ''
  return list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-')
    if (first === undefined || first === '') return []
    return Array.from({ length: Number(last) - Number(first) + 1 }, (_, offset) => Number(first) + offset)
  })
}

/** Fields are counted from behind the closing bracket, for a command may hold spaces (proc_pid_stat(5)). */
function readProcess(pid: number): ProcessFacts[] {
  const stat = readText(`/proc/${pid}/stat`)
  const bracket = stat.lastIndexOf(')')
  if (bracket === -1) return []
  const fields = stat.slice(bracket + 2).split(' ')
  return [
    {
      pid,
      parentPid: Number(fields[1]),
      command: stat.slice(stat.indexOf('(') + 1, bracket),
      cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS,
    },
  ]
}

/** Empty for what cannot be read: processes come and go while they are listed. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
