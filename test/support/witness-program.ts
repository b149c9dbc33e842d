import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { freePort } from './free-port.ts'

const MAIN = join(import.meta.dirname, '../../src/main.ts')

/** `lienthong witness` as a process of its own. */
export interface WitnessProgram {
  readonly url: string
  readonly vkey: string
  /** What it logged so far. */
  readonly said: () => string
  /** Ends it; `SIGKILL` as a crash would. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

interface WitnessOptions {
  readonly name: string
  readonly state: string
  /** Verifier keys of the logs. */
  readonly logs: readonly string[]
  readonly port?: number
}

/** Starts a witness; resolves when it takes requests. @throws Error with what it said where it ends before. */
export async function startWitness({ name, state, logs, port }: WitnessOptions): Promise<WitnessProgram> {
  const taken = port ?? (await freePort())
  const child: ChildProcess = spawn(
    process.execPath,
    [
      ...[MAIN, 'witness', '--name', name, '--state', state, '--port', String(taken), '--lang', 'en'],
      ...logs.flatMap((log) => ['--log', log]),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let said = ''
  const exit = once(child, 'exit')
  const started = new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk) => {
        said += String(chunk)
        if (said.includes('witness_started')) resolve()
      })
    void exit.then(() => reject(new Error(said)))
  })
  await started
  const url = `http://127.0.0.1:${taken}`
  return {
    url,
    vkey: (await (await fetch(`${url}/vkey`)).text()).trim(),
    said: () => said,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal)
      await exit
    },
  }
}
