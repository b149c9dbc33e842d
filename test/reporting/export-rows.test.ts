import { expect } from 'chai'
import fc from 'fast-check'
import { csvLine, sheetRow } from '../../src/reporting/export-rows.ts'

describe('rows of an export', () => {
  for (const text of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '＝1', '＋1', '－1', '＠x']) {
    it(`is no formula to a spreadsheet: ${JSON.stringify(text)}`, () => {
      expect(csvLine([text])).to.match(/^"?'/)
      expect(sheetRow([text])).to.include(">'")
    })
  }

  it('keeps numbers as numbers and absent values empty', () => {
    expect(csvLine([-1, undefined, 'a'])).to.equal('-1,,a\r\n')
    expect(sheetRow([-1, undefined])).to.equal('<row><c><v>-1</v></c><c/></row>')
  })

  /** RFC 4180 §2. */
  function readLine(line: string): string[] {
    const cells: string[] = []
    let [cell, isQuoted] = ['', false]
    for (let at = 0; at < line.length; at += 1) {
      const character = line[at]
      if (character === '"' && isQuoted && line[at + 1] === '"') {
        cell += '"'
        at += 1
      } else if (character === '"') isQuoted = !isQuoted
      else if (isQuoted || (character !== ',' && character !== '\r')) cell += character
      else {
        cells.push(cell)
        cell = ''
        if (character === '\r') return cells
      }
    }
    throw new Error('the line does not end')
  }

  it('quotes so that a reader of RFC 4180 gets the same cells back, but for the apostrophe', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1 }), (cells) => {
        const expected = cells.map((cell) => (/^[=+\-@\t\r\n＝＋－＠]/.test(cell) ? `'${cell}` : cell))
        expect(readLine(csvLine(cells))).to.deep.equal(expected)
      }),
    )
  })

  it('writes a sheet that holds no character XML forbids', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const row = sheetRow([text])
        expect(row).not.to.match(/<(?!\/?(?:row|c|v|is|t)\b)/)
        // XML 1.0 §2.2
        const forbidden = [...row].filter((character) => {
          const code = character.codePointAt(0) ?? 0
          const isControl = code < 0x20 && !'\t\n\r'.includes(character)
          return isControl || (code >= 0xd800 && code <= 0xdfff) || code === 0xfffe || code === 0xffff
        })
        expect(forbidden).to.deep.equal([])
      }),
    )
  })
})
