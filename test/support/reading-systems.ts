import { randomUUID, type webcrypto } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generateKeyPair } from 'oauth4webapi'
import { parse } from 'yaml'
import { createSigningKey } from '../../src/identity/signing-key.ts'
import type { Subsystem } from '../../src/model/party.ts'
import type { Reader, ReaderRole } from '../../src/model/reader.ts'
import { runCli } from './cli.ts'
import type { GatewayWorld } from './gateway-world.ts'
import { readBlocks } from './markdown.ts'

const GUIDE = join(import.meta.dirname, '../../docs/integrators.md')

/** The right of a subsystem to read the log. */
export function readerOf(subsystem: string, role: ReaderRole): Reader {
  return {
    kind: 'Reader',
    id: `QD-${subsystem.replaceAll('/', '-')}`,
    title: { vi: 'Quyền thử', en: 'Test right' },
    subsystem: subsystem as Reader['subsystem'],
    role,
    legalBases: ['nd-278-2025'],
    validity: { from: '2026-01-01' },
    state: 'active',
  }
}

/** A subsystem that signs with this pair. */
export async function systemOf(id: string, { privateKey }: webcrypto.CryptoKeyPair): Promise<Subsystem> {
  const own = { ...(await crypto.subtle.exportKey('jwk', privateKey)), kid: 'main', alg: 'ES256' }
  return {
    kind: 'Subsystem',
    id: id as Subsystem['id'],
    name: { vi: 'Hệ thống thử', en: 'Test system' },
    state: 'active',
    securityLevel: 3,
    contact: 'test',
    credentials: { jwks: [{ ...createSigningKey(own).publicJwk, kid: 'main' } as never] },
  }
}

/** A subsystem whose private key lies in the folder for the command line: `H29-kiem-soat.jwk`. */
async function systemWithKey(id: string, folder: string): Promise<Subsystem> {
  const pair: webcrypto.CryptoKeyPair = await generateKeyPair('ES256', { extractable: true })
  const own = { ...(await crypto.subtle.exportKey('jwk', pair.privateKey)), kid: 'main', alg: 'ES256' }
  await writeFile(join(folder, `${id.replace('/', '-')}.jwk`), JSON.stringify(own), { mode: 0o600 })
  return systemOf(id, pair)
}

/** Subsystems by their roles, each with its key in the folder. */
export async function makeReadingSystems(
  roles: Readonly<Record<string, ReaderRole>>,
  folder: string,
): Promise<{ readonly subsystems: readonly Subsystem[]; readonly readers: readonly Reader[] }> {
  const subsystems = await Promise.all(Object.keys(roles).map((id) => systemWithKey(id, folder)))
  return { subsystems, readers: Object.entries(roles).map(([id, role]) => readerOf(id, role)) }
}

/** The application for connection that integrators are shown, with papers of today. */
export async function readGuideApplication(): Promise<Record<string, unknown>> {
  const page = await readFile(GUIDE, 'utf8')
  const read = parse(readBlocks(page).find(({ text }) => text.startsWith('class:'))?.text ?? '')
  const date = new Date().toISOString().slice(0, 10)
  return { ...read, documents: read.documents.map((each: object) => ({ ...each, date })) }
}

/** `lienthong applications` of one of these systems, with its key in the folder. */
export function runApplications(
  world: GatewayWorld,
  folder: string,
  party: string,
  ...argv: readonly string[]
): ReturnType<typeof runCli> {
  const { publicUrl, managementUrl } = world.gateway
  const own = ['--consumer', party, '--key', `${party.replace('/', '-')}.jwk`]
  const at = ['--gateway', publicUrl, '--management', managementUrl]
  return runCli(['applications', ...argv, ...own, ...at], { workingDirectory: folder, newId: randomUUID })
}
