import type { Country } from '../country.ts'
import { answer, type SandboxOperation, type SandboxRequest, textOf } from '../operation.ts'

interface Product {
  readonly service: string
  readonly operation: string
  readonly form: 'query' | 'verification' | 'bulk' | 'event' | 'anonymised_package'
  /** What an application for it is filed as. */
  readonly applicationClass: 'tu-dong' | 'theo-yeu-cau' | 'dac-biet'
  readonly deliverWithinSeconds?: number
}

/** Under which class each form is usually had. */
const CLASSES: Readonly<Record<Product['form'], Product['applicationClass']>> = {
  query: 'theo-yeu-cau',
  verification: 'tu-dong',
  bulk: 'theo-yeu-cau',
  event: 'theo-yeu-cau',
  anonymised_package: 'dac-biet',
}

function product(service: string, form: Product['form'], operation: string, withinSeconds?: number): Product {
  const applicationClass = CLASSES[form]
  return {
    service,
    operation,
    form,
    applicationClass,
    ...(withinSeconds !== undefined && { deliverWithinSeconds: withinSeconds }),
  }
}

interface Dataset {
  readonly dataset: string
  readonly domain: 'person' | 'organisation' | 'asset' | 'geography'
  readonly owner: string
  readonly source: string
  readonly isCore: boolean
  readonly isOpen: boolean
  readonly products: readonly Product[]
}

const DAY_SECONDS = 86_400
const CITIZENS = 'G01/dan-cu/cong-dan/v1'
const ENTERPRISES = 'G12/dang-ky-kinh-doanh/doanh-nghiep/v1'
const PARCELS = 'G10/dat-dai/thua-dat/v1'
const CIVIL_STATUS = 'G15/ho-tich/su-kien/v1'
const INSURANCE = 'G12/bao-hiem/tham-gia/v1'
const CUSTOMS = 'G12/hai-quan/to-khai/v1'
const WELFARE = 'G18/bao-tro/doi-tuong/v1'

/** Data sets, the one source trusted for each (Decree 278/2025, Article 5), and the products they are had as. */
const DATASETS: readonly Dataset[] = [
  {
    dataset: 'con-nguoi',
    domain: 'person',
    owner: 'G01',
    source: 'G01/dan-cu',
    isCore: true,
    isOpen: false,
    products: [
      product(CITIZENS, 'verification', 'verifyCitizen'),
      product(CITIZENS, 'bulk', 'verifyCitizens'),
      product(CITIZENS, 'query', 'lookUpCitizen'),
      product(CITIZENS, 'event', 'residenceChanged', DAY_SECONDS),
    ],
  },
  {
    dataset: 'to-chuc',
    domain: 'organisation',
    owner: 'G12',
    source: 'G12/dang-ky-kinh-doanh',
    isCore: true,
    isOpen: false,
    products: [
      product(ENTERPRISES, 'query', 'lookUpEnterprise'),
      product(ENTERPRISES, 'event', 'enterpriseStateChanged', DAY_SECONDS),
    ],
  },
  {
    dataset: 'dat-dai',
    domain: 'asset',
    owner: 'G10',
    source: 'G10/dat-dai',
    isCore: true,
    isOpen: false,
    products: [
      product(PARCELS, 'query', 'lookUpParcel'),
      product(PARCELS, 'verification', 'verifyOwner'),
      product(PARCELS, 'event', 'parcelChanged', DAY_SECONDS),
    ],
  },
  {
    dataset: 'ho-tich',
    domain: 'person',
    owner: 'G15',
    source: 'G15/ho-tich',
    isCore: true,
    isOpen: false,
    products: [
      product(CIVIL_STATUS, 'query', 'lookUpMaritalStatus'),
      product(CIVIL_STATUS, 'event', 'deathRegistered', DAY_SECONDS),
    ],
  },
  {
    dataset: 'bao-hiem',
    domain: 'person',
    owner: 'G12',
    source: 'G12/bao-hiem',
    isCore: true,
    isOpen: false,
    products: [
      product(INSURANCE, 'query', 'lookUpMember'),
      product(INSURANCE, 'verification', 'verifyHealthCard'),
    ],
  },
  {
    dataset: 'bao-tro-xa-hoi',
    domain: 'person',
    owner: 'G18',
    source: 'G18/bao-tro',
    isCore: false,
    isOpen: false,
    products: [
      product(WELFARE, 'verification', 'verifyPoorHousehold'),
      product(WELFARE, 'anonymised_package', 'exportBeneficiaries'),
    ],
  },
  {
    dataset: 'don-vi-hanh-chinh',
    domain: 'geography',
    owner: 'G09',
    source: 'G09/don-vi-hanh-chinh',
    isCore: true,
    isOpen: true,
    products: [product('G09/don-vi-hanh-chinh/dia-chi/v1', 'query', 'resolveProvince')],
  },
  {
    dataset: 'xuat-nhap-khau-thang',
    domain: 'organisation',
    owner: 'G12',
    source: 'G12/hai-quan',
    isCore: false,
    isOpen: true,
    products: [
      product(CUSTOMS, 'query', 'summariseTrade'),
      product(CUSTOMS, 'event', 'declarationCleared', 3600),
    ],
  },
]

/** The operations of `services/G01/danh-muc-du-lieu/bo-du-lieu.v1.yaml`: the catalogue of the data exchange floor. */
export function createDatasetsAgency(_: Country, now: () => Date): readonly SandboxOperation[] {
  return [
    {
      path: '/tra-cuu',
      kind: 'lookup',
      identifiers: ['dataset'],
      answer: (request: SandboxRequest) =>
        answer(
          DATASETS.find(({ dataset }) => dataset === textOf(request, 'dataset')),
          now,
        ),
    },
    {
      path: '/danh-sach',
      kind: 'lookup',
      identifiers: ['domain'],
      answer: (request: SandboxRequest) => {
        const domain = textOf(request, 'domain')
        return answer({ datasets: DATASETS.filter((its) => domain === '' || its.domain === domain) }, now)
      },
    },
  ]
}
