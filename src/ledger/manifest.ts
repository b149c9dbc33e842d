import { MANIFEST_TYPE, type PackageManifest } from '../model/package.ts'
import type { NoteSigner } from './note.ts'

/** Signs the manifest of a package with the log's key. */
export type SignManifest = (manifest: PackageManifest) => Promise<string>

const base64url = (bytes: Uint8Array | string) => Buffer.from(bytes).toString('base64url')

/** @returns a compact JWS (RFC 7515), EdDSA, `kid` the key's name in the log. */
export function createManifestSigner({ key, sign }: NoteSigner): SignManifest {
  return async (manifest) => {
    const header = base64url(JSON.stringify({ alg: 'EdDSA', typ: MANIFEST_TYPE, kid: key.name }))
    const input = `${header}.${base64url(JSON.stringify(manifest))}`
    return `${input}.${base64url(await sign(Buffer.from(input)))}`
  }
}
