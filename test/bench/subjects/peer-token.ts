import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import { QUESTION } from '../message.ts'
import type { BenchRequest } from '../row.ts'

/** `iss` of the tokens the peers are asked with. */
export const ISSUER = 'https://issuer.bench.invalid'

/** `aud` of the tokens the peers are asked with. */
export const AUDIENCE = 'https://door.bench.invalid/exchange'

/** What a verifying peer needs: its issuer's public key, and a right and a wrong request. */
export interface PeerToken {
  /** SPKI in PEM. */
  readonly publicKeyFile: string
  readonly request: BenchRequest
  /** The same claims, signed by another key. */
  readonly forged: BenchRequest
}

/** Makes a key pair and an access token (RFC 9068, ES256, one hour) for one subject. */
export async function createPeerToken(directory: string): Promise<PeerToken> {
  const issuer = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const publicKeyFile = join(directory, 'peer-public-key.pem')
  writeFileSync(publicKeyFile, issuer.publicKey.export({ type: 'spki', format: 'pem' }))
  return {
    publicKeyFile,
    request: bearing(await sign(issuer.privateKey)),
    forged: bearing(await sign(stranger.privateKey)),
  }
}

function sign(key: KeyObject): Promise<string> {
  return new SignJWT({ client_id: 'G99/thu/mot-cua' })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt' })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setSubject('G99/thu/mot-cua')
    .setJti('peer')
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(key)
}

function bearing(token: string): BenchRequest {
  return { headers: { authorization: `Bearer ${token}` }, body: QUESTION }
}
