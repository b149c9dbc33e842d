import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { faultsOfRun, readThreats, type TestOutcome } from './support/threats.ts'

const ROOT = join(import.meta.dirname, '..')
const page = readFileSync(join(ROOT, 'docs/security.md'), 'utf8')
const rows = readThreats(page)

interface SettingsSchema {
  readonly properties?: Readonly<Record<string, SettingsSchema>>
  readonly default?: unknown
}

describe('docs/security.md', () => {
  it('has a row for each threat, with a control, a default and a test', () => {
    const ids = rows.map(({ id }) => id)
    expect(ids.length).to.be.above(30)
    expect(new Set(ids).size).to.equal(ids.length)
    // Every line of the five-column tables was understood.
    expect(ids).to.deep.equal([...page.matchAll(/^\| ([A-Z]\d+) \|/gm)].map(([, id]) => id))
    for (const { id, threat, control, defaults, tests } of rows) {
      for (const cell of [threat, control, defaults]) expect(cell.trim(), id).not.to.equal('')
      expect(tests, id).not.to.deep.equal([])
    }
  })

  it('names tests by words that stand in their files', () => {
    const missing = rows.flatMap(({ id, tests }) =>
      tests
        .filter(({ file, title }) => {
          const path = join(ROOT, file)
          return !existsSync(path) || !readFileSync(path, 'utf8').includes(title)
        })
        .map(({ file, title }) => `${id}: ${file} “${title}”`),
    )
    expect(missing).to.deep.equal([])
  })

  it('answers every item of the OWASP API Security Top 10', () => {
    const threats = rows.map(({ threat }) => threat).join('\n')
    for (let item = 1; item <= 10; item += 1) expect(threats).to.match(new RegExp(`\\bAPI${item}\\b`))
  })

  it('gives the defaults of the settings as they are', () => {
    const schema: SettingsSchema = JSON.parse(
      readFileSync(join(ROOT, 'schemas/settings.schema.json'), 'utf8'),
    )
    const given = [...page.matchAll(/`([a-z][\w.]+)` = ([\w.]+)/gi)].filter(([, name]) => name !== 'aud')
    expect(given.length).to.be.above(8)
    for (const [, name = '', value] of given) {
      const setting = name
        .split('.')
        .reduce<SettingsSchema | undefined>((at, word) => at?.properties?.[word], schema)
      expect(String(setting?.default), name).to.equal(value)
    }
  })
})

describe('the last check of a run', () => {
  const [row] = readThreats('| X1 | a | b | c | `test/a.test.ts` “refuses” |')
  const judge = (outcomes: readonly Partial<TestOutcome>[], isStrict = true) =>
    faultsOfRun(
      row ? [row] : [],
      outcomes.map(
        (outcome): TestOutcome => ({
          file: 'test/a.test.ts',
          fullTitle: 'gate refuses it',
          state: 'passed',
          ...outcome,
        }),
      ),
      isStrict,
    )

  it('is content where a threat’s test passed', () => {
    expect(judge([{}])).to.deep.equal([])
  })

  it('fails where a threat’s test failed, is gone or, in CI, was skipped', () => {
    expect(judge([{ state: 'failed' }, {}])).to.have.length(1)
    expect(judge([{ fullTitle: 'gate takes it' }])).to.have.length(1)
    expect(judge([{ state: 'pending' }])).to.have.length(1)
    expect(judge([{ state: 'pending' }], false)).to.deep.equal([])
  })

  it('says nothing of files that were not run, nor, but in CI, of tests that were left out', () => {
    expect(judge([{ file: 'test/b.test.ts' }])).to.deep.equal([])
    expect(judge([{ fullTitle: 'gate takes it' }], false)).to.deep.equal([])
  })
})
