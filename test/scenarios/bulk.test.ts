import { randomUUID, type webcrypto } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { readSecretFile } from '../../src/identity/key-file.ts'
import { SUBJECT_TAG_BYTES } from '../../src/ledger/tag.ts'
import type { RegistryDocuments } from '../../src/registry/documents.ts'
import { createAuditStore } from '../../src/storage/reports.ts'
import { createVault } from '../../src/storage/vault.ts'
import { createBulkClient, makeKeys, ndjson, rightRecord } from '../support/bulk-world.ts'
import { runCli } from '../support/cli.ts'
import { createConsumer, type GatewayWorld, startWorld } from '../support/gateway-world.ts'
import { readBlocks } from '../support/markdown.ts'
import { createTestFolder } from '../support/postgres.ts'

const PROJECT = join(import.meta.dirname, '../..')
const SECTORS = [
  'G09/can-bo',
  'G12/bao-hiem',
  'G18/bao-tro',
  'G12/dang-ky-kinh-doanh',
  'G18/tiem-chung',
  'G03/truong-hoc',
] as const

describe('bulk match and clean', () => {
  let world: GatewayWorld
  let keys: Awaited<ReturnType<typeof makeKeys>>
  let documents: RegistryDocuments
  const clientOf = async (id: string) => {
    const url = world.gateway.publicUrl
    const pair = keys.pairs.get(id)
    if (pair === undefined) throw new Error(`no key of ${id}`)
    return createBulkClient(await createConsumer(url, id, pair, { resource: `${url}/jobs` }))
  }
  let officials: Awaited<ReturnType<typeof clientOf>>
  const batchesOf = async (job: string) => (await world.records()).filter(({ parent }) => parent === job)

  before(async () => {
    keys = await makeKeys([...SECTORS, 'G01/dan-cu'])
    world = await startWorld({
      change(read) {
        documents = keys.register(read)
        return documents
      },
    })
    officials = await clientOf('G09/can-bo')
  })
  after(() => world?.close())

  it('tells of each record what it is, and counts by field, error group and administrative unit', async () => {
    const right = rightRecord(10)
    const folded = { ...rightRecord(11), fullName: 'Nguyen Van Khac' }
    const records = [
      { ...right, ref: 'CB-1', unit: '01', asOf: '2020-01-01' },
      { ...rightRecord(12), unit: '01' },
      { ...folded, unit: '79' },
      { personalId: '099188000404', fullName: 'Không Có Ai', unit: '79' },
      { ...right, ref: 'CB-5' },
      { personalId: '12', fullName: 'Sai Số' },
      { personalId: rightRecord(13)['personalId'], fullName: 'N/A' },
      { ...rightRecord(14), sex: rightRecord(14)['sex'] === 'male' ? 'female' : 'male' },
    ]
    const file = `${ndjson(records)}not json\n`
    const id = await officials.submit(file)
    const told = await officials.until(id, 'done')
    expect(told).to.include({ records: 9, exchanges: 1 })
    const results = await officials.results(id)
    expect(results.map(({ record, outcome }) => [record, outcome])).to.deep.equal([
      [1, 'matched'],
      [2, 'matched'],
      [3, 'differs'],
      [4, 'not_found'],
      [5, 'duplicate'],
      [6, 'invalid'],
      [7, 'invalid'],
      [8, 'invalid'],
      [9, 'invalid'],
    ])
    expect(results[0]).to.deep.equal({ record: 1, ref: 'CB-1', outcome: 'matched', groups: [7] })
    expect(results[2]).to.deep.include({ groups: [8] })
    expect(results[2]?.['fields']).to.include({ birthDate: 'exact', sex: 'exact' })
    expect(results[4]).to.deep.equal({ record: 5, ref: 'CB-5', outcome: 'duplicate', first: 1, groups: [3] })
    expect(results[5]?.['faults']).to.deep.equal([{ pointer: '/personalId', rule: 'format' }])
    expect(results.slice(3).map(({ groups }) => groups)).to.deep.equal([[5], [3], [4], [1], [6], [4]])
    const { body } = await officials.report(id)
    expect(body.outcomes).to.deep.equal({ matched: 2, differs: 1, not_found: 1, duplicate: 1, invalid: 4 })
    expect(body.groups).to.deep.equal({ 1: 1, 2: 0, 3: 1, 4: 2, 5: 1, 6: 1, 7: 1, 8: 1 })
    expect(body.fields['birthDate']).to.deep.equal({ exact: 3 })
    expect(body.units['01']?.outcomes['matched']).to.equal(2)
    expect(body.units['79']?.outcomes).to.include({ differs: 1, not_found: 1 })
    // Of nine: 7 right, 8 complete, 6 clean, 8 live, 8 consistent, weighed 0.3, 0.2, 0.2, 0.15, 0.15.
    expect(body.quality.index).to.equal(Math.round((1000 * (2.1 + 1.6 + 1.2 + 1.2 + 1.2)) / 9) / 10)
    expect(await batchesOf(id)).to.have.length(1)
  })

  it('names the units of its report, and of an old list tells which they are today', async () => {
    const records = ['00016', '00112', '82', '00008'].map((unit, index) => ({
      ...rightRecord(300 + index),
      unit,
    }))
    const reportOf = async (wanted: object) => {
      const id = await officials.submit(ndjson(records), wanted)
      await officials.until(id, 'done')
      const { units } = (await officials.report(id)).body
      return Object.fromEntries(
        Object.entries(units).map(([unit, { name, today }]) => [
          unit,
          name ?? today?.candidates.map(({ code }) => code),
        ]),
      )
    }
    expect(await reportOf({ unitsAsOf: '2025-06-30' })).to.deep.equal({
      '00016': ['00004', '00008'],
      '00112': ['00004', '00103'],
      '82': ['80', '82'],
      '00008': ['00008'],
    })
    expect(await reportOf({})).to.deep.equal({
      '00016': undefined,
      '00112': undefined,
      '82': 'Tỉnh Đồng Tháp',
      '00008': 'Phường Ngọc Hà',
    })
    expect((await officials.create('x', { unitsAsOf: 'hôm qua' })).body.code).to.equal('request_invalid')
  })

  it('takes CSV as Excel writes it, and sends a batch of at most a thousand', async () => {
    const rows = Array.from({ length: 1001 }, (_, index) => {
      const { personalId, fullName, birthDate } = rightRecord(20_000 + index)
      return `${personalId};"${fullName}";${birthDate}`
    })
    const file = `\ufeffpersonalId;fullName;birthDate\r\n${rows.join('\r\n')}\r\n`
    const id = await officials.submit(file, { format: 'csv' })
    await officials.until(id, 'done')
    const { body } = await officials.report(id)
    expect(body.outcomes).to.include({ matched: 1001 })
    const batches = await batchesOf(id)
    expect(batches).to.have.length(2)
    for (const batch of batches) {
      expect(batch).to.include({ outcome: 'delivered', operation: 'verifyCitizens', consumer: 'G09/can-bo' })
      expect(batch['request']).to.have.keys('bytes', 'digest')
    }
  })

  it('goes on with an upload from where it stands, and takes no piece twice or out of turn', async () => {
    const file = Buffer.from(ndjson([rightRecord(1), rightRecord(2)]))
    const { body } = await officials.create(file)
    const half = Math.floor(file.length / 2)
    expect(
      (await officials.upload(body.id, 0, file.subarray(0, half))).headers.get('upload-offset'),
    ).to.equal(String(half))
    expect((await officials.upload(body.id, 0, file.subarray(0, half))).status).to.equal(409)
    const head = await officials.offset(body.id)
    expect([head.headers.get('upload-offset'), head.headers.get('upload-length')]).to.deep.equal([
      String(half),
      String(file.length),
    ])
    expect(
      (await officials.upload(body.id, half, Buffer.concat([file.subarray(half), file]))).status,
    ).to.equal(409)
    expect((await officials.upload(body.id, half, file.subarray(half))).status).to.equal(204)
    await officials.until(body.id, 'done')
    expect(await officials.results(body.id)).to.have.length(2)
  })

  it('keeps neither file nor result in clear, and deletes both', async () => {
    const record = rightRecord(77)
    const { body } = await officials.create(ndjson([record, record]))
    await officials.upload(body.id, 0, ndjson([record]))
    const inTables = async (table: string) =>
      (await world.pool.query(`SELECT sealed FROM ${table} WHERE job = $1`, [body.id])).rows
    const [piece] = await inTables('bulk_input')
    expect(piece.sealed.includes(record['personalId'] ?? '')).to.equal(false)
    await officials.upload(body.id, Buffer.byteLength(ndjson([record])), ndjson([record]))
    await officials.until(body.id, 'done')
    expect(await inTables('bulk_input')).to.have.length(0)
    expect(await inTables('bulk_result')).to.have.length(1)
    await officials.act(body.id, 'cancel')
    expect(await inTables('bulk_result')).to.have.length(0)
  })

  it('is found by whoever asks who looked at their data, though no record names them', async () => {
    const people = [rightRecord(31_001), rightRecord(31_002)]
    const id = await officials.submit(ndjson(people))
    await officials.until(id, 'done')
    const [batch] = await batchesOf(id)
    const audit = createAuditStore({
      pool: world.pool,
      openVault: () => createVault(readSecretFile(join(world.dataDir, 'keys/data.key')).subarray(0, 32)),
    })
    const lookedAt = async (personalId: string) => {
      const tags = await audit.tagsOf('subject', personalId, {})
      const { entries } = await audit.search({ tagged: { kind: 'subject', tags }, limit: 10 })
      return entries.map(({ record }) => record.exchange)
    }
    for (const { personalId = '' } of people)
      expect(await lookedAt(personalId)).to.deep.equal([batch?.['exchange']])
    expect(await lookedAt(rightRecord(31_003)['personalId'] ?? '')).to.deep.equal([])
    const { rows } = await world.pool.query('SELECT tags FROM exchange_subjects WHERE exchange_id = $1', [
      batch?.['exchange'],
    ])
    expect(rows[0].tags).to.have.length(2 * SUBJECT_TAG_BYTES)
  })

  it('shows a job to nobody else', async () => {
    const { body } = await officials.create('x')
    const other = await clientOf('G12/bao-hiem')
    expect((await other.act(body.id, 'cancel')).status).to.equal(404)
    expect((await other.result(body.id)).status).to.equal(404)
  })

  it('is refused where no agreement opens the batch, or the operation takes none', async () => {
    const refused = async (wanted: object) => (await officials.create('x', wanted)).body.code
    expect(await refused({ operation: 'verifyCitizen' })).to.equal('batch_unsupported')
    expect(await refused({ operation: 'none' })).to.equal('operation_unknown')
    expect(await refused({ service: 'G12/bao-hiem/tham-gia/v1', operation: 'lookUpMember' })).to.equal(
      'batch_unsupported',
    )
    expect(await refused({ sizeBytes: 2 ** 40 })).to.equal('body_too_large')
    expect(await refused({ format: 'xml' })).to.equal('request_invalid')
  })

  it('stops where the agreement is revoked, withholds its results, and goes on when it is agreed again', async () => {
    const file = ndjson(Array.from({ length: 3000 }, (_, index) => rightRecord(50_000 + index)))
    const { id } = (await officials.create(file)).body
    const head = Buffer.byteLength(file) - 1
    await officials.upload(id, 0, Buffer.from(file).subarray(0, head))
    await world.apply({
      ...documents,
      agreements: documents.agreements.map((its) =>
        its.consumer === 'G09/can-bo' ? { ...its, state: 'revoked' } : its,
      ),
    })
    await officials.upload(id, head, '\n')
    const stopped = await officials.until(id, 'stopped')
    expect(stopped.code).to.equal('agreement_not_in_force')
    expect((await officials.result(id)).status).to.equal(403)
    expect((await officials.act(id, 'resume')).status).to.equal(403)
    await world.apply(documents)
    expect((await officials.act(id, 'resume')).status).to.equal(200)
    await officials.until(id, 'done')
    expect(await officials.results(id)).to.have.length(3000)
  })

  it('pauses and resumes without repeating or skipping a record, and cancels', async () => {
    const file = ndjson(Array.from({ length: 30_000 }, (_, index) => rightRecord(100_000 + index)))
    const id = await officials.submit(file)
    expect((await officials.act(id, 'pause')).status).to.equal(200)
    await officials.until(id, 'paused')
    expect((await officials.act(id, 'resume')).status).to.equal(200)
    await officials.until(id, 'done')
    const results = await officials.results(id)
    expect(results.map(({ record }) => record)).to.deep.equal(
      Array.from({ length: 30_000 }, (_, at) => at + 1),
    )
    const next = await officials.submit(file)
    expect((await officials.act(next, 'cancel')).body.state).to.equal('cancelled')
    expect((await officials.act(next, 'resume')).status).to.equal(409)
  })

  it('is what the guide for integrators shows', async () => {
    const page = await readFile(join(PROJECT, 'docs/integrators.md'), 'utf8')
    const blocks = readBlocks(page)
    const file = blocks.find(({ language }) => language === 'csv')?.text ?? ''
    const lines =
      blocks
        .find(({ text }) => text.startsWith('lienthong bulk'))
        ?.text.trim()
        .split('\n') ?? []
    expect(lines).to.have.length(3)
    const workingDirectory = await createTestFolder()
    await writeFile(join(workingDirectory, 'can-bo.csv'), file)
    const key = await crypto.subtle.exportKey(
      'jwk',
      keys.pairs.get('G09/can-bo')?.privateKey as webcrypto.CryptoKey,
    )
    await writeFile(
      join(workingDirectory, 'can-bo.jwk'),
      JSON.stringify({ ...key, kid: 'main', alg: 'ES256' }),
      { mode: 0o600 },
    )
    let job = ''
    const said: string[] = []
    for (const line of lines) {
      const words = line.replace('"$JOB"', job).split(' ').slice(1)
      const { exit, out, err } = await runCli([...words, '--gateway', world.gateway.publicUrl], {
        workingDirectory,
        newId: randomUUID,
      })
      expect(exit, err).to.equal(0)
      job ||= JSON.parse(out).id
      said.push(out)
    }
    expect(
      said[1]
        ?.trim()
        .split('\n')
        .map((line) => JSON.parse(line).outcome),
    ).to.deep.equal(['matched', 'duplicate', 'not_found'])
    expect(said[2]).to.match(/matched\t1\n[\s\S]*DQI\t\d/)
  })

  for (const sector of SECTORS) {
    it(`serves ${sector}`, async () => {
      const client = await clientOf(sector)
      const id = await client.submit(ndjson([rightRecord(1), { ...rightRecord(2), fullName: 'Ai Khác' }]))
      await client.until(id, 'done')
      expect((await client.results(id)).map(({ outcome }) => outcome)).to.deep.equal(['matched', 'differs'])
    })
  }

  /** What each record turned out to be, with the rungs of those that differ. */
  async function match(consumer: string, wanted: object, records: readonly object[]) {
    const client = await clientOf(consumer)
    const id = await client.submit(ndjson(records), wanted)
    await client.until(id, 'done')
    return (await client.results(id)).map(({ outcome, fields }) => [outcome, fields])
  }

  it('matches vaccination data before it enters the population database', async () => {
    const wanted = { service: 'G18/tiem-chung/mui-tiem/v1', operation: 'verifyVaccinations' }
    const right = { personalId: '099188010001', fullName: 'Huỳnh Bảo Đoan', disease: '1F03', doseCount: 2 }
    const unknown = { ...right, personalId: '099188000404' }
    const other = { ...rightRecord(7), disease: '1F03', doseCount: 20 }
    const { personalId, fullName, disease, doseCount } = other as typeof right
    expect(
      await match('G01/dan-cu', wanted, [
        right,
        unknown,
        { personalId, fullName, disease, doseCount },
        right,
      ]),
    ).to.deep.equal([
      ['matched', undefined],
      ['not_found', undefined],
      ['differs', { fullName: 'exact', doseCount: 'different' }],
      ['duplicate', undefined],
    ])
  })

  it("matches a school's records of a year against the education database", async () => {
    const wanted = { service: 'G03/hoc-ba/hoc-ba-so/v1', operation: 'verifySchoolYears' }
    const pupil = {
      personalId: '099212010001',
      fullName: 'Nguyễn Quốc Tuyến',
      schoolYear: '2025-2026',
      grade: 8,
    }
    const graduate = { ...pupil, personalId: '099188010001' }
    expect(await match('G03/truong-hoc', wanted, [pupil, graduate])).to.deep.equal([
      ['matched', undefined],
      ['not_found', undefined],
    ])
    expect(await match('G03/truong-hoc', wanted, [{ ...pupil, result: 'failed' }])).to.deep.equal([
      ['differs', { fullName: 'exact', grade: 'exact', result: 'different' }],
    ])
  })
})
