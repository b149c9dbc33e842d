import { randomUUID } from 'node:crypto'
import type { Readable, Writable } from 'node:stream'

/** A stream that people may be looking at. */
export type Screen = Writable & { readonly isTTY?: boolean; readonly columns?: number }

/** What a command meets outside its own process; a test hands in its own. */
export interface Outside {
  readonly stdin: Readable
  readonly stdout: Screen
  readonly stderr: Screen
  readonly environment: NodeJS.ProcessEnv
  readonly workingDirectory: string
  /** Unix milliseconds. */
  readonly now: () => number
  /** A new UUID. */
  readonly newId: () => string
  /** Aborts when the operator asks for a stop (Ctrl-C, SIGTERM); its reason is the signal's name. */
  readonly signal: AbortSignal
}

function isClosedPipe(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPIPE'
}

/**
 * The process as it is. The first Ctrl-C or SIGTERM asks the command to end in order, the second ends it
 * at once; a reader that goes away (`lienthong records | head`) ends it quietly.
 */
export function openProcess(): Outside {
  const stop = new AbortController()
  for (const [name, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(code)
      stop.abort(name)
    })
  }
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error) => {
      if (isClosedPipe(error)) process.exit(0)
      throw error
    })
  }
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    environment: process.env,
    workingDirectory: process.cwd(),
    now: Date.now,
    newId: randomUUID,
    signal: stop.signal,
  }
}
