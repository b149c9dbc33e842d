import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { ALERTS } from '../../src/dashboards/alerts.ts'
import { buildDashboard } from '../../src/dashboards/build.ts'
import { DASHBOARDS, generateDashboards } from '../../src/dashboards/write.ts'

const ROOT = join(import.meta.dirname, '../..')

interface GrafanaPanel {
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly datasource?: { readonly uid: string }
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } }
  readonly targets?: readonly { readonly refId: string; readonly expr: string }[]
}

function panelsOf(dashboard: (typeof DASHBOARDS)[number]): readonly GrafanaPanel[] {
  const { panels = [] } = buildDashboard(dashboard) as { panels?: readonly GrafanaPanel[] }
  return panels.filter(({ type }) => type !== 'row')
}

describe('the dashboards, rules and runbooks', () => {
  it('are what npm run dashboards writes, and nothing besides', () => {
    const written = generateDashboards()
    for (const [path, text] of written) expect(readFileSync(join(ROOT, path), 'utf8'), path).to.equal(text)
    const folders = ['config/grafana/dashboards', 'docs/runbooks']
    const there = folders.flatMap((folder) =>
      readdirSync(join(ROOT, folder)).map((name) => `${folder}/${name}`),
    )
    expect(there.filter((path) => !written.has(path))).to.deep.equal([])
  })

  it('are five dashboards of at most twelve panels, that nobody edits by hand', () => {
    expect(DASHBOARDS).to.have.length(5)
    for (const dashboard of DASHBOARDS) {
      const built = buildDashboard(dashboard)
      expect(built.editable, dashboard.uid).to.equal(false)
      expect(panelsOf(dashboard).length, dashboard.uid).to.be.within(4, 12)
    }
  })

  it('have a title, a description, a unit and the chosen source on every panel', () => {
    for (const dashboard of DASHBOARDS) {
      for (const panel of panelsOf(dashboard)) {
        expect(panel.title, dashboard.uid).to.match(/\p{L}/u)
        expect(panel.description, panel.title).to.match(/\p{L}/u)
        expect(panel.fieldConfig?.defaults.unit, panel.title).to.be.a('string')
        expect(panel.datasource?.uid, panel.title).to.equal('$datasource')
        const refs = (panel.targets ?? []).map(({ refId }) => refId)
        expect(new Set(refs).size, panel.title).to.equal(refs.length)
        expect(refs, panel.title).not.to.deep.equal([])
      }
    }
  })

  it('ask of the chosen gateways, and take counters by their rate', () => {
    for (const dashboard of DASHBOARDS) {
      for (const { title, targets = [] } of panelsOf(dashboard)) {
        for (const { expr } of targets) {
          if (!expr.includes('slo:')) expect(expr, title).to.include('job=~"$job",instance=~"$instance"')
          for (const [, before] of expr.matchAll(/(\w+\()\w+_total\{/g)) {
            expect(before, `${title}: ${expr}`).to.match(/^(?:rate|increase)\($/)
          }
          expect(expr, title).not.to.match(/\[\d/)
        }
      }
    }
  })

  it('wake nobody without saying in both languages what it means and what to do', () => {
    expect(new Set(ALERTS.map(({ name }) => name)).size).to.equal(ALERTS.length)
    for (const { name, summary, meaning, harm, action, escalation } of ALERTS) {
      expect(name).to.match(/^Lienthong[A-Z]/)
      for (const text of [summary, meaning, harm, action, escalation]) {
        expect(text.vi, name).not.to.equal('')
        expect(text.en, name).not.to.equal('')
        expect(text.vi, name).not.to.equal(text.en)
      }
    }
  })
})
