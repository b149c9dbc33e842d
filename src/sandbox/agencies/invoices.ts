import type { Claim } from '../claim.ts'
import type { Country } from '../country.ts'
import { filing } from '../declare.ts'
import { answer, type SandboxOperation, type SandboxRequest, textOf } from '../operation.ts'
import { createRegister } from '../register.ts'

/** An invoice's natural key: seller, form, symbol, number. */
function keyOf({ sellerTaxCode, form, symbol, number }: Claim): string {
  return `${sellerTaxCode} ${form} ${symbol} ${number}`
}

interface Sum {
  count: number
  cashRegisterCount: number
  totalVnd: number
}

/** The operations of `services/G12/hoa-don/hoa-don-dien-tu.v1.yaml`: taken in, looked up by key, summed by month. */
export function createInvoicesAgency({ taxpayers }: Country, now: () => Date): readonly SandboxOperation[] {
  const sums = new Map<string, Sum>()
  const register = createRegister<Claim>({
    now,
    prefix: 'HDDT',
    matterOf: keyOf,
    onEntry({ claim }) {
      const key = `${claim['sellerTaxCode']} ${String(claim['issuedOn']).slice(0, 7)}`
      const sum = sums.get(key) ?? { count: 0, cashRegisterCount: 0, totalVnd: 0 }
      sum.count += 1
      // The fourth character tells how it was made: M is a cash register.
      sum.cashRegisterCount += String(claim['symbol'])[3] === 'M' ? 1 : 0
      sum.totalVnd += Number(claim['totalVnd'])
      sums.set(key, sum)
    },
  })

  function lookUp(request: SandboxRequest) {
    const entry = register.findByMatter(keyOf(request.body))
    return answer(entry && { ...entry.claim, authorityCode: entry.number, receivedAt: entry.receivedAt }, now)
  }

  function summarise(request: SandboxRequest) {
    const [sellerTaxCode, month] = [textOf(request, 'sellerTaxCode'), textOf(request, 'month')]
    const sum = sums.get(`${sellerTaxCode} ${month}`) ?? { count: 0, cashRegisterCount: 0, totalVnd: 0 }
    return answer({ sellerTaxCode, month, ...sum }, now)
  }

  return [
    filing('/tiep-nhan', {
      register,
      members: {
        sellerTaxCode: 'text',
        form: 'text',
        symbol: 'text',
        number: 'text',
        issuedOn: 'text',
        totalVnd: 'integer',
        taxVnd: 'integer',
        'buyerTaxCode?': 'text',
      },
      numberName: 'authorityCode',
      subject: 'sellerTaxCode',
      isKnown: (taxCode) => taxpayers.find(taxCode) !== undefined,
    }),
    { path: '/tra-cuu', kind: 'lookup', identifiers: ['sellerTaxCode'], answer: lookUp },
    { path: '/tong-hop', kind: 'lookup', identifiers: ['sellerTaxCode'], answer: summarise },
  ]
}
