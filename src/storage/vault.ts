import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto'
import type pg from 'pg'

/** Encrypts `plain` bound to `context` (say, its table and key), so that it opens nowhere else. */
export type Seal = (plain: Uint8Array, context: Uint8Array) => Buffer
export type Open = (sealed: Uint8Array, context: Uint8Array) => Buffer

export interface Vault {
  readonly seal: Seal
  readonly open: Open
}

const NONCE_BYTES = 12
const MAC_BYTES = 16

/**
 * What the database holds of personal data, it holds under AES-256-GCM: nonce ‖ ciphertext ‖ tag.
 * @param key 32 bytes, kept outside the database. `open` throws where anything was changed or moved.
 * @param random fresh random bytes; they are read before it is called again.
 */
export function createVault(key: Uint8Array, random: (bytes: number) => Buffer = randomBytes): Vault {
  // Imported once: each exchange seals something, and bytes would be made a key anew for each.
  const secret = createSecretKey(key)
  return {
    seal(plain, context) {
      const nonce = random(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', secret, nonce).setAAD(context)
      return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
    },
    open(sealed, context) {
      const decipher = createDecipheriv('aes-256-gcm', secret, sealed.subarray(0, NONCE_BYTES), {
        authTagLength: MAC_BYTES,
      })
        .setAAD(context)
        .setAuthTag(sealed.subarray(-MAC_BYTES))
      return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -MAC_BYTES)), decipher.final()])
    },
  }
}

const CHECK = Buffer.from('vault_check')

/**
 * Makes sure that the database was written under this vault's key; the first gateway of a database sets it.
 * @throws Error before anything is read or written under another key.
 */
export async function assertVaultFits(pool: pg.Pool, vault: Vault): Promise<void> {
  await pool.query('INSERT INTO vault_check (sealed) VALUES ($1) ON CONFLICT DO NOTHING', [
    vault.seal(CHECK, CHECK),
  ])
  const { rows } = await pool.query<{ sealed: Buffer }>('SELECT sealed FROM vault_check')
  try {
    vault.open(rows[0]?.sealed ?? Buffer.alloc(0), CHECK)
  } catch (cause) {
    throw new Error(
      'the data key (keys/data.key in the data folder) is not the one this database was written under; give every gateway of one database the same file',
      { cause },
    )
  }
}
