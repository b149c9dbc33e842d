import type { IncomingMessage } from 'node:http'
import { APPLICATION_ACTS, SIGNING_ACTS } from '../model/application.ts'
import type { ApplicationDesk } from '../reporting/application-desk.ts'
import type { AuditRoute } from './audit-route.ts'

const ROOT = '/audit/applications'
/** A list of conformance is a few kilobytes. */
const MAX_BODY_BYTES = 131_072

/** Where agencies apply for connections and appraisers decide on them. */
export function applicationRoutes(desk: ApplicationDesk): readonly AuditRoute[] {
  const partsOf = ({ url = '' }: IncomingMessage) => new URL(url, 'http://localhost')
  const numberOf = (request: IncomingMessage) => partsOf(request).pathname.split('/')[3] ?? ''
  return [
    {
      method: 'GET',
      path: ROOT,
      action: 'applications',
      prepare: (_json, request) => desk.list(partsOf(request).searchParams),
    },
    { method: 'POST', path: ROOT, action: 'file', prepare: desk.file, maxBodyBytes: MAX_BODY_BYTES },
    {
      method: 'GET',
      path: `${ROOT}/:number`,
      action: 'application',
      prepare: (_json, request) => desk.show(numberOf(request)),
    },
    ...[...APPLICATION_ACTS, ...SIGNING_ACTS].map(
      (act): AuditRoute => ({
        method: 'POST',
        path: `${ROOT}/:number/${act}`,
        action: act,
        prepare: (json, request) => desk.act(numberOf(request), act, json),
        maxBodyBytes: MAX_BODY_BYTES,
      }),
    ),
  ]
}
