import { errorEntry } from '../model/errors.ts'
import type { HttpReply } from './consumer-http.ts'
import { isMembers, type Members, parseReplyBody } from './consumer-reply.ts'
import { CliFault, EXIT } from './fault.ts'

/** @returns the fault of a reply that is none of those hoped for: the gateway's own words where it has them. */
export function refusalOf(reply: HttpReply): CliFault {
  const document = parseReplyBody(reply)
  const { code, detail, errors } = isMembers(document) ? document : {}
  const entry = typeof code === 'string' ? errorEntry(code) : undefined
  const places = (Array.isArray(errors) ? errors : []).filter(isMembers)
  const lines = places.map((each) => `${each['pointer'] || '/'}: ${each['detail']}`)
  const told = [typeof detail === 'string' ? detail : String(reply.status), ...lines].join('\n')
  const isAway = reply.status === 503 || reply.status === 504
  return new CliFault(isAway ? EXIT.unreachable : EXIT.failed, entry ? String(code) : 'gateway_refused', {
    title: entry?.title ?? { vi: 'Cổng không nhận', en: 'The gateway refuses' },
    detail: { vi: told, en: told },
    side: entry?.fault ?? 'gateway',
    ...(entry && { fix: entry.fix }),
  })
}

/** @returns the members of a reply of success. @throws CliFault for every other reply. */
export function requireMembers(reply: HttpReply): Members {
  const document = parseReplyBody(reply)
  if (reply.status >= 300 || !isMembers(document)) throw refusalOf(reply)
  return document
}
