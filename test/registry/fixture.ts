import { generateKeyPairSync } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createAdmission } from '../../src/identity/admission.ts'
import type { PublicJwk } from '../../src/model/party.ts'
import type { RegistryDocuments } from '../../src/registry/documents.ts'
import { type ReadRegistry, readRegistryDirectory } from '../../src/registry/read-documents.ts'

/** A small sound registry as files, to be broken by tests. */

export const NOW_MS = Date.parse('2026-11-22T00:00:00Z')

export const ADMISSION = createAdmission(NOW_MS)

export const AGENCIES = `kind: Agency
code: G01
name: { vi: Bộ Công an, en: Ministry of Public Security }
validity: { from: '2020-09-15' }
---
kind: Agency
code: H29
aliases: ['000.00.00.H29']
name: { vi: Thành phố Hồ Chí Minh, en: Ho Chi Minh City }
validity: { from: '2020-09-15' }
`

export const SUBSYSTEMS = `kind: Subsystem
id: G01/dan-cu
name: { vi: Dân cư, en: Population }
state: active
securityLevel: 4
contact: ops@dan-cu.example
---
kind: Subsystem
id: H29/mot-cua
name: { vi: Một cửa, en: One-stop }
state: active
securityLevel: 3
contact: ops@mot-cua.example
`

export const SERVICE = `kind: Service
id: G01/dan-cu/cong-dan/v1
name: { vi: Công dân, en: Citizens }
state: active
contract: services/G01/dan-cu/cong-dan.v1.yaml
binding:
  baseUrl: https://dan-cu.example/api
  timeoutMs: 5000
`

export const LEGAL_BASIS = `kind: LegalBasis
id: nd-278-2025
title: { vi: Nghị định về chia sẻ dữ liệu, en: Decree on data sharing }
text: 278/2025/NĐ-CP
validity: { from: '2025-10-22' }
`

export const AGREEMENT = `kind: Agreement
id: TT-2026-001
title: { vi: Xác thực công dân, en: Verify citizens }
consumer: H29/mot-cua
service: G01/dan-cu/cong-dan/v1
operations:
  - operation: verifyCitizen
    fields: [/matched, /owners/name]
purposes: [giai-quyet-thu-tuc-hanh-chinh]
legalBases: [nd-278-2025]
quota: { perSecond: 10, perDay: 1000 }
validity: { from: '2026-01-01', until: '2028-12-31' }
state: active
`

export const CONTRACT = `openapi: 3.1.1
info:
  title: Công dân
  x-title: { vi: Công dân, en: Citizens }
  version: 1.0.0
paths:
  /xac-thuc:
    post:
      operationId: verifyCitizen
      summary: Xác thực
      x-exchange:
        kind: verify
        title: { vi: Xác thực, en: Verify }
        personalData: none
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              additionalProperties: false
              properties:
                name: { type: string, maxLength: 100 }
      responses:
        '200':
          description: Kết quả.
          content:
            application/json:
              schema:
                type: object
                additionalProperties: false
                properties:
                  matched: { type: boolean }
                  secret: { type: string, maxLength: 100 }
                  owners:
                    type: array
                    maxItems: 10
                    items:
                      type: object
                      additionalProperties: false
                      properties:
                        name: { type: string, maxLength: 100 }
                        share: { type: string, maxLength: 10 }
`

/** Paths below the test's folder; the registry is `registry`, the schemas `schemas`. */
export type Files = Readonly<Record<string, string | Uint8Array | undefined>>

export const SOUND_FILES = {
  'registry/agencies.yaml': AGENCIES,
  'registry/subsystems.yaml': SUBSYSTEMS,
  'registry/service.yaml': SERVICE,
  'registry/legal-basis.yaml': LEGAL_BASIS,
  'registry/agreement.yaml': AGREEMENT,
  'schemas/services/G01/dan-cu/cong-dan.v1.yaml': CONTRACT,
} as const satisfies Files

export interface TestFolder {
  readonly path: string
  remove(): Promise<void>
}

export async function createFolder(files: Files = {}): Promise<TestFolder> {
  const path = await mkdtemp(join(tmpdir(), 'lienthong-registry-'))
  for (const [name, content] of Object.entries(files)) {
    if (content === undefined) continue
    await mkdir(dirname(join(path, name)), { recursive: true })
    await writeFile(join(path, name), content)
  }
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

/** Reads the sound files with `changes` laid over them; faults name files relative to the folder. */
export async function readWith(changes: Files): Promise<ReadRegistry> {
  const folder = await createFolder({ ...SOUND_FILES, ...changes })
  try {
    const read = await readRegistryDirectory(join(folder.path, 'registry'), join(folder.path, 'schemas'), {
      syntheticPersons: true,
      admission: ADMISSION,
    })
    const faults = read.faults.map((fault) => ({ ...fault, file: fault.file.replace(`${folder.path}/`, '') }))
    return { ...read, faults }
  } finally {
    await folder.remove()
  }
}

/** A sound public key, new at each call. */
export function makePublicJwk(kid: string): PublicJwk {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  return { kty: 'EC', crv: 'P-256', x, y, kid, alg: 'ES256', use: 'sig' }
}

/** The documents of the sound files. */
export async function readSound(changes: Files = {}): Promise<RegistryDocuments> {
  const { documents, faults } = await readWith(changes)
  if (faults.length > 0) throw new Error(`the fixture has faults: ${JSON.stringify(faults)}`)
  return documents
}
