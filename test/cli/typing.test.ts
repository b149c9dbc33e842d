import { expect } from 'chai'
import { buildBody, fillPath } from '../../src/cli/body.ts'
import { CliFault } from '../../src/cli/fault.ts'
import { parseInstant } from '../../src/cli/instant.ts'
import { nearest } from '../../src/cli/suggest.ts'
import { formatInstant, formatTable } from '../../src/cli/table.ts'

const noFile = async (): Promise<string> => {
  throw new Error('no file is read here')
}

function faultOf(act: () => unknown): CliFault {
  try {
    act()
  } catch (thrown) {
    if (thrown instanceof CliFault) return thrown
    throw thrown
  }
  throw new Error('nothing was thrown')
}

describe('a body typed as words', () => {
  it('makes members of words, and JSON where := says so', async () => {
    const words = [
      'fullName=Nguyễn Văn A=B',
      'count:=3',
      'list:=["a",1]',
      'address.province=79',
      'address.line=x',
    ]
    expect(await buildBody(words, noFile)).to.deep.equal({
      fullName: 'Nguyễn Văn A=B',
      count: 3,
      list: ['a', 1],
      address: { province: '79', line: 'x' },
    })
    expect(await buildBody([], noFile)).to.equal(undefined)
    expect(await buildBody(['empty='], noFile)).to.deep.equal({ empty: '' })
  })

  it('takes a whole document from a file or stdin, and lays words over it', async () => {
    const read = async (file: string) => (file === '-' ? '{"a":1,"b":2}' : '[1]')
    expect(await buildBody(['@-'], read)).to.deep.equal({ a: 1, b: 2 })
    expect(await buildBody(['@list.json'], read)).to.deep.equal([1])
    expect(await buildBody(['@-', 'b=3'], read)).to.deep.equal({ a: 1, b: '3' })
  })

  it('refuses what it does not understand, and repeats no value', async () => {
    const cases = [
      ['099090000017'],
      ['=099090000017'],
      ['a:={099090000017'],
      ['a=099090000017', 'a=2'],
      ['a=1', 'a.b=099090000017'],
      ['a..b=099090000017'],
      ['__proto__.a=099090000017'],
      ['a.__proto__=099090000017'],
      ['@one', '@two'],
      ['@one', 'a=099090000017'],
    ]
    for (const words of cases) {
      const thrown = await buildBody(words, async () => '[099]').catch((error: unknown) => error)
      expect(thrown, words.join(' ')).to.be.instanceOf(CliFault).and.include({ exit: 2 })
      if (words[0] !== '099090000017') expect(JSON.stringify(thrown)).not.to.include('099090000017')
    }
    expect({}).not.to.have.property('a')
  })

  it('moves what a path template names out of the body', () => {
    const filled = fillPath('/thua-dat/{id}/{part}', { id: 'a/b', part: 2, rest: true })
    expect(filled).to.deep.equal({ path: '/thua-dat/a%2Fb/2', body: { rest: true } })
    expect(fillPath('/x/{id}', { id: '1' })).to.deep.equal({ path: '/x/1', body: undefined })
    expect(fillPath('/x', { id: '1' })).to.deep.equal({ path: '/x', body: { id: '1' } })
    expect(faultOf(() => fillPath('/x/{id}', {}))).to.include({ exit: 2 })
  })
})

describe('a time as people type it', () => {
  const now = Date.parse('2026-11-22T03:00:00Z')
  const iso = (text: string, edge: 'start' | 'end' = 'start') => parseInstant(text, now, edge).toISOString()

  it('means a day in Vietnam, an instant, or a while ago', () => {
    expect(iso('2026-11-22')).to.equal('2026-11-21T17:00:00.000Z')
    expect(iso('2026-11-22', 'end')).to.equal('2026-11-22T17:00:00.000Z')
    expect(iso('2024-02-29', 'end')).to.equal('2024-02-29T17:00:00.000Z')
    expect(iso('2026-11-22T08:00:00+07:00', 'end')).to.equal('2026-11-22T01:00:00.000Z')
    expect(iso('2026-11-22T08:00Z')).to.equal('2026-11-22T08:00:00.000Z')
    expect(iso('30m')).to.equal('2026-11-22T02:30:00.000Z')
    expect(iso('24h', 'end')).to.equal('2026-11-21T03:00:00.000Z')
    expect(iso('7d')).to.equal('2026-11-15T03:00:00.000Z')
  })

  it('is refused where it is none', () => {
    for (const text of [
      '2026-02-29',
      '2026-13-01',
      '2026-11-22T08:00:00',
      '22/11/2026',
      '-1d',
      '',
      '2026-11-22T25:00Z',
    ]) {
      expect(
        faultOf(() => parseInstant(text, now, 'start')),
        text,
      ).to.include({ exit: 2 })
    }
  })
})

describe('what is printed for people', () => {
  it('aligns columns by letters as they are seen', () => {
    const decomposed = 'Hoà'.normalize('NFD')
    expect(
      formatTable(
        ['Tên', 'Số'],
        [
          [decomposed, '1'],
          ['Nguyễn', ''],
        ],
      ),
    ).to.deep.equal(['Tên     Số', `${decomposed}     1`, 'Nguyễn'])
  })

  it('shows times in Vietnam’s time', () => {
    expect(formatInstant(Date.parse('2026-11-21T17:00:00Z'))).to.equal('2026-11-22 00:00:00')
  })

  it('finds the nearest word, and none where none is near', () => {
    const known = ['verifyCitizen', 'lookUpCitizen']
    expect(nearest('verifyCitzen', known)).to.equal('verifyCitizen')
    expect(nearest('LOOKUPCITIZEN', known)).to.equal('lookUpCitizen')
    expect(nearest('ab', ['ba'])).to.equal('ba')
    expect(nearest('delete', known)).to.equal(undefined)
  })
})
