import { execFileSync, spawnSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import canonicalize from 'canonicalize'
import { expect } from 'chai'
import type { Browser } from 'playwright-core'
import { parse, stringify } from 'yaml'
import { AUDIT_DESCRIPTION } from '../../src/contract/audit-requests.ts'
import type { Agreement } from '../../src/model/agreement.ts'
import type { Approver } from '../../src/model/approver.ts'
import type { ReaderRole } from '../../src/model/reader.ts'
import { overlay, type RegistryDocuments } from '../../src/registry/documents.ts'
import { findBarriers, launchChromium } from '../support/chromium.ts'
import { runCli } from '../support/cli.ts'
import { signInAs } from '../support/console-session.ts'
import { requireProgram } from '../support/debian-program.ts'
import { type GatewayWorld, startWorld } from '../support/gateway-world.ts'
import { createLeaderAuthority, type Leader, type LeaderAuthority } from '../support/leaders.ts'
import { readBlocks } from '../support/markdown.ts'
import { createTestFolder } from '../support/postgres.ts'
import { makeReadingSystems, readGuideApplication, runApplications } from '../support/reading-systems.ts'

const PROJECT = join(import.meta.dirname, '../..')
const ROLES = {
  'H29/kiem-soat': 'agency',
  'G22/tham-dinh': 'appraiser',
  'G22/kiem-toan': 'auditor',
} as const satisfies Record<string, ReaderRole>
type Party = keyof typeof ROLES
const SERVICE = 'G03/hoc-ba/hoc-ba-so/v1'

interface Told {
  readonly number: string
  readonly state: string
  readonly events: readonly Record<string, string>[]
  readonly decision?: { readonly text: string; readonly signature?: string; readonly signer?: string }
}

function approver(id: string, leader: Leader, change: Partial<Approver> = {}): Approver {
  return {
    kind: 'Approver',
    id,
    title: { vi: `Cục trưởng thử ${id}`, en: `Test director ${id}` },
    agencies: 'all',
    classes: ['theo-yeu-cau'],
    certificates: [leader.thumbprint],
    legalBases: ['nd-278-2025'],
    validity: { from: '2026-01-01' },
    state: 'active',
    ...change,
  }
}

describe("decisions under a leader's own signature", () => {
  let world: GatewayWorld
  let folder: string
  let authority: LeaderAuthority
  let leader: Leader
  let other: Leader
  let revoked: Leader
  let applied: RegistryDocuments
  let browser: Browser | undefined

  before(async function () {
    requireProgram(this, 'openssl', 'openssl')
    folder = await createTestFolder()
    authority = createLeaderAuthority(join(folder, 'leaders'))
    leader = authority.issue('Lãnh đạo Thử nghiệm')
    other = authority.issue('Người khác Thử nghiệm')
    revoked = authority.issue('Đã thu hồi')
    const expired = authority.issue('Đã hết hạn', { from: '240101000000Z', until: '250101000000Z' })
    authority.revoke(revoked)
    const revocationsFile = join(folder, 'crl.pem')
    authority.writeLists(revocationsFile)
    const systems = await makeReadingSystems(ROLES, folder)
    const approvers = [
      approver('pd-1', leader),
      approver('pd-lop-khac', leader, { classes: ['dac-biet'] }),
      approver('pd-noi-khac', leader, { agencies: ['G01'] }),
      approver('pd-tam-dung', leader, { state: 'suspended' }),
      approver('pd-het-han', expired),
      approver('pd-thu-hoi', revoked),
    ]
    leaders = { leader, other, revoked, expired }
    world = await startWorld({
      change: (documents) => {
        applied = overlay(documents, { ...systems, approvers })
        return applied
      },
      overrides: {
        applications: {
          signatures: { required: true, authoritiesFile: authority.rootFile, revocationsFile },
        },
      },
    })
    const conformance = {
      ...{ ok: true, kind: 'consumer', id: 'H29/mot-cua', version: '1.0.0' },
      ...{ at: new Date().toISOString(), findings: [{ check: 'key', state: 'ok' }] },
    }
    await writeFile(
      join(folder, 'de-nghi.yaml'),
      stringify({ ...(await readGuideApplication()), conformance }),
    )
  })
  after(async () => {
    await browser?.close()
    await world?.close()
    if (folder) await rm(folder, { recursive: true })
  })
  let leaders: Record<string, Leader>

  const run = (party: Party, ...argv: readonly string[]) => runApplications(world, folder, party, ...argv)
  async function told(party: Party, ...argv: readonly string[]): Promise<Told> {
    const { exit, out, err } = await run(party, ...argv, '--json')
    expect(exit, err).to.equal(0)
    return JSON.parse(out)
  }
  async function refused(party: Party, ...argv: readonly string[]) {
    const { exit, err } = await run(party, ...argv, '--json')
    expect(exit, err).to.equal(1)
    return JSON.parse(err).error
  }
  const file = async () => (await told('H29/kiem-soat', 'file', 'de-nghi.yaml')).number
  const propose = (number: string, by = 'pd-1', agreement = 'TT-2026-910') =>
    told(
      ...(['G22/tham-dinh', 'propose', number, '--decision', 'approve'] as const),
      ...['--agreement', agreement, '--approver', by],
    )
  /** Writes a signature to where the commands look for it. */
  async function handIn(number: string, signature: Uint8Array) {
    await writeFile(join(folder, 'chu-ky.p7s'), signature)
    return ['sign', number, 'chu-ky.p7s'] as const
  }
  const refusedSignature = async (number: string, signature: Uint8Array) => {
    const { code, detail } = await refused('G22/tham-dinh', ...(await handIn(number, signature)))
    expect((await told('H29/kiem-soat', 'show', number)).state).to.equal('filed')
    return detail === undefined ? code : `${code}: ${detail}`
  }
  const textOf = ({ decision }: Told) => decision?.text ?? ''

  it('are refused unsigned where signatures are demanded, saying how one signs', async () => {
    const number = await file()
    const approve = ['approve', number, '--agreement', 'TT-2026-909'] as const
    expect((await refused('G22/tham-dinh', ...approve)).code).to.equal('decision_signature_required')
    const { err } = await run('G22/tham-dinh', ...approve)
    expect(err).to.include('lienthong applications propose').and.include('lienthong applications sign')
    const refuse = ['refuse', number, '--legal-basis', 'nd-194-2025', '--reason', 'x'] as const
    expect((await refused('G22/tham-dinh', ...refuse)).code).to.equal('decision_signature_required')
    expect((await told('G22/tham-dinh', 'ask', number, '--reason', 'Thiếu.')).state).to.equal('incomplete')
  })

  it('take effect once the leader has signed their canonical text, and openssl alone verifies them', async () => {
    const number = await file()
    const proposed = await propose(number, 'pd-1', 'TT-2026-920')
    expect(proposed).to.include({ state: 'filed' })
    const event = proposed.events.at(-1)
    expect(event).to.include({ act: 'propose', decision: 'approve', approver: 'pd-1', by: 'G22/tham-dinh' })
    const text = textOf(proposed)
    const said = JSON.parse(text)
    expect(text).to.equal(canonicalize(said))
    expect(said).to.deep.include({
      kind: 'lienthong.application-decision',
      application: number,
      decision: 'approve',
      approver: 'pd-1',
      service: SERVICE,
      proposed: { at: event?.['at'], by: 'G22/tham-dinh', exchange: event?.['exchange'] },
    })

    const signature = leader.sign(text)
    const approved = await told('G22/tham-dinh', ...(await handIn(number, signature)))
    const ajv = new Ajv2020({ strict: false })
    ajv.addSchema({ ...AUDIT_DESCRIPTION, $id: 'audit' })
    const validate = ajv.compile({ $ref: 'audit#/components/schemas/ApplicationTold' })
    expect(validate(approved), JSON.stringify(validate.errors)).to.equal(true)
    const digest = hash('sha256', signature)
    expect(approved.state).to.equal('approved')
    expect(approved.events.at(-1)).to.include({ act: 'approve', approver: 'pd-1', signature: digest })
    const record = (await world.records()).at(-1)
    expect(record).to.deep.include({
      exchange: approved.events.at(-1)?.['exchange'],
      operation: 'sign',
      outcome: 'delivered',
      reading: { found: 1, query: `{"application":"${number}","signature":"${digest}"}` },
    })

    // The agreement it gives bears in the log's records the very digest that was signed.
    const { out } = await run('H29/kiem-soat', 'agreement', number)
    const agreement: Agreement = parse(out)
    await world.apply(overlay(applied, { agreements: [agreement] }))
    const headers = { 'exchange-purpose': 'giai-quyet-thu-tuc-hanh-chinh' }
    const body = { personalId: '099212010001' }
    expect((await world.consumer.call(`${SERVICE}/tra-cuu`, { body, headers })).status).to.equal(200)
    expect((await world.records()).at(-1)?.['agreement']).to.deep.equal(said.agreement)

    // An auditor, by the guide's own commands, in a folder with nothing else but the trusted root.
    const desk = await mkdtemp(join(folder, 'auditor-'))
    expect((await run('G22/kiem-toan', 'decision', number, '--out', desk)).exit).to.equal(0)
    const page = readFileSync(join(PROJECT, 'docs/auditors.md'), 'utf8')
    const block =
      readBlocks(page).find(({ text: shown }) => shown.includes('openssl cms -verify'))?.text ?? ''
    const commands = block.replaceAll('DN-000007', number).replaceAll('lanh-dao-goc.pem', authority.rootFile)
    const script = commands.split('\n').filter((line) => !line.startsWith('lienthong '))
    const verified = execFileSync('sh', ['-ec', script.join('\n')], { cwd: desk, encoding: 'utf8' })
    const fingerprint = Buffer.from(leader.thumbprint, 'base64url').toString('hex').toUpperCase()
    expect(verified.replaceAll(':', '')).to.include(digest).and.include(fingerprint)
    await writeFile(join(desk, `${number}.json`), text.replace('"approve"', '"refuse"'))
    expect(spawnSync('sh', ['-ec', script.join('\n')], { cwd: desk }).status).not.to.equal(0)
  })

  it('are refusals too, with their legal ground and reason in what is signed', async () => {
    const number = await file()
    const handUp = ['propose', number, '--decision', 'refuse', '--approver', 'pd-1'] as const
    expect((await refused('G22/tham-dinh', ...handUp)).code).to.equal('request_invalid')
    const why = ['--legal-basis', 'nd-194-2025', '--reason', 'Ngoài thẩm quyền.'] as const
    const proposed = await told('G22/tham-dinh', ...handUp, ...why)
    expect(JSON.parse(textOf(proposed))).to.deep.include({
      decision: 'refuse',
      legalBasis: 'nd-194-2025',
      reason: 'Ngoài thẩm quyền.',
    })
    await writeFile(join(folder, `${number}.json`), textOf(proposed))
    const signed = await runCli(
      [
        ...['applications', 'sign-text', `${number}.json`, '--signer-key', leader.keyFile],
        ...['--signer-certificate', leader.certificateFile],
      ],
      { workingDirectory: folder },
    )
    expect(signed.exit, signed.err).to.equal(0)
    expect(signed.err).to.include('decision: refuse')
    expect((await told('G22/tham-dinh', 'sign', number, `${number}.p7s`)).state).to.equal('refused')
    const { out } = await run('H29/kiem-soat', 'show', number)
    expect(out).to.include('Signed by Lãnh đạo Thử nghiệm')
  })

  it('are handed up to an approver of the registry for that class and agency alone', async () => {
    const number = await file()
    for (const by of ['pd-0', 'pd-lop-khac', 'pd-noi-khac', 'pd-tam-dung']) {
      const handUp = ['propose', number, '--decision', 'approve', '--agreement', 'TT-2026-911'] as const
      expect((await refused('G22/tham-dinh', ...handUp, '--approver', by)).code, by).to.equal(
        'approver_unfit',
      )
    }
    const handUp = ['propose', number, '--decision', 'approve', '--approver', 'pd-1'] as const
    for (const party of ['H29/kiem-soat', 'G22/kiem-toan'] as const) {
      const { code } = await refused(party, ...handUp, '--agreement', 'TT-2026-911')
      expect(code).to.equal('reading_denied')
    }
    expect((await refused('G22/tham-dinh', ...handUp, '--agreement', 'TT-2026-119')).code).to.equal(
      'request_invalid',
    )
  })

  it('do not take effect by a signature of another text, application, approver or authority', async () => {
    const number = await file()
    const text = textOf(await propose(number))
    const another = textOf(await propose(await file()))
    const stranger = createLeaderAuthority(join(folder, 'strangers'))
    const reasons = {
      altered: await refusedSignature(number, leader.sign(text.replace('TT-2026-910', 'TT-2026-999'))),
      application: await refusedSignature(number, leader.sign(another)),
      approver: await refusedSignature(number, other.sign(text)),
      authority: await refusedSignature(number, stranger.issue('Lãnh đạo Thử nghiệm').sign(text)),
      algorithm: await refusedSignature(number, leader.sign(text, '-md', 'sha1')),
    }
    const invalid = 'decision_signature_invalid'
    expect(reasons.altered).to.match(new RegExp(`^${invalid}: .*another text`))
    expect(reasons.application).to.match(new RegExp(`^${invalid}: .*another text`))
    expect(reasons.approver).to.match(/^approver_unfit/)
    expect(reasons.authority).to.match(new RegExp(`^${invalid}: .*trusted authority`))
    expect(reasons.algorithm).to.match(new RegExp(`^${invalid}: .*SHA-256`))
    for (const [by, name, why] of [
      ['pd-het-han', 'expired', 'not valid'],
      ['pd-thu-hoi', 'revoked', 'revoked'],
    ] as const) {
      const waiting = textOf(await propose(number, by))
      const signature = leaders[name]?.sign(waiting) ?? Buffer.alloc(0)
      expect(await refusedSignature(number, signature), by).to.match(new RegExp(`^${invalid}: .*${why}`))
    }
    const record = (await world.records()).findLast((each) => each['operation'] === 'sign')
    expect(record).to.include({ outcome: 'refused', code: invalid })
  })

  it('are signed once: an earlier text, or a signature handed in again, decides nothing', async () => {
    const number = await file()
    const earlier = textOf(await propose(number))
    const later = textOf(await propose(number, 'pd-1', 'TT-2026-912'))
    expect(await refusedSignature(number, leader.sign(earlier))).to.match(/another text/)
    await told('G22/tham-dinh', 'ask', number, '--reason', 'Thiếu phương án.')
    const assertNoneWaits = async () => {
      const { code, detail } = await refused('G22/tham-dinh', ...(await handIn(number, leader.sign(later))))
      expect(code).to.equal('application_state_unfit')
      expect(detail).to.include('No decision is waiting')
    }
    await assertNoneWaits()
    await told('H29/kiem-soat', 'supplement', number, 'de-nghi.yaml')
    // What was signed is not what the application says now.
    await assertNoneWaits()
    const signature = leader.sign(textOf(await propose(number)))
    const attempts = await Promise.all([
      run('G22/tham-dinh', ...(await handIn(number, signature)), '--json'),
      run('G22/tham-dinh', ...(await handIn(number, signature)), '--json'),
    ])
    expect(attempts.map(({ exit }) => exit).toSorted()).to.deep.equal([0, 1])
    expect((await told('H29/kiem-soat', 'show', number)).state).to.equal('approved')
    const again = await refused('G22/tham-dinh', ...(await handIn(number, signature)))
    expect(again.code).to.equal('application_state_unfit')
  })

  it('are handed up, downloaded, handed in and shown in the console without a script', async () => {
    const number = await file()
    const page = `/console/applications/${number}`
    const appraiser = await signInAs(world.gateway.managementUrl, 'G22/tham-dinh')
    const open = await (await appraiser.get(page)).text()
    expect(open).to.include('value="pd-1"').and.not.include('value="pd-noi-khac"')
    expect(open).not.to.include(`action="${page}/approve"`)
    const csrf = /name="csrf" value="([^"]+)"/.exec(open)?.[1] ?? ''
    const fields = { csrf, decision: 'approve', agreement: 'TT-2026-913', approver: 'pd-1' }
    expect((await appraiser.post(`${page}/approve`, fields)).status).to.equal(403)
    expect((await appraiser.post(`${page}/propose`, fields)).status).to.equal(303)
    const waiting = await (await appraiser.get(page)).text()
    expect(waiting).to.include('Chờ lãnh đạo ký').and.include('enctype="multipart/form-data"')
    const downloaded = await appraiser.get(`${page}/decision.json`)
    expect(downloaded.headers.get('content-disposition')).to.include(`${number}.json`)
    const text = Buffer.from(await downloaded.arrayBuffer())
    expect((await appraiser.get(`${page}/decision.p7s`)).status).to.equal(404)

    const upload = (signature: Buffer) => {
      const form = new FormData()
      form.set('csrf', csrf)
      form.set('signature', new Blob([new Uint8Array(signature)]), 'chu-ky.p7s')
      return appraiser.post(`${page}/sign`, form)
    }
    const wrong = await upload(other.sign(text))
    expect([wrong.status, await wrong.text()]).to.satisfy(
      ([status, shown]: [number, string]) => status === 403 && shown.includes('Approver'),
    )
    const foreign = new FormData()
    foreign.set('csrf', 'x')
    expect((await appraiser.post(`${page}/sign`, foreign)).status).to.equal(400)
    const signature = leader.sign(text)
    const decided = await upload(signature)
    expect([decided.status, decided.headers.get('location')]).to.deep.equal([303, page])

    const auditor = await signInAs(world.gateway.managementUrl, 'G22/kiem-toan')
    const shown = await (await auditor.get(page)).text()
    // Each member of the signed text, with what it means.
    expect(shown)
      .to.match(/<dt>Người ký <code>approver<\/code>/)
      .and.not.match(/<dt><code>/)
    expect(shown).to.include('Lãnh đạo Thử nghiệm').and.include('Cục trưởng thử pd-1')
    expect(shown).not.to.include('<form class="filters"')
    const kept = await auditor.get(`${page}/decision.p7s`)
    expect(Buffer.from(await kept.arrayBuffer()).equals(signature)).to.equal(true)
    expect(await (await auditor.get(`${page}/decision.pem`)).text()).to.include('BEGIN CERTIFICATE')
  })

  it('are handed up and in by a browser that runs no script, on pages without a barrier', async function () {
    requireProgram(this, 'chromium', 'chromium')
    const number = await file()
    const address = `${world.gateway.managementUrl}/console/applications/${number}`
    browser = await launchChromium()
    const open = async (javaScriptEnabled: boolean) => {
      const context = await browser?.newContext({ javaScriptEnabled })
      const page = await context?.newPage()
      if (page === undefined) throw new Error('no browser')
      await page.goto(`${world.gateway.managementUrl}/console/search`)
      await page.click('a.button')
      await page.click(`a[href*="${encodeURIComponent('G22/tham-dinh')}"]`)
      await page.goto(address)
      return page
    }
    const [page, looked] = [await open(false), await open(true)]
    async function assertOpenToAll() {
      await looked.goto(address)
      for (const width of [320, 1320]) {
        await looked.setViewportSize({ width, height: 900 })
        expect(await looked.evaluate('document.documentElement.scrollWidth')).to.equal(width)
        expect(await findBarriers(looked), `${width}`).to.deep.equal([])
      }
    }
    await page.fill('#agreement', 'TT-2026-914')
    await page.selectOption('#approver-approve', 'pd-1')
    await page.getByRole('button', { name: 'Trình ký phê duyệt' }).click()
    await assertOpenToAll()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Tải văn bản để ký' }).click(),
    ])
    const buffer = leader.sign(readFileSync(await download.path()))
    await page.setInputFiles('#signature', { name: 'ky.p7s', mimeType: 'application/octet-stream', buffer })
    await page.getByRole('button', { name: 'Nộp chữ ký' }).click()
    expect(await page.textContent('main'))
      .to.include('Lãnh đạo Thử nghiệm')
      .and.include('đã phê duyệt')
    await assertOpenToAll()
  })
})
