import { randomBytes } from 'node:crypto'
import { chmod, link, lstat, mkdir, mkdtemp, open, readFile, realpath, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { StorageLog } from './storage-event.ts'

/** Where a gateway run by root keeps what the unprivileged user must reach; the first that can be used is. */
const SYSTEM_FOLDER = '/var/lib/lienthong'

/** The account PostgreSQL runs under where the gateway runs as root. */
export interface Account {
  readonly uid: number
  readonly gid: number
}

/** The files of one embedded server. */
export interface Home {
  readonly folder: string
  /** PostgreSQL's own data folder; absent until it is initialised as a whole. */
  readonly clusterFolder: string
  readonly logFile: string
  /** Of both roles, 64 hexadecimal digits. */
  readonly password: string
  /** undefined: PostgreSQL runs under the gateway's own account. */
  readonly account: Account | undefined
}

export function isRoot(): boolean {
  return process.getuid?.() === 0
}

/** Says whether `thrown` is a system error with one of `codes`, such as `ENOENT`. */
export function hasCode(thrown: unknown, ...codes: string[]): boolean {
  return thrown instanceof Error && 'code' in thrown && codes.includes(String(thrown.code))
}

export async function isPresent(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT', 'ENOTDIR')) return false
    throw thrown
  }
}

/** Makes a finished rename, or a new file, in `folder` survive a power failure. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * Says whether every account can walk to `folder` and none but root can put anything else in its place: each
 * folder on the way belongs to root, is searchable by all and writable by root alone. Above `folder` a sticky
 * bit will do, since it keeps others from renaming what is root's.
 */
export async function isOpenAndSafe(folder: string): Promise<boolean> {
  const leaf = await realpath(folder)
  for (let path = leaf; ; path = dirname(path)) {
    const { uid, mode } = await stat(path)
    const guarded = (mode & 0o022) === 0 || (path !== leaf && (mode & 0o1000) !== 0)
    if (uid !== 0 || !guarded || (mode & 0o001) === 0) return false
    if (path === dirname(path)) return true
  }
}

/** Makes `folder` if need be; undefined where it cannot be made or others could tamper with it. */
async function openIfSafe(folder: string): Promise<string | undefined> {
  try {
    // The process's umask may have closed it to others.
    if ((await mkdir(folder, { recursive: true })) !== undefined) await chmod(folder, 0o755)
    return (await isOpenAndSafe(folder)) ? await realpath(folder) : undefined
  } catch (thrown) {
    if (hasCode(thrown, 'EACCES', 'EPERM', 'EROFS', 'EEXIST', 'ENOTDIR', 'ENOENT')) return undefined
    throw thrown
  }
}

/**
 * A folder for `part` that everyone can read and only root can write: under `preferred` or `/var/lib/lienthong`,
 * else under the temporary folder, where a name that somebody else took first is never used.
 */
export async function openSystemFolder(
  part: 'binaries' | 'data',
  preferred = SYSTEM_FOLDER,
): Promise<string> {
  for (const folder of [preferred, join(tmpdir(), 'lienthong-root')]) {
    if ((await openIfSafe(folder)) === undefined) continue
    const known = await openIfSafe(join(folder, part))
    if (known !== undefined) return known
  }
  const fresh = await mkdtemp(join(tmpdir(), `lienthong-root-${part}-`))
  await chmod(fresh, 0o755)
  if (await isOpenAndSafe(fresh)) return await realpath(fresh)
  await rm(fresh, { recursive: true })
  throw new Error(
    `PostgreSQL does not run as root, and neither ${preferred} nor ${tmpdir()} can hold its files where another ` +
      'account reaches them: start the gateway as an ordinary user, or set DATABASE_URL to a PostgreSQL server.',
  )
}

/** `postgres` or else `nobody`, as `/etc/passwd` has them; no account is ever made. */
async function findAccount(): Promise<Account> {
  const accounts = new Map<string, Account>()
  for (const line of (await readFile('/etc/passwd', 'utf8')).split('\n')) {
    const [name, , uid, gid] = line.split(':')
    // macOS writes nobody as -2, which the system calls take as 4294967294.
    if (name !== undefined) accounts.set(name, { uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 })
  }
  const account = accounts.get('postgres') ?? accounts.get('nobody')
  if (account !== undefined && account.uid !== 0) return account
  throw new Error(
    'PostgreSQL does not run as root, and there is neither a user postgres nor nobody to run it: start the ' +
      'gateway as an ordinary user, or set DATABASE_URL to a PostgreSQL server.',
  )
}

/** The account that owns the cluster, so that a user postgres installed later does not lock us out of it. */
async function accountOf(clusterFolder: string): Promise<Account | undefined> {
  const owner = (await isPresent(clusterFolder)) ? await lstat(clusterFolder) : undefined
  if (!isRoot()) {
    if (owner === undefined || owner.uid === process.getuid?.()) return undefined
    throw new Error(
      `The database in ${clusterFolder} belongs to the user with uid ${owner.uid}: start the gateway as that ` +
        'user, give it another data folder, or set DATABASE_URL.',
    )
  }
  if (owner === undefined) return await findAccount()
  if (owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  throw new Error(
    `The database in ${clusterFolder} was given to root, and PostgreSQL does not run as root: give it to an ` +
      'ordinary user with chown -R, or set DATABASE_URL.',
  )
}

/** The folder that `pointer` names; undefined where none was ever placed. */
async function findPlacedFolder(pointer: string): Promise<string | undefined> {
  if (!(await isPresent(pointer))) return undefined
  const folder = (await readFile(pointer, 'utf8')).trim()
  if ((await isPresent(folder)) && (await isOpenAndSafe(folder))) return folder
  throw new Error(
    `The database was kept in ${folder}, as ${pointer} says, which is gone or can be written by others: restore ` +
      `it, or delete ${pointer} to begin with an empty database.`,
  )
}

/** A new folder that PostgreSQL's account can reach, noted in `pointer`. */
async function placeFolder(
  pointer: string,
  systemFolder: string | undefined,
  log: StorageLog,
): Promise<string> {
  const parent = await openSystemFolder('data', systemFolder)
  const folder = await mkdtemp(join(parent, '/'))
  await chmod(folder, 0o711)
  if (!(await setOnce(pointer, `${folder}\n`, 0o644))) {
    await rm(folder, { recursive: true })
    return (await readFile(pointer, 'utf8')).trim()
  }
  log({ event: 'data_placed', folder, lasting: !parent.startsWith(await realpath(tmpdir())) })
  return folder
}

/** Writes `file` as a whole, on disk at return; of several that try, the first wins and the others get false. */
async function setOnce(file: string, text: string, mode: number): Promise<boolean> {
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  const handle = await open(draft, 'wx', mode)
  try {
    await handle.writeFile(text)
    await handle.sync()
    await link(draft, file)
    await syncFolder(dirname(file))
    return true
  } catch (thrown) {
    if (hasCode(thrown, 'EEXIST')) return false
    throw thrown
  } finally {
    await handle.close()
    await rm(draft, { force: true })
  }
}

/** The password in `file`, made at the first start. */
async function openPassword(file: string): Promise<string> {
  if (!(await isPresent(file))) await setOnce(file, `${randomBytes(32).toString('hex')}\n`, 0o600)
  return (await readFile(file, 'utf8')).trim()
}

/** Refuses a folder that another account could fill. */
async function checkOwn(folder: string): Promise<void> {
  const { uid, mode } = await lstat(folder)
  if (uid === process.getuid?.() && (mode & 0o022) === 0) return
  throw new Error(
    `The folder ${folder} belongs to another user or can be written by others, so the database cannot trust ` +
      'it: start the gateway as its owner, give it another data folder, or set DATABASE_URL.',
  )
}

/** Where to look for and keep an embedded server's files. */
export interface HomeOptions {
  /** The gateway's data folder; made if absent. */
  readonly dataDir: string
  /** Instead of `/var/lib/lienthong`; used only where the gateway runs as root. */
  readonly systemFolder?: string | undefined
  readonly log: StorageLog
}

/**
 * Opens, or makes, the place of an embedded server: `postgres/` in the data folder. Where the gateway runs as
 * root and PostgreSQL's account cannot get there safely, it is a folder elsewhere that `postgres/location` names.
 */
export async function openHome(options: HomeOptions): Promise<Home> {
  const folder = await openFolder(options)
  const clusterFolder = join(folder, 'cluster')
  const account = await accountOf(clusterFolder)
  const passwordFile = join(folder, 'password')
  if ((await isPresent(clusterFolder)) && !(await isPresent(passwordFile))) {
    throw new Error(
      `The password of the database in ${clusterFolder} is missing: put back ${passwordFile}, or move ${folder} ` +
        'away to begin with an empty database.',
    )
  }
  const password = await openPassword(passwordFile)
  return { folder, clusterFolder, logFile: join(folder, 'postgres.log'), password, account }
}

async function openFolder({ dataDir, systemFolder, log }: HomeOptions): Promise<string> {
  await mkdir(dataDir, { recursive: true })
  const folder = join(await realpath(dataDir), 'postgres')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  if (!isRoot()) await checkOwn(folder)
  if (!isRoot() || (await isPresent(join(folder, 'cluster')))) return folder
  const pointer = join(folder, 'location')
  const placed = await findPlacedFolder(pointer)
  if (placed !== undefined) return placed
  if (!(await isOpenAndSafe(dirname(folder)))) return await placeFolder(pointer, systemFolder, log)
  await chmod(folder, 0o711)
  return folder
}
