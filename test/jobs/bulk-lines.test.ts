import { expect } from 'chai'
import fc from 'fast-check'
import { type BulkFormat, type Row, readRows, splitCsv } from '../../src/jobs/bulk-lines.ts'

/** Cuts bytes at these places, in any order, some maybe twice or past the end. */
async function* cut(bytes: Buffer, places: readonly number[]) {
  let from = 0
  for (const to of [...places, bytes.length].toSorted((a, b) => a - b)) {
    if (to > bytes.length) continue
    // As the store gives them: a piece is nobody else's memory.
    yield Buffer.from(bytes.subarray(from, to))
    from = to
  }
}

async function read(format: BulkFormat, file: Buffer | string, places: readonly number[] = []) {
  const rows: Row[] = []
  for await (const some of readRows(format, cut(Buffer.from(file), places))) rows.push(...some)
  return rows
}

const LONG = 'x'.repeat(70_000)
const NDJSON_LINES = [
  Buffer.from('{"fullName":"Nguyễn Thị Ánh","personalId":"099188010001"}'),
  Buffer.from('{"a":1}\r'),
  Buffer.from('  {"a":2}'),
  Buffer.from(''),
  Buffer.from('   '),
  Buffer.from('[1]'),
  Buffer.from('{"a":'),
  Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
  Buffer.from(`{"a":"${LONG}"}`),
  Buffer.from('null'),
]
const CSV_LINES = [
  Buffer.from('099188010001;"Nguyễn ""Ánh""";1988-01-01'),
  Buffer.from('099188010002;"một tên'),
  Buffer.from('trên hai dòng";1988\r'),
  Buffer.from(';;'),
  Buffer.from('a;b;c;d'),
  Buffer.from([0x61, 0xff, 0x3b, 0x3b]),
  Buffer.from(`${LONG};b;c`),
  Buffer.from(''),
]

const fileOf = (lines: readonly Buffer[]) =>
  fc
    .tuple(fc.array(fc.constantFrom(...lines), { maxLength: 12 }), fc.boolean())
    .map(([chosen, isEnded]) =>
      Buffer.concat(
        chosen.flatMap((line, place) =>
          isEnded || place < chosen.length - 1 ? [line, Buffer.from('\n')] : [line],
        ),
      ),
    )
const places = fc.array(fc.nat({ max: 220_000 }), { maxLength: 8 })

describe('the records of a file', () => {
  for (const [format, lines, head] of [
    ['ndjson', NDJSON_LINES, ''],
    ['csv', CSV_LINES, '\ufeffpersonalId;fullName;birthDate\r\n'],
  ] as const) {
    it(`are the same however the ${format} file is cut`, async () => {
      const cuts = fc.oneof(places, fc.constant(undefined))
      await fc.assert(
        fc.asyncProperty(fileOf(lines), cuts, async (body, at) => {
          const file = Buffer.concat([Buffer.from(head), body])
          // Undefined: every so many bytes, as from a network.
          const everywhere = Array.from({ length: file.length / 997 }, (_, place) => place * 997)
          expect(await read(format, file, at ?? everywhere)).to.deep.equal(await read(format, file))
        }),
        { numRuns: 60 },
      )
    })
  }

  it('are one for each line of NDJSON that is not blank; what is no object, no UTF-8 or too long is none', async () => {
    const file = Buffer.concat(NDJSON_LINES.flatMap((line) => [line, Buffer.from('\n')]))
    expect(await read('ndjson', file)).to.deep.equal([
      { fullName: 'Nguyễn Thị Ánh', personalId: '099188010001' },
      { a: 1 },
      { a: 2 },
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ])
  })

  it('are as long as 65,536 bytes at most, counted as bytes and not as characters', async () => {
    const lineOf = (letters: number) => `{"a":"${'ễ'.repeat(letters)}"}`
    const most = Math.floor((65_536 - lineOf(0).length) / 3)
    expect(await read('ndjson', `${lineOf(most)}\n`)).to.deep.equal([{ a: 'ễ'.repeat(most) }])
    expect(await read('ndjson', `${lineOf(most + 1)}\n`)).to.deep.equal([undefined])
    const plain = (length: number) => `{"a":"${'x'.repeat(length - lineOf(0).length)}"}`
    const longest = { a: JSON.parse(plain(65_536)).a }
    // Wherever it is cut, after a blank line, and beside a line that is no UTF-8.
    for (const [file, at, others] of [
      [`${plain(65_536)}\n`, [65_536], []],
      [`\n${plain(65_536)}\n`, [65_537], []],
      [Buffer.concat([Buffer.from(`${plain(65_536)}\n`), Buffer.from([0xff])]), [], [undefined]],
    ] as const) {
      expect(await read('ndjson', file, at)).to.deep.equal([longest, ...others])
    }
    const broken = Buffer.concat([Buffer.from(`\n${plain(65_537)}\n{"a":1}\n`), Buffer.from([0xff, 0x0a])])
    expect(await read('ndjson', broken)).to.deep.equal([undefined, { a: 1 }, undefined])
  })

  it('begin behind a byte order mark, which stands at the head of a file alone', async () => {
    expect(await read('ndjson', '\ufeff{"a":1}\n\ufeff{"a":2}\n{"a":3}')).to.deep.equal([
      { a: 1 },
      undefined,
      { a: 3 },
    ])
    expect(await read('csv', '\ufeffid;name\n\ufeff1;An')).to.deep.equal([{ id: '\ufeff1', name: 'An' }])
  })

  it('are objects: no number, word or truth', async () => {
    expect(await read('ndjson', '5\n"x"\ntrue\n{}')).to.deep.equal([undefined, undefined, undefined, {}])
  })

  it('go on after a line that never seemed to end, whose bytes nobody keeps', async () => {
    const after = '\n{"a":1}\n'
    const piece = Buffer.alloc(60_000, 0x78)
    async function* endless() {
      // A quarter of a gigabyte: put together time and again it would never end.
      for (let turn = 0; turn < 4000; turn += 1) yield piece
      yield Buffer.from(after)
    }
    const rows: Row[] = []
    for await (const some of readRows('ndjson', endless())) rows.push(...some)
    expect(rows).to.deep.equal([undefined, { a: 1 }])
    expect(await read('ndjson', 'x'.repeat(200_000), [65_000, 131_000])).to.deep.equal([undefined])
  })

  it('of CSV are read by the first line, with quotes, whichever separator it has', async () => {
    for (const separator of [',', ';', '\t']) {
      const file = [['id', 'name'], ['1', '"An ""Bình"""'], ['2', `"một${separator}hai\nba"`], ['3']]
      expect(await read('csv', file.map((cells) => cells.join(separator)).join('\r\n'))).to.deep.equal([
        { id: '1', name: 'An "Bình"' },
        { id: '2', name: `một${separator}hai\nba` },
        { id: '3', name: '' },
      ])
    }
    expect(splitCsv('a,"b', ',')).to.equal(undefined)
    expect(splitCsv(',"a",bc', ',')).to.deep.equal(['', 'a', 'bc'])
    expect(splitCsv('a,b,"c"', ',')).to.deep.equal(['a', 'b', 'c'])
  })

  it('of CSV keep the blank lines of a quoted cell, wherever the file is cut', async () => {
    const head = Buffer.concat([Buffer.from('id;name\n'), Buffer.from([0xff]), Buffer.from('\n1;"một\n\n')])
    const file = Buffer.concat([head, Buffer.from('hai"\n')])
    expect(await read('csv', file, [head.length])).to.deep.equal([undefined, { id: '1', name: 'một\n\nhai' }])
  })
})
