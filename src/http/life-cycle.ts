import { deprecationSpan } from '../model/agreement.ts'
import type { ServiceId } from '../model/identifier.ts'
import type { Service } from '../model/party.ts'

/**
 * What the answers of a version that is being given up say: since when or from when it is (`Deprecation`, RFC 9745),
 * when it ends (`Sunset`, RFC 8594), and where to read of it and of the next one (RFC 8288).
 * @returns nothing for a version that is not.
 */
export function lifeCycleHeaders(
  { id, deprecation }: Pick<Service, 'id' | 'deprecation'>,
  publicUrl: string,
): Readonly<Record<string, string>> {
  if (deprecation === undefined) return {}
  const { successor } = deprecation
  const { fromMs, untilMs } = deprecationSpan(deprecation)
  const page = (service: ServiceId) => `<${publicUrl}/docs/services/${service}>`
  const links = [`${page(id)}; rel="deprecation"; type="text/html"`]
  if (successor !== undefined) links.push(`${page(successor)}; rel="successor-version"; type="text/html"`)
  return {
    deprecation: `@${fromMs / 1000}`,
    ...(Number.isFinite(untilMs) && { sunset: new Date(untilMs).toUTCString() }),
    link: links.join(', '),
  }
}
