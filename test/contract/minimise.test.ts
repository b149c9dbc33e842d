import { expect } from 'chai'
import fc from 'fast-check'
import { compileProjection, parsePointer, pointerTo, readPointer } from '../../src/contract/minimise.ts'

/** Names that collide often, and those that JavaScript gives a meaning. */
const name = fc.constantFrom('a', 'b', 'c', 'd/e', 'f~g', '', '0', '__proto__', 'constructor', 'toString')

const { value: json } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    fc.constantFrom<unknown>(null, true, 0, 1.5, 'text'),
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .array(fc.tuple(name, tie('value')), { maxLength: 5 })
      .map((members) =>
        JSON.parse(`{${members.map(([key, item]) => `${JSON.stringify(key)}:${JSON.stringify(item)}`)}}`),
      ),
  ),
}))

const pointers = fc.array(
  fc.array(name, { minLength: 1, maxLength: 4 }).map((tokens) => tokens.reduce(pointerTo, '')),
  { maxLength: 5 },
)

/** Every path to a member in a value, arrays transparent. */
function memberPaths(value: unknown, path: string): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => memberPaths(item, path))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, item]) => {
    const below = pointerTo(path, key)
    return [below, ...memberPaths(item, below)]
  })
}

function isAllowed(path: string, agreed: readonly string[]): boolean {
  return agreed.some(
    (pointer) => path === pointer || path.startsWith(`${pointer}/`) || pointer.startsWith(`${path}/`),
  )
}

/** Each member of `part` stands in `whole` with the same value or a value it is part of. */
function isPartOf(part: unknown, whole: unknown): boolean {
  if (Array.isArray(part)) {
    if (!Array.isArray(whole)) return false
    let from = 0
    return part.every((item) => {
      while (from < whole.length && !isPartOf(item, whole[from])) from += 1
      from += 1
      return from <= whole.length
    })
  }
  if (typeof part !== 'object' || part === null) return Object.is(part, whole)
  if (typeof whole !== 'object' || whole === null || Array.isArray(whole)) return false
  return Object.entries(part).every(
    ([key, item]) => Object.hasOwn(whole, key) && isPartOf(item, (whole as Record<string, unknown>)[key]),
  )
}

describe('minimisation', () => {
  const answer = {
    parcel: { key: '99001_1_2', area: 120.5 },
    owners: [
      { name: 'A', share: 1, papers: [{ number: '1', seal: 'x' }] },
      { name: 'B', share: 2, papers: [] },
    ],
    note: null,
  }

  it('keeps the named members and passes through arrays', () => {
    expect(compileProjection(['/parcel/key', '/owners/name', '/owners/papers/number'])(answer)).to.deep.equal(
      {
        parcel: { key: '99001_1_2' },
        owners: [
          { name: 'A', papers: [{ number: '1' }] },
          { name: 'B', papers: [] },
        ],
      },
    )
  })

  it('keeps all below a named member, also when a deeper one is named before or after', () => {
    for (const fields of [
      ['/parcel', '/parcel/key'],
      ['/parcel/key', '/parcel'],
    ]) {
      expect(compileProjection(fields)(answer)).to.deep.equal({ parcel: answer.parcel })
    }
  })

  it('keeps everything under the empty pointer and nothing under none', () => {
    expect(compileProjection(['/note', ''])(answer)).to.equal(answer)
    expect(compileProjection([])(answer)).to.deep.equal({})
  })

  it('leaves out a value that is not an object where a pointer goes deeper', () => {
    const project = compileProjection(['/a/b'])
    expect(project({ a: 'secret' })).to.deep.equal({})
    expect(project({ a: null })).to.deep.equal({})
    expect(project({ a: ['secret', { b: 1, c: 2 }] })).to.deep.equal({ a: [{ b: 1 }] })
    expect(project('secret')).to.equal(undefined)
  })

  it('never takes a member from a prototype and never sets one', () => {
    const hostile = JSON.parse('{"__proto__":{"admin":true},"a":{"__proto__":1,"b":2}}')
    const result = compileProjection(['/__proto__', '/toString', '/constructor', '/a/b'])(hostile)
    expect(result).to.deep.equal({ a: { b: 2 } })
    expect(Object.getPrototypeOf(result)).to.equal(Object.prototype)
    expect(Object.keys(result as object)).to.deep.equal(['a'])
  })

  it('lets no member outside the pointers survive', () => {
    fc.assert(
      fc.property(json, pointers, (value, agreed) => {
        for (const path of memberPaths(compileProjection(agreed)(value), '')) {
          expect(isAllowed(path, agreed), path).to.equal(true)
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('keeps every member the pointers name', () => {
    fc.assert(
      fc.property(json, pointers, (value, agreed) => {
        const kept = new Set(memberPaths(compileProjection(agreed)(value), ''))
        for (const path of memberPaths(value, '')) {
          const named = agreed.some((pointer) => path === pointer || path.startsWith(`${pointer}/`))
          if (named && !path.includes('__proto__')) expect(kept.has(path), path).to.equal(true)
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('gives a part of the value and leaves the value unchanged', () => {
    fc.assert(
      fc.property(json, pointers, (value, agreed) => {
        const before = JSON.stringify(value)
        const result = compileProjection(agreed)(value)
        if (result !== undefined) expect(isPartOf(result, value)).to.equal(true)
        expect(JSON.stringify(value)).to.equal(before)
      }),
      { numRuns: 1000 },
    )
  })

  it('is idempotent', () => {
    fc.assert(
      fc.property(json, pointers, (value, agreed) => {
        const project = compileProjection(agreed)
        const once = project(value)
        expect(project(once)).to.deep.equal(once)
      }),
      { numRuns: 1000 },
    )
  })

  it('refuses what is not a JSON Pointer', () => {
    for (const text of ['a', 'a/b', '#/a', '/a~2', '/~']) {
      expect(() => compileProjection([text]), text).to.throw(SyntaxError)
    }
  })
})

describe('JSON Pointer (RFC 6901)', () => {
  const document = { foo: ['bar', 'baz'], '': 0, 'a/b': 1, 'c%d': 2, 'm~n': 8, '~1': 9 }

  it('reads the examples of §5', () => {
    expect(readPointer(document, '')).to.equal(document)
    expect(readPointer(document, '/foo/0')).to.equal('bar')
    expect(readPointer(document, '/')).to.equal(0)
    expect(readPointer(document, '/a~1b')).to.equal(1)
    expect(readPointer(document, '/c%d')).to.equal(2)
    expect(readPointer(document, '/m~0n')).to.equal(8)
    expect(readPointer(document, '/~01')).to.equal(9)
  })

  it('finds nothing where there is nothing, and nothing inherited', () => {
    for (const pointer of [
      '/foo/2',
      '/foo/01',
      '/foo/-',
      '/foo/length',
      '/none/deeper',
      '/toString',
      '/foo/0/length',
    ]) {
      expect(readPointer(document, pointer), pointer).to.equal(undefined)
    }
  })

  it('escapes what it unescapes', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (tokens) => {
        expect(parsePointer(tokens.reduce(pointerTo, ''))).to.deep.equal(tokens)
      }),
    )
  })
})
