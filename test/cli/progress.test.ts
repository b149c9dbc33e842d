import { PassThrough } from 'node:stream'
import { expect } from 'chai'
import { createTerminal } from '../../src/cli/terminal.ts'
import type { Tools } from '../../src/cli/tools.ts'
import { createProgress } from '../../src/cli/verify-findings.ts'

const FLAGS = { language: 'en', json: false, debug: false, color: false, settingsFile: undefined } as const

/** Work of so many records, a hundredth at a time and a second each. @returns what stderr was told. */
function work(total: number, { isTTY = true, quiet = false, end = 'done' } = {}): string {
  const stderr = Object.assign(new PassThrough(), { isTTY })
  const stdout = Object.assign(new PassThrough(), { isTTY })
  const terminal = createTerminal({ stdout, stderr, environment: {} }, { ...FLAGS, quiet })
  let now = 0
  const progress = createProgress(total, { terminal, outside: { now: () => now } } as unknown as Tools)
  for (let part = 1; part <= 100; part += 1) {
    now += 1000
    progress((total / 100) * part)
  }
  terminal.complain(end)
  return String(stderr.read())
}

describe('the progress of long work', () => {
  it('is a bar with the time left on a screen, drawn over and gone before anything else is said', () => {
    const told = work(20_000)
    expect(told.indexOf('\n')).to.equal(told.length - 1)
    const drawn = told.split('\r\x1b[2K')
    expect(drawn[50]).to.equal(`${'█'.repeat(15)}${'░'.repeat(15)}  50 %  10000/20000 records, 0:50 left`)
    expect(drawn).to.have.length(102)
    expect(drawn.at(-1)).to.equal('done\n')
  })

  it('is ten lines where nobody looks, and nothing where it is not wanted or short', () => {
    const lines = work(20_000, { isTTY: false }).trimEnd().split('\n')
    expect(lines).to.have.length(11)
    expect(lines[4]).to.equal('50 %: 10000/20000 records')
    expect(work(20_000, { quiet: true })).to.equal('done\n')
    expect(work(9000)).to.equal('done\n')
  })
})
