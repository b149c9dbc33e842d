import { expect } from 'chai'
import { parseItem } from 'structured-headers'
import type { Service } from '../../src/model/party.ts'
import { runCli } from '../support/cli.ts'
import { type GatewayWorld, startWorld } from '../support/gateway-world.ts'

const OLD = 'G01/dan-cu/cong-dan/v1'
const NEXT = 'G01/vneid/dinh-danh/v1'
const NOWHERE = 'G01/khong/co/v2' as const
const DEPRECATION = { from: '2026-01-01', sunset: '2027-12-31', successor: NEXT } as const

function deprecated(service: Service, deprecation: Service['deprecation']): Service {
  return service.id === OLD && deprecation !== undefined ? { ...service, deprecation } : service
}

describe('what answers say of the life of things', () => {
  let world: GatewayWorld

  before(async () => {
    world = await startWorld({
      change: (documents) => ({
        ...documents,
        services: documents.services.map((service) => deprecated(service, DEPRECATION)),
      }),
    })
  })
  after(() => world?.close())

  const ask = (path: string, body: unknown) => world.consumer.call(path, { body })

  it('tells in every answer that its version is given up, with its end and what comes after it', async () => {
    const delivered = await ask(`${OLD}/tra-cuu`, { personalId: '099188010001' })
    const refused = await ask(`${OLD}/tra-cuu`, { personalId: 'x' })
    expect([delivered.status, refused.status]).to.deep.equal([200, 422])
    for (const { headers } of [delivered, refused]) {
      // RFC 9745 §2: an item that is a date. The day begins in Vietnam.
      const [date] = parseItem(headers.get('deprecation') ?? '')
      expect(date).to.deep.equal(new Date('2025-12-31T17:00:00Z'))
      // RFC 8594 §3: an HTTP date, after the last day.
      expect(headers.get('sunset')).to.equal('Fri, 31 Dec 2027 17:00:00 GMT')
      const links = headers.get('link') ?? ''
      expect(links).to.include(`/docs/services/${OLD}>; rel="deprecation"`)
      expect(links).to.include(`/docs/services/${NEXT}>; rel="successor-version"`)
    }
  })

  it('says nothing of the kind for others', async () => {
    const { headers } = await ask('G10/dat-dai/thua-dat/v1/tra-cuu', { parcelKey: '26743_8_69' })
    for (const name of ['deprecation', 'sunset', 'link']) expect(headers.get(name), name).to.equal(null)
  })

  it('is marked in its OpenAPI document, its page and the metrics', async () => {
    const { publicUrl, managementUrl } = world.gateway
    const response = await fetch(`${publicUrl}/docs/services/${OLD}/openapi.json`)
    const document = JSON.parse(await response.text())
    expect(document.paths['/tra-cuu'].post.deprecated).to.equal(true)
    const page = await fetch(`${publicUrl}/docs/services/${OLD}`)
    expect(page.headers.get('deprecation')).to.equal('@1767200400')
    const metrics = await (await fetch(`${managementUrl}/metrics`)).text()
    expect(metrics).to.include(`lienthong_service_deprecated_timestamp_seconds{service="${OLD}"} 1767200400`)
    expect(metrics).to.include(`lienthong_service_sunset_timestamp_seconds{service="${OLD}"} 1830272400`)
  })

  it('has its callers listed, with whom to ring', async () => {
    const environment = {
      LANG: 'en_GB.UTF-8',
      LIENTHONG_SANDBOX: 'true',
      DATABASE_URL: world.database.url,
      LIENTHONG_DATADIR: world.dataDir,
    }
    interface Listed {
      readonly services: readonly { readonly callers: readonly Record<string, unknown>[] }[]
    }
    let listed: Listed = { services: [] }
    // Counts follow the log at the pace of the rollup.
    for (let turn = 0; turn < 100 && (listed.services[0]?.callers.length ?? 0) === 0; turn += 1) {
      const run = await runCli(['registry', 'callers', '--json'], { environment })
      expect(run.exit, run.err).to.equal(0)
      listed = JSON.parse(run.out)
    }
    const [row, ...others] = listed.services
    expect(others).to.deep.equal([])
    expect(row).to.include({ service: OLD, sunset: '2027-12-31', successor: NEXT })
    expect(row?.callers[0]).to.include({ consumer: 'H29/mot-cua', exchanges: 1 })
    expect(row?.callers[0]?.['contact']).to.be.a('string')
    const shown = await runCli(['registry', 'callers'], { environment })
    expect(shown.out).to.include('H29/mot-cua')
  })

  it('cannot end before it is given up, nor be succeeded by itself or by nothing', async () => {
    const services = world.documents.services.map((service) => {
      if (service.id === NEXT)
        return { ...service, deprecation: { from: '2026-02-01', successor: NOWHERE } } as const
      return deprecated(service, { from: '2026-02-01', sunset: '2026-01-31', successor: OLD })
    })
    const thrown = await world.apply({ ...world.documents, services }).then(
      () => '',
      (error: unknown) => String(error),
    )
    const rules = [...thrown.matchAll(/"rule":"(\w+)"/g)].map(([, rule]) => rule)
    expect(rules.sort()).to.deep.equal(['reference', 'successor_self', 'sunset_order'])
  })

  it('leaves documents that may be kept a validator: they are not sent again to whoever has them', async () => {
    const { publicUrl } = world.gateway
    const paths = [
      '/.well-known/oauth-authorization-server',
      '/oauth/jwks',
      '/subscriptions/openapi.json',
      '/docs',
      `/docs/services/${OLD}`,
      `/docs/services/${OLD}/openapi.json`,
      `/services/${OLD}/client.ts`,
      '/problems/quota_exceeded',
      '/log/vkey',
    ]
    for (const path of paths) {
      const first = await fetch(publicUrl + path)
      expect(first.status, path).to.equal(200)
      const etag = first.headers.get('etag') ?? ''
      expect(etag, path).to.match(/^"[\w-]{22}"$/)
      for (const known of [etag, `"other", W/${etag}`, '*']) {
        const again = await fetch(publicUrl + path, { headers: { 'if-none-match': known } })
        expect(again.status, `${path} ${known}`).to.equal(304)
        expect(again.headers.get('etag'), path).to.equal(etag)
        expect(again.headers.get('cache-control'), path).to.equal(first.headers.get('cache-control'))
        expect(await again.text(), path).to.equal('')
      }
      const other = await fetch(publicUrl + path, { headers: { 'if-none-match': '"other"' } })
      expect(other.status, path).to.equal(200)
    }
  })
})
