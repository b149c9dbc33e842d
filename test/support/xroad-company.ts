import type { Agreement } from '../../src/model/agreement.ts'
import type { Agency, Service, Subsystem, SubsystemXroad, XroadErrorStyle } from '../../src/model/party.ts'
import { overlay, type RegistryDocuments } from '../../src/registry/documents.ts'
import { enterpriseAt, taxCodeOf } from '../../src/sandbox/enterprise.ts'
import { easeAgreements } from './xroad-world.ts'

/** A company that asks as `VN/COM/<tax code>`, by its address alone, in each of the three ways of telling errors. */
export const TAX_CODE = taxCodeOf(enterpriseAt(7))
const COMPANY = 'Z98'
const STYLES = ['honest', 'camel', 'snake'] as const satisfies readonly XroadErrorStyle[]
const NAME = { vi: 'Thử', en: 'Test' }
export const NOTICE = { vi: 'Nâng cấp đến thứ Hai.', en: 'Upgrade until Monday.' }
/** Long begun, long not over. */
const AWAY = { from: '2026-01-01T00:00:00+07:00', until: '2090-01-01T00:00:00+07:00', notice: NOTICE }

/** Its systems that may not connect as the tests do: over HTTP, from this machine. */
export const UNPROVED = {
  'noi-khac': { connection: 'http', addresses: ['10.0.0.1'] },
  'chi-tls': { connection: 'https', addresses: ['127.0.0.1'] },
  'khong-noi': {},
} as const satisfies Record<string, SubsystemXroad>

export const companyClient = (subsystem: string) => `VN/COM/${TAX_CODE}/${subsystem}`

/** What each service of the world cannot do, by the address it is asked for at. */
export const STOPPED = {
  '/r1/VN/GOV/G01/dan-cu/ngung.v1': 'disabled',
  '/r1/VN/GOV/G01/ngung/cong-dan.v1': 'disabled',
  '/r1/VN/GOV/G01/dan-cu/bao-tri.v1': 'maintenance',
  '/r1/VN/GOV/G01/bao-tri/cong-dan.v1': 'maintenance',
} as const

function servicesOf(sample: Service): Service[] {
  const copy = (id: Service['id'], change: Partial<Service> = {}): Service => ({ ...sample, id, ...change })
  return [
    copy('G01/dan-cu/ngung/v1', { state: 'suspended', notice: NOTICE }),
    copy('G01/ngung/cong-dan/v1'),
    copy('G01/dan-cu/bao-tri/v1', sample.binding && { binding: { ...sample.binding, maintenance: AWAY } }),
    copy('G01/bao-tri/cong-dan/v1'),
    copy('G01/dan-cu/ky/v1'),
    copy(`${COMPANY}/kho/cong-dan/v1`),
  ]
}

/** The company with its systems and agreements, and services that are stopped, away, or want signed requests. */
export function withCompany(documents: RegistryDocuments): RegistryDocuments {
  const sample = documents.services.find(({ id }) => id === 'G01/dan-cu/cong-dan/v1')
  const agreement = easeAgreements(documents).find(({ service }) => service === sample?.id)
  if (sample === undefined || agreement === undefined) throw new Error('the sample registry is another one')
  const company: Agency = {
    kind: 'Agency',
    code: COMPANY,
    name: NAME,
    validity: { from: '2020-01-01' },
    taxCode: TAX_CODE,
  }
  const subsystem = (id: Subsystem['id'], change: Partial<Subsystem> = {}): Subsystem => ({
    kind: 'Subsystem',
    id,
    name: NAME,
    state: 'active',
    securityLevel: 3,
    contact: 'test',
    ...change,
  })
  const askers = STYLES.map((errors) =>
    subsystem(`${COMPANY}/${errors}`, {
      xroad: { connection: 'http', addresses: ['127.0.0.0/8'], errors },
    }),
  )
  const services = servicesOf(sample)
  const agreements = askers.flatMap(({ id: consumer }) =>
    [sample, ...services].map(
      ({ id: service }): Agreement => ({
        ...agreement,
        id: `TT-2026-${consumer}-${service}`.replaceAll('/', '-'),
        consumer,
        service,
        ...(service.includes('/ky/') && { requires: { signature: true } }),
      }),
    ),
  )
  return overlay(documents, {
    agencies: [company],
    subsystems: [
      ...askers,
      ...Object.entries(UNPROVED).map(([name, xroad]) => subsystem(`${COMPANY}/${name}`, { xroad })),
      subsystem(`${COMPANY}/kho`),
      subsystem('G01/ngung', { state: 'suspended', notice: NOTICE }),
      subsystem('G01/bao-tri', { maintenance: AWAY }),
    ],
    services,
    agreements,
  })
}
