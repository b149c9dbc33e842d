import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'

const SRC = join(import.meta.dirname, '../../src')
/** A named number in TypeScript, or the first argument of a lock function in SQL. */
const CLAIM = /_LOCK = (\d+)|pg_(?:try_)?advisory(?:_xact)?_lock(?:_shared)?\((\d+)/g

describe('advisory locks', () => {
  it('differ in their numbers, so that nobody waits for somebody who does something else', () => {
    const claims = globSync('**/*.{ts,sql}', { cwd: SRC }).flatMap((path) =>
      [...readFileSync(join(SRC, path), 'utf8').matchAll(CLAIM)].map(([, named, inline]) => {
        return { path, number: Number(named ?? inline) }
      }),
    )
    const numbers = claims.map(({ number }) => number)
    expect(numbers).to.include.members([7414, 7415, 7416, 7417, 7418])
    expect(new Set(numbers).size, JSON.stringify(claims)).to.equal(numbers.length)
  })
})
