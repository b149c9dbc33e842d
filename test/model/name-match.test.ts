import { expect } from 'chai'
import fc from 'fast-check'
import {
  compareBirthDates,
  compareNames,
  foldName,
  isNameMatch,
  NAME_RUNGS,
} from '../../src/model/name-match.ts'

/** Rungs that real spellings of one name land on, and those of different names. */
const PAIRS: readonly (readonly [left: string, right: string, rung: string])[] = [
  ['Nguyễn Văn An', 'NGUYỄN VĂN AN', 'exact'],
  ['Nguyễn', 'Nguyễn'.normalize('NFD'), 'exact'],
  ['Nguyễn  Văn\u00a0An ', 'Nguyễn Văn An', 'exact'],
  ['Hoà', 'Hòa', 'tone'],
  ['Thuý', 'Thúy', 'tone'],
  ['Quý', 'Qúy', 'tone'],
  ['Ðặng Thị Huế', 'Đặng Thị Huế', 'tone'],
  ['K’Brơi', "K'Brơi", 'tone'],
  ['Lê\u200b Văn Ỷ', 'Lê Văn Ỷ', 'tone'],
  ['Dang Thi Hue', 'Đặng Thị Huế', 'folded'],
  ['Nguyễn Văn Hoa', 'Nguyễn Văn Hòa', 'folded'],
  ['ĐƯỜNG', 'duong', 'folded'],
  ['Đỗ Vy', 'Đỗ Vì', 'order'],
  ['Lý', 'Lí', 'order'],
  ['An Nguyễn Văn', 'Nguyễn Văn An', 'order'],
  ['N. V. An', 'Nguyễn Văn An', 'order'],
  ['Y Thăng Niê Kđăm', 'Y Thăng Niê', 'different'],
  ['Nguyễn Văn An', 'Nguyễn Văn Ân Bình', 'different'],
  ['N V A', 'Nguyễn Văn An', 'different'],
  ["H'Hen", "H'Bia", 'different'],
]

const WORDS = ['Nguyễn', 'Đặng', 'Thị', 'Hoà', 'Thuý', 'Ỷ', 'Quý', "K'Brơi", 'Kđăm', 'Lý', 'Ước', 'Mỹ']
const name = fc
  .array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 6 })
  .map((words) => words.join(' '))
const anyText = fc.string({ unit: 'grapheme', maxLength: 40 })

function rankOf(left: string, right: string): number {
  return NAME_RUNGS.indexOf(compareNames(left, right))
}

describe('name-match', () => {
  for (const [left, right, rung] of PAIRS) {
    it(`finds ${JSON.stringify(left)} and ${JSON.stringify(right)} ${rung}`, () => {
      expect(compareNames(left, right)).to.equal(rung)
      expect(compareNames(right, left)).to.equal(rung)
    })
  }

  it('counts only exact and tone as a match', () => {
    expect(NAME_RUNGS.filter(isNameMatch)).to.deep.equal(['exact', 'tone'])
  })

  it('matches a blank name with nothing', () => {
    for (const blank of ['', '   ', "'", '-', '\u200b', '\u0300']) {
      expect(compareNames(blank, blank), JSON.stringify(blank)).to.equal('different')
      expect(compareNames(blank, 'Nguyễn Văn An')).to.equal('different')
    }
  })

  it('is symmetric whatever the texts', () => {
    fc.assert(
      fc.property(anyText, anyText, (left, right) => compareNames(left, right) === compareNames(right, left)),
    )
  })

  it('is exact under composition, case and spacing', () => {
    const spacing = fc.constantFrom(' ', '  ', '\u00a0', '\t')
    const form = fc.constantFrom('NFC', 'NFD')
    fc.assert(
      fc.property(name, spacing, form, fc.boolean(), (spelled, space, normal, upper) => {
        const other = ` ${spelled.replaceAll(' ', space)} `.normalize(normal)
        expect(compareNames(spelled, upper ? other.toUpperCase() : other)).to.equal('exact')
      }),
    )
  })

  it('never falls below folded when marks are lost', () => {
    fc.assert(
      fc.property(name, (spelled) => {
        expect(rankOf(spelled, foldName(spelled))).to.be.at.most(NAME_RUNGS.indexOf('folded'))
      }),
    )
  })

  it('never falls below order when words change places', () => {
    const shuffled = fc
      .array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 6 })
      .chain((words) => fc.tuple(fc.constant(words), fc.shuffledSubarray(words, { minLength: words.length })))
    fc.assert(
      fc.property(shuffled, ([words, other]) => {
        expect(rankOf(words.join(' '), other.join(' '))).to.be.at.most(NAME_RUNGS.indexOf('order'))
      }),
    )
  })

  it('never matches names whose folded forms differ', () => {
    fc.assert(
      fc.property(anyText, anyText, (left, right) => {
        fc.pre(foldName(left) !== foldName(right))
        expect(isNameMatch(compareNames(left, right))).to.equal(false)
      }),
    )
  })

  it('folds đ and every mark away', () => {
    expect(foldName('Đường  Ỷ-Lan K’Brơi')).to.equal('duong y lan kbroi')
  })
})

describe('birth dates', () => {
  const cases: readonly (readonly [claimed: string, held: string, rung: string])[] = [
    ['1988-01-21', '1988-01-21', 'exact'],
    ['1988', '1988', 'exact'],
    ['1988', '1988-01-21', 'year'],
    ['1988-01-21', '1988', 'year'],
    ['1988-01-21', '1988-01-22', 'different'],
    ['1989', '1988-01-21', 'different'],
    ['1989-01-21', '1988', 'different'],
  ]
  for (const [claimed, held, rung] of cases) {
    it(`finds ${claimed} and ${held} ${rung}`, () => {
      expect(compareBirthDates(claimed, held)).to.equal(rung)
    })
  }
})
