import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { makeCertificate } from '../support/certificate.ts'
import { runCli } from '../support/cli.ts'
import { createTestFolder } from '../support/postgres.ts'

const NOW = 1_800_000_000_000
const DAY_MS = 86_400_000

describe('lienthong keys expiry', () => {
  let folder: string

  before(async () => {
    folder = await createTestFolder()
    const lasting = (name: string, days: number) =>
      makeCertificate({ name, notBeforeMs: NOW - DAY_MS, notAfterMs: NOW + days * DAY_MS })
    writeFileSync(join(folder, 'server.pem'), lasting('gateway', 40).certificate)
    writeFileSync(join(folder, 'server.key'), '')
    const authorities = [lasting('old authority', -1), lasting('authority', 400)]
    writeFileSync(join(folder, 'ca.pem'), authorities.map(({ certificate }) => certificate).join(''))
  })

  const expiry = (words: readonly string[], environment: Record<string, string> = {}) =>
    runCli(['keys', 'expiry', ...words], {
      workingDirectory: folder,
      environment: { LANG: 'en', ...environment },
      now: () => NOW,
    })
  const tls = (withAuthorities: boolean) => ({
    LIENTHONG_LISTEN_TLS_CERTIFICATEFILE: join(folder, 'server.pem'),
    LIENTHONG_LISTEN_TLS_KEYFILE: join(folder, 'server.key'),
    ...(withAuthorities && { LIENTHONG_LISTEN_TLS_CLIENTAUTHORITIESFILE: join(folder, 'ca.pem') }),
  })

  it('is content while all have more days left than asked for', async () => {
    const { exit, out } = await expiry([], tls(false))
    expect(exit).to.equal(0)
    expect(out).to.match(
      /^use +subject +ends +days +file\nserver +CN=gateway +\S+ \S+ +40 +\S+server\.pem\n$/,
    )
    expect((await expiry(['--days', '40'], tls(false))).exit).to.equal(0)
  })

  it('ends with 1 where one has fewer, and says how many', async () => {
    const { exit, err } = await expiry(['--days', '41'], tls(false))
    expect(exit).to.equal(1)
    expect(err).to.include('1 certificates have fewer than 41 days left')
  })

  it('reads every certificate of a file, the first to end on top', async () => {
    const { exit, out } = await expiry(['--json'], tls(true))
    expect(exit).to.equal(1)
    const { certificates } = JSON.parse(out)
    const facts = certificates.map(({ subject, daysLeft, isSoon }: Record<string, unknown>) => [
      subject,
      daysLeft,
      isSoon,
    ])
    expect(facts).to.deep.equal([
      ['CN=old authority', -1, true],
      ['CN=gateway', 40, false],
      ['CN=authority', 400, false],
    ])
  })

  it('says so where the settings name none, and refuses days that are no number', async () => {
    const none = await expiry([])
    expect([none.exit, none.out]).to.deep.equal([0, ''])
    expect(none.err).to.include('name no certificate')
    for (const days of ['', '-1', '1e2', '4000', 'x']) {
      expect((await expiry([`--days=${days}`])).exit, days).to.equal(2)
    }
  })
})
