import type { KeyRing } from './keys.ts'

/** @returns the text as a compact JWS of its own type, so that nothing else takes it for a token. */
export async function signManifest(keys: KeyRing, nowMs: number, manifest: string): Promise<string> {
  const key = keys.current(nowMs)
  const header = { alg: key.alg, kid: key.kid, typ: 'export-manifest+jwt' }
  const encode = (text: string) => Buffer.from(text).toString('base64url')
  const signed = `${encode(JSON.stringify(header))}.${encode(manifest)}`
  return `${signed}.${Buffer.from(await key.sign(Buffer.from(signed))).toString('base64url')}`
}
