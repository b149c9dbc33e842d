import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { Subsystem } from '../../src/model/party.ts'
import { PROVIDER_CONNECTIONS } from './row.ts'

/** The files of a gateway that fits the bench's question and answer: one service, one consumer, one agreement. */

export const CONSUMER = 'H29/mot-cua'
export const XROAD_ADDRESS = '/r1/VN/GOV/G01/dan-cu/cong-dan.v1/tra-cuu'
export const ADDRESS = '/exchange/G01/dan-cu/cong-dan/v1/tra-cuu'

/** Members of the answer the agreement opens: all but the last, so that minimisation has something to hold back. */
export const FIELDS = [
  'personalId',
  'fullName',
  'birthDate',
  'sex',
  'nationality',
  'residence',
  'household',
  'note',
]

const text = (maxLength: number) => ({ type: 'string', maxLength })
const PERSON = { personalId: { type: 'string', format: 'personal-id' }, fullName: text(100) }
const BIRTH = { type: 'string', format: 'birth-date' }

const ANSWER_SCHEMA = {
  type: 'object',
  required: ['personalId', 'fullName', 'birthDate', 'sex', 'residence', 'household'],
  properties: {
    ...PERSON,
    birthDate: BIRTH,
    sex: { enum: ['male', 'female'] },
    nationality: text(3),
    ethnicity: text(40),
    residence: {
      type: 'object',
      required: ['scheme', 'province'],
      properties: { scheme: text(20), province: text(2), commune: text(5), detail: text(200) },
    },
    household: {
      type: 'array',
      maxItems: 50,
      items: {
        type: 'object',
        required: ['personalId', 'fullName'],
        properties: {
          ...PERSON,
          relation: { enum: ['spouse', 'child', 'parent', 'other'] },
          birthDate: BIRTH,
        },
      },
    },
    updatedAt: { type: 'string', format: 'date-time' },
    note: text(2000),
  },
}

const json = (schema: object) => ({ 'application/json': { schema } })

const CONTRACT = {
  openapi: '3.1.1',
  info: { title: 'Công dân', 'x-title': { vi: 'Công dân', en: 'Citizens' }, version: '1.0.0' },
  paths: {
    '/tra-cuu': {
      post: {
        operationId: 'lookUpCitizen',
        summary: 'Tra cứu công dân',
        'x-exchange': {
          kind: 'lookup',
          title: { vi: 'Tra cứu công dân', en: 'Look up a citizen' },
          subject: '/personalId',
          personalData: 'basic',
        },
        requestBody: {
          required: true,
          content: json({
            type: 'object',
            additionalProperties: false,
            required: ['personalId'],
            properties: { personalId: PERSON.personalId, birthDate: BIRTH, note: text(200) },
          }),
        },
        responses: { '200': { description: 'Hồ sơ công dân.', content: json(ANSWER_SCHEMA) } },
      },
    },
  },
}

function documents({ providerUrl, credentials, agreements, services }: GatewayFiles): object[] {
  const name = { vi: 'Đo tốc độ', en: 'Benchmark' }
  const validity = { from: '2020-01-01' }
  const party = {
    kind: 'Subsystem',
    name,
    state: 'active',
    securityLevel: 3,
    contact: 'bench@lienthong.example',
  }
  return [
    { kind: 'Agency', code: 'G01', name, validity },
    { kind: 'Agency', code: 'H29', name, validity },
    { ...party, id: 'G01/dan-cu' },
    { ...party, id: CONSUMER, credentials, sandbox: { bearerTokens: true } },
    { kind: 'LegalBasis', id: 'nd-278-2025', title: name, text: '278/2025/NĐ-CP', validity },
    ...Array.from({ length: services }, (_, place) => ({
      kind: 'Service',
      // All but the first are there to be searched among.
      id: place === 0 ? 'G01/dan-cu/cong-dan/v1' : `G01/dan-cu/dich-vu-${place}/v1`,
      name,
      state: 'active',
      contract: 'services/G01/dan-cu/cong-dan.v1.yaml',
      binding: {
        baseUrl: providerUrl,
        timeoutMs: 5000,
        maxConcurrent: PROVIDER_CONNECTIONS,
        allowPrivateAddress: true,
      },
    })),
    ...Array.from({ length: agreements }, (_, place) => ({
      kind: 'Agreement',
      id: `TT-2026-${String(place + 1).padStart(6, '0')}`,
      title: name,
      // All but the last are other consumers': a registry of this size, of which one agreement is in use.
      consumer: place === agreements - 1 ? CONSUMER : 'G01/dan-cu',
      service: 'G01/dan-cu/cong-dan/v1',
      operations: [{ operation: 'lookUpCitizen', fields: FIELDS.map((field) => `/${field}`) }],
      purposes: ['giai-quyet-thu-tuc-hanh-chinh'],
      defaultPurpose: 'giai-quyet-thu-tuc-hanh-chinh',
      legalBases: ['nd-278-2025'],
      quota: { perSecond: 1_000_000, perDay: 1_000_000_000 },
      validity,
      state: 'active',
    })),
  ]
}

interface GatewayFiles {
  /** A fresh folder. */
  readonly root: string
  readonly port: number
  readonly managementPort: number
  readonly providerUrl: string
  readonly credentials: Subsystem['credentials']
  readonly agreements: number
  readonly services: number
  readonly tls?: { readonly certificate: string; readonly key: string }
}

/** Writes settings, registry and contract. @returns the settings file's path. */
export function writeGatewayFiles(files: GatewayFiles): string {
  const { root, port, managementPort, tls } = files
  const contracts = join(root, 'schemas/services/G01/dan-cu')
  for (const folder of ['config/registry', 'schemas/dictionary', contracts.slice(root.length + 1)]) {
    mkdirSync(join(root, folder), { recursive: true })
  }
  writeFileSync(join(contracts, 'cong-dan.v1.yaml'), stringify(CONTRACT, { aliasDuplicateObjects: false }))
  const all = documents(files)
  writeFileSync(
    join(root, 'config/registry/all.yaml'),
    all.map((document) => stringify(document, { aliasDuplicateObjects: false })).join('---\n'),
  )
  if (tls) {
    writeFileSync(join(root, 'server.pem'), tls.certificate)
    writeFileSync(join(root, 'server.key'), tls.key, { mode: 0o600 })
  }
  const settings = {
    sandbox: true,
    xroad: { enabled: true },
    listen: { port, ...(tls && { tls: { certificateFile: 'server.pem', keyFile: 'server.key' } }) },
    management: { port: managementPort },
    dataDir: 'data',
  }
  const file = join(root, 'config/gateway.yaml')
  writeFileSync(file, stringify(settings))
  return file
}
