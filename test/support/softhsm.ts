import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTestFolder } from './postgres.ts'

/** A token of SoftHSM in a folder of its own, made by the commands of docs/operations.md as they stand there. */
export interface SoftHsm {
  readonly library: string
  readonly token: string
  readonly pin: string
  /** A file of mode 600 that holds the PIN. */
  readonly pinFile: string
  /** `SOFTHSM2_CONF`, which SoftHSM reads when it is loaded. */
  readonly configuration: string
  /** @param type as `pkcs11-tool --key-type` takes it. */
  generate(label: string, type: string): void
}

const LIBRARY = '/usr/lib/softhsm/libsofthsm2.so'
const GUIDE = join(import.meta.dirname, '../../docs/operations.md')

function commandsOfTheGuide(): string {
  const block = /```sh\n(softhsm2-util [\s\S]*?)```/.exec(readFileSync(GUIDE, 'utf8'))?.[1]
  if (block === undefined) throw new Error('docs/operations.md gives no softhsm2-util commands')
  return block
}

/** The key that the guide makes. */
export const GUIDE_KEY = '2026-11'

export async function createSoftHsm(): Promise<SoftHsm> {
  const folder = await createTestFolder()
  const tokens = join(folder, 'tokens')
  const configuration = join(folder, 'softhsm2.conf')
  mkdirSync(tokens, { mode: 0o700 })
  writeFileSync(configuration, `directories.tokendir = ${tokens}\nobjectstore.backend = file\n`)
  const token = 'lienthong'
  const pin = '74920183'
  const env = { ...process.env, SOFTHSM2_CONF: configuration, PIN: pin, SO_PIN: '88888888' }
  const pinFile = join(folder, 'pin')
  const commands = commandsOfTheGuide().replaceAll('/etc/lienthong/pin', pinFile)
  execFileSync('bash', ['-euc', commands], { env, stdio: 'pipe' })
  return {
    library: LIBRARY,
    token,
    pin,
    pinFile,
    configuration,
    generate(label, type) {
      const open = ['--module', LIBRARY, '--token-label', token, '--login', '--pin', pin]
      const make = ['--keypairgen', '--key-type', type, '--label', label]
      execFileSync('pkcs11-tool', [...open, ...make], { env, stdio: 'pipe' })
    },
  }
}
