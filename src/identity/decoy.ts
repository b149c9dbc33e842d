import type { SignatureAlgorithm, VerificationKey } from './algorithm.ts'
import { vetPublicJwk } from './key-vetting.ts'

/**
 * Public keys whose private halves were never kept. A signature that names an unknown subsystem or key is
 * checked against one of them, so that the refusal takes as long as that of a wrong signature.
 */
const DECOY_JWKS: Readonly<Record<SignatureAlgorithm, Readonly<Record<string, string>>>> = {
  ES256: {
    kty: 'EC',
    crv: 'P-256',
    x: 'Gq2vloaeXq56F2aLKO9HpTZhKI7TlZjQNh74HDvjUL4',
    y: 'udoufRjS-SI001RGLt7gRSRoMljxv9vcXX4UzotHSa4',
  },
  PS256: {
    kty: 'RSA',
    e: 'AQAB',
    n: 'qQdOMoWiCJuYAYDrce-F1YogGiXm4pVcbU-x1wzrrf1-5Q6TMMWEJhCrlKxBC8E0qUP1zpTRi1x6iu7zq3707C1Pd99lwuH-uBuBR_hiYVMLPlE6I_TBT5miZdlsIkeRWcTg8xtpsIT7OnXSKAlc2fOjDVak8DxBnBaY5FumwoNTQ-OjGDYzhbSQvd4lz0oekepu-QnoUAK8237ags8_-aUqBOSWxCADAtEyNvy5hyktv8kX_DUDmvSiCa9Csk6C91Ese4vs1akaD1ZCh1JU9YMDLnt4aG6uPyhuDZlI_Q_qONmHpQC3dRfXkxN2KbIhKAAnCSDp8j5BCRU2kC8s7w',
  },
  Ed25519: { kty: 'OKP', crv: 'Ed25519', x: 'AuqsNjcn-J1YQVtuCY3R-geYUXTdzZXsBXzubEz63GI' },
}

export type DecoyKeys = Readonly<Record<SignatureAlgorithm, VerificationKey>>

function importDecoy(algorithm: SignatureAlgorithm): VerificationKey {
  const verdict = vetPublicJwk(DECOY_JWKS[algorithm])
  if ('fault' in verdict) throw new Error(`decoy key ${algorithm}: ${verdict.fault}`)
  return verdict.key
}

export function createDecoyKeys(): DecoyKeys {
  return { ES256: importDecoy('ES256'), PS256: importDecoy('PS256'), Ed25519: importDecoy('Ed25519') }
}
