import type { IncomingMessage, ServerResponse } from 'node:http'
import type { List, Listed, ListingRequest } from '../exchange/listing.ts'
import type { Registry } from '../registry/snapshot.ts'
import type { XroadNames } from '../registry/xroad-names.ts'
import { replyHeaders, untilItsTurn } from './exchange.ts'
import { traceOf } from './fields.ts'
import { createEvidence, EVIDENCE_PATH, type EvidenceSource, readEvidenceQuery } from './xroad-evidence.ts'
import {
  allowedMethods,
  getOpenApi,
  listClients,
  listMethods,
  METASERVICES,
  type MetaAnswer,
} from './xroad-metaservices.ts'
import type { Asked, SendError } from './xroad-refusal.ts'
import type { Sender } from './xroad-sender.ts'

interface QuestionParts {
  readonly instance: string
  readonly sender: Sender
  readonly namesOf: (registry: Registry) => XroadNames
  readonly registry: () => Registry
  readonly list: List
  readonly evidence: EvidenceSource
  readonly logOrigin: string
  readonly now: () => number
  readonly newSalt: () => Uint8Array
  readonly randomHex: (bytes: number) => string
  readonly sendError: SendError
  readonly refuse: (request: IncomingMessage, response: ServerResponse, thrown: unknown, asked: Asked) => void
  readonly protocolReply: (request: IncomingMessage, asked: Asked) => Record<string, string>
  /** Told of each question. */
  readonly onAnswered: (method: string, status: number, totalMs: number) => void
}

/** What an X-Road client asks of the gateway itself: what may be asked, and the evidence of what was. */
export interface Questions {
  isQuestion(request: IncomingMessage): boolean
  tell(request: IncomingMessage, response: ServerResponse, asked: Asked): Promise<void>
}

const LIST_CLIENTS = '/listClients'
/** Paths of questions that name no service. */
export const QUESTION_PATHS: ReadonlySet<string> = new Set([LIST_CLIENTS, EVIDENCE_PATH])

const pathOf = ({ url = '' }: IncomingMessage) => url.split('?')[0] ?? ''

/** What one question adds to what all share. */
type Question = Pick<ListingRequest, 'credentials' | 'xroad' | 'operation' | 'provider' | 'prepare'> & {
  readonly answer: (registry: Registry) => MetaAnswer
}

/** Each question is recorded like an exchange, allowed by no agreement. */
export function createQuestions(parts: QuestionParts): Questions {
  const { sender, namesOf, instance, now } = parts

  function answerMeta(request: IncomingMessage, asked: Asked, registry: Registry): MetaAnswer {
    const { target, provider, consumer } = asked
    const ground = { registry, names: namesOf(registry), instance }
    if (target === undefined) return listClients(ground, request.headers.accept)
    const { serviceCode, query } = target
    if (serviceCode === 'getOpenAPI') return getOpenApi(ground, provider, query)
    if (serviceCode === 'listMethods') return listMethods(ground, provider)
    return allowedMethods(ground, { provider, consumer, nowMs: now() })
  }

  function askMeta(request: IncomingMessage, asked: Asked): Question {
    const message = sender.understand(request, asked)
    asked.provider = asked.target && namesOf(parts.registry()).subsystemId(asked.target.provider)
    return {
      credentials: sender.credentialsOf(request, asked),
      xroad: sender.factsOf(message),
      operation: asked.target?.serviceCode ?? LIST_CLIENTS.slice(1),
      provider: asked.provider,
      answer: (registry) => answerMeta(request, asked, registry),
    }
  }

  /** Who asks for evidence is named by the query, as X-Road has it. */
  function askEvidence(request: IncomingMessage, asked: Asked): Question {
    // X-Road itself answers this one with 400, 401 and 404.
    asked.style = 'honest'
    const { client, exchangeId } = readEvidenceQuery(request.url ?? '', instance)
    const consumer = sender.resolveClient(client)
    asked.consumer = consumer
    let archive: Buffer | undefined
    return {
      credentials: sender.credentialsOf(request, asked),
      xroad: {},
      operation: EVIDENCE_PATH.slice(1),
      provider: undefined,
      async prepare() {
        archive = await createEvidence(parts.evidence, exchangeId, consumer)
      },
      answer: () => ({ contentType: 'application/zip', body: archive ?? Buffer.alloc(0) }),
    }
  }

  return {
    isQuestion(request) {
      if (request.method !== 'GET') return false
      const path = pathOf(request)
      const [, , , , , , code = '', ...rest] = path.split('/')
      return QUESTION_PATHS.has(path) || (rest.length === 0 && METASERVICES.has(code))
    },
    async tell(request, response, asked) {
      const salt = parts.newSalt()
      const trace = traceOf(request, parts.randomHex)
      const isEvidence = pathOf(request) === EVIDENCE_PATH
      let contentType = ''
      let listed: Listed
      try {
        const question = isEvidence ? askEvidence(request, asked) : askMeta(request, asked)
        listed = await parts.list({
          ...question,
          exchangeId: asked.requestId,
          receivedAtMs: asked.receivedAtMs,
          traceId: trace.traceId,
          salt,
          service: 'xroad',
          answer(registry) {
            const answer = question.answer(registry)
            contentType = answer.contentType
            return answer.body
          },
        })
      } catch (thrown) {
        parts.refuse(request, response, thrown, asked)
        return
      }
      if (response.socket === null) await untilItsTurn(response)
      const ended = listed.release()
      const status = ended instanceof Error ? ended.entry.status : 200
      parts.onAnswered(request.method ?? 'GET', status, now() - asked.receivedAtMs)
      const headers = replyHeaders({ exchangeId: asked.requestId, trace, salt }, listed, parts.logOrigin)
      if (ended instanceof Error) {
        parts.sendError(request, response, { error: ended, asked, headers })
        return
      }
      response.writeHead(200, {
        ...headers,
        ...parts.protocolReply(request, asked),
        'content-type': contentType,
        ...(isEvidence && { 'content-disposition': `attachment; filename="${asked.requestId}.zip"` }),
        'content-length': ended.length,
        'cache-control': 'no-store',
      })
      response.end(ended)
    },
  }
}
