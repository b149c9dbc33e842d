import { readRegistryFiles } from './registry-files.ts'
import { MODES, SYSTEMS, type SystemRow } from './systems.ts'

export const SYSTEMS_TEST = 'test/scenarios/systems.test.ts'

export const BULK_TEST = '`test/scenarios/bulk.test.ts` “bulk match and clean”'

export const CONSENT_TEST = '`test/scenarios/consent.test.ts` “an exchange under consent”'

export const LATER_TEST = '`test/scenarios/document-request.test.ts` “a document that is answered days later”'

/** The title of the test that holds a row. */
export function titleOf({ number, name }: SystemRow): string {
  return `S${number} ${name.en}`
}

function partiesOf(row: SystemRow, agreements: readonly { consumer: string; service: string }[]): string {
  const parts = row.services.map((service) => {
    const consumers = new Set(
      agreements.filter((its) => its.service === service).map(({ consumer }) => consumer),
    )
    return `\`${service}\` ← ${[...consumers].map((consumer) => `\`${consumer}\``).join(', ')}`
  })
  return parts.join('<br>') || '–'
}

/** @returns the lines of docs/systems.md between its head and its end. */
export function systemsTable(): readonly string[] {
  const { agreements } = readRegistryFiles()
  const rows = SYSTEMS.map((row) => {
    const title = `${row.name.vi}<br>${row.name.en}${row.figures ? ` (${row.figures})` : ''}`
    const modes = row.modes.map((mode) => MODES[mode]).join(', ') || '–'
    const missing = row.outside ? `outside: ${row.outside}` : row.open ? `open: ${row.open}` : 'all of it'
    const more = [
      ...(row.services.length > 0 ? [`\`${SYSTEMS_TEST}\` “${titleOf(row)}”`] : []),
      ...(row.heldBy ?? []).map(([file, title]) => `\`${file}\` “${title}”`),
      ...(row.modes.includes('B') ? [BULK_TEST] : []),
      ...(row.modes.includes('A') ? [CONSENT_TEST] : []),
      ...(row.modes.includes('T') ? [LATER_TEST] : []),
    ]
    const test = more.join(', ') || 'none'
    return `| S${row.number} | ${title} | ${partiesOf(row, agreements)} | ${modes}; ${missing} | ${test} |`
  })
  return [
    '| no. | system | services ← consumers | works | held by |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ]
}
