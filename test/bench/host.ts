import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { availableParallelism, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { freePort } from '../support/free-port.ts'
import { allowedCores, listProcesses, treeOf } from './procfs.ts'

/** The young generation, and huge pages for Node's own code, given to every Node process alike, as in production. */
export const NODE_FLAGS: readonly string[] = ['--max-semi-space-size=32', '--use-largepages=silent']

const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 15_000

/** Which of the two cores a process runs on: the subject's own, or that of everything beside it. */
export type Core = 'subject' | 'load'

/** What a program is started with, beside its arguments. */
export interface LaunchOptions {
  readonly core?: Core
  /** Added to the bench's own environment; `NODE_ENV` is `production` unless set here. */
  readonly environment?: Readonly<Record<string, string>>
}

/** A process started by the bench. */
export interface Launched {
  readonly pid: number
  /** The next message it sends over Node's channel; rejects where it exits first. */
  message(): Promise<unknown>
  /** Resolves once something accepts connections on the loopback port; rejects where it exits first. */
  listening(port: number): Promise<void>
  /** Ends it: SIGTERM, then SIGKILL to its whole tree if it is not gone within 15 s. */
  stop(): Promise<void>
}

/** The machine as the bench uses it: two cores, one temporary folder, and the processes to clean up. */
export interface Host {
  /** A fresh folder, removed by `close`. */
  readonly directory: string
  /** False where the subject shares its core with the load, `why` saying so. */
  readonly pinned: boolean
  readonly why: string
  launch(command: string, parameters: readonly string[], options?: LaunchOptions): Launched
  /** Starts a Node script with `NODE_FLAGS`, a channel for messages, and an end when the bench ends. */
  launchNode(script: string, parameters: readonly string[], options?: LaunchOptions): Launched
  /** Path of an installed program, also from the folders an ordinary user's PATH leaves out. */
  findProgram(name: string): string | undefined
  freePort(): Promise<number>
  /** Moves running processes, with all their threads, to a core. */
  move(pids: readonly number[], core: Core): void
  /** Ends every process but one: a subject that came up only half must not slow the next. */
  stopAllBut(kept: Launched): Promise<void>
  /** Ends every process and removes the folder; safe to call twice. */
  close(): Promise<void>
}

/** Takes the first two cores this process may use and moves itself to the load's. */
export function createHost(): Host {
  const cores = allowedCores()
  const why = whyNotPinned(cores)
  const pinned = why === ''
  const numbers: Record<Core, string> = { load: String(cores[0]), subject: String(cores[1]) }
  const directory = mkdtempSync(join(tmpdir(), 'lienthong-bench-'))
  const running = new Set<Launched>()
  let started = 0
  let isClosing = false

  function launch(command: string, parameters: readonly string[], options: LaunchOptions = {}): Launched {
    if (isClosing) throw new Error('the bench is ending')
    started += 1
    const logFile = join(directory, `${started}.log`)
    const log = openSync(logFile, 'w')
    const prefix = pinned ? ['taskset', '-c', numbers[options.core ?? 'subject']] : []
    const [program = command, ...rest] = [...prefix, command, ...parameters]
    const child = spawn(program, rest, {
      // Written to a file, so that a subject's log lines cost what they cost in service.
      stdio: ['ignore', log, log, ...(command === process.execPath ? (['ipc'] as const) : [])],
      env: { ...process.env, NODE_ENV: 'production', ...options.environment },
    })
    closeSync(log)
    const launched = supervise(child, logFile, () => running.delete(launched))
    running.add(launched)
    return launched
  }

  function move(pids: readonly number[], core: Core): void {
    if (!pinned) return
    for (const pid of pids) spawnSync('taskset', ['-a', '-c', '-p', numbers[core], String(pid)])
  }

  async function stopAllBut(kept?: Launched): Promise<void> {
    await Promise.all([...running].filter((launched) => launched !== kept).map((launched) => launched.stop()))
  }

  async function close(): Promise<void> {
    isClosing = true
    await stopAllBut()
    rmSync(directory, { recursive: true, force: true })
  }

  move([process.pid], 'load')
  return {
    directory,
    pinned,
    why,
    launch,
    launchNode: (script, parameters, options) =>
      launch(process.execPath, [...NODE_FLAGS, script, ...parameters], options),
    findProgram,
    freePort,
    move,
    stopAllBut,
    close,
  }
}

function whyNotPinned(cores: readonly number[]): string {
  if (findProgram('taskset') === undefined) return 'taskset is not there (Debian: apt-get install util-linux)'
  if (cores.length < 2) return `only ${availableParallelism()} core may be used`
  return ''
}

function supervise(child: ChildProcess, logFile: string, gone: () => void): Launched {
  const pid = child.pid
  const ended = once(child, 'exit').then(gone, gone)
  if (pid === undefined) throw new Error(`${child.spawnfile} could not be started`)

  const isRunning = () => child.exitCode === null && child.signalCode === null
  async function first<T>(what: Promise<T>): Promise<T> {
    const timeout = AbortSignal.timeout(START_TIMEOUT_MS)
    const exit = ended.then(() => Promise.reject(new Error(`it ended at once:\n${tail(logFile)}`)))
    const late = once(timeout, 'abort').then(() => Promise.reject(new Error(`not ready:\n${tail(logFile)}`)))
    return Promise.race([what, exit, late])
  }
  async function stop(): Promise<void> {
    if (!isRunning()) return
    const tree = treeOf(pid ?? 0, listProcesses())
    child.kill('SIGTERM')
    const killer = setTimeout(() => {
      for (const member of tree) kill(member.pid)
      child.kill('SIGKILL')
    }, STOP_TIMEOUT_MS)
    await ended
    clearTimeout(killer)
  }
  return {
    pid,
    message: () => first(once(child, 'message').then(([message]) => message)),
    listening: (port) => first(untilListening(port, isRunning)),
    stop,
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It had already gone.
  }
}

async function untilListening(port: number, isWanted: () => boolean): Promise<void> {
  while (isWanted()) {
    const accepted = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
      socket.once('connect', () => socket.destroy())
    })
    if (accepted) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin']
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
}

function tail(file: string): string {
  return readFileSync(file, 'utf8').slice(-2000)
}
