import { randomBytes } from 'node:crypto'
import type { Binding } from '../model/party.ts'
import { createCountry } from '../sandbox/country.ts'
import { landCertificates } from '../sandbox/land-certificates.ts'
import { createLandRegistry } from '../storage/sample-land-registry.ts'
import type { DemoFolder } from './demo-folder.ts'

/** The demo's agency that has only a database: beside the gateway's own on the embedded server, and unknown to it. */
export interface DemoLandRegistry {
  readonly baseUrl: string
  readonly user: string
  readonly passwordFile: string
}

const NAME = 'van_phong_dat_dai'
const CERTIFICATES = 50

/** Makes the database anew, its reading role with a fresh password. @param url of the embedded server. */
export async function openDemoLandRegistry(url: string, folder: DemoFolder): Promise<DemoLandRegistry> {
  const admin = new URL(url)
  // The embedded server's superuser has the same password; the gateway's own role may not make roles.
  admin.username = 'postgres'
  const password = randomBytes(24).toString('base64url')
  const certificates = landCertificates(createCountry(), CERTIFICATES)
  const made = await createLandRegistry({ adminUrl: admin.href, name: NAME, password }, certificates)
  return { ...made, passwordFile: folder.writeSecret('land-registry.password', `${password}\n`) }
}

/** @returns the binding of a service to a database, led to the demo's. */
export function bindToLandRegistry(
  binding: Binding,
  sql: NonNullable<Binding['sql']>,
  { baseUrl, user, passwordFile }: DemoLandRegistry,
): Binding {
  return { ...binding, baseUrl, sql: { ...sql, user, password: { file: passwordFile } } }
}
