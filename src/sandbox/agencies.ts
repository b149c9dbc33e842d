import { createAdministrativeUnitsAgency } from './agencies/administrative-units.ts'
import { createCivilStatusAgency } from './agencies/civil-status.ts'
import { createCriminalRecordAgency } from './agencies/criminal-record.ts'
import { createCustomsAgency } from './agencies/customs.ts'
import { createDatasetsAgency } from './agencies/datasets.ts'
import { createDocumentsAgency } from './agencies/documents.ts'
import { createECommerceAgency } from './agencies/e-commerce.ts'
import { createEducationAgency } from './agencies/education.ts'
import { createEnergyAgency } from './agencies/energy.ts'
import { createEnterprisesAgency } from './agencies/enterprises.ts'
import { createFuelAgency } from './agencies/fuel.ts'
import { createHealthBookAgency } from './agencies/health-book.ts'
import { createIndicatorsAgency } from './agencies/indicators.ts'
import { createInsuranceAgency } from './agencies/insurance.ts'
import { createInvoicesAgency } from './agencies/invoices.ts'
import { createLandAgency } from './agencies/land.ts'
import { createOfficialsAgency } from './agencies/officials.ts'
import { createOldPopulationAgency } from './agencies/old-population.ts'
import { createPopulationAgency } from './agencies/population.ts'
import { createPublicServicesAgency } from './agencies/public-services.ts'
import { createResidenceAgency } from './agencies/residence.ts'
import { createSingleWindowAgency } from './agencies/single-window.ts'
import { createSocialProtectionAgency } from './agencies/social-protection.ts'
import { createTaxAgency } from './agencies/tax.ts'
import { createVaccinationAgency } from './agencies/vaccination.ts'
import { createVneidAgency } from './agencies/vneid.ts'
import { createWarehouseAgency } from './agencies/warehouse.ts'
import type { Country } from './country.ts'
import { type Door, OLD_POPULATION_DOOR } from './old-population-door.ts'
import type { SandboxOperation } from './operation.ts'

/** One agency's system in the sandbox. */
export interface AgencyEntry {
  /** The service of `config/registry` it answers. */
  readonly service: string
  /** Where it stands on loopback by default; `config/registry` binds its services to this. */
  readonly port: number
  readonly create: (country: Country, now: () => Date) => readonly SandboxOperation[]
  /** Of a system that does not speak JSON. */
  readonly door?: Door
}

/** Every system that the sandbox plays. */
export const AGENCIES = {
  population: { service: 'G01/dan-cu/cong-dan/v1', port: 9101, create: createPopulationAgency },
  land: { service: 'G10/dat-dai/thua-dat/v1', port: 9102, create: createLandAgency },
  tax: { service: 'G12/thue/nguoi-nop-thue/v1', port: 9103, create: createTaxAgency },
  vaccination: { service: 'G18/tiem-chung/mui-tiem/v1', port: 9104, create: createVaccinationAgency },
  insurance: { service: 'G12/bao-hiem/tham-gia/v1', port: 9105, create: createInsuranceAgency },
  civilStatus: { service: 'G15/ho-tich/su-kien/v1', port: 9106, create: createCivilStatusAgency },
  residence: { service: 'G01/cu-tru/cap-so/v1', port: 9107, create: createResidenceAgency },
  officials: { service: 'G09/can-bo/ho-so/v1', port: 9108, create: createOfficialsAgency },
  education: { service: 'G03/hoc-ba/hoc-ba-so/v1', port: 9109, create: createEducationAgency },
  healthBook: { service: 'G18/so-suc-khoe/so/v1', port: 9110, create: createHealthBookAgency },
  criminalRecord: { service: 'G01/ly-lich-tu-phap/phieu/v1', port: 9111, create: createCriminalRecordAgency },
  vneid: { service: 'G01/vneid/dinh-danh/v1', port: 9112, create: createVneidAgency },
  socialProtection: { service: 'G18/bao-tro/doi-tuong/v1', port: 9113, create: createSocialProtectionAgency },
  enterprises: {
    service: 'G12/dang-ky-kinh-doanh/doanh-nghiep/v1',
    port: 9114,
    create: createEnterprisesAgency,
  },
  invoices: { service: 'G12/hoa-don/hoa-don-dien-tu/v1', port: 9115, create: createInvoicesAgency },
  publicServices: { service: 'G22/dich-vu-cong/ho-so/v1', port: 9116, create: createPublicServicesAgency },
  measurement: { service: 'G06/do-luong/chi-so/v1', port: 9117, create: createIndicatorsAgency },
  executive: { service: 'G22/chi-dao-dieu-hanh/chi-tieu/v1', port: 9118, create: createIndicatorsAgency },
  singleWindow: {
    service: 'G12/mot-cua-quoc-gia/giay-phep/v1',
    port: 9119,
    create: createSingleWindowAgency,
  },
  fuel: { service: 'G02/xang-dau/ton-kho/v1', port: 9120, create: createFuelAgency },
  energy: { service: 'G02/dien-khoang-san/so-lieu/v1', port: 9121, create: createEnergyAgency },
  customs: { service: 'G12/hai-quan/to-khai/v1', port: 9122, create: createCustomsAgency },
  eCommerce: { service: 'G02/thuong-mai-dien-tu/vu-viec/v1', port: 9123, create: createECommerceAgency },
  datasets: { service: 'G01/danh-muc-du-lieu/bo-du-lieu/v1', port: 9124, create: createDatasetsAgency },
  administrativeUnits: {
    service: 'G09/don-vi-hanh-chinh/dia-chi/v1',
    port: 9125,
    create: createAdministrativeUnitsAgency,
  },
  warehouse: { service: 'H21/kho-du-lieu/nap-du-lieu/v1', port: 9126, create: createWarehouseAgency },
  documents: { service: 'H29/kho-giay-to/giay-to/v1', port: 9127, create: createDocumentsAgency },
  oldPopulation: {
    service: 'G01/dan-cu/cong-dan-cu/v1',
    port: 9128,
    create: createOldPopulationAgency,
    door: OLD_POPULATION_DOOR,
  },
} as const satisfies Record<string, AgencyEntry>

export type AgencyName = keyof typeof AGENCIES

/** In the order of the table. */
export const AGENCY_NAMES = Object.keys(AGENCIES) as readonly AgencyName[]
