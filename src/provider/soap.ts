import { GatewayError } from '../model/errors.ts'
import { memberAt, namesIn, setMember } from '../model/mapped-json.ts'
import type { ExchangeFact, FixedAnswer, SoapMapping, SoapOperation } from '../model/soap.ts'
import type { ProviderCall, ProviderReply, ProviderRequest } from './call.ts'
import { compileRead, UnreadableAnswer, XSI } from './soap-read.ts'
import { judgeAnswer, unreadable } from './soap-verdict.ts'
import { compileWrite, type WriteContext } from './soap-write.ts'
import { readXml, writeXml, type XmlElement, type XmlOutput } from './xml.ts'
import { XmlRefusal } from './xml-bounds.ts'

/** Speaking SOAP with a provider whose contract here is JSON. */

const ENVELOPES = {
  '1.1': 'http://schemas.xmlsoap.org/soap/envelope/',
  '1.2': 'http://www.w3.org/2003/05/soap-envelope',
} as const

const XML_TYPE = /^(?:text\/xml|application\/(?:soap\+)?xml)\s*(?:;|$)/i
const CHARSET = /;\s*charset\s*=\s*"?([A-Za-z0-9._-]{1,40})"?/i

/** Field names of the exchange's own particulars, as `exchange/` sends them to every provider. */
const FACT_FIELDS: Readonly<Record<Exclude<ExchangeFact, 'agency'>, string>> = {
  id: 'exchange-id',
  consumer: 'exchange-consumer',
  officer: 'exchange-officer',
  dossier: 'exchange-dossier',
  procedure: 'exchange-procedure',
  purpose: 'exchange-purpose',
}

/** What the exchange knows of itself. */
export function factsOf(headers: Readonly<Record<string, string>>): Partial<Record<ExchangeFact, string>> {
  const facts: Partial<Record<ExchangeFact, string>> = {}
  for (const [fact, field] of Object.entries(FACT_FIELDS)) {
    const value = headers[field]
    if (value !== undefined) facts[fact as Exclude<ExchangeFact, 'agency'>] = value
  }
  const { consumer } = facts
  return consumer === undefined ? facts : { ...facts, agency: consumer.split('/')[0] ?? consumer }
}

interface Compiled {
  readonly operation: SoapOperation
  readonly write: ReturnType<typeof compileWrite>
  readonly read: ReturnType<typeof compileRead>
}

/** @returns the element of the envelope's body; a header that has to be understood is not. */
function openEnvelope(root: XmlElement, uri: string): XmlElement {
  const isOurs = (element: XmlElement, local: string) => element.uri === uri && element.local === local
  if (!isOurs(root, 'Envelope')) throw new UnreadableAnswer('Envelope')
  const [header, ...more] = root.children.filter((child) => isOurs(child, 'Header'))
  const mustBeUnderstood = header?.children.some(({ attributes }) =>
    attributes.some(
      (one) => one.uri === uri && one.local === 'mustUnderstand' && /^(?:1|true)$/.test(one.value),
    ),
  )
  if (more.length > 0 || mustBeUnderstood) throw new UnreadableAnswer('Header')
  const [body, second] = root.children.filter((child) => isOurs(child, 'Body'))
  if (body === undefined || second !== undefined || body.children.length > 1)
    throw new UnreadableAnswer('Body')
  return body
}

function jsonReply(reply: ProviderReply, status: number, body: unknown): ProviderReply {
  return { ...reply, status, contentType: 'application/json', body: Buffer.from(JSON.stringify(body)) }
}

function addConstants(document: Record<string, unknown>, constants: SoapOperation['constants'] = {}): void {
  for (const [pointer, value] of Object.entries(constants)) {
    const parent = `/${namesIn(pointer).slice(0, -1).join('/')}`
    if (parent === '/' || memberAt(document, parent) !== undefined) setMember(document, pointer, value)
  }
}

/** What a message says in JSON, as an answer of the contract. */
function toReply(
  reply: ProviderReply,
  body: XmlElement,
  { operation, read }: Compiled,
  uri: string,
): ProviderReply {
  const verdict = judgeAnswer(body, operation.verdicts, uri)
  if (verdict instanceof GatewayError) throw verdict
  if (verdict !== undefined)
    return jsonReply(reply, verdict.status, verdict.body satisfies FixedAnswer['body'])
  const document = read(body)
  addConstants(document, operation.constants)
  return jsonReply(reply, 200, document)
}

export interface SoapOptions {
  readonly readSecret: WriteContext['readSecret']
}

/**
 * Says each request in the provider's XML and its answers in the contract's JSON. The mapping passed admission.
 * Rejects with `request_invalid` where the provider's form has no place for a value, `response_invalid` where the
 * answer is not what the mapping says, `provider_failed` for a fault that no verdict names.
 */
export function withSoap(call: ProviderCall, mapping: SoapMapping, options: SoapOptions): ProviderCall {
  const { version, namespaces } = mapping
  const uri = ENVELOPES[version]
  const header = (mapping.header ?? []).map(compileWrite)
  const declared = Object.fromEntries(
    Object.entries(namespaces).map(([name, value]) => [`xmlns:${name}`, value]),
  )
  const compiled = new Map(
    Object.entries(mapping.operations).map(([id, operation]): [string, Compiled] => [
      id,
      {
        operation: { ...operation, verdicts: [...(operation.verdicts ?? []), ...(mapping.verdicts ?? [])] },
        write: compileWrite(operation.request),
        read: compileRead(operation.response, namespaces),
      },
    ]),
  )

  function envelope(document: unknown, { write }: Compiled, context: WriteContext): Buffer {
    const head = header.flatMap((one) => one({}, context))
    const parts: XmlOutput[] = [{ name: 'soap:Body', content: write(document, context) }]
    if (head.length > 0) parts.unshift({ name: 'soap:Header', content: head })
    const attributes = { 'xmlns:soap': uri, 'xmlns:xsi': XSI, ...declared }
    const root = writeXml({ name: 'soap:Envelope', attributes, content: parts })
    return Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>${root}`)
  }

  function headersOf(request: ProviderRequest, { action = '' }: SoapOperation): Record<string, string> {
    const { accept: _, 'content-type': __, ...rest } = request.headers
    return version === '1.1'
      ? { ...rest, accept: 'text/xml', 'content-type': 'text/xml; charset=utf-8', soapaction: `"${action}"` }
      : {
          ...rest,
          accept: 'application/soap+xml',
          'content-type': `application/soap+xml; charset=utf-8; action="${action}"`,
        }
  }

  return async (request) => {
    const known = compiled.get(request.operation ?? '')
    if (known === undefined) throw new GatewayError('internal_error')
    const document: unknown =
      request.body === undefined ? {} : JSON.parse(Buffer.from(request.body).toString('utf8'))
    const body = envelope(document, known, {
      facts: factsOf(request.headers),
      readSecret: options.readSecret,
    })
    const { path: target } = known.operation
    const reply = await call({
      ...request,
      method: 'POST',
      target,
      headers: headersOf(request, known.operation),
      body,
    })
    if (!XML_TYPE.test(reply.contentType)) {
      if (reply.status >= 400) throw new GatewayError('provider_failed')
      throw unreadable(undefined)
    }
    try {
      const root = readXml(reply.body, CHARSET.exec(reply.contentType)?.[1])
      return toReply(reply, openEnvelope(root, uri), known, uri)
    } catch (thrown) {
      throw thrown instanceof XmlRefusal || thrown instanceof UnreadableAnswer ? unreadable(thrown) : thrown
    }
  }
}
