import { createFormat } from '../reporting/format.ts'
import { createBulkClient } from './bulk-client.ts'
import { type Mode, type ModeParts, membersOf, type Told, until } from './demo-mode.ts'
import { openSealed } from './demo-mode-files.ts'
import { DEMO_STATISTICIAN } from './demo-registry.ts'

const ORDER = {
  service: 'G18/bao-tro/doi-tuong/v1',
  operation: 'exportBeneficiaries',
  scope: { edition: '2026' },
}
const PURPOSE = { 'exchange-purpose': 'thong-ke' }

/** The size of the smallest class among a set's lines. */
function smallestClass(lines: readonly string[]): number {
  const classes = Map.groupBy(lines, (line) => {
    const { birthDate, sex, residence, monthlyAllowanceVnd } = membersOf(JSON.parse(line))
    return JSON.stringify([birthDate, sex, residence, monthlyAllowanceVnd])
  })
  return Math.min(...[...classes.values()].map(({ length }) => length))
}

/** A whole data set is ordered, read by the gateway page by page, and opened: nobody is to be found in it. */
async function orderSet(parts: ModeParts): Promise<Told> {
  const jobs = createBulkClient(parts.world.as(DEMO_STATISTICIAN, '/jobs'))
  const { id } = await jobs.create(ORDER, PURPOSE)
  await until(parts, async () => ((await jobs.show(id)).state === 'done' ? true : undefined))
  const { findings, good, manifest, content } = await openSealed(parts, await jobs.package(id), 'doi-tuong')
  const lines = content.toString('utf8').trimEnd().split('\n')
  const smallest = smallestClass(lines)
  const { rules, released = 0, suppressed = 0 } = manifest?.anonymised ?? {}
  const [vi, en] = [createFormat('vi'), createFormat('en')]
  const k = rules?.k ?? Number.POSITIVE_INFINITY
  const isNobody = smallest >= k && !/099\d{9}/.test(content.toString('utf8'))
  return {
    ok: good === findings.length && isNobody && released === lines.length,
    told: {
      vi: `tập dữ liệu bảo trợ xã hội thành gói ẩn danh: ${vi.number(released)} dòng rời cổng, ${vi.number(suppressed)} dòng bị lược, nhóm nhỏ nhất ${smallest} dòng (k = ${k})`,
      en: `a data set of social protection as an anonymised package: ${en.number(released)} rows left, ${en.number(suppressed)} were left out, the smallest class has ${smallest} rows (k = ${k})`,
    },
  }
}

export const ANONYMISED: Mode = {
  id: 'anonymised',
  title: { vi: 'Tập dữ liệu ẩn danh', en: 'Anonymised data set' },
  run: orderSet,
}
