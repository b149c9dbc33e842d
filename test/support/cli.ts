import { PassThrough, Readable } from 'node:stream'
import type { ExitCode } from '../../src/cli/fault.ts'
import type { Outside } from '../../src/cli/outside.ts'
import { run } from '../../src/cli/program.ts'

export interface CliRun {
  readonly exit: ExitCode
  readonly out: string
  readonly err: string
}

interface CliOptions {
  readonly stdin?: string
  readonly environment?: NodeJS.ProcessEnv
  readonly workingDirectory?: string
  readonly now?: () => number
  readonly newId?: () => string
  readonly signal?: AbortSignal
  /** Whether both streams are terminals. */
  readonly isTTY?: boolean
}

function screen(isTTY: boolean): { stream: PassThrough & { isTTY: boolean }; text(): string } {
  const chunks: Buffer[] = []
  const stream = Object.assign(new PassThrough(), { isTTY })
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  return { stream, text: () => Buffer.concat(chunks).toString() }
}

/** Runs a command line in this process, in English unless the environment says otherwise. */
export async function runCli(argv: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  const { isTTY = false } = options
  const stdout = screen(isTTY)
  const stderr = screen(isTTY)
  let ids = 0
  const outside: Outside = {
    stdin: Readable.from(options.stdin === undefined ? [] : [Buffer.from(options.stdin)]),
    stdout: stdout.stream,
    stderr: stderr.stream,
    environment: options.environment ?? { LANG: 'en_GB.UTF-8' },
    workingDirectory: options.workingDirectory ?? '/',
    now: options.now ?? Date.now,
    newId:
      options.newId ??
      (() => {
        ids += 1
        return `00000000-0000-4000-8000-${String(ids).padStart(12, '0')}`
      }),
    signal: options.signal ?? new AbortController().signal,
  }
  const exit = await run(argv, outside)
  return { exit, out: stdout.text(), err: stderr.text() }
}
