import { expect } from 'chai'
import { readCorpus } from './corpus.ts'
import { createDice, mutate } from './mutate.ts'
import { createTargets, type FuzzTarget } from './targets.ts'

const ROUNDS = 300

describe('the parsers of what strangers send', () => {
  let targets: Readonly<Record<string, FuzzTarget>>
  before(async () => {
    targets = await createTargets()
  })

  for (const name of [
    'gate',
    'json',
    'compact',
    'token',
    'proof',
    'fields',
    'certificate',
    'details',
    'address',
  ]) {
    it(`do nothing but refuse or accept, over the corpus of the fuzzer and changes of it: ${name}`, async () => {
      const corpus = readCorpus(name)
      expect(corpus).not.to.deep.equal([])
      const target = targets[name]
      if (target === undefined) throw new Error(`no such target: ${name}`)
      const dice = createDice(1)
      const pick = () => corpus[dice(corpus.length)] ?? Buffer.alloc(0)
      for (const input of corpus) await target.run(input)
      for (let round = 0; round < ROUNDS; round += 1) {
        await target.run(mutate(pick(), dice, pick(), target.words))
      }
    })
  }

  it('are all fuzzed', () => {
    expect(Object.keys(targets)).to.have.length(9)
  })
})
