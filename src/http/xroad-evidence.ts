import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { ZipFile } from 'yazl'
import type { ExchangeRecord } from '../ledger/record.ts'
import { GatewayError } from '../model/errors.ts'
import type { SubsystemId } from '../model/identifier.ts'
import { type ProofSource, proveInclusion } from './inclusion.ts'

/** What evidence is put together from. */
export interface EvidenceSource extends ProofSource {
  /** The leaves' bytes, `end` not included. */
  readEntries(start: number, end: number): Promise<readonly Buffer[]>
  /** The log's verifier key, as text. */
  readonly verifierKey: string
  /** The witness policy, where there is one. */
  readonly policy: () => string | undefined
}

/** Where X-Road's clients ask for the evidence of a message. */
export const EVIDENCE_PATH = '/asic'

const CLIENT_PARAMETERS = ['xRoadInstance', 'memberClass', 'memberCode', 'subsystemCode'] as const
const ID = /(?:^|-)([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})$/
const INSTRUCTIONS = join(import.meta.dirname, 'evidence.md')

function parameterOf(query: URLSearchParams, name: string): string {
  const value = query.get(name)
  if (value) return value
  throw new GatewayError('request_malformed', {
    detail: { vi: `Thiếu tham số ${name}.`, en: `Missing query parameter: ${name}` },
  })
}

/**
 * @param url `/asic?queryId=…&xRoadInstance=…&memberClass=…&memberCode=…&subsystemCode=…`; `queryId` is an
 * X-Road-Request-Id, or the X-Road-Id that the gateway made of it. @throws GatewayError `request_malformed`.
 */
export function readEvidenceQuery(
  url: string,
  instance: string,
): { readonly client: string; readonly exchangeId: string } {
  const query = new URLSearchParams(url.split('?')[1] ?? '')
  const queryId = parameterOf(query, 'queryId')
  const client = CLIENT_PARAMETERS.map((name) => encodeURIComponent(parameterOf(query, name))).join('/')
  const [found, exchangeId] = ID.exec(queryId) ?? []
  if (found === undefined || exchangeId === undefined) throw new GatewayError('record_unknown')
  const isOurs = queryId === exchangeId || queryId === `${instance}-${exchangeId}`
  if (!isOurs) throw new GatewayError('record_unknown')
  return { client, exchangeId }
}

function bodyLine(
  name: string,
  body: { readonly bytes: number; readonly digest: string } | undefined,
): string {
  return body === undefined ? `${name} –` : `${name} ${body.bytes} ${body.digest}`
}

/** What the record says of the bodies, for those who hold them and the salt of their receipt. */
function digestsOf({ request, answer }: ExchangeRecord): string {
  return [
    '# SHA-256(salt || body), base64url; the salt stands in Exchange-Receipt and Exchange-Salt',
    '# body bytes digest',
    bodyLine('request', request),
    bodyLine('answer', answer),
    '',
  ].join('\n')
}

/**
 * The evidence of one exchange as a ZIP archive that verifies without the gateway (`evidence.md`).
 * @param party who asks: one of the exchange's two.
 * @throws GatewayError `record_unknown` also where the exchange is of others; `checkpoint_pending`.
 */
export async function createEvidence(
  source: EvidenceSource,
  exchangeId: string,
  party: SubsystemId,
): Promise<Buffer> {
  const index = await source.leafIndexOf(exchangeId)
  const [leaf] = index === undefined ? [] : await source.readEntries(index, index + 1)
  if (leaf === undefined) throw new GatewayError('record_unknown')
  const record = JSON.parse(leaf.toString('utf8')) as ExchangeRecord
  if (record.consumer !== party && record.provider !== party) throw new GatewayError('record_unknown')
  const proof = await proveInclusion(source, exchangeId)
  const policy = source.policy()
  const files: Readonly<Record<string, string | Buffer | undefined>> = {
    'record.json': leaf,
    'proof.tlog-proof': proof,
    checkpoint: proof.slice(proof.indexOf('\n\n') + 2),
    vkey: `${source.verifierKey}\n`,
    policy,
    'digests.txt': digestsOf(record),
    'VERIFY.md': readFileSync(INSTRUCTIONS),
  }
  const zip = new ZipFile()
  for (const [name, content] of Object.entries(files)) {
    if (content !== undefined) zip.addBuffer(Buffer.from(content), name, { mtime: new Date(record.at) })
  }
  zip.end()
  return buffer(zip.outputStream)
}
