import { hash } from 'node:crypto'
import type { ReadAuditBody } from '../contract/audit-requests.ts'
import {
  DocumentSignatureError,
  type HeldSignature,
  readSignature,
  SIGNATURE_FAULTS,
  type SignedDocument,
} from '../identity/document-signature.ts'
import { basisSpan, isWithin, type LegalBasis } from '../model/agreement.ts'
import {
  type Application,
  type ApplicationContent,
  type ApplicationEvent,
  type Decision,
  proposalOf,
  stampOf,
  stateAfter,
} from '../model/application.ts'
import { type Approver, mayDecide } from '../model/approver.ts'
import { writeDecision } from '../model/decision-text.ts'
import { GatewayError } from '../model/errors.ts'
import { digestDocument } from '../registry/digest.ts'
import type { ReadingRight } from '../registry/readers.ts'
import type { Registry } from '../registry/snapshot.ts'
import type { Answered, ReadingWork } from './reading.ts'

/** How leaders' signatures over decisions are taken. */
export interface DecisionSignatures {
  /** Whether a decision without one is refused. */
  readonly required: boolean
  /** The log's origin: it stands in each text. */
  readonly gateway: string
  /**
   * Checks a signature (DER) by the configured authorities; undefined where there are none.
   * @throws DocumentSignatureError (rejects)
   */
  readonly open: ((signature: Uint8Array, document: SignedDocument) => Promise<HeldSignature>) | undefined
}

/**
 * Writes down one more act and what it makes of the application.
 * @returns what is told of it. @throws GatewayError `application_state_unfit` where somebody else came first.
 */
export type Advance = (
  found: Application,
  event: ApplicationEvent,
  change: Partial<Pick<Application, 'state' | 'dueAtMs' | 'content' | 'decision'>>,
) => Promise<unknown>

interface SigningParts {
  readonly find: (number: string, right: ReadingRight) => Promise<Application>
  readonly advance: Advance
  /** @throws GatewayError where what is decided names what the registry does not have, or has already. */
  readonly readDecision: (
    decision: Decision['decision'],
    json: unknown,
    content: ApplicationContent,
  ) => Omit<Decision, 'decision'>
  readonly registry: () => Registry
  readonly readBody: ReadAuditBody
  /** Unix milliseconds. */
  readonly now: () => number
  readonly signatures: DecisionSignatures
}

/** A decision under a leader's own signature: handed up by the appraiser, signed elsewhere, handed in. */
export interface DecisionSigning {
  propose(number: string, json: unknown): ReadingWork<Answered>
  sign(number: string, json: unknown): ReadingWork<Answered>
}

/** @throws GatewayError with what is wrong with a signature. */
function refuseSignature(thrown: unknown): never {
  if (!(thrown instanceof DocumentSignatureError)) throw thrown
  throw new GatewayError('decision_signature_invalid', {
    detail: SIGNATURE_FAULTS[thrown.fault],
    cause: thrown,
  })
}

function readGiven(signature: string): Uint8Array {
  try {
    return readSignature(Buffer.from(signature, 'base64'))
  } catch (thrown) {
    return refuseSignature(thrown)
  }
}

export function createDecisionSigning(parts: SigningParts): DecisionSigning {
  const { find, advance, readDecision, registry, readBody, now, signatures } = parts

  function approverOf(id: string | undefined, { content, provider }: Application): Approver {
    const approver = registry().approvers.get(id ?? '')
    const isInForce = (basis: LegalBasis | undefined) => basis && isWithin(basisSpan(basis), now())
    if (
      !approver?.legalBases.every((basis) => isInForce(registry().legalBases.get(basis))) ||
      !mayDecide(approver, { class: content.class, provider }, now())
    ) {
      throw new GatewayError('approver_unfit')
    }
    return approver
  }

  function openOf(): NonNullable<DecisionSignatures['open']> {
    if (signatures.open === undefined) throw new GatewayError('decision_signatures_closed')
    return signatures.open
  }

  /** What waits for its signature. @throws GatewayError where nothing does. */
  function waiting(found: Application) {
    const proposal = proposalOf(found)
    const { decision, approver } = proposal ?? {}
    const state = decision && stateAfter(found.state, decision)
    if (!proposal || !decision || !state || !found.decision) {
      const detail = {
        vi: 'Không có quyết định nào đang chờ ký.',
        en: 'No decision is waiting for a signature.',
      }
      throw new GatewayError('application_state_unfit', { detail })
    }
    const { agreement, legalBasis, reason } = proposal
    const said = {
      ...(agreement && { agreement }),
      ...(legalBasis && { legalBasis }),
      ...(reason && { reason }),
    }
    return { proposal, decision, state, said, approver, text: found.decision.text }
  }

  return {
    propose: (number, json) => ({
      ask: () => ({ query: { application: number.slice(0, 20) }, identifier: undefined }),
      async answer(right) {
        const found = await find(number, right)
        const { decision, approver, ...rest } = readBody('ApplicationProposal', json)
        openOf()
        if (stateAfter(found.state, decision) === undefined) throw new GatewayError('application_state_unfit')
        const said = readDecision(decision, rest, found.content)
        approverOf(approver, found)
        return {
          found: 1,
          json: undefined,
          perform(exchange) {
            const stamp = stampOf(right.reader.document.subsystem, exchange, now())
            const proposal: ApplicationEvent = { act: 'propose', ...stamp, decision, approver, ...said }
            const { gateway } = signatures
            const text = writeDecision({ gateway, application: found, proposal, digestOf: digestDocument })
            return advance(found, proposal, { decision: { text } })
          },
        }
      },
    }),
    sign(number, json) {
      let given: Uint8Array | undefined
      return {
        ask() {
          given = readGiven(readBody('ApplicationSignature', json).signature)
          const query = { application: number.slice(0, 20), signature: hash('sha256', given) }
          return { query, identifier: undefined }
        },
        async answer(right) {
          if (given === undefined) throw new RangeError('a signature is read before it is judged')
          const signature = given
          const found = await find(number, right)
          const { proposal, decision, state, said, text, ...waits } = waiting(found)
          readDecision(decision, said, found.content)
          const approver = approverOf(waits.approver, found)
          const nowMs = now()
          const document = { bytes: Buffer.from(text), madeAtMs: Date.parse(proposal.at), nowMs }
          const held = await openOf()(signature, document).catch(refuseSignature)
          if (!approver.certificates.includes(held.thumbprint)) throw new GatewayError('approver_unfit')
          return {
            found: 1,
            json: undefined,
            perform(exchange) {
              const stamp = stampOf(right.reader.document.subsystem, exchange, nowMs)
              const signed = { approver: approver.id, signature: hash('sha256', signature) }
              const kept = { text, signed: { signature, chain: held.chain } }
              const change = { state, dueAtMs: undefined, decision: kept }
              return advance(found, { act: decision, ...stamp, ...said, ...signed }, change)
            },
          }
        },
      }
    },
  }
}
