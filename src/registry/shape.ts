import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import agencySchema from '../../schemas/registry/agency.schema.json' with { type: 'json' }
import agreementSchema from '../../schemas/registry/agreement.schema.json' with { type: 'json' }
import applicationClassSchema from '../../schemas/registry/application-class.schema.json' with {
  type: 'json',
}
import approverSchema from '../../schemas/registry/approver.schema.json' with { type: 'json' }
import calendarSchema from '../../schemas/registry/calendar.schema.json' with { type: 'json' }
import legalBasisSchema from '../../schemas/registry/legal-basis.schema.json' with { type: 'json' }
import provinceSchema from '../../schemas/registry/province.schema.json' with { type: 'json' }
import readerSchema from '../../schemas/registry/reader.schema.json' with { type: 'json' }
import serviceSchema from '../../schemas/registry/service.schema.json' with { type: 'json' }
import serviceIndexSchema from '../../schemas/registry/service-index.schema.json' with { type: 'json' }
import soapSchema from '../../schemas/registry/soap.schema.json' with { type: 'json' }
import sqlSchema from '../../schemas/registry/sql.schema.json' with { type: 'json' }
import subsystemSchema from '../../schemas/registry/subsystem.schema.json' with { type: 'json' }
import taskSchema from '../../schemas/registry/task.schema.json' with { type: 'json' }
import termsSchema from '../../schemas/registry/terms.schema.json' with { type: 'json' }
import { createFormats } from '../contract/formats.ts'
import { pointerTo } from '../contract/minimise.ts'
import { violationsOf } from '../contract/violation.ts'
import type { Violation } from '../model/errors.ts'
import type { RegistryDocument } from './documents.ts'

type Kind = RegistryDocument['kind']

/** The schema of each kind of registry document. */
const SCHEMAS = {
  Agency: agencySchema,
  Subsystem: subsystemSchema,
  Service: serviceSchema,
  LegalBasis: legalBasisSchema,
  Agreement: agreementSchema,
  Reader: readerSchema,
  Calendar: calendarSchema,
  Task: taskSchema,
  ApplicationClass: applicationClassSchema,
  Approver: approverSchema,
  Province: provinceSchema,
  ServiceIndex: serviceIndexSchema,
} as const satisfies Record<Kind, object>

/** Judges the shape of a document: all it breaks of its kind's schema. */
export type CheckShape = (kind: Kind, value: unknown) => readonly Violation[]

export function isRegistryKind(text: unknown): text is Kind {
  return typeof text === 'string' && Object.hasOwn(SCHEMAS, text)
}

const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const

function isMembers(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Private members of keys, looked for before the schema calls them unknown: they need a plainer word. */
function findPrivateMembers(document: unknown): Violation[] {
  const credentials = isMembers(document) ? document['credentials'] : undefined
  if (!isMembers(credentials)) return []
  const { jwks, encryptionKey } = credentials
  const keys: readonly (readonly [string, unknown])[] = [
    ...(Array.isArray(jwks) ? jwks.map((jwk: unknown, index) => [`jwks/${index}`, jwk] as const) : []),
    ['encryptionKey', encryptionKey],
  ]
  return keys.flatMap(([place, jwk]) =>
    PRIVATE_MEMBERS.filter((name) => isMembers(jwk) && Object.hasOwn(jwk, name)).map((name) => ({
      pointer: `/credentials/${place}/${name}`,
      rule: 'private_key',
      detail: {
        vi: 'Phần riêng tư của khóa không được có trong đăng ký; bỏ đi và thay ngay khóa này.',
        en: 'The private part of a key must never be in the registry: take it out and replace the key.',
      },
    })),
  )
}

/** Where the fault is seen: at the member that is missing or too many, else at the value. */
function placeOf({ instancePath, params }: ErrorObject): string {
  const member: unknown = params['additionalProperty'] ?? params['missingProperty']
  return typeof member === 'string' ? pointerTo(instancePath, member) : instancePath
}

function violationOf(error: ErrorObject): Violation[] {
  const pointer = placeOf(error)
  if (error.keyword === 'additionalProperties') {
    const detail = { vi: 'Lược đồ không có thành phần này.', en: 'The schema has no such member.' }
    return [{ pointer, rule: error.keyword, detail }]
  }
  return violationsOf([error], new Set()).map(({ rule, detail }) => ({ pointer, rule, detail }))
}

/** Compiles the schemas of `schemas/registry/`; about 30 ms, so it is done once and handed on. */
export function createShapeCheck(): CheckShape {
  const ajv = new Ajv2020({
    allErrors: true,
    strict: true,
    formats: createFormats({ syntheticPersons: false }),
  })
  ajv.addSchema(termsSchema)
  ajv.addSchema(soapSchema)
  ajv.addSchema(sqlSchema)
  const compiled = new Map<Kind, ValidateFunction>()
  for (const kind of Object.keys(SCHEMAS).filter(isRegistryKind))
    compiled.set(kind, ajv.compile(SCHEMAS[kind]))
  return (kind, value) => {
    const validate = compiled.get(kind)
    if (validate === undefined || validate(value)) return []
    const secrets = kind === 'Subsystem' ? findPrivateMembers(value) : []
    const told = new Set(secrets.map(({ pointer }) => pointer))
    const others = (validate.errors ?? []).flatMap(violationOf).filter(({ pointer }) => !told.has(pointer))
    return [...secrets, ...others]
  }
}
