import { createHash } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import pg from 'pg'
import { tellSynthetic } from '../../src/cli/verify-findings.ts'
import { openKeyDirectory } from '../../src/identity/keys.ts'
import { FORM_IDS } from '../../src/reporting/form.ts'
import { spreadOverHours, syntheticHistory } from '../../src/sandbox/history.ts'
import {
  countSynthetic,
  type RollupRow,
  SYNTHETIC_AGREEMENT,
  writeSyntheticRollups,
} from '../../src/storage/backfill.ts'
import { createFsckStore } from '../../src/storage/log-audit.ts'
import { runCli } from '../support/cli.ts'
import { createTestDatabase, createTestFolder, type TestDatabase } from '../support/postgres.ts'

const PROJECT = join(import.meta.dirname, '../..')

/** 167 exchanges a day in the first half of 2026, 100 a day in that of 2025, from agencies since merged. */
function* knownHistory(): Generator<RollupRow> {
  const rest = {
    provider: 'G01/dan-cu',
    service: 'G01/dan-cu/cong-dan/v1',
    operation: 'lookUpCitizen',
    code: '',
  }
  for (let ms = Date.parse('2025-01-01'); ms < Date.parse('2026-07-01'); ms += 86_400_000) {
    const at = new Date(ms).toISOString().slice(0, 10)
    const delivered = { ...rest, at, outcome: 'delivered' }
    if (at < '2025-07-01') {
      yield { ...delivered, consumer: 'H08/mot-cua', count: 60 }
      yield { ...delivered, consumer: 'H21/mot-cua', count: 30 }
      yield { ...rest, at, consumer: 'H29/mot-cua', outcome: 'failed', count: 10 }
    } else if (at >= '2026-01-01') {
      yield { ...delivered, consumer: 'H21/mot-cua', count: 150 }
      yield { ...rest, at, consumer: 'H29/mot-cua', outcome: 'refused', count: 17 }
    }
    yield {
      ...rest,
      at,
      consumer: 'G22/thanh-tra',
      provider: '',
      service: 'audit',
      outcome: 'delivered',
      count: 500,
    }
  }
}

describe('lienthong report', () => {
  let database: TestDatabase
  let pool: pg.Pool
  let folder: string
  let environment: NodeJS.ProcessEnv
  const now = () => Date.parse('2026-11-22T03:00:00Z')
  const config = join(PROJECT, 'config/gateway.yaml')
  const report = (...flags: string[]) =>
    runCli(['--config', config, 'report', ...flags], { environment, now, workingDirectory: folder })

  before(async () => {
    database = await createTestDatabase()
    pool = new pg.Pool({ connectionString: database.url, max: 2 })
    pool.on('error', () => {})
    folder = await createTestFolder()
    environment = { LANG: 'vi_VN.UTF-8', DATABASE_URL: database.url, LIENTHONG_DATADIR: folder }
    await writeSyntheticRollups(pool, 'day', knownHistory())
  })

  after(async () => {
    await pool.end()
    await database.drop()
    await rm(folder, { recursive: true, force: true })
  })

  it('tells +67 % where 167 exchanges stand against 100, readings of the log left out', async () => {
    const { exit, out } = await report('--period', '2026-H1', '--compare', 'same-period', '--by', 'province')
    expect(exit).to.equal(0)
    expect(out).to.include('6 tháng đầu năm 2026: 30.227 giao dịch, tăng 67,0 % so với cùng kỳ năm trước')
    expect(out).to.include('1/34 tỉnh')
    // 150 against 60 + 30 of the province that was merged in.
    expect(out).to.match(/52\s+27\.150\s+16\.290\s+\+66,7 %\s+100,0 %\s+Gia Lai/)
    expect(out).to.match(/79\s+3\.077\s+1\.810\s+\+70,0 %/)
  })

  it('says that data are missing where the log was opened within the base period', async () => {
    const { out } = await report('--period', '2025', '--by', 'service')
    expect(out).to.include('so với cùng kỳ năm trước: chưa đủ dữ liệu')
  })

  it('compares with the period before where that is asked for', async () => {
    const { out } = await report('--period', '2026-H1', '--compare', 'previous-period', '--format', 'json')
    const { base, total } = JSON.parse(out)
    expect([base.from, base.until]).to.deep.equal(['2025-07-01', '2026-01-01'])
    expect(total).to.deep.include({ base: 0, growth: { kind: 'small_base' } })
  })

  it('is given synthetic counts as a whole, so that an audit that runs meanwhile finds nothing amiss', async () => {
    const before = await countSynthetic(pool)
    const [row] = knownHistory()
    function* broken() {
      for (let index = 0; index < 20_000; index += 1) if (row !== undefined) yield row
      throw new Error('no more')
    }
    const thrown = await writeSyntheticRollups(pool, 'day', broken()).catch((error: unknown) => error)
    expect(thrown).to.be.an.instanceOf(Error)
    expect(await countSynthetic(pool)).to.equal(before)
  })

  it('gives the same figures as JSON', async () => {
    const { out } = await report('--period', '2026-H1', '--format', 'json')
    const { total, provinces, rows } = JSON.parse(out)
    expect(total).to.include({ total: 30_227, delivered: 27_150, refused: 3077, failed: 0, success: 1 })
    expect(total.growth.ratio).to.be.closeTo(0.67, 1e-12)
    expect(provinces).to.deep.equal({ covered: 1, of: 34 })
    expect(rows).to.have.length(2)
  })

  it('writes a file whose signed manifest has its digest, and a workbook', async () => {
    for (const format of ['csv', 'xlsx']) {
      const file = join(folder, `report.${format}`)
      const { exit, err } = await report('--period', '2026-H1', '--format', format, '--out', file)
      expect(exit, err).to.equal(0)
      const bytes = await readFile(file)
      const [, body = ''] = (await readFile(`${file}.jws`, 'utf8')).split('.')
      const manifest = JSON.parse(Buffer.from(body, 'base64url').toString())
      expect(manifest.file.sha256).to.equal(createHash('sha256').update(bytes).digest('hex'))
      expect(manifest.query).to.deep.equal({
        by: 'province',
        compare: 'same-period',
        form: 'exchanges',
        public: false,
        report: '2026-H1',
      })
      if (format === 'csv') expect(bytes.toString()).to.match(/^\ufeffSTT/)
      else expect(bytes.subarray(0, 2).toString()).to.equal('PK')
    }
  })

  it('makes files that verify against the gateway’s keys, and no longer once a byte was changed', async () => {
    const file = join(folder, 'kiem.csv')
    expect((await report('--period', '2026-H1', '--format', 'csv', '--out', file)).exit).to.equal(0)
    const keys = await openKeyDirectory(join(folder, 'keys/tokens'))
    const jwks = join(folder, 'jwks.json')
    await writeFile(jwks, JSON.stringify(keys.jwks(now())))
    const verify = () =>
      runCli(['verify', 'report', file, '--jwks', jwks], { environment, now, workingDirectory: folder })
    expect((await verify()).exit).to.equal(0)
    const bytes = await readFile(file)
    bytes[20] = (bytes[20] ?? 0) ^ 1
    await writeFile(file, bytes)
    const changed = await verify()
    expect(changed.exit).not.to.equal(0)
    expect(changed.out).to.include('Tệp đã bị sửa')
    await writeFile(jwks, '{"keys":[]}')
    expect((await verify()).out).to.include('không do khóa nào của cổng ký')
  })

  it('refuses a period that is none, and a division that the form does not have', async () => {
    const { exit, err } = await report('--period', '2026-H3')
    expect(exit).to.equal(2)
    expect(err).to.include('2026-H3')
    const divided = await report('--period', '2026', '--form', 'cleaning', '--by', 'province')
    expect(divided.exit).to.equal(2)
    expect(divided.err).to.include('unit, group, agency, service')
  })

  it('makes every form, and tells what cleaning found', async () => {
    await pool.query(
      `INSERT INTO cleaning_day SELECT '2026-05-05', 'H29/mot-cua', 'G01/dan-cu/cong-dan/v1', unit, jobs, 1000, 900, 60, 20, 5, 15,
              10, 0, 5, 5, 20, 0, 3, 60, 80, 10, 10, 3, 0 FROM (VALUES ('', 1), ('79', 0)) AS v (unit, jobs)`,
    )
    for (const form of FORM_IDS) {
      const { exit, out, err } = await report('--form', form, '--period', '2026-H1', '--format', 'json')
      expect(exit, `${form} ${err}`).to.equal(0)
      expect(JSON.parse(out)).to.include({ form, suppressed: false })
    }
    const cleaning = await report('--form', 'cleaning', '--period', '2026-H1')
    expect(cleaning.out)
      .to.include('04/LS')
      .and.match(/79\s+1\.000\s+900\s+60\s+20\s+5\s+15\s+[\d,]+\s+TP\. Hồ Chí Minh/)
    expect(cleaning.out).to.match(/1 lượt đối chiếu hàng loạt, 2000 bản ghi/)
    const shown = await report('--form', 'cleaning', '--period', '2026-H1', '--public')
    // 5 is small; beside the sum of the row it would be known if 15 stood there.
    expect(shown.out).to.match(/79\s+1\.000\s+900\s+60\s+20\s+…\s+…\s+…\s+TP\. Hồ Chí Minh/)
  }).timeout(120_000)

  it('tells what each consumer took of each product, small counts left out for publication', async () => {
    await pool.query(
      `INSERT INTO package_day SELECT '2026-05-05', consumer, 'G18/bao-tro/doi-tuong/v1', 'exportBeneficiaries', packages, records, bytes
         FROM (VALUES ('H21/ioc', 12, 9000, 900000), ('H26/mot-cua', 2, 40, 4000), ('H29/mot-cua', 11, 70, 7000))
           AS v (consumer, packages, records, bytes)`,
    )
    const asked = ['--form', 'products', '--period', '2026-H1']
    const { total, rows } = JSON.parse((await report(...asked, '--format', 'json')).out)
    expect(total).to.include({ exchanges: 27_150, packages: 25, records: 9110, bytes: 911_000 })
    expect(rows.map(({ exchanges }: { exchanges: number }) => exchanges)).to.deep.equal([27_150, 0, 0, 0])
    const inside = await report(...asked)
    expect(inside.out)
      .to.include('09/SP')
      .and.match(/\s0\s+12\s+9\.000\s+900\.000\s/)
    expect(inside.out).to.match(/\s0\s+2\s+40\s+4\.000\s/)
    const outside = await report(...asked, '--public')
    // 2 is small; with the others of its column known, their sum would tell it.
    expect(outside.out)
      .to.match(/\s0\s+…\s+40\s+4\.000\s/)
      .and.match(/\s0\s+…\s+70\s+7\.000\s/)
  })

  it('leaves a reading in the log for each report', async () => {
    const { rows } = await pool.query(
      "SELECT count(*)::int AS n FROM exchange_record WHERE service = 'audit'",
    )
    expect(rows[0].n).to.be.at.least(5)
  })

  it('is no fault of the log: an audit leaves out what no record stands behind, and says so', async () => {
    const counts = async (options?: { readonly unbacked: string }) => {
      const { hours, days } = await createFsckStore(pool, undefined, options).readCounts('key')
      return [hours, days]
    }
    const leftOut = await counts({ unbacked: SYNTHETIC_AGREEMENT })
    expect(await counts()).not.to.deep.equal(leftOut)
    const synthetic = await countSynthetic(pool)
    expect(synthetic).to.be.above(0)
    expect(tellSynthetic(synthetic, true)[0]).to.include({ check: 'synthetic', ok: true })
    expect(tellSynthetic(synthetic, false)[0]).to.include({ check: 'synthetic', ok: false })
    for (const table of ['exchange_day', 'exchange_hour'])
      await pool.query(`DELETE FROM ${table} WHERE agreement = $1`, [SYNTHETIC_AGREEMENT])
    expect(await counts()).to.deep.equal(leftOut)
    expect(tellSynthetic(await countSynthetic(pool), false)).to.deep.equal([])
  })
})

describe('the synthetic history', () => {
  const plan = {
    from: '2024-11-22',
    to: '2026-11-21',
    services: [{ id: 'G01/dan-cu/cong-dan/v1', operation: 'lookUpCitizen', purpose: 'thu' }],
    exchanges: 60_000_000,
  }

  it('has about as many exchanges as asked for, days without any, and falls as well as it rises', () => {
    const days = new Map<string, number>()
    for (const { at, count } of syntheticHistory(plan)) days.set(at, (days.get(at) ?? 0) + count)
    const total = [...days.values()].reduce((sum, count) => sum + count, 0)
    expect(total).to.be.within(59_900_000, 60_100_000)
    expect(days.has('2025-04-13')).to.equal(false)
    const months = Map.groupBy(days, ([day]) => day.slice(0, 7))
    const sums = [...months.values()]
      .slice(1, -1)
      .map((own) => own.reduce((sum, [, count]) => sum + count, 0))
    expect(sums.some((sum, place) => sum < (sums[place - 1] ?? 0))).to.equal(true)
  }).timeout(10_000)

  it('keeps the sums of days when it is spread over hours', () => {
    const rows = [...syntheticHistory({ ...plan, from: '2026-11-20', exchanges: 100_000 })]
    const sum = (all: Iterable<{ count: number }>) => [...all].reduce((total, { count }) => total + count, 0)
    expect(sum(spreadOverHours(rows))).to.equal(sum(rows))
  })
})
