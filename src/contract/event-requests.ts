import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import description from '../../schemas/events.openapi.json' with { type: 'json' }
import { GatewayError } from '../model/errors.ts'
import type { ServiceId } from '../model/identifier.ts'
import { violationsOf } from './violation.ts'

/** The OpenAPI 3.1 document of `/events` and `/subscriptions`, as it is served. */
export const EVENTS_DESCRIPTION: Readonly<Record<string, unknown>> = description

/** What the bodies of `/subscriptions` may be. */
export interface SubscriptionBodies {
  readonly Subscribe: {
    readonly service: ServiceId
    readonly types: readonly string[]
    readonly purpose: string
    readonly fields?: readonly string[]
    readonly mode: 'push' | 'pull'
    readonly url?: string
  }
  readonly Change: { readonly state?: 'active' | 'paused'; readonly url?: string }
  readonly Replay: { readonly from: string }
  readonly Resend: { readonly sequences?: readonly string[] }
}

/** @throws GatewayError `request_invalid` with every violation, never a value. */
export type ReadSubscriptionBody = <Name extends keyof SubscriptionBodies>(
  name: Name,
  json: unknown,
) => SubscriptionBodies[Name]

/** Compiles the schemas of the document once. */
export function createSubscriptionBodies(): ReadSubscriptionBody {
  const ajv = new Ajv2020({
    allErrors: true,
    strict: true,
    strictRequired: false,
    strictTypes: false,
    ownProperties: true,
  })
  const validators = new Map<string, ValidateFunction>()
  for (const name of ['Subscribe', 'Change', 'Replay', 'Resend'])
    validators.set(name, ajv.compile(Object(description.components.schemas)[name]))
  return (name, json) => {
    const validate = validators.get(name)
    if (validate === undefined || !validate(json ?? {}))
      throw new GatewayError('request_invalid', { errors: violationsOf(validate?.errors ?? []) })
    return (json ?? {}) as never
  }
}
