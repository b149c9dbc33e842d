import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { buildDashboard } from '../../src/dashboards/build.ts'
import { writeRules } from '../../src/dashboards/rules.ts'
import { DASHBOARDS } from '../../src/dashboards/write.ts'
import { samplePerson } from '../../src/sandbox/samples.ts'
import { requireProgram } from '../support/debian-program.ts'
import { type GatewayWorld, startWorld } from '../support/gateway-world.ts'
import { createTestFolder } from '../support/postgres.ts'
import { query, type RunningProgram, startAlertmanager, startPrometheus } from '../support/prometheus.ts'

const CITIZEN = 'G01/dan-cu/cong-dan/v1'
const RULES = writeRules()

/** Queries that are empty while all is well: they show faults only. */
const EMPTY_WHEN_WELL = [/lienthong_metrics_series_overflow_total/]

function substitute(expr: string): string {
  return (
    expr
      // Long enough to hold a collection of garbage.
      .replaceAll('$__rate_interval', '1m')
      .replaceAll('$__range', '1m')
      .replaceAll('$__interval', '1s')
      .replaceAll(/\$(?:job|instance|consumer|provider|service)\b/g, '.*')
  )
}

const PATIENCE_MS = 30_000

/** @returns what a query gives once it holds; gauges are told every ten seconds. Whatever it gives at the end of patience. */
async function queryUntil(
  prometheus: RunningProgram,
  expr: string,
  holds: (found: Awaited<ReturnType<typeof query>>) => boolean,
) {
  const endsAtMs = Date.now() + PATIENCE_MS
  for (;;) {
    const found = await query(prometheus, expr)
    if (holds(found) || Date.now() > endsAtMs) return found
    await sleep(250)
  }
}

interface Queried {
  readonly title: string
  readonly expr: string
}

function queriesOf(dashboard: (typeof DASHBOARDS)[number]): readonly Queried[] {
  const { panels = [] } = buildDashboard(dashboard) as {
    panels?: readonly { title: string; targets?: readonly { expr: string }[] }[]
  }
  return panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })))
}

function variablesOf(dashboard: (typeof DASHBOARDS)[number]): readonly string[] {
  const { templating } = buildDashboard(dashboard) as { templating: { list: readonly { query?: unknown }[] } }
  return templating.list.flatMap(({ query: text }) =>
    typeof text === 'string' && text.startsWith('label_values') ? [text] : [],
  )
}

describe('the dashboards, against a real Prometheus', () => {
  let world: GatewayWorld
  let prometheus: RunningProgram
  let folder: string

  before(async function () {
    requireProgram(this as never, 'prometheus', 'prometheus')
    folder = await createTestFolder()
    world = await startWorld()
    prometheus = await startPrometheus({
      folder,
      targets: [new URL(world.gateway.managementUrl).host],
      rules: RULES,
    })
    const { verify, lookUp } = samplePerson(7)
    for (let round = 0; round < 24; round += 1) {
      await world.consumer.call(`${CITIZEN}/xac-thuc`, { body: verify })
      await world.consumer.call(`${CITIZEN}/tra-cuu`, { body: lookUp })
      await world.consumer.call(`${CITIZEN}/tra-cuu`, { body: { personalId: 1 } })
      await world.consumer.call(`${CITIZEN}/tra-cuu`, { body: { personalId: '099190000503' } })
      await world.consumer.call(`${CITIZEN}/tra-cuu`, { body: { personalId: '099190000422' } })
      await sleep(250)
    }
    // Long windows see their first value once the short ones have one.
    await sleep(3_000)
  })
  after(async () => {
    await prometheus?.stop()
    await world?.close()
    if (folder) rmSync(folder, { recursive: true, force: true })
  })

  for (const dashboard of DASHBOARDS) {
    it(`show something finite on every panel of ${dashboard.uid}`, async () => {
      for (const { title, expr } of queriesOf(dashboard)) {
        if (EMPTY_WHEN_WELL.some((pattern) => pattern.test(expr))) continue
        const found = await queryUntil(prometheus, substitute(expr), (rows) => rows.length > 0)
        expect(found, `${title}: ${expr}`).not.to.have.length(0)
        const values = found.map(({ value }) => Number(value[1]))
        expect(values.some(Number.isFinite), `${title}: ${expr} gave ${values}`).to.equal(true)
      }
    })

    it(`offer values for every variable of ${dashboard.uid}`, async () => {
      for (const text of variablesOf(dashboard)) {
        const [, selector = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(substitute(text)) ?? []
        const found = await query(prometheus, selector)
        expect(found.map(({ metric }) => metric[label]).filter(Boolean), text).not.to.have.length(0)
      }
    })
  }

  it('show an answer that broke its contract as an open incident of its provider', async () => {
    const expr = 'lienthong_data_incidents{provider="G01/dan-cu", age="explain"}'
    const [found] = await queryUntil(prometheus, expr, ([row]) => row?.value[1] !== '0')
    expect(Number(found?.value[1])).to.be.above(0)
  })

  it('lead from a panel to a trace: the page bears exemplars', async () => {
    const response = await fetch(`${world.gateway.managementUrl}/metrics`, {
      headers: { accept: 'application/openmetrics-text; version=1.0.0' },
    })
    expect(await response.text()).to.match(
      /lienthong_overhead_seconds_bucket\{.*# \{trace_id="[0-9a-f]{32}"\}/,
    )
  })
})

describe('the rules', () => {
  it('are clean to promtool, and wake who they should when they should', async function () {
    requireProgram(this, 'promtool', 'prometheus')
    const folder = await createTestFolder()
    writeFileSync(join(folder, 'rules.yaml'), RULES)
    writeFileSync(join(folder, 'tests.yaml'), RULE_TESTS)
    const run = (args: readonly string[]) => spawnSync('promtool', args, { cwd: folder, encoding: 'utf8' })
    expect(run(['check', 'rules', 'rules.yaml']).stderr).to.equal('')
    const { status, stdout, stderr } = run(['test', 'rules', 'tests.yaml'])
    expect(status, stdout + stderr).to.equal(0)
    rmSync(folder, { recursive: true, force: true })
  })

  it('reach whoever is on duty, with what happened and where to read', async function () {
    requireProgram(this, 'prometheus-alertmanager', 'prometheus-alertmanager')
    const folder = await createTestFolder()
    const bodies: string[] = []
    const duty = createServer((request, response) => {
      request.setEncoding('utf8')
      let body = ''
      request.on('data', (chunk) => {
        body += chunk
      })
      request.on('end', () => {
        bodies.push(body)
        response.end()
      })
    }).listen(0, '127.0.0.1')
    await once(duty, 'listening')
    const { port } = duty.address() as AddressInfo
    const alertmanager = await startAlertmanager(folder, `http://127.0.0.1:${port}/`)
    // Nobody listens at the target: the gateway is down.
    const prometheus = await startPrometheus({
      folder,
      targets: ['127.0.0.1:1'],
      rules: RULES.replaceAll(/for: \w+/g, 'for: 0s'),
      alertmanager: alertmanager.url,
      gatewayUrl: 'https://cong.example',
    })
    try {
      while (bodies.length === 0) await sleep(100)
      const { alerts } = JSON.parse(bodies[0] ?? '{}') as {
        alerts: { labels: Record<string, string>; annotations: Record<string, string> }[]
      }
      const down = alerts.find(({ labels }) => labels['alertname'] === 'LienthongDown')
      expect(down?.labels['severity']).to.equal('critical')
      expect(down?.annotations['runbook_url']).to.equal('https://cong.example/docs/runbooks/LienthongDown')
      expect(down?.annotations['summary_vi']).to.equal('Không đọc được chỉ số của cổng')
    } finally {
      await prometheus.stop()
      await alertmanager.stop()
      duty.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

/** promtool's own form: series as they would be scraped, and which alerts stand at which minute. */
const RULE_TESTS = `
rule_files: [rules.yaml]
evaluation_interval: 30s
tests:
  - name: a gateway that answers badly spends its budget fast; one that answers well does not
    interval: 30s
    input_series:
      - series: 'lienthong_transactions_total{outcome="delivered"}'
        values: '0+100x240'
      - series: 'lienthong_refusals_total{code="ledger_unavailable"}'
        values: '0+10x240'
      - series: 'lienthong_refusals_total{code="request_invalid"}'
        values: '0+50x240'
    alert_rule_test:
      - alertname: LienthongAvailabilityBurnsFast
        eval_time: 1h30m
        exp_alerts:
          - exp_labels: { severity: critical, slo: availability }
            exp_annotations:
              summary: 'Availability: the error budget is being spent too fast'
              summary_vi: 'Sẵn sàng: hạn mức lỗi hao nhanh'
              description: So much goes wrong that the budget of 30 days will be gone early.
              description_vi: Lỗi nhiều đến mức hạn mức lỗi của 30 ngày sẽ hết sớm.
              runbook_url: /docs/runbooks/LienthongAvailabilityBurnsFast
  - name: refusals that are the consumers' own doing cost the gateway nothing
    interval: 30s
    input_series:
      - series: 'lienthong_transactions_total{outcome="refused"}'
        values: '0+100x240'
      - series: 'lienthong_refusals_total{code="request_invalid"}'
        values: '0+100x240'
    alert_rule_test:
      - alertname: LienthongAvailabilityBurnsFast
        eval_time: 1h30m
        exp_alerts: []
  - name: a ledger that takes nothing while records wait
    interval: 15s
    input_series:
      - series: 'lienthong_ledger_queue_records'
        values: '5+0x40'
      - series: 'lienthong_ledger_last_durable_timestamp_seconds'
        values: '0+0x40'
    alert_rule_test:
      - alertname: LienthongLedgerStopped
        eval_time: 5m
        exp_alerts:
          - exp_labels: { severity: critical }
            exp_annotations:
              summary: The ledger takes no records
              summary_vi: Sổ giao dịch không ghi được
              description: Records wait, and no batch became durable for 15 s.
              description_vi: Có bản ghi chờ mà 15 giây không lô nào bền vững.
              runbook_url: /docs/runbooks/LienthongLedgerStopped
  - name: a data set that keeps silent, a witness that saw another log and an audit that found a change tell at once
    interval: 30s
    input_series:
      - series: 'lienthong_dataset_silent{service="G01/dan-cu/cong-dan/v1", operation="doiNoiO"}'
        values: '0+0x10 1+0x30'
      - series: 'lienthong_log_audit_fault{check="counts"}'
        values: '0+0x10 1+0x30'
      - series: 'lienthong_log_witness_state{witness="w1", state="forked"}'
        values: '0+0x10 1+0x30'
      - series: 'lienthong_log_witness_state{witness="w2", state="cosigned"}'
        values: '1+0x40'
    alert_rule_test:
      - alertname: LienthongDatasetSilent
        eval_time: 9m
        exp_alerts: []
      - alertname: LienthongDatasetSilent
        eval_time: 12m
        exp_alerts:
          - exp_labels: { severity: warning, service: G01/dan-cu/cong-dan/v1, operation: doiNoiO }
            exp_annotations:
              summary: 'G01/dan-cu/cong-dan/v1 has been silent for too long: doiNoiO'
              summary_vi: 'Nguồn G01/dan-cu/cong-dan/v1 im quá hạn: doiNoiO'
              description: Its newest event is older than its contract allows (silentAfterSeconds).
              description_vi: Sự kiện mới nhất cũ hơn thời hạn ghi trong hợp đồng dữ liệu (silentAfterSeconds).
              runbook_url: /docs/runbooks/LienthongDatasetSilent
      - alertname: LienthongLogAuditFault
        eval_time: 4m
        exp_alerts: []
      - alertname: LienthongLogAuditFault
        eval_time: 7m
        exp_alerts:
          - exp_labels: { severity: critical, check: counts }
            exp_annotations:
              summary: 'The running audit found the log changed: counts'
              summary_vi: 'Tự soát sổ thấy chỗ không khớp: counts'
              description: Records, search columns, tiles or counts are not what was recorded.
              description_vi: Bản ghi, cột tra cứu, ô băm hay số đếm không còn là cái đã được ghi.
              runbook_url: /docs/runbooks/LienthongLogAuditFault
      - alertname: LienthongWitnessDisagrees
        eval_time: 7m
        exp_alerts:
          - exp_labels: { severity: critical, witness: w1, state: forked }
            exp_annotations:
              summary: A witness holds another log than this one
              summary_vi: Nhân chứng giữ một sổ khác với sổ này
              description: 'A witness cosigned a longer log (ahead) or another branch (forked): this one was rolled back or rewritten.'
              description_vi: 'Nhân chứng đã ký một sổ dài hơn (ahead) hoặc rẽ nhánh (forked): sổ ở đây đã quay lui hay bị viết lại.'
              runbook_url: /docs/runbooks/LienthongWitnessDisagrees
      - alertname: LienthongWitnessSilent
        eval_time: 19m
        exp_alerts: []
  - name: incidents past every deadline tell whose they are; those that have time left do not
    interval: 30s
    input_series:
      - series: 'lienthong_data_incidents{provider="G10/dat-dai", age="over", instance="a"}'
        values: '2+0x60'
      - series: 'lienthong_data_incidents{provider="G10/dat-dai", age="over", instance="b"}'
        values: '2+0x60'
      - series: 'lienthong_data_incidents{provider="G12/thue", age="check"}'
        values: '7+0x60'
      - series: 'lienthong_data_incidents{provider="G01/dan-cu", age="over"}'
        values: '0+0x60'
    alert_rule_test:
      - alertname: LienthongDataIncidentsOverdue
        eval_time: 10m
        exp_alerts: []
      - alertname: LienthongDataIncidentsOverdue
        eval_time: 20m
        exp_alerts:
          - exp_labels: { severity: warning, provider: G10/dat-dai }
            exp_annotations:
              summary: Provider G10/dat-dai has 2 data-quality incidents past all deadlines
              summary_vi: Bên cung cấp G10/dat-dai có 2 sự cố dữ liệu quá hạn
              description: Answers still break the contract, or a source of events is still silent, after every deadline (incidents.deadlines, working days).
              description_vi: Câu trả lời còn trái hợp đồng dữ liệu, hoặc nguồn sự kiện còn im, sau khi đã qua mọi hạn khắc phục (incidents.deadlines, ngày làm việc).
              runbook_url: /docs/runbooks/LienthongDataIncidentsOverdue
  - name: a provider that is tried again now and then, and never answers
    interval: 15s
    input_series:
      - series: 'lienthong_breaker_state{provider="G10/dat-dai", state="closed"}'
        values: '1 0x11 1x20'
      - series: 'lienthong_breaker_state{provider="G10/dat-dai", state="open"}'
        values: '0 1 1 0 1 1 0 1 1 0 1 1 0x20'
      - series: 'lienthong_breaker_state{provider="G10/dat-dai", state="half_open"}'
        values: '0 0 0 1 0 0 1 0 0 1 0 0 0x20'
    alert_rule_test:
      - alertname: LienthongBreakerOpen
        eval_time: 1m
        exp_alerts: []
      - alertname: LienthongBreakerOpen
        eval_time: 2m30s
        exp_alerts:
          - exp_labels: { severity: warning, provider: G10/dat-dai }
            exp_annotations:
              summary: Provider G10/dat-dai cannot be called
              summary_vi: Bên cung cấp G10/dat-dai không gọi được
              description: 'Its breaker has not closed for a minute: call after call failed, and none has been answered since.'
              description_vi: 'Cầu dao ngắt đã 1 phút: các lần gọi liên tiếp thất bại, chưa lần thử lại nào thành công.'
              runbook_url: /docs/runbooks/LienthongBreakerOpen
      - alertname: LienthongBreakerOpen
        eval_time: 3m30s
        exp_alerts: []
  - name: a provider that answers nonsense to a few, while another answers most
    interval: 15s
    input_series:
      - series: 'lienthong_transactions_total{provider="G12/thue", service="a", outcome="delivered"}'
        values: '10+0x40 11+1x12'
      - series: 'lienthong_transactions_total{provider="G12/thue", service="a", outcome="failed"}'
        values: '0+1x40 40+0x12'
      - series: 'lienthong_transactions_total{provider="G01/dan-cu", service="b", outcome="delivered"}'
        values: '0+4x40'
      - series: 'lienthong_transactions_total{provider="G01/dan-cu", service="b", outcome="failed"}'
        values: '0+2x40'
    alert_rule_test:
      - alertname: LienthongProviderFails
        eval_time: 30s
        exp_alerts: []
      - alertname: LienthongProviderFails
        eval_time: 8m
        exp_alerts:
          - exp_labels: { severity: warning, provider: G12/thue }
            exp_annotations:
              summary: More than half of the exchanges with G12/thue fail
              summary_vi: Quá nửa giao dịch với G12/thue không được
              description: 'Within 5 minutes more than half of the questions, 5 at least, had no answer that can be used: no connection, too late, a 5xx, or an answer against the contract (for which no breaker opens).'
              description_vi: 'Trong 5 phút quá nửa số câu hỏi, ít nhất 5, không có câu trả lời dùng được: không kết nối, quá giờ, lỗi 5xx, hoặc trả lời trái hợp đồng dữ liệu (cầu dao không ngắt vì điều này).'
              runbook_url: /docs/runbooks/LienthongProviderFails
      - alertname: LienthongProviderFails
        eval_time: 12m
        exp_alerts: []
  - name: the slow first exchanges after a start wake nobody, though they are a fifth of the few there were
    interval: 30s
    input_series:
      - series: 'lienthong_overhead_seconds_count'
        values: '0 40 100+0x40'
      - series: 'lienthong_overhead_seconds_bucket{le="0.05"}'
        values: '0 20 80+0x40'
    alert_rule_test:
      - alertname: LienthongOverheadBurnsFast
        eval_time: 4m
        exp_alerts: []
  - name: many slow exchanges do
    interval: 30s
    input_series:
      - series: 'lienthong_overhead_seconds_count'
        values: '0+100x20'
      - series: 'lienthong_overhead_seconds_bucket{le="0.05"}'
        values: '0+80x20'
    alert_rule_test:
      - alertname: LienthongOverheadBurnsFast
        eval_time: 4m
        exp_alerts:
          - exp_labels: { severity: critical, slo: overhead }
            exp_annotations:
              summary: "The gateway's own time below 50 ms: the error budget is being spent too fast"
              summary_vi: 'Riêng cổng dưới 50 ms: hạn mức lỗi hao nhanh'
              description: So much goes wrong that the budget of 30 days will be gone early.
              description_vi: Lỗi nhiều đến mức hạn mức lỗi của 30 ngày sẽ hết sớm.
              runbook_url: /docs/runbooks/LienthongOverheadBurnsFast
`
