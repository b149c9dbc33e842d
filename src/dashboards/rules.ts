import { stringify } from 'yaml'
import type { Alert } from './alert.ts'
import { ALERTS } from './alerts.ts'
import { SEALING_LATE, SLOS, WINDOWS } from './slo.ts'

const RUNBOOKS = 'docs/runbooks'
const PERIOD = '30d'

/** @returns the path of an alert's page. */
export function runbookPath({ name }: Alert): string {
  return `${RUNBOOKS}/${name}.md`
}

/** Served by the gateway itself; its address is an external label of Prometheus, `gateway_url`. */
function runbookAddress({ name }: Alert): string {
  return `{{ $externalLabels.gateway_url }}/docs/runbooks/${name}`
}

function errorRatios(windows: readonly string[]) {
  return SLOS.flatMap(({ id, badShare }) =>
    windows.map((window) => ({
      record: `slo:sli_error:ratio_rate${window}`,
      expr: badShare(window),
      labels: { slo: id },
    })),
  )
}

function budgets() {
  return SLOS.map(({ id, objective }) => ({
    record: 'slo:period_error_budget_remaining:ratio',
    expr: `1 - slo:sli_error:ratio_rate${PERIOD}{slo="${id}"} / ${(1 - objective).toFixed(4)}`,
    labels: { slo: id },
  }))
}

function alertingRule(alert: Alert) {
  const { name, severity, expr, summary, meaning } = alert
  return {
    alert: name,
    expr,
    for: alert.for,
    labels: { severity },
    annotations: {
      summary: summary.en,
      summary_vi: summary.vi,
      description: meaning.en,
      description_vi: meaning.vi,
      runbook_url: runbookAddress(alert),
    },
  }
}

/** @returns Prometheus' rule file. */
export function writeRules(): string {
  const groups = [
    {
      name: 'lienthong-slo',
      interval: '30s',
      rules: [{ record: 'slo:sealing:late', expr: SEALING_LATE }, ...errorRatios(WINDOWS.often)],
    },
    // Long windows cost more to compute and change slowly.
    { name: 'lienthong-slo-long', interval: '5m', rules: [...errorRatios(WINDOWS.seldom), ...budgets()] },
    { name: 'lienthong-alerts', rules: ALERTS.map(alertingRule) },
  ]
  return `# Written by npm run dashboards from src/dashboards; not by hand.\n${stringify({ groups }, { lineWidth: 0 })}`
}

/** @returns the page that whoever is woken by an alert reads, in both languages. */
export function writeRunbook({
  name,
  severity,
  expr,
  summary,
  meaning,
  harm,
  action,
  escalation,
}: Alert): string {
  const plain = (text: string) =>
    text.replaceAll('{{ $value }}', 'N').replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, '`$1`')
  return `# ${name}

<!-- Written by npm run dashboards from src/dashboards/alerts.ts; not by hand. -->

**${plain(summary.vi)}** · ${plain(summary.en)} (${severity})

| | Tiếng Việt | English |
| --- | --- | --- |
| Nghĩa là gì · What it means | ${meaning.vi} | ${meaning.en} |
| Ai bị ảnh hưởng · Who is hurt | ${harm.vi} | ${harm.en} |
| Làm gì · Do this | ${action.vi} | ${action.en} |
| Khi nào báo lên · When to escalate | ${escalation.vi} | ${escalation.en} |

Xem ở · look here: [bảng số liệu · dashboards](../../config/grafana/dashboards), [docs/operations.md](../operations.md).

\`\`\`promql
${expr}
\`\`\`
`
}
