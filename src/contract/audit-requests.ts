import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import description from '../../schemas/audit.openapi.json' with { type: 'json' }
import type { AgreementDraft, AttachedDocument, Conformance } from '../model/application.ts'
import { GatewayError } from '../model/errors.ts'
import { violationsOf } from './violation.ts'

/** The OpenAPI 3.1 document of `/audit`, as it is served; bodies are judged by its own schemas. */
export const AUDIT_DESCRIPTION: Readonly<Record<string, unknown>> = description

/** What the bodies of `/audit` may be. */
export interface AskedConditions {
  readonly since?: string
  readonly until?: string
  readonly consumer?: string
  readonly provider?: string
  readonly service?: string
  readonly operation?: string
  readonly outcome?: 'delivered' | 'refused' | 'failed' | 'interrupted'
  readonly code?: string
  readonly agreement?: string
  readonly purpose?: string
  readonly exchange?: string
  readonly trace?: string
  readonly exchangesOnly?: boolean
  readonly subject?: string
  readonly officer?: string
  readonly dossier?: string
}

export interface AuditBodies {
  readonly Search: AskedConditions & {
    readonly cursor?: string
    readonly limit?: number
    readonly total?: boolean
    /** Whether the records come with their private parts. */
    readonly private?: boolean
  }
  readonly Count: AskedConditions & { readonly by?: readonly string[] }
  readonly Export: AskedConditions & {
    readonly format: 'csv' | 'xlsx' | 'ndjson'
    readonly private?: boolean
  }
  readonly Erasure: { readonly subject: string; readonly order: string; readonly dryRun?: boolean }
  readonly Application: {
    readonly class: string
    /** Its shape is the registry's to judge. */
    readonly agreement: AgreementDraft
    readonly documents?: readonly AttachedDocument[]
    readonly conformance?: Conformance
  }
  readonly ApplicationAsk: { readonly reason: string }
  readonly ApplicationRefusal: { readonly reason: string; readonly legalBasis: string }
  readonly ApplicationApproval: { readonly agreement: string; readonly reason?: string }
  readonly ApplicationProposal: {
    readonly decision: 'approve' | 'refuse'
    readonly approver: string
    readonly agreement?: string
    readonly legalBasis?: string
    readonly reason?: string
  }
  /** A file in base64. */
  readonly ApplicationSignature: { readonly signature: string }
  readonly UsageQuery: {
    readonly userCode: string
    readonly periodStart?: string
    readonly periodEnd?: string
    readonly offset?: number
    readonly limit?: number
  }
}

/** @throws GatewayError `request_invalid` with every violation, never a value. */
export type ReadAuditBody = <Name extends keyof AuditBodies>(name: Name, json: unknown) => AuditBodies[Name]

const NAMES: readonly (keyof AuditBodies)[] = [
  'Search',
  'Count',
  'Export',
  'Erasure',
  'Application',
  'ApplicationAsk',
  'ApplicationRefusal',
  'ApplicationApproval',
  'ApplicationProposal',
  'ApplicationSignature',
  'UsageQuery',
]

/** Compiles the schemas of the document once. */
export function createAuditBodies(): ReadAuditBody {
  const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false, ownProperties: true })
  ajv.addSchema({ $id: 'audit', components: description.components }, 'audit', false, false)
  const validators = new Map<string, ValidateFunction>()
  for (const name of NAMES) validators.set(name, ajv.compile(Object(description.components.schemas)[name]))
  return (name, json) => {
    const validate = validators.get(name)
    if (validate === undefined || !validate(json ?? {}))
      throw new GatewayError('request_invalid', { errors: violationsOf(validate?.errors ?? []) })
    return (json ?? {}) as never
  }
}
