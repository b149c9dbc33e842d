import { GatewayError } from '../../model/errors.ts'
import type { ServiceId } from '../../model/identifier.ts'
import type { Registry } from '../../registry/snapshot.ts'
import { formOf } from '../../reporting/names.ts'
import { dayOf } from '../../reporting/period.ts'
import { partiesOfAgency } from '../../reporting/report-desk.ts'
import { periodOf } from './asked.ts'
import { connectionsPage } from './connections-page.ts'
import type { PageMaker } from './maker.ts'
import { listPage, partyPage } from './reader-pages.ts'
import type { Works } from './works.ts'

interface PartyPagesParts {
  readonly works: Works
  readonly registry: () => Registry
  readonly now: () => number
}

/** The pages of agencies and services: one of each, and the lists of all. */
export function createPartyPages({ works, registry, now }: PartyPagesParts) {
  function agency(code: string, query: URLSearchParams): PageMaker {
    const period = periodOf(query, now())
    const parties = partiesOfAgency(registry(), code)
    if (parties.length === 0) throw new GatewayError('path_unknown')
    const own = new Set(parties)
    const gives = (service: string) => own.has(service.split('/').slice(0, 2).join('/'))
    const work = works.party(
      period,
      { report: 'agency', agency: code },
      (each) => own.has(each.consumer) || gives(each.service),
      { parties },
    )
    return async (read, view) => {
      const { figures, connections } = (await read('count', work)).result.data
      return partyPage(view, {
        title: view.pick(view.names.agency(code)),
        code,
        section: 'agencies',
        figures,
        today: dayOf(now()),
        facts: [],
        connections: [
          [view.say('Khai thác', 'Takes'), connections.filter(({ consumer }) => own.has(consumer))],
          [view.say('Cung cấp', 'Gives'), connections.filter(({ service }) => gives(service))],
        ],
      })
    }
  }

  function service(id: string, query: URLSearchParams): PageMaker {
    const period = periodOf(query, now())
    const known = registry().services.get(id as ServiceId)
    if (known === undefined) throw new GatewayError('path_unknown')
    const work = works.party(period, { report: 'service', service: id }, (each) => each.service === id, {
      service: id,
    })
    return async (read, view) => {
      const { figures, connections } = (await read('count', work)).result.data
      return partyPage(view, {
        title: view.pick(known.document.name),
        code: id,
        section: 'services',
        figures,
        today: dayOf(now()),
        facts: [
          [view.say('Bên cung cấp', 'Provider'), view.pick(known.provider.name)],
          [
            view.say('Hợp đồng dữ liệu', 'Contract'),
            `${view.pick(known.contract.title)} ${known.contract.version} · SHA-256 ${known.contract.digest.slice(0, 16)}…`,
          ],
          [
            view.say('Thao tác', 'Operations'),
            [...known.contract.operations.values()]
              .map((operation) => {
                const { kind, anonymised, title, method, pathTemplate } = operation
                const isCalled = kind !== 'event' && anonymised === undefined
                return `${view.pick(title)} (${isCalled ? `${method} ${pathTemplate}` : view.pick(formOf(operation))})`
              })
              .join(' · '),
          ],
          [
            view.say('Trạng thái', 'State'),
            known.document.state === 'active'
              ? view.say('đang hoạt động', 'active')
              : view.say('tạm dừng', 'suspended'),
          ],
        ],
        connections: [[view.say('Ai được dùng', 'Who may use it'), connections]],
      })
    }
  }

  function directory(section: 'agencies' | 'services'): PageMaker {
    const work = works.connections(section)
    return async (read, view) => {
      const { data } = (await read('count', work)).result
      const { services, agencies, subsystems } = registry()
      const delivered = (fits: (each: (typeof data)[number]) => boolean) => {
        const uses = new Map(
          data
            .filter(fits)
            .map(({ consumer, service: id, use }) => [`${consumer} ${id}`, use?.delivered ?? 0]),
        )
        return [...uses.values()].reduce((sum, count) => sum + count, 0)
      }
      const known = new Set([...subsystems.keys()].map((id) => id.split('/')[0] ?? ''))
      const listed =
        section === 'services'
          ? [...services.values()].map(({ document, provider }) => ({
              address: `/console/services/${document.id}`,
              name: view.pick(document.name),
              note: `${view.pick(provider.name)} · ${document.id}`,
              count: delivered((each) => each.service === document.id),
            }))
          : [...agencies.values()]
              .filter(({ code }) => known.has(code))
              .map(({ code, name }) => ({
                address: `/console/agencies/${code}`,
                name: view.pick(name),
                note: code,
                count: delivered(
                  (each) => each.consumer.startsWith(`${code}/`) || each.service.startsWith(`${code}/`),
                ),
              }))
      const sorted = listed.toSorted((a, b) => new Intl.Collator('vi').compare(a.name, b.name))
      return listPage(view, section, sorted)
    }
  }

  function connections(): PageMaker {
    const work = works.connections('connections')
    return async (read, view) => connectionsPage(view, (await read('count', work)).result.data)
  }

  return { agency, service, directory, connections }
}
