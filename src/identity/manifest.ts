import { compactVerify, createLocalJWKSet, type JSONWebKeySet } from 'jose'
import type { KeyRing } from './keys.ts'

const TYPE = 'export-manifest+jwt'

/** @returns the text as a compact JWS of its own type, so that nothing else takes it for a token. */
export async function signManifest(keys: KeyRing, nowMs: number, manifest: string): Promise<string> {
  const key = keys.current(nowMs)
  const header = { alg: key.alg, kid: key.kid, typ: TYPE }
  const encode = (text: string) => Buffer.from(text).toString('base64url')
  const signed = `${encode(JSON.stringify(header))}.${encode(manifest)}`
  return `${signed}.${Buffer.from(await key.sign(Buffer.from(signed))).toString('base64url')}`
}

/** @returns the manifest's text where one of the gateway's keys signed it as a manifest; undefined otherwise. */
export async function openManifest(signed: string, keys: JSONWebKeySet): Promise<string | undefined> {
  try {
    const { payload, protectedHeader } = await compactVerify(signed.trim(), createLocalJWKSet(keys), {
      algorithms: ['ES256', 'EdDSA', 'Ed25519', 'PS256'],
    })
    return protectedHeader.typ === TYPE ? new TextDecoder().decode(payload) : undefined
  } catch {
    // Not a JWS, or of no key given: either way nobody vouches for it.
    return undefined
  }
}
