import type { VerificationKey } from '../identity/algorithm.ts'
import { vetPublicJwk } from '../identity/key-vetting.ts'
import { isSignedAnswer } from '../identity/message-holder.ts'
import type { RequestMessage } from '../model/exchange.ts'
import type { createConsumerHttp, HttpReply } from './consumer-http.ts'
import { isMembers, parseReplyBody } from './consumer-reply.ts'
import { CliFault, EXIT } from './fault.ts'

/** The public key a gateway signed an answer with, as it publishes it; kept with the messages it proves them. */
export interface GatewayKey {
  readonly jwk: Readonly<Record<string, unknown>>
  readonly key: VerificationKey
}

/** Checks the gateway's signature on the answer to a signed request. @throws CliFault where it does not hold. */
export type CheckAnswer = (reply: HttpReply, request: RequestMessage) => Promise<GatewayKey>

function notSigned(): CliFault {
  return new CliFault(EXIT.failed, 'answer_signature_invalid', {
    title: {
      vi: 'Câu trả lời không mang chữ ký đúng của cổng',
      en: "The answer does not bear the gateway's signature",
    },
    side: 'gateway',
    fix: {
      vi: 'Đừng dùng câu trả lời này; kiểm tra --gateway và đường truyền, báo đơn vị vận hành cổng.',
      en: "Do not use this answer; check --gateway and what lies between, and tell the gateway's operator.",
    },
  })
}

/** Reads the gateway's key set (RFC 7517 §5) anew for each key that is not known yet. */
export function createAnswerCheck(
  gatewayUrl: string,
  send: ReturnType<typeof createConsumerHttp>,
): CheckAnswer {
  const known = new Map<string, GatewayKey>()

  async function readKeys(): Promise<void> {
    const headers = { accept: 'application/jwk-set+json' }
    const document = parseReplyBody(await send({ method: 'GET', url: `${gatewayUrl}/oauth/jwks`, headers }))
    const keys = isMembers(document) && Array.isArray(document['keys']) ? document['keys'] : []
    for (const jwk of keys.filter(isMembers)) {
      const verdict = vetPublicJwk(jwk)
      const { kid } = jwk
      if (typeof kid === 'string' && 'key' in verdict) known.set(kid, { jwk, key: verdict.key })
    }
  }

  return async ({ status, headers, body }, request) => {
    const kid = /;keyid="([^"\\]{1,128})"/.exec(headers['signature-input'] ?? '')?.[1] ?? ''
    if (!known.has(kid)) await readKeys()
    const held = known.get(kid)
    const answer = { status, fields: new Map(Object.entries(headers)), body, request }
    if (held === undefined || !isSignedAnswer({ ...answer, findKey: (id) => known.get(id)?.key })) {
      throw notSigned()
    }
    return held
  }
}
