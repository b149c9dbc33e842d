import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { replaceSecretFile } from './secret-file.ts'

const SECRETS = [
  'applicant.jwk',
  'applicant.json',
  'appraiser.jwk',
  'appraiser.json',
  'auditor.jwk',
  'auditor.json',
  'consumer.jwk',
  'consumer.json',
  'control.json',
  'leader-root.pem',
  'leader.key',
  'leader.pem',
  'parties.json',
  'land-registry.password',
  'package.jwk',
  'token',
] as const

/** Secrets of one demo, and what belongs to them: of mode 600, gone with it. */
type SecretName = (typeof SECRETS)[number]

/** Where one running demo keeps its database, keys and log. */
export interface DemoFolder {
  readonly path: string
  /** Whether an earlier demo left a database to go on with. */
  readonly isUsed: boolean
  /** Writes or replaces a secret. @returns its path. */
  writeSecret(name: SecretName, content: string): string
  /** Throws away what earlier demos left. */
  empty(): void
  /** Takes the secrets away and lets the next demo have the folder. */
  release(): void
}

const MARK = 'running'
const MOST_AT_ONCE = 20

function isAlive(pid: number): boolean {
  // A container starts its processes with the same numbers again: our own is nobody else's.
  if (!Number.isSafeInteger(pid) || pid <= 0 || pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM'
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST'
}

/** @returns whether the folder is ours now; what a crashed demo left in it does not matter. */
function claim(path: string): boolean {
  const mark = join(path, MARK)
  mkdirSync(path, { recursive: true })
  for (const isLast of [false, true]) {
    try {
      writeFileSync(mark, `${process.pid}\n`, { flag: 'wx', mode: 0o600 })
      return true
    } catch (thrown) {
      if (!isTaken(thrown)) throw thrown
      if (isLast || isAlive(Number(readFileSync(mark, 'utf8')))) return false
      rmSync(mark, { force: true })
    }
  }
  return false
}

/**
 * Takes `demo` below `dataDir`, or `demo-2` … where other demos run: two of them never share a registry.
 * @throws Error where none is free.
 */
export function claimDemoFolder(dataDir: string): DemoFolder {
  for (let number = 1; number <= MOST_AT_ONCE; number += 1) {
    const path = join(dataDir, number === 1 ? 'demo' : `demo-${number}`)
    if (claim(path)) return openFolder(path)
  }
  throw new Error(`${MOST_AT_ONCE} demos run in ${dataDir} already`)
}

function openFolder(path: string): DemoFolder {
  const dropSecrets = () => {
    for (const name of SECRETS) rmSync(join(path, name), { force: true })
  }
  const release = () => {
    process.off('exit', release)
    dropSecrets()
    rmSync(join(path, MARK), { force: true })
  }
  // A demo that was killed could not take its own away.
  dropSecrets()
  process.once('exit', release)
  return {
    path,
    isUsed: readdirSync(path).some((name) => name !== MARK),
    writeSecret(name, content) {
      const file = join(path, name)
      replaceSecretFile(file, content)
      return file
    },
    empty() {
      for (const name of readdirSync(path)) {
        if (name !== MARK) rmSync(join(path, name), { recursive: true, force: true })
      }
    },
    release,
  }
}
