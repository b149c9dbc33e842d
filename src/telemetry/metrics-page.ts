import { type Page, type PageFormat, writePage } from './exposition.ts'
import type { Family } from './family.ts'

/** The page of `/metrics`, of one process or of all. */
export interface MetricsPage {
  render(format: PageFormat): Promise<Page>
}

/**
 * @param collect the families to show: `metrics.collect` of a single process, or a collector's over all
 * workers. Requests for the same format while one is being written share its page.
 */
export function createMetricsPage(
  collect: () => readonly Family[] | Promise<readonly Family[]>,
): MetricsPage {
  const writing = new Map<PageFormat, Promise<Page>>()

  async function write(format: PageFormat): Promise<Page> {
    return writePage(await collect(), format)
  }

  return {
    render(format) {
      const current = writing.get(format)
      if (current !== undefined) return current
      const page = write(format).finally(() => writing.delete(format))
      writing.set(format, page)
      return page
    },
  }
}

const OPENMETRICS = 'application/openmetrics-text'

/** @returns media ranges with their weights (RFC 9110 §12.5.1). */
function rangesOf(
  accept: string,
): readonly { readonly type: string; readonly version: string; readonly q: number }[] {
  return accept.split(',').map((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    const value = (name: string) =>
      parameters.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1)
    const q = Number(value('q') ?? 1)
    return { type, version: value('version') ?? '', q: Number.isFinite(q) ? q : 0 }
  })
}

/**
 * @param accept the `Accept` header; Prometheus names OpenMetrics 1.0.0 with the higher weight.
 * @returns OpenMetrics only where it is asked for by name and not weighed below plain text.
 */
export function chooseFormat(accept: string | undefined): PageFormat {
  const ranges = rangesOf(accept ?? '')
  const weigh = (isMeant: (range: { type: string; version: string }) => boolean) =>
    Math.max(0, ...ranges.filter(isMeant).map(({ q }) => q))
  const openMetrics = weigh(
    ({ type, version }) => type === OPENMETRICS && (version === '' || version === '1.0.0'),
  )
  return openMetrics > 0 && openMetrics >= weigh(({ type }) => type === 'text/plain') ? 'openmetrics' : 'text'
}
