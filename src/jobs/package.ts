import { createHash, hash } from 'node:crypto'
import type { Authorisation } from '../exchange/authorise.ts'
import { describeEnd, type EndedExchange, outcomeOf } from '../exchange/passage.ts'
import { noteAuthorisation } from '../exchange/stages.ts'
import { createPartSealer } from '../identity/package-part.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { SignManifest } from '../ledger/manifest.ts'
import type { AnonymityFacts } from '../model/anonymity.ts'
import { asGatewayError, GatewayError } from '../model/errors.ts'
import type { Consumer, ExchangeFacts } from '../model/exchange.ts'
import { PACKAGE_FORMAT, type PackageManifest, type PackagePart } from '../model/package.ts'
import type { CompiledService, Registry } from '../registry/snapshot.ts'
import { anonymise } from './anonymised.ts'
import type { BulkJob, BulkStore } from './bulk.ts'

/** By what a package may be made at this moment. */
export interface PackageGround {
  readonly registry: Registry
  readonly number: number
  readonly service: CompiledService
  readonly authorisation: Authorisation
}

/** What was handed over of a product. */
export interface Handover {
  readonly consumer: string
  readonly service: string
  readonly operation: string
  readonly records: number
  /** Before encryption. */
  readonly bytes: number
}

/** Makes the count of a hand-over durable. */
export type CountPackage = (handover: Handover) => Promise<void>

export interface PackageParts {
  readonly countPackage: CountPackage
  readonly store: Pick<BulkStore, 'results'>
  readonly ledger: Pick<Ledger, 'assertAvailable' | 'complete'>
  readonly signManifest: SignManifest
  /** The newest signed checkpoint of the log. */
  readonly checkpoint: () => Promise<string | undefined>
  readonly logOrigin: string
  readonly mayRelease: (authority: number) => boolean
  readonly now: () => number
  readonly newExchangeId: (nowMs: number) => string
  readonly newSalt: () => Uint8Array
  readonly randomHex: (bytes: number) => string
  readonly observe: (ended: EndedExchange) => void
}

/** A package on its way: its hand-over is in the log. */
export interface Package {
  readonly exchangeId: string
  /** Encrypted parts, a line each, and the signed manifest as the last line: a package without it is cut off. */
  readonly lines: AsyncIterable<Buffer>
}

/**
 * Seals the results of a finished bulk job for who asked for it; of a set, only what its rules let go. Nothing is kept of a package: it is made of the results
 * as they are kept, so one that was broken off, by a crash too, is made again whole. Each is an exchange with its record.
 * @param allow decides anew whenever it is called. @throws GatewayError
 */
export type MakePackage = (consumer: Consumer, job: BulkJob, allow: () => PackageGround) => Promise<Package>

interface Content {
  readonly bytes: number
  readonly digest: string
}

/** What is handed over: the same bytes however often it is read. */
interface Source {
  readonly pieces: () => AsyncIterable<Buffer>
  readonly records: number
  readonly anonymised?: AnonymityFacts
}

export function createPackager(parts: PackageParts): MakePackage {
  const { store, ledger, now } = parts

  /** @throws GatewayError `anonymity_unmet` where nothing of a set may leave. */
  async function sourceOf({ id, ask: { set }, records }: BulkJob): Promise<Source> {
    const read = () => store.results(id)
    if (set === undefined) return { pieces: read, records }
    const { facts, pieces } = await anonymise(set.rules, read)
    return { pieces, records: facts.released, anonymised: facts }
  }

  /** The results are read twice, first for their digest: what is told leaves only after its record. */
  async function digestOf({ pieces }: Source, salt: Uint8Array): Promise<Content> {
    const sum = createHash('sha256').update(salt)
    let bytes = 0
    for await (const piece of pieces()) {
      sum.update(piece)
      bytes += piece.length
    }
    return { bytes, digest: sum.digest('base64url') }
  }

  async function record(
    facts: ExchangeFacts,
    content: Content | GatewayError,
    allow: () => PackageGround,
  ): Promise<PackageGround> {
    let ended: PackageGround | GatewayError | undefined
    const receipt = await ledger.complete(facts, () => {
      try {
        const ground = allow()
        ended = ground
        facts.registryDigest = ground.registry.digest
        noteAuthorisation(facts, ground.authorisation)
        if (content instanceof GatewayError) throw content
        facts.code = undefined
        facts.answer = { ...content, status: 200 }
        return { outcome: 'delivered', reply: undefined, authority: ground.number }
      } catch (thrown) {
        const refused = asGatewayError(thrown)
        ended = refused
        facts.code = refused.code
        facts.answer = undefined
        return { outcome: outcomeOf(refused), reply: undefined, authority: undefined }
      }
    })
    const error = ended instanceof GatewayError ? ended : undefined
    parts.observe(describeEnd(facts, { error, receipt, method: 'GET', totalMs: now() - facts.receivedAtMs }))
    if (ended instanceof GatewayError) throw ended
    if (ended !== undefined && parts.mayRelease(ended.number)) return ended
    throw new GatewayError('authority_unconfirmed', { retryAfterSeconds: 1 })
  }

  async function* write(
    manifest: Omit<PackageManifest, 'parts'>,
    { pieces }: Source,
    seal: Awaited<ReturnType<typeof createPartSealer>>,
  ) {
    const { exchange } = manifest
    const made: PackagePart[] = []
    for await (const piece of pieces()) {
      const line = await seal(piece, { exchange, part: made.length })
      made.push({ bytes: line.length, digest: hash('sha256', line, 'base64url') })
      yield Buffer.from(`${line}\n`)
    }
    yield Buffer.from(`${await parts.signManifest({ ...manifest, parts: made })}\n`)
  }

  return async (consumer, job, allow) => {
    ledger.assertAvailable()
    const first = allow()
    const key = first.registry.subsystems.get(consumer.id)?.credentials?.encryptionKey
    if (key === undefined) throw new GatewayError('encryption_key_missing')
    const receivedAtMs = now()
    const salt = parts.newSalt()
    const operation = first.service.contract.operations.get(job.ask.operation)
    const facts: ExchangeFacts = {
      exchangeId: parts.newExchangeId(receivedAtMs),
      parent: job.id,
      receivedAtMs,
      traceId: parts.randomHex(16),
      consumer: consumer.id,
      binding: consumer.binding,
      tokenDigest: consumer.tokenDigest,
      service: job.ask.service,
      registryDigest: first.registry.digest,
      provider: first.service.provider.id,
      contractDigest: first.service.contract.digest,
      operation: job.ask.operation,
      ...(operation && { kind: operation.kind }),
    }
    const { officer, dossier, procedure } = job.ask
    if (officer !== undefined) facts.officer = officer
    if (dossier !== undefined) facts.dossier = dossier
    if (procedure !== undefined) facts.procedure = procedure
    const source = await sourceOf(job).catch(asGatewayError)
    const isUnmet = source instanceof GatewayError
    const content = isUnmet ? source : await digestOf(source, salt)
    const { authorisation } = await record(facts, content, allow)
    if (isUnmet || content instanceof GatewayError) throw source
    const { service, operation: id } = job.ask
    await parts.countPackage({
      consumer: consumer.id,
      service,
      operation: id,
      records: source.records,
      bytes: content.bytes,
    })
    const checkpoint = await parts.checkpoint()
    const { document, digest } = authorisation.agreement
    const manifest: Omit<PackageManifest, 'parts'> = {
      format: PACKAGE_FORMAT,
      exchange: facts.exchangeId,
      madeAt: new Date(receivedAtMs).toISOString(),
      origin: parts.logOrigin,
      consumer: consumer.id,
      service: job.ask.service,
      operation: job.ask.operation,
      agreement: document.id,
      agreementDigest: digest,
      purpose: authorisation.purpose,
      legalBases: document.legalBases,
      fields: authorisation.fields,
      job: job.id,
      records: source.records,
      exchanges: job.exchanges,
      ...(source.anonymised && { anonymised: source.anonymised }),
      contentBytes: content.bytes,
      contentDigest: content.digest,
      salt: Buffer.from(salt).toString('base64url'),
      recipientKey: key.kid,
      ...(checkpoint !== undefined && { checkpoint }),
    }
    return { exchangeId: facts.exchangeId, lines: write(manifest, source, await createPartSealer(key)) }
  }
}
