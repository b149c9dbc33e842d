import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { NODE_CRYPTO } from '../../src/identity/log-key.ts'
import { createNoteKey, type KeyKind, type NoteSigner } from '../../src/ledger/note.ts'
import { createPromiseBatch, type PromiseBatch } from '../../src/ledger/promise.ts'

/** A key in memory that signs notes. */
export async function createTestSigner(
  name = 'log.example/test',
  kind: KeyKind = 'note',
): Promise<NoteSigner> {
  const { privateKey } = generateKeyPairSync('ed25519')
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  const publicKey = new Uint8Array(spki.subarray(-32))
  return {
    key: await createNoteKey({ name, kind, publicKey }, NODE_CRYPTO.hash),
    sign: (message) => sign(null, message, privateKey),
  }
}

/** A promise where nobody looks at it. */
export const SAMPLE_PROMISE = { first: 0, count: 1, dueSeconds: 0, path: [], signature: new Uint8Array(64) }

/** A ledger's promises by a key of its own. */
export function createTestPromises(): PromiseBatch {
  const made = createTestSigner()
  return async (...batch) => createPromiseBatch(await made)(...batch)
}
