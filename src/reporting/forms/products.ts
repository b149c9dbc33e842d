import type { Operation } from '../../contract/contract.ts'
import type { Bilingual } from '../../model/identifier.ts'
import type { AuditCount } from '../audit-query.ts'
import type { PackageCount } from '../figures.ts'
import type { Column, Form } from '../form.ts'
import { formOf, type Names } from '../names.ts'

const COLUMNS: readonly Column[] = [
  { id: 'consumer', title: { vi: 'Bên khai thác', en: 'Consumer' }, kind: 'name' },
  { id: 'service', title: { vi: 'Dịch vụ', en: 'Service' }, kind: 'name' },
  { id: 'product', title: { vi: 'Sản phẩm dữ liệu', en: 'Data product' }, kind: 'text' },
  { id: 'operation', title: { vi: 'Thao tác', en: 'Operation' }, kind: 'code', fileOnly: true },
  { id: 'form', title: { vi: 'Hình thức', en: 'Form' }, kind: 'text' },
  { id: 'exchanges', title: { vi: 'Giao dịch được trả', en: 'Exchanges delivered' }, kind: 'count' },
  { id: 'packages', title: { vi: 'Gói', en: 'Packages' }, kind: 'count' },
  { id: 'records', title: { vi: 'Bản ghi trong gói', en: 'Records in them' }, kind: 'count' },
  { id: 'bytes', title: { vi: 'Byte trong gói', en: 'Bytes in them' }, kind: 'count' },
]

interface Used extends Omit<PackageCount, 'service'> {
  readonly service: string
  readonly exchanges: number
}

interface ProductParts {
  readonly names: Names
  /** Undefined where the registry in force has no such operation any more. */
  readonly operationOf: (service: string, id: string) => Operation | undefined
}

const NOTHING = { exchanges: 0, packages: 0, records: 0, bytes: 0 }

/** @param counts by consumer, service, operation and outcome, in the order in which dimensions stand. */
function gather(counts: readonly AuditCount[], packages: readonly PackageCount[]): readonly Used[] {
  const found = new Map<string, Used>()
  const add = ({
    consumer,
    service,
    operation,
    ...more
  }: Omit<Used, keyof typeof NOTHING> & Partial<Used>) => {
    const key = `${consumer} ${service} ${operation}`
    found.set(key, { ...NOTHING, ...found.get(key), consumer, service, operation, ...more })
  }
  for (const {
    values: [consumer = '', service = '', operation = '', outcome],
    count,
  } of counts) {
    if (outcome === 'delivered' && operation !== '') add({ consumer, service, operation, exchanges: count })
  }
  for (const each of packages) add(each)
  return [...found.values()].toSorted(
    (a, b) =>
      b.exchanges - a.exchanges ||
      (`${a.consumer} ${a.service} ${a.operation}` < `${b.consumer} ${b.service} ${b.operation}` ? -1 : 1),
  )
}

/** What each consumer took of each product: of each operation of a service that something was delivered by. */
export function productForm(
  counts: readonly AuditCount[],
  packages: readonly PackageCount[],
  { names, operationOf }: ProductParts,
): Form {
  const rows = gather(counts, packages)
  const sum = (name: keyof typeof NOTHING) => rows.reduce((total, row) => total + row[name], 0)
  const same = (text: string): Bilingual => ({ vi: text, en: text })
  return {
    id: 'products',
    columns: COLUMNS,
    rows: rows.map((row) => {
      const operation = operationOf(row.service, row.operation)
      return [
        names.subsystem(row.consumer),
        names.service(row.service),
        operation?.title ?? same(row.operation),
        row.operation,
        operation && formOf(operation),
        row.exchanges,
        row.packages,
        row.records,
        row.bytes,
      ]
    }),
    total: [
      { vi: 'Tổng số', en: 'Total' },
      ...Array(4).fill(undefined),
      sum('exchanges'),
      sum('packages'),
      sum('records'),
      sum('bytes'),
    ],
    notes: [],
    suppressed: false,
    facts: {},
  }
}
