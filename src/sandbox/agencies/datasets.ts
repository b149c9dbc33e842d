import type { Country } from '../country.ts'
import { answer, type SandboxOperation, type SandboxRequest, textOf } from '../operation.ts'

/** Core data sets and the one source trusted for each (Decree 278/2025, Article 5). */
const DATASETS = [
  { dataset: 'con-nguoi', domain: 'person', owner: 'G01', source: 'G01/dan-cu', isCore: true, isOpen: false },
  {
    dataset: 'to-chuc',
    domain: 'organisation',
    owner: 'G12',
    source: 'G12/dang-ky-kinh-doanh',
    isCore: true,
    isOpen: false,
  },
  { dataset: 'dat-dai', domain: 'asset', owner: 'G10', source: 'G10/dat-dai', isCore: true, isOpen: false },
  { dataset: 'ho-tich', domain: 'person', owner: 'G15', source: 'G15/ho-tich', isCore: true, isOpen: false },
  {
    dataset: 'bao-hiem',
    domain: 'person',
    owner: 'G12',
    source: 'G12/bao-hiem',
    isCore: true,
    isOpen: false,
  },
  {
    dataset: 'don-vi-hanh-chinh',
    domain: 'geography',
    owner: 'G09',
    source: 'G09/don-vi-hanh-chinh',
    isCore: true,
    isOpen: true,
  },
  {
    dataset: 'xuat-nhap-khau-thang',
    domain: 'organisation',
    owner: 'G12',
    source: 'G12/hai-quan',
    isCore: false,
    isOpen: true,
  },
] as const

/** The operations of `services/G01/danh-muc-du-lieu/bo-du-lieu.v1.yaml`: the catalogue, and orders on the exchange floor. */
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
