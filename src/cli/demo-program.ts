import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bilingual } from '../model/identifier.ts'
import { CliFault, EXIT, interrupted } from './fault.ts'

/** Where the demo's programs listen: this machine alone. */
export const LOOPBACK = '127.0.0.1'
const PROBE_MS = 50
/** Prometheus replays what it kept before it is ready. */
const READY_MS = 30_000

/** A program that runs beside the demo. */
export interface DemoProgram {
  readonly url: string
  /** Ends it; its data stay until the next demo. */
  stop(): Promise<void>
}

interface ProgramParts {
  /** As people call it. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly url: string
  readonly environment: NodeJS.ProcessEnv
  readonly signal: AbortSignal
}

/** @returns the port where it is free on loopback now, else any free one. */
export function portOr(port: number): Promise<number> {
  const probe = createServer()
  return new Promise((resolve, reject) => {
    probe.once('error', () => (port === 0 ? reject(new Error('no port is free')) : resolve(portOr(0))))
    probe.listen(port, LOOPBACK, () => {
      const address = probe.address()
      const found = typeof address === 'object' && address !== null ? address.port : port
      probe.close(() => resolve(found))
    })
  })
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}

function failure(title: Bilingual, cause?: unknown): CliFault {
  return new CliFault(EXIT.failed, 'demo_program_failed', { title, side: 'you', cause })
}

async function whenReady({ name, url, signal }: ProgramParts, ended: AbortSignal): Promise<void> {
  for (let waitedMs = 0; waitedMs < READY_MS && !ended.aborted; waitedMs += PROBE_MS) {
    if (signal.aborted) throw interrupted()
    const answer = await fetch(`${url}/-/ready`).catch(() => undefined)
    if (answer?.ok) return
    await sleep(PROBE_MS)
  }
  throw failure({ vi: `${name} không sẵn sàng`, en: `${name} did not become ready` })
}

/**
 * Starts a program of this machine's PATH and waits until its `/-/ready` answers.
 * @returns nothing where there is no such program. @throws CliFault `demo_program_failed` where it does not come up.
 */
export async function startDemoProgram(parts: ProgramParts): Promise<DemoProgram | undefined> {
  const { name, command, args, url, environment } = parts
  const child = spawn(command, args, { stdio: 'ignore', env: environment })
  const failed = new Promise<'missing'>((resolve, reject) => {
    child.once('error', (cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT') resolve('missing')
      else reject(failure({ vi: `${name} không chạy được`, en: `${name} cannot be run` }, cause))
    })
    child.once('exit', (code) =>
      reject(failure({ vi: `${name} kết thúc với mã ${code}`, en: `${name} ended with ${code}` })),
    )
  })
  // After it came up nobody waits for this any more.
  failed.catch(() => {})
  const stop = () => end(child)
  const ended = new AbortController()
  try {
    if ((await Promise.race([failed, whenReady(parts, ended.signal)])) === 'missing') return undefined
    return { url, stop }
  } catch (thrown) {
    if (child.pid !== undefined) await stop()
    throw thrown
  } finally {
    ended.abort()
  }
}
