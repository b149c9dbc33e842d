import { expect } from 'chai'
import { growthOf, parseMetrics, quantileOf, sumOf } from '../../src/cli/demo-metrics.ts'

const BEFORE = parseMetrics(`# HELP t_total Things.
# TYPE t_total counter
t_total{kind="a",place="x"} 1
t_total{kind="a",place="y, \\"z\\""} 2
t_total{kind="b",place="x"} 5
plain 3
h_bucket{le="0.001"} 0
h_bucket{le="0.01"} 0
h_bucket{le="0.1"} 0
h_bucket{le="+Inf"} 0
`)
const AFTER = parseMetrics(`t_total{kind="a",place="x"} 2
t_total{kind="a",place="y, \\"z\\""} 4
t_total{kind="b",place="x"} 5
plain 3.5
h_bucket{le="0.001"} 0
h_bucket{le="0.01"} 4
h_bucket{le="0.1"} 8
h_bucket{le="+Inf"} 8
`)

describe('the demo’s reading of metrics', () => {
  it('reads names, labels and values, and leaves comments out', () => {
    expect(BEFORE).to.have.length(8)
    expect(BEFORE[0]).to.deep.equal({ name: 't_total', labels: { kind: 'a', place: 'x' }, value: 1 })
    expect(BEFORE[3]).to.deep.equal({ name: 'plain', labels: {}, value: 3 })
  })

  it('sums by labels', () => {
    expect(sumOf(BEFORE, 't_total', { kind: 'a' })).to.equal(3)
    expect(sumOf(BEFORE, 't_total')).to.equal(8)
    expect(sumOf(BEFORE, 'absent')).to.equal(0)
  })

  it('tells what grew and leaves out what stood still', () => {
    expect(growthOf('t_total', ['kind'], { before: BEFORE, after: AFTER })).to.deep.equal([
      { name: 't_total', labels: { kind: 'a' }, before: 3, after: 6 },
    ])
  })

  it('interpolates a quantile inside its bucket as PromQL does', () => {
    const readings = { before: BEFORE, after: AFTER }
    expect(quantileOf(0.25, 'h', readings)).to.be.closeTo(0.0055, 1e-9)
    expect(quantileOf(0.75, 'h', readings)).to.be.closeTo(0.055, 1e-9)
    expect(quantileOf(0.5, 'h', { before: AFTER, after: AFTER })).to.equal(undefined)
  })

  it('answers the highest bound for what lies beyond it', () => {
    const beyond = parseMetrics('h_bucket{le="0.1"} 1\nh_bucket{le="+Inf"} 10\n')
    expect(quantileOf(0.9, 'h', { before: [], after: beyond })).to.equal(0.1)
  })
})
