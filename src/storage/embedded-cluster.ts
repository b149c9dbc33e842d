import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chown, constants, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Binaries } from './embedded-binaries.ts'
import { type Account, type Home, hasCode, isPresent, syncFolder } from './embedded-home.ts'

/** The role and the database that the gateway works with; the role is no superuser. */
export const ROLE = 'lienthong'

/** The log is begun anew at a start after it has grown beyond this. */
const LOG_LIMIT_BYTES = 10 * 1024 * 1024

/**
 * The server's log tells of starts, stops and crashes only. The errors of statements go to the gateway that sent
 * them: their details quote rows, and with them persons.
 */
const LOG_SETTINGS = ['log_min_messages=log', 'log_min_error_statement=panic', 'log_checkpoints=off']

/** What differs from PostgreSQL's defaults; durability (fsync, synchronous_commit) is as it comes: on. */
const SERVER_SETTINGS = [
  ...LOG_SETTINGS,
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  // A process for each of 24 cores has its pool and its two connections.
  'max_connections=300',
  'shared_buffers=128MB',
  'min_wal_size=128MB',
  'max_wal_size=1GB',
  'jit=off',
  'timezone=UTC',
  'log_timezone=UTC',
]

/** How PostgreSQL's programs are run: nothing of the gateway's environment, and the account they may run as. */
function runAs(account: Account | undefined) {
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }
  // The kernel's ids are unsigned, those of spawn signed.
  return account === undefined ? { env } : { env, uid: account.uid | 0, gid: account.gid | 0 }
}

function explainSpawn(program: string, cause: unknown): Error {
  return new Error(
    `PostgreSQL's program ${program} cannot be run here: start the gateway as an ordinary user on a usual Linux ` +
      '(glibc) or macOS, or set DATABASE_URL to a PostgreSQL server.',
    { cause },
  )
}

interface Run {
  readonly program: string
  readonly programArguments: readonly string[]
  readonly input: string
}

/** Runs a program to its end. @throws Error with the end of what it wrote where it failed. */
async function run({ program, programArguments, input }: Run, home: Home): Promise<void> {
  const child = spawn(program, programArguments, { ...runAs(home.account), cwd: home.folder, stdio: 'pipe' })
  let said = ''
  const hear = (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2000)
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  // A program that ends early closes its input; its exit code tells more than EPIPE.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (cause) => reject(explainSpawn(program, cause)))
    child.once('close', resolve)
  })
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${said.trim()}`)
}

/**
 * Makes the cluster: a superuser `postgres`, and the gateway's own role and database, all asking for the password
 * by SCRAM; data checksums on. The folder appears by one rename, so a cluster that exists is complete; of two
 * that make it at once, one wins. Returns whether it was ours.
 */
export async function initialiseCluster(home: Home, { initdb, postgres }: Binaries): Promise<boolean> {
  const draft = join(home.folder, `cluster.${randomBytes(6).toString('hex')}`)
  const passwordFile = `${draft}.password`
  try {
    await mkdir(draft, { mode: 0o700 })
    const handle = await open(passwordFile, 'wx', 0o600)
    await handle.writeFile(`${home.password}\n`)
    if (home.account !== undefined) {
      await chown(draft, home.account.uid, home.account.gid)
      await handle.chown(home.account.uid, home.account.gid)
    }
    await handle.close()
    const collation = [
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
    ]
    const access = ['--username=postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`]
    await run(
      {
        program: initdb,
        programArguments: ['-D', draft, ...collation, ...access, '--no-instructions'],
        input: '',
      },
      home,
    )
    const settings = [...LOG_SETTINGS, 'exit_on_error=true'].flatMap((setting) => ['-c', setting])
    const input =
      `CREATE ROLE ${ROLE} LOGIN CREATEDB PASSWORD '${home.password}';\n` +
      `CREATE DATABASE ${ROLE} OWNER ${ROLE};\n`
    await run(
      { program: postgres, programArguments: ['--single', '-D', draft, ...settings, 'postgres'], input },
      home,
    )
    await rename(draft, home.clusterFolder)
    await syncFolder(home.folder)
    return true
  } catch (thrown) {
    if (hasCode(thrown, 'EEXIST', 'ENOTEMPTY') && (await isPresent(home.clusterFolder))) return false
    throw thrown
  } finally {
    await rm(passwordFile, { force: true })
    await rm(draft, { recursive: true, force: true })
  }
}

/** What `postmaster.pid` says, true or stale. */
export interface Postmaster {
  readonly pid: number
  readonly port: number
  readonly ready: boolean
}

/** Reads `postmaster.pid` (PostgreSQL's miscadmin.h has its lines); undefined where there is none. */
export async function readPostmaster(clusterFolder: string): Promise<Postmaster | undefined> {
  try {
    const lines = (await readFile(join(clusterFolder, 'postmaster.pid'), 'utf8')).split('\n')
    const pid = Number(lines[0])
    if (!Number.isSafeInteger(pid) || pid <= 0) return undefined
    return { pid, port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' }
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT')) return undefined
    throw thrown
  }
}

/**
 * Says whether process `pid` lives and is the server of this very cluster: after a crash its number may belong to
 * any other program. A dead process that nobody has reaped has no command line, so it does not count.
 */
export async function isServerOf(clusterFolder: string, pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (thrown) {
    if (hasCode(thrown, 'ESRCH')) return false
    if (!hasCode(thrown, 'EPERM')) throw thrown
  }
  if (process.platform !== 'linux') {
    const { stdout } = spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
    return stdout.includes(`-D ${clusterFolder} `)
  }
  try {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).includes(`\0-D\0${clusterFolder}\0`)
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT', 'ESRCH')) return false
    throw thrown
  }
}

/** A server just started, not yet ready. */
export interface ServerProcess {
  readonly pid: number
  hasEnded(): boolean
}

/** How to start a server. */
export interface SpawnOptions {
  readonly port: number
  /** A process that `postmaster.pid` names and that is not this cluster's server. */
  readonly stalePid: number | undefined
}

/**
 * Starts the server in a session of its own: what a terminal or a supervisor sends to the gateway's process group
 * (Ctrl-C) does not reach it, so it outlives the gateway's drain. It also outlives a gateway that was killed.
 */
export async function spawnServer(
  home: Home,
  binaries: Binaries,
  options: SpawnOptions,
): Promise<ServerProcess> {
  const { env, ...account } = runAs(home.account)
  // PostgreSQL takes the process of this number for none of its own (miscinit.c, CreateLockFile), and still
  // checks that nobody holds the cluster's shared memory.
  const stale = options.stalePid === undefined ? {} : { PG_GRANDPARENT_PID: String(options.stalePid) }
  const settings = [...SERVER_SETTINGS, `port=${options.port}`].flatMap((setting) => ['-c', setting])
  const log = await openLog(home)
  try {
    const child = spawn(binaries.postgres, ['-D', home.clusterFolder, ...settings], {
      ...account,
      env: { ...env, ...stale },
      cwd: home.folder,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    })
    await new Promise<void>((resolve, reject) => {
      child.once('error', (cause) => reject(explainSpawn(binaries.postgres, cause)))
      child.once('spawn', resolve)
    })
    child.unref()
    const { pid } = child
    if (pid === undefined) throw explainSpawn(binaries.postgres, undefined)
    return { pid, hasEnded: () => child.exitCode !== null || child.signalCode !== null }
  } finally {
    await log.close()
  }
}

/** Never follows a link: where the gateway runs as root, the folder may be another user's. */
async function openLog({ logFile, account }: Home) {
  if ((await isPresent(logFile)) && (await stat(logFile)).size > LOG_LIMIT_BYTES) {
    await rename(logFile, `${logFile}.1`)
  }
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW
  const handle = await open(logFile, flags, 0o600)
  if (account !== undefined) await handle.chown(account.uid, account.gid)
  return handle
}

/** The last lines of the server's log, to explain why it did not start. */
export async function readLogEnd({ logFile }: Home): Promise<string> {
  try {
    return (await readFile(logFile, 'utf8')).trimEnd().split('\n').slice(-8).join('\n')
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT')) return ''
    throw thrown
  }
}
