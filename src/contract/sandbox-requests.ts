import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import description from '../../schemas/sandbox.openapi.json' with { type: 'json' }
import { GatewayError } from '../model/errors.ts'
import { violationsOf } from './violation.ts'

/** The OpenAPI 3.1 document of `/sandbox`, as it is served. */
export const SANDBOX_DESCRIPTION: Readonly<Record<string, unknown>> = description

/** What a developer wants test data to be like; what is absent does not matter. */
export interface TestDataWish {
  readonly kind: 'person' | 'household' | 'parcel' | 'enterprise'
  readonly count?: number
  readonly seed?: number
  readonly province?: string
  readonly sex?: 'male' | 'female'
  /** Years of birth, both included. */
  readonly bornFrom?: number
  readonly bornTo?: number
  readonly maritalStatus?: 'single' | 'married' | 'divorced'
  readonly dead?: boolean
  /** Whether the person has an old nine-digit number. */
  readonly idCardNumber?: boolean
  readonly hardName?: boolean
  readonly ownsParcel?: true
  /** A scenario's ending: the one identifier that provokes it. */
  readonly scenario?: string
  readonly owners?: number
  readonly restriction?: 'mortgage' | 'planning' | 'none'
  readonly active?: boolean
}

/** What the bodies of `/sandbox` may be. */
export interface SandboxBodies {
  readonly Wish: TestDataWish
  readonly Advance: { readonly days?: number; readonly seconds?: number }
  readonly Break: { readonly mode: 'down' | 'slow' | 'garbage' | 'error' | 'works' }
}

/** @throws GatewayError `request_invalid` with every violation, never a value. */
export type ReadSandboxBody = <Name extends keyof SandboxBodies>(
  name: Name,
  json: unknown,
) => SandboxBodies[Name]

/** Compiles the schemas of the document once. */
export function createSandboxBodies(): ReadSandboxBody {
  const ajv = new Ajv2020({ allErrors: true, strict: true, strictTypes: false, ownProperties: true })
  const validators = new Map<string, ValidateFunction>()
  for (const [name, schema] of Object.entries(description.components.schemas)) {
    validators.set(name, ajv.compile(schema))
  }
  return (name, json) => {
    const validate = validators.get(name)
    if (validate === undefined || !validate(json ?? {})) {
      throw new GatewayError('request_invalid', { errors: violationsOf(validate?.errors ?? []) })
    }
    return (json ?? {}) as never
  }
}
