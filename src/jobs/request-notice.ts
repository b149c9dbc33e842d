import { describeRequest, type StoredRequest } from '../exchange/request.ts'
import { placeUrl } from '../exchange/requests.ts'
import type { PostWebhook } from './sender.ts'
import { type SignEd25519, signWebhook } from './webhook-signature.ts'

interface NoticeParts {
  readonly post: PostWebhook
  readonly signEd25519: SignEd25519
  /** Unix milliseconds. */
  readonly now: () => number
}

/**
 * Tells whoever made a request that it has ended, as a signed webhook (Standard Webhooks, `v1a`): its id and state and
 * where to fetch the rest. The document itself is fetched with a token, under the agreement then in force.
 */
export function createTellEnd(parts: NoticeParts): (found: StoredRequest, url: string) => Promise<boolean> {
  return async (found, url) => {
    const { id, consumer, service, contents } = found
    const [agency, subsystem] = consumer.split('/')
    if (contents === undefined || agency === undefined || subsystem === undefined) return true
    const nowMs = parts.now()
    const data = describeRequest(found, placeUrl(contents.order, id), nowMs)
    const said = {
      type: 'request.ended',
      timestamp: new Date(nowMs).toISOString(),
      data: { service, ...data },
    }
    const body = Buffer.from(JSON.stringify(said))
    const message = { id: `request.${id}`, timestampSeconds: Math.floor(nowMs / 1000), body }
    const headers = {
      'content-type': 'application/json',
      ...(await signWebhook(message, [], parts.signEd25519)),
    }
    const subscription = { consumer: `${agency}/${subsystem}` as const, url }
    const { status } = await parts.post({ subscription, headers, body })
    return status < 300
  }
}
