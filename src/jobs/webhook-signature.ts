import { createHmac } from 'node:crypto'

/** Standard Webhooks 1.0: what a push is signed with, so that its receiver knows it for the gateway's. */

const PREFIX = 'whsec_'
/** Standard Webhooks asks for 24–64 bytes. */
export const SECRET_BYTES = 32

/** Signs with the gateway's Ed25519 key; 64 bytes. */
export type SignEd25519 = (message: Uint8Array) => Uint8Array | Promise<Uint8Array>

/** @returns the form in which a symmetric secret is handed over. */
export function formatSecret(secret: Uint8Array): string {
  return PREFIX + Buffer.from(secret).toString('base64')
}

/** @returns the form of the public key that `v1a` signatures are checked with. */
export function formatVerificationKey(publicKey: Uint8Array): string {
  return `whpk_${Buffer.from(publicKey).toString('base64')}`
}

export interface WebhookMessage {
  /** The same at every try: what receivers tell repetitions by. */
  readonly id: string
  /** Unix seconds of this try. */
  readonly timestampSeconds: number
  readonly body: Uint8Array
}

/**
 * @param secrets the newest first; while one is being replaced the one before signs too.
 * @returns the three fields of a push: a `v1` signature for each secret, and one `v1a`.
 */
export async function signWebhook(
  message: WebhookMessage,
  secrets: readonly Uint8Array[],
  signEd25519: SignEd25519,
): Promise<Readonly<Record<string, string>>> {
  const { id, timestampSeconds, body } = message
  const signed = Buffer.concat([Buffer.from(`${id}.${timestampSeconds}.`), body])
  const symmetric = secrets.map(
    (secret) => `v1,${createHmac('sha256', secret).update(signed).digest('base64')}`,
  )
  const asymmetric = `v1a,${Buffer.from(await signEd25519(signed)).toString('base64')}`
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestampSeconds),
    'webhook-signature': [...symmetric, asymmetric].join(' '),
  }
}
