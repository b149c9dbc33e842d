import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import type pg from 'pg'

/** Encrypts `plain` bound to `context` (say, its table and key), so that it opens nowhere else. */
export type Seal = (plain: Uint8Array, context: Uint8Array) => Buffer
export type Open = (sealed: Uint8Array, context: Uint8Array) => Buffer

export interface Vault {
  readonly seal: Seal
  readonly open: Open
}

const SALT_BYTES = 16
const NONCE_BYTES = 12
const MAC_BYTES = 16
/** A key and a nonce are never used twice: a fresh key after so many seals (NIST SP 800-38D §8.3 allows as many). */
const SEALS_PER_KEY = 2 ** 32
/** Derived keys remembered for opening; each process that ever wrote has its own. */
const KEPT_KEYS = 1000

/**
 * What the database holds of personal data, it holds under AES-256-GCM: salt ‖ nonce ‖ ciphertext ‖ tag. The salt
 * names the key, derived from the vault's by HKDF-SHA-256 (RFC 5869): each process has its own, so that the nonce may
 * count, however many write and however long.
 * @param key 32 bytes, kept outside the database. `open` throws where anything was changed or moved.
 */
export function createVault(key: Uint8Array): Vault {
  const derived = new Map<string, KeyObject>()
  const derive = (salt: Uint8Array) =>
    createSecretKey(Buffer.from(hkdfSync('sha256', key, salt, 'lienthong vault', 32)))
  let own: { readonly salt: Buffer; readonly secret: KeyObject; seals: number } | undefined

  function secretFor(salt: Buffer): KeyObject {
    const name = salt.toString('latin1')
    const known = derived.get(name)
    if (known) return known
    const secret = derive(salt)
    if (derived.size >= KEPT_KEYS) derived.clear()
    derived.set(name, secret)
    return secret
  }

  function nextNonce() {
    if (own === undefined || own.seals >= SEALS_PER_KEY) {
      const salt = randomBytes(SALT_BYTES)
      own = { salt, secret: derive(salt), seals: 0 }
    }
    const nonce = Buffer.alloc(NONCE_BYTES)
    nonce.writeUIntBE(own.seals, NONCE_BYTES - 6, 6)
    own.seals += 1
    return { ...own, nonce }
  }

  return {
    seal(plain, context) {
      const { salt, secret, nonce } = nextNonce()
      const cipher = createCipheriv('aes-256-gcm', secret, nonce).setAAD(context)
      return Buffer.concat([salt, nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
    },
    open(sealed, context) {
      const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
      const body = SALT_BYTES + NONCE_BYTES
      const secret = secretFor(bytes.subarray(0, SALT_BYTES))
      const decipher = createDecipheriv('aes-256-gcm', secret, bytes.subarray(SALT_BYTES, body), {
        authTagLength: MAC_BYTES,
      })
        .setAAD(context)
        .setAuthTag(bytes.subarray(-MAC_BYTES))
      return Buffer.concat([decipher.update(bytes.subarray(body, -MAC_BYTES)), decipher.final()])
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
