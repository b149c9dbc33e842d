import { expect } from 'chai'
import { type HubVersion, lastMoves } from '../../src/registry/hub-moves.ts'

const version = (service: string, hub: string | null, day: number): HubVersion => ({
  service,
  hub,
  appliedAt: new Date(Date.UTC(2026, 10, day)),
  by: `op-${day}`,
})

describe('moves from one hub to another', () => {
  it('are told of the services that moved, each with the last one', () => {
    const moves = lastMoves([
      version('a', 'cu', 1),
      version('a', 'cu', 2),
      version('a', 'moi', 3),
      version('a', 'moi', 4),
      version('b', null, 1),
      version('b', 'cu', 5),
      version('b', null, 6),
      version('c', 'cu', 1),
    ])
    expect(Object.fromEntries(moves)).to.deep.equal({
      a: { from: 'cu', at: new Date(Date.UTC(2026, 10, 3)), by: 'op-3' },
      b: { from: 'cu', at: new Date(Date.UTC(2026, 10, 6)), by: 'op-6' },
    })
  })
})
