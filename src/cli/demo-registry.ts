import { createAdmission } from '../identity/admission.ts'
import { createSigningKey, generatePrivateJwk } from '../identity/signing-key.ts'
import type { SubsystemId } from '../model/identifier.ts'
import type { EncryptionJwk } from '../model/package.ts'
import type { PublicJwk, Service, Subsystem } from '../model/party.ts'
import type { ReaderRole } from '../model/reader.ts'
import { applyRegistry } from '../registry/administration.ts'
import { overlay, type RegistryDocuments } from '../registry/documents.ts'
import { readRegistryDirectory } from '../registry/read-documents.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import { RegistryRefused } from '../seed.ts'
import type { Settings } from '../settings.ts'
import type { Database } from '../storage/database.ts'
import { createRegistryStore } from '../storage/registry.ts'
import { bindToLandRegistry, type DemoLandRegistry } from './demo-land-registry.ts'
import { approverOf, type DemoLeader } from './demo-leader.ts'
import { CliFault, EXIT } from './fault.ts'

/** Who asks in the demo: the one-stop system of Ho Chi Minh City. */
export const DEMO_CONSUMER = 'H29/mot-cua'

/** Systems besides the consumer that act in a demo: they match files, ask, and tell of what happens. */
export const DEMO_PARTIES = [
  'G09/can-bo',
  'H21/mot-cua',
  'G01/dan-cu',
  'G15/ho-tich',
  'G10/dat-dai',
  'G12/hai-quan',
  'G12/dang-ky-kinh-doanh',
  'G01/vneid',
  'G01/ly-lich-tu-phap',
  'G22/dich-vu-cong',
  'H21/ioc',
] as const
export type DemoParty = typeof DEMO_CONSUMER | (typeof DEMO_PARTIES)[number]

/** Whose results are handed over as a package. */
export const DEMO_RECIPIENT = 'G09/can-bo' satisfies DemoParty

/** Who orders a data set that leaves anonymised. */
export const DEMO_STATISTICIAN = 'H21/ioc' satisfies DemoParty

const RECIPIENTS: readonly string[] = [DEMO_RECIPIENT, DEMO_STATISTICIAN]

/** A fresh key for each party. */
export async function makePartyKeys(): Promise<ReadonlyMap<DemoParty, ConsumerKey>> {
  const parties: readonly DemoParty[] = [DEMO_CONSUMER, ...DEMO_PARTIES]
  const keys = parties.map(async (party) => [party, await makeConsumerKey()] as const)
  return new Map(await Promise.all(keys))
}

/** The consumer's fresh key, both halves. */
export interface ConsumerKey {
  readonly privateJwk: Awaited<ReturnType<typeof generatePrivateJwk>>
  readonly publicJwk: PublicJwk
}

/** Makes an ES256 key; only its public half goes into the registry. */
export async function makeConsumerKey(): Promise<ConsumerKey> {
  const privateJwk = await generatePrivateJwk('ES256')
  const { crv = '', x = '', y = '' } = privateJwk
  const { kid } = createSigningKey(privateJwk)
  return { privateJwk, publicJwk: { kty: 'EC', crv, x, y, kid, alg: 'ES256', use: 'sig' } }
}

/** Who reads the demo's log by `lienthong audit`. */
export const DEMO_AUDITOR: SubsystemId = 'G22/thanh-tra'

/** Who files applications for connection in a demo, and who appraises them, by `lienthong applications`. */
export const DEMO_APPLICANT: SubsystemId = 'H29/kiem-soat'
export const DEMO_APPRAISER: SubsystemId = 'G22/tham-dinh'

/** A fresh key for each reader that has a profile in the demo's folder. */
export async function makeReaderKeys(): Promise<ReadonlyMap<SubsystemId, ConsumerKey>> {
  const readers = [DEMO_AUDITOR, DEMO_APPLICANT, DEMO_APPRAISER]
  return new Map(await Promise.all(readers.map(async (id) => [id, await makeConsumerKey()] as const)))
}

/** Who may sign in to the demo's console: one of each kind. */
const DEMO_READERS: readonly (readonly [id: SubsystemId, vi: string, en: string, role: ReaderRole])[] = [
  [DEMO_AUDITOR, 'Đoàn thanh tra (mô phỏng)', 'Inspectorate (synthetic)', 'auditor'],
  [
    'G22/bao-ve-du-lieu',
    'Bộ phận bảo vệ dữ liệu (mô phỏng)',
    'Data protection (synthetic)',
    'data-protection-officer',
  ],
  [
    DEMO_APPLICANT,
    'Kiểm soát, UBND TP. Hồ Chí Minh (mô phỏng)',
    'Control office, Ho Chi Minh City (synthetic)',
    'agency',
  ],
  [DEMO_APPRAISER, 'Bộ phận thẩm định (mô phỏng)', 'Appraisers (synthetic)', 'appraiser'],
  ['G22/van-hanh', 'Trung tâm vận hành (mô phỏng)', 'Operations centre (synthetic)', 'operator'],
]

/** Whoever may read a sandbox’s log: one for each role. */
export function readersOf({
  legalBases,
}: RegistryDocuments): Pick<RegistryDocuments, 'subsystems' | 'readers'> {
  return {
    subsystems: DEMO_READERS.map(([id, vi, en]) => ({
      kind: 'Subsystem',
      id,
      name: { vi, en },
      state: 'active',
      securityLevel: 3,
      contact: 'demo@example.invalid',
    })),
    readers: DEMO_READERS.map(([id, vi, en, role]) => ({
      kind: 'Reader',
      id: `QD-${id.replaceAll('/', '-')}`,
      title: { vi: `Quyền đọc sổ: ${vi}`, en: `Right to read the log: ${en}` },
      subsystem: id,
      role,
      legalBases: legalBases.slice(0, 1).map((basis) => basis.id),
      validity: { from: '2026-01-01' },
      state: 'active',
    })),
  }
}

/** The registry with the parties' keys in it and the services bound to where the agencies listen. */
function furnish(
  documents: RegistryDocuments,
  { sandbox, keys, land, readerKeys, leader, encryptionKey }: Omit<Foundation, 'database'>,
): RegistryDocuments {
  const consumer = documents.subsystems.find(({ id }) => id === DEMO_CONSUMER)
  if (consumer === undefined) {
    throw new CliFault(EXIT.invalid, 'demo_consumer_missing', {
      title: {
        vi: `Danh bạ không có hệ thống ${DEMO_CONSUMER}, mà chuyến tham quan cần.`,
        en: `The registry has no subsystem ${DEMO_CONSUMER}, which the tour needs.`,
      },
      side: 'you',
    })
  }
  const keyed = documents.subsystems.flatMap((its): Subsystem[] => {
    const key = [...keys].find(([party]) => party === its.id)?.[1].publicJwk
    if (key === undefined) return []
    const credentials = { jwks: [key], ...(RECIPIENTS.includes(its.id) && { encryptionKey }) }
    const known = { ...its, state: 'active' as const, credentials }
    return [its.id === DEMO_CONSUMER ? { ...known, sandbox: { bearerTokens: true } } : known]
  })
  const services = documents.services.flatMap((service): Service[] => {
    const { binding } = service
    if (binding?.sql !== undefined)
      return [{ ...service, binding: bindToLandRegistry(binding, binding.sql, land) }]
    const baseUrl = sandbox.urlOf(service.id)
    return baseUrl === undefined || !binding ? [] : [{ ...service, binding: { ...binding, baseUrl } }]
  })
  const { subsystems, readers } = readersOf(documents)
  const reading = subsystems.map((its) => {
    const key = readerKeys.get(its.id)
    return key === undefined ? its : { ...its, credentials: { jwks: [key.publicJwk] } }
  })
  const approvers = [approverOf(leader, documents)]
  return overlay(documents, { subsystems: [...keyed, ...reading], services, readers, approvers })
}

async function readDocuments(settings: Settings, nowMs: number) {
  const options = { syntheticPersons: true, admission: createAdmission(nowMs) }
  const read = await readRegistryDirectory(settings.registryDir, settings.schemasDir, options)
  if (read.faults.length > 0) throw new RegistryRefused(read.faults)
  return { ...read, options }
}

/** What a registry is made of besides the operator's documents. */
export interface Foundation {
  readonly database: Database
  readonly sandbox: Sandbox
  readonly land: DemoLandRegistry
  readonly keys: ReadonlyMap<DemoParty, ConsumerKey>
  readonly readerKeys: ReadonlyMap<SubsystemId, ConsumerKey>
  readonly leader: DemoLeader
  /** What packages of the demo are encrypted to. */
  readonly encryptionKey: EncryptionJwk
}

/** Applies the settings' registry with the demo's key and addresses in it. @throws RegistryRefused with its faults. */
export async function applyDemoRegistry(
  settings: Settings,
  { database, ...foundation }: Foundation,
  nowMs: number,
): Promise<RegistryDocuments> {
  const { documents, registry, options } = await readDocuments(settings, nowMs)
  const furnished = furnish(documents, foundation)
  const { pool, url } = database
  const store = createRegistryStore({ pool, url, log: () => {} })
  const applied = await applyRegistry(store, furnished, {
    ...options,
    compiled: registry,
    by: 'demo',
    note: '',
  })
  if (applied.outcome === 'refused') {
    throw new RegistryRefused(
      applied.faults.map((fault) => ({ ...fault, file: fault.path, line: 1, column: 1 })),
    )
  }
  return furnished
}
