import { createHmac } from 'node:crypto'
import { parsePointer, readPointer } from '../contract/minimise.ts'
import { isAtOrBelow } from '../identity/resource.ts'
import { GatewayError } from '../model/errors.ts'
import type { Consumer, InboundRequest } from '../model/exchange.ts'
import {
  needsOf,
  type PlanContext,
  type PlannedAsk,
  type PlannedPart,
  type PlannedParts,
} from '../model/plan.ts'
import type { Registry } from '../registry/snapshot.ts'

/** How one part of a composite exchange stands, as its consumer is told. */
export type ToldPart =
  | {
      readonly outcome: 'delivered'
      readonly exchange: string
      readonly status: number
      readonly answer?: unknown
    }
  | { readonly outcome: 'refused' | 'failed'; readonly exchange: string; readonly code: string }
  /** Nobody was asked: it needs what these parts did not answer. */
  | { readonly outcome: 'skipped'; readonly waitsFor: readonly string[] }

/** One part's exchange, ended and recorded; what may be told of it is judged anew at each call. */
export type TellPart = () => ToldPart

/** Nobody may be told more of the parts than by what is in force at the moment of the call. */
export type TellParts = () => {
  readonly complete: boolean
  readonly parts: Readonly<Record<string, ToldPart>>
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function setPointer(target: Record<string, unknown>, pointer: string, value: unknown): void {
  const tokens = parsePointer(pointer)
  const last = tokens.pop()
  if (last === undefined) return
  let place = target
  for (const token of tokens) {
    const below = Object.hasOwn(place, token) ? place[token] : undefined
    const next = isObject(below) ? below : {}
    place[token] = next
    place = next
  }
  place[last] = value
}

/** @returns the request that a plan makes of what is known; a member whose source points to nothing is absent. */
export function fillRequest(
  request: PlannedAsk['request'],
  context: PlanContext,
): Readonly<Record<string, unknown>> {
  const filled: Record<string, unknown> = {}
  for (const [pointer, source] of Object.entries(request)) {
    const value = typeof source === 'string' ? readPointer(context, source) : source.value
    if (value !== undefined) setPointer(filled, pointer, structuredClone(value))
  }
  return filled
}

function isWanted(part: PlannedPart | undefined, request: unknown): boolean {
  return part?.when === undefined || readPointer({ request }, part.when) !== undefined
}

function answered(told: ToldPart | undefined): told is ToldPart & { readonly outcome: 'delivered' } {
  return told?.outcome === 'delivered' && told.status < 300
}

/**
 * Runs the parts of a plan: each as soon as those whose answers it needs have answered, and not at all where one of
 * them has not. What later parts get of an earlier one is what the consumer itself may see of it.
 */
export async function runParts(
  { parts }: PlannedParts,
  request: unknown,
  ask: (part: PlannedAsk, body: Readonly<Record<string, unknown>>) => Promise<TellPart>,
): Promise<TellParts> {
  const running = new Map<string, Promise<TellPart>>()

  async function run(part: PlannedAsk): Promise<TellPart> {
    const needs = needsOf(part)
    const told = await Promise.all(needs.map(async (need) => [need, (await start(need))?.()] as const))
    const waitsFor = told.flatMap(([need, its]) => (answered(its) ? [] : [need]))
    if (waitsFor.length > 0) return () => ({ outcome: 'skipped', waitsFor })
    const answers = Object.fromEntries(told.map(([need, its]) => [need, answered(its) && its.answer]))
    return ask(part, fillRequest(part.request, { request, parts: answers }))
  }

  function start(name: string): Promise<TellPart> | undefined {
    const part = parts[name]
    if (part === undefined || !isWanted(part, request)) return undefined
    const known = running.get(name) ?? run(part)
    running.set(name, known)
    return known
  }

  const names = Object.keys(parts).filter((name) => isWanted(parts[name], request))
  const ended = await Promise.all(names.map((name) => start(name)))
  return () => {
    const told = names.map((name, place) => [name, ended[place]?.()] as const)
    const known = told.flatMap(([name, its]) => (its ? [[name, its] as const] : []))
    return { complete: known.every(([, its]) => answered(its)), parts: Object.fromEntries(known) }
  }
}

/** What is new of each part's exchange. */
export interface PartIdentity {
  readonly exchangeId: string
  readonly receivedAtMs: number
  readonly spanId: string
}

const SALT_BYTES = 16

/**
 * The salt of a part's digests: HMAC-SHA-256 of the part's exchange id under the parent's salt, its first 16 bytes.
 * The consumer has the parent's and so can make every part's; a part's provider cannot make the others'.
 */
export function partSalt(parentSalt: Uint8Array, exchangeId: string): Uint8Array {
  return createHmac('sha256', parentSalt).update(exchangeId).digest().subarray(0, SALT_BYTES)
}

/** @returns the request of one part, as the consumer of the composite service could have made it itself. */
export function partRequest(
  parent: InboundRequest,
  part: { readonly ask: PlannedAsk; readonly body: unknown; readonly key?: string | undefined },
  { registry, identity }: { readonly registry: Registry; readonly identity: PartIdentity },
): InboundRequest {
  const { service, operation } = part.ask
  const known = registry.services.get(service)?.contract.operations.get(operation)
  const path = known?.pathTemplate ?? '/'
  const { url } = parent.credentials
  const place = url.lastIndexOf(`/${parent.service}/`)
  const method = known?.method ?? 'POST'
  // What the door's own protocol says of the whole is not said of a part.
  const { passedOn: _, ...inherited } = parent
  return {
    ...inherited,
    exchangeId: identity.exchangeId,
    receivedAtMs: identity.receivedAtMs,
    credentials: { method, url: place < 0 ? url : `${url.slice(0, place)}/${service}${path}` },
    service,
    method,
    path,
    query: undefined,
    idempotencyKey: part.key,
    fields: undefined,
    trace: { ...parent.trace, spanId: identity.spanId },
    salt: partSalt(parent.salt, identity.exchangeId),
    message: undefined,
    body: Buffer.from(JSON.stringify(part.body)),
    json: part.body,
  }
}

/**
 * A token for one address opens no other by way of a plan (RFC 8707 §2).
 * @throws GatewayError `token_too_narrow`.
 */
export function assertAudience({ audience }: Consumer, { credentials }: InboundRequest): void {
  if (isAtOrBelow(audience, credentials.url)) return
  throw new GatewayError('token_too_narrow', {
    detail: {
      vi: 'Mã truy cập chỉ dùng cho địa chỉ hẹp hơn, không có dịch vụ của phần này.',
      en: "The token is for a narrower address, without this part's service.",
    },
  })
}
