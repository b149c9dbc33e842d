import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './free-port.ts'
import { createTestFolder } from './postgres.ts'

export interface MariadbServer {
  readonly port: number
  stop(): Promise<void>
}

/** Root starts it as `nobody`: it refuses to be root's. */
function ownerOf(folder: string): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const [uid, gid] = ['-u', '-g'].map((flag) =>
    Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' })),
  )
  execFileSync('chown', ['-R', `${uid}:${gid}`, folder])
  return { uid: uid ?? 0, gid: gid ?? 0 }
}

/** Debian's MariaDB in a folder of its own, on loopback, ready; `statements` are executed by it as it starts. */
export async function startMariadb(statements: readonly string[]): Promise<MariadbServer> {
  const folder = await createTestFolder()
  const data = join(folder, 'data')
  mkdirSync(data)
  const init = join(folder, 'init.sql')
  writeFileSync(
    init,
    ['SET NAMES utf8mb4', ...statements]
      .map((statement) => `${statement.replaceAll(/\s+/g, ' ')};\n`)
      .join(''),
  )
  chmodSync(init, 0o644)
  const owner = ownerOf(folder)
  const shared = ['--no-defaults', `--datadir=${data}`]
  execFileSync(
    'mariadb-install-db',
    [...shared, '--auth-root-authentication-method=normal', '--skip-test-db'],
    {
      stdio: 'pipe',
      ...owner,
    },
  )
  const port = await freePort()
  const child = spawn(
    'mariadbd',
    [
      ...shared,
      '--bind-address=127.0.0.1',
      `--port=${port}`,
      `--socket=${join(folder, 's')}`,
      `--pid-file=${join(folder, 'pid')}`,
      `--init-file=${init}`,
      '--innodb-buffer-pool-size=8M',
      '--innodb-flush-log-at-trx-commit=0',
      '--skip-name-resolve',
      '--character-set-server=utf8mb4',
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], ...owner },
  )
  let log = ''
  child.stderr.on('data', (chunk) => {
    log += chunk
  })
  const stop = async () => {
    if (child.exitCode === null) {
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
    await rm(folder, { recursive: true, force: true })
  }
  for (let tries = 0; !/ready for connections/.test(log); tries += 1) {
    if (child.exitCode !== null || tries > 600) {
      await stop()
      throw new Error(`mariadbd did not start: ${log}`)
    }
    await sleep(100)
  }
  return { port, stop }
}
