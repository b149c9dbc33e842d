import { expect } from 'chai'
import { createFirstSeen } from '../../src/jobs/first-seen.ts'

const KEYS = 120_000

describe('who stood in a file before', () => {
  it('is found at the line where each stood first, however many there are', () => {
    const { note } = createFirstSeen([123, 456])
    let wrong = 0
    const keyOf = (place: number) => `099${String(place * 7).padStart(9, '0')}`
    for (let line = 1; line <= KEYS; line += 1) if (note(keyOf(line), line) !== 0) wrong += 1
    for (let line = 1; line <= KEYS; line += 1) if (note(keyOf(line), KEYS + line) !== line) wrong += 1
    expect(wrong).to.equal(0)
    expect(note('', 1)).to.equal(0)
    expect(note('', 2)).to.equal(1)
    expect(note('Ệ', 3)).to.equal(0)
  })

  it('is told apart from another of whom one hash of the two is the same', () => {
    // Found by trying six million: each pair lies in one part, and at one place of it.
    for (const [one, other] of [
      ['099017371389', '099039647867'],
      ['099025809658', '099028414162'],
    ] as const) {
      const { note } = createFirstSeen([123, 456])
      expect([note(one, 1), note(other, 2), note(one, 3), note(other, 4)]).to.deep.equal([0, 0, 1, 2])
    }
  })
})
