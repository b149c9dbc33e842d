import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'

const PAGE = readFileSync(join(import.meta.dirname, '../docs/fapi.md'), 'utf8')

/** Rows of tables with a column of tests: clause, how, test. */
const ROWS = PAGE.split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| clause') && !line.startsWith('| ---'))
  .map((line) => line.slice(1, -1).split(' | '))
  .filter((cells) => cells.length === 3)

describe('docs/fapi.md', () => {
  for (const [clause = '', how = '', named = ''] of ROWS) {
    it(`names a test that exists, or says why not: ${clause.trim()}`, () => {
      if (named.trim() === '–') {
        expect(how.trim()).to.match(/^open: .{20,}/)
        return
      }
      const [, file = '', title = ''] = /^`([^`]+)` › (.+?)\s*$/.exec(named) ?? []
      expect(title, named).not.to.equal('')
      const text = readFileSync(join(import.meta.dirname, file), 'utf8')
      const isNamed = [`'${title}'`, `\`${title}`, `"${title}"`].some((quoted) => text.includes(quoted))
      expect(isNamed, `${file} has no test ${title}`).to.equal(true)
    })
  }

  it('has a row for each part of the profile', () => {
    expect(ROWS.length).to.be.greaterThan(30)
    for (const heading of ['§5.3.2', '§5.3.4', '§5.4', 'RFC 8725', 'RFC 9700', 'Open']) {
      expect(PAGE).to.match(new RegExp(`^## .*${heading.replaceAll('.', '\\.')}`, 'm'))
    }
  })
})
