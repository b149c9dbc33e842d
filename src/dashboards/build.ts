import * as bargauge from '@grafana/grafana-foundation-sdk/bargauge'
import {
  BigValueColorMode,
  BigValueGraphMode,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
} from '@grafana/grafana-foundation-sdk/common'
import * as grafana from '@grafana/grafana-foundation-sdk/dashboard'
import * as heatmap from '@grafana/grafana-foundation-sdk/heatmap'
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus'
import * as stat from '@grafana/grafana-foundation-sdk/stat'
import * as table from '@grafana/grafana-foundation-sdk/table'
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries'
import type { Dashboard, Panel, Query, Row } from './dashboard.ts'
import type { MetricName } from './promql.ts'

const SOURCE = { type: 'prometheus', uid: '$datasource' } as const
const TAG = 'lienthong'
const SERIES: MetricName = 'lienthong_transactions_total'
const BUILD: MetricName = 'lienthong_build_info'
const REGISTRY: MetricName = 'lienthong_registry_info'

const HEIGHT = { stat: 5, timeseries: 8, table: 9, heatmap: 8, bargauge: 8 } as const
const COLUMNS = 24

function targetOf({ expr, legend, instant, exemplars }: Query, index: number, kind: Panel['kind']) {
  const target = new DataqueryBuilder()
    .refId(String.fromCharCode(65 + index))
    .datasource(SOURCE)
    .expr(expr)
    .legendFormat(legend === '' ? '__auto' : legend)
  if (kind === 'table') target.format(PromQueryFormat.Table)
  if (kind === 'heatmap') target.format(PromQueryFormat.Heatmap)
  if (exemplars) target.exemplar(true)
  return instant ? target.instant() : target.range()
}

function builderOf({ kind, stacked }: Panel) {
  switch (kind) {
    case 'stat':
      return new stat.PanelBuilder()
        .graphMode(BigValueGraphMode.Area)
        .colorMode(BigValueColorMode.Value)
        .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    case 'table':
      return new table.PanelBuilder()
    case 'heatmap':
      return new heatmap.PanelBuilder()
    case 'bargauge':
      return new bargauge.PanelBuilder()
    case 'timeseries': {
      const panel = new timeseries.PanelBuilder().fillOpacity(10).lineWidth(1)
      return stacked ? panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal)) : panel
    }
  }
}

function panelOf(panel: Panel) {
  const { title, kind, unit, queries, width = COLUMNS / 2, thresholds = [] } = panel
  const colours = ['yellow', 'red'] as const
  const steps = thresholds.map((value, index) => ({ value, color: colours[index] ?? 'red' }))
  return builderOf(panel)
    .title(title.vi)
    .description(title.en)
    .datasource(SOURCE)
    .unit(unit)
    .height(HEIGHT[kind])
    .span(width)
    .thresholds(
      new grafana.ThresholdsConfigBuilder()
        .mode(grafana.ThresholdsMode.Absolute)
        .steps([{ value: null, color: 'green' }, ...steps]),
    )
    .targets(queries.map((query, index) => targetOf(query, index, kind)))
}

function variableOf(name: string, label: string, query: string) {
  return new grafana.QueryVariableBuilder(name)
    .label(label)
    .datasource(SOURCE)
    .query(query)
    .refresh(grafana.VariableRefresh.OnTimeRangeChanged)
    .sort(grafana.VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ selected: true, text: 'All', value: '$__all' })
}

const LABELS = {
  consumer: 'Bên khai thác',
  provider: 'Bên cung cấp',
  service: 'Dịch vụ',
} as const

/** What changed, drawn over every panel. */
function changeOf(name: string, metric: MetricName, colour: string) {
  return new grafana.AnnotationQueryBuilder()
    .name(name)
    .datasource(SOURCE)
    .enable(true)
    .iconColor(colour)
    .expr(
      `changes(${metric}{job=~"$job",instance=~"$instance"}[$__interval]) > 0 or ${metric} unless ${metric} offset 2m`,
    )
}

function addRow(builder: grafana.DashboardBuilder, { title, panels }: Row): void {
  builder.withRow(new grafana.RowBuilder(title.vi))
  for (const panel of panels) builder.withPanel(panelOf(panel))
}

/** @returns the dashboard as Grafana provisions it, its keys in a fixed order. */
export function buildDashboard({
  uid,
  title,
  description,
  rows,
  variables = [],
}: Dashboard): grafana.Dashboard {
  const builder = new grafana.DashboardBuilder(title.vi)
    .uid(uid)
    .description(`${description.vi} · ${title.en}: ${description.en}`)
    .tags([TAG])
    .readonly()
    .refresh('30s')
    .time({ from: 'now-3h', to: 'now' })
    .timezone('Asia/Ho_Chi_Minh')
    .link(
      new grafana.DashboardLinkBuilder('Liên Thông')
        .type(grafana.DashboardLinkType.Dashboards)
        .tags([TAG])
        .includeVars(true)
        .keepTime(true),
    )
    .withVariable(
      new grafana.DatasourceVariableBuilder('datasource')
        .label('Nguồn số liệu')
        .type('prometheus')
        .current({ selected: true, text: 'Prometheus', value: 'prometheus' }),
    )
    .withVariable(variableOf('job', 'Nhóm', `label_values(${BUILD}, job)`))
    .withVariable(variableOf('instance', 'Cổng', `label_values(${BUILD}{job=~"$job"}, instance)`))
    .annotation(changeOf('Phiên bản', BUILD, 'blue'))
    .annotation(changeOf('Danh bạ', REGISTRY, 'purple'))
  for (const name of variables) {
    builder.withVariable(variableOf(name, LABELS[name], `label_values(${SERIES}{job=~"$job"}, ${name})`))
  }
  for (const row of rows) addRow(builder, row)
  return builder.build()
}
