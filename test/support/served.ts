import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import type { PreparedWorld } from './gateway-world.ts'

const PROJECT = join(import.meta.dirname, '../..')

/** A gateway in processes of its own. */
export interface Served {
  readonly process: ChildProcess
  readonly url: string
  readonly managementUrl: string
  lines(): string
  /** What its first process wrote to its standard error. */
  complaints(): string
}

/** `lienthong serve` in processes of its own, over the world's database. @param flags of node. */
export async function serve(
  world: Pick<PreparedWorld, 'database' | 'dataDir'>,
  environment: Record<string, string>,
  flags: readonly string[] = [],
): Promise<Served> {
  const child = spawn(process.execPath, [...flags, join(PROJECT, 'src/main.ts'), 'serve'], {
    cwd: PROJECT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      DATABASE_URL: world.database.url,
      LIENTHONG_SANDBOX: 'true',
      LIENTHONG_DATADIR: world.dataDir,
      LIENTHONG_LISTEN_PORT: '0',
      LIENTHONG_MANAGEMENT_PORT: '0',
      ...environment,
    },
  })
  // Ended with the run of the tests, also where that breaks off.
  const end = () => void child.kill('SIGKILL')
  process.once('exit', end)
  child.once('exit', () => process.off('exit', end))
  let text = ''
  let complaints = ''
  child.stderr?.on('data', (chunk) => {
    complaints += chunk
    process.stderr.write(chunk)
  })
  const { promise, resolve, reject } = Promise.withResolvers<Record<string, string>>()
  child.stdout?.on('data', (chunk) => {
    text += chunk
    const started = text.split('\n').find((line) => line.includes('"event.action":"gateway_started"'))
    if (started !== undefined) resolve(JSON.parse(started))
  })
  child.once('exit', (code) => reject(new Error(`it ended with ${code}: ${text.slice(-1000)}`)))
  const started = await promise
  return {
    process: child,
    url: started['lienthong.address'] ?? '',
    managementUrl: started['lienthong.management_address'] ?? '',
    lines: () => text,
    complaints: () => complaints,
  }
}
