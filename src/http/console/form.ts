import type { IncomingMessage } from 'node:http'
import { GatewayError } from '../../model/errors.ts'
import { readBody } from '../body.ts'

const MAX_FORM_BYTES = 16_384
/** With a file: a signature with its certificates. */
const MAX_UPLOAD_BYTES = 98_304

/** Reads what a form sent; a file stands in it as base64. @throws GatewayError (rejects) */
export async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const type = request.headers['content-type'] ?? ''
  if (type.startsWith('application/x-www-form-urlencoded')) {
    return new URLSearchParams((await readBody(request, MAX_FORM_BYTES)).toString('utf8'))
  }
  if (!type.startsWith('multipart/form-data')) throw new GatewayError('content_type_unsupported')
  const body = new Uint8Array(await readBody(request, MAX_UPLOAD_BYTES))
  const parts = await new Response(body, { headers: { 'content-type': type } })
    .formData()
    .catch((cause: unknown) => {
      throw new GatewayError('request_malformed', { cause })
    })
  const form = new URLSearchParams()
  for (const [name, value] of parts) {
    const isText = typeof value === 'string'
    form.append(name, isText ? value : Buffer.from(await value.arrayBuffer()).toString('base64'))
  }
  return form
}
