import type { Consents } from '../identity/consent.ts'
import type { CheckRequestSignature } from '../identity/request-signature.ts'
import { GatewayError } from '../model/errors.ts'
import type { Consumer } from '../model/exchange.ts'
import type { Authority } from '../registry/authority.ts'
import { type Authorisation, authorise } from './authorise.ts'
import { assertAudience } from './composite.ts'
import { type Passage, unconfirmed } from './passage.ts'
import { noteAuthorisation, type Resolved, resolve } from './stages.ts'

/** Whether an exchange may take place, by what is in force at the moment of asking. */

export interface JudgeParts {
  /** What is in force; the same object for as long as nothing changed. */
  readonly authority: () => Authority
  /** Whether the consumer may (still) use its credential; throws where not. */
  readonly checkStanding: (consumer: Consumer, authority: Authority) => void
  readonly checkSignature: CheckRequestSignature
  readonly consents: Consents
  /** Unix milliseconds. */
  readonly now: () => number
}

export interface Judge {
  /** Checks what a request brings beside its credentials: a signature, a consent. Wrong ones are refused even where none was demanded. */
  checkEvidence(passage: Passage): Promise<void>
  /** By what is in force at this moment. @throws GatewayError the refusal. */
  allow(passage: Passage): [Resolved, Authorisation]
  /** What was revoked or narrowed since it was last looked at is not allowed any more. */
  stillAllowed(passage: Passage): Authorisation
}

export function createJudge(parts: JudgeParts): Judge {
  const { now, consents } = parts

  function allow(passage: Passage): [Resolved, Authorisation] {
    const { request, consumer, facts, parent } = passage
    const authority = parts.authority()
    if (authority.number === undefined) throw unconfirmed()
    facts.registryDigest = authority.registry.digest
    parts.checkStanding(consumer, authority)
    const { requestSignature } = facts
    // The key that signed the request need not be the one that got the token.
    if (requestSignature) parts.checkStanding({ ...consumer, clientKey: requestSignature.key }, authority)
    const resolved = resolve(authority.registry, request, facts)
    if (parent) assertAudience(consumer, request)
    const candidates = resolved.service.agreementsOf(consumer.id)
    const { purpose = '', fields, officer, dossier, procedure } = request
    const { details } = consumer
    const { service } = request
    const operation = resolved.operation.id
    const consent = passage.consent && consents.judge(passage.consent, authority, facts.subject)
    // A part is asked for by what its parent's signature covers.
    const isSigned = requestSignature !== undefined || parent?.isSigned === true
    const ask = {
      service,
      operation,
      purpose,
      fields,
      officer,
      dossier,
      procedure,
      isSigned,
      consent,
      details,
    }
    const authorisation = authorise(candidates, ask, now())
    noteAuthorisation(facts, authorisation)
    if (resolved.operation.anonymised && !request.forPackage) throw new GatewayError('package_only')
    passage.judged = { authority, authorisation }
    return [resolved, authorisation]
  }

  return {
    async checkEvidence(passage) {
      const { facts, request, consumer } = passage
      if (request.consent !== undefined) {
        passage.consent = consents.check(request.consent)
        const { id, issuer } = passage.consent
        facts.consent = { id, issuer }
      }
      if (request.message === undefined) return
      const signature = await parts.checkSignature(request.message, request.body, consumer)
      if (signature !== undefined) facts.requestSignature = signature
    },
    allow,
    stillAllowed(passage) {
      const { judged } = passage
      return judged?.authority === parts.authority() ? judged.authorisation : allow(passage)[1]
    },
  }
}
