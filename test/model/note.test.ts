import { expect } from 'chai'
import fc from 'fast-check'
import { NOTE_CHARACTERS, readNote, writeNote } from '../../src/model/note.ts'

describe('Exchange-Note', () => {
  it('reads what it writes, in any script', () => {
    expect(writeNote('Lý do')).to.equal('%"L%c3%bd do"')
    expect(readNote('%"L%c3%bd do"')).to.equal('Lý do')
    const shown = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
      .filter(
        (text) => /^[\p{L}\p{N}\p{P}\p{S} ]+$/u.test(text) && text.trim() !== '' && !text.includes('\u200f'),
      )
    fc.assert(
      fc.property(shown, (text) => {
        const field = writeNote(text)
        expect(field).to.match(/^[\x20-\x7e]+$/)
        expect(readNote(field)).to.equal(text.normalize('NFC').trim())
      }),
    )
  })

  it('takes an ordinary string of ASCII too', () => {
    expect(readNote('"he said \\"why\\" and C:\\\\"')).to.equal('he said "why" and C:\\')
  })

  it('counts characters, not bytes', () => {
    const longest = 'ữ'.repeat(NOTE_CHARACTERS)
    expect(readNote(writeNote(longest))).to.equal(longest)
    expect(readNote(writeNote(`${longest}ữ`))).to.equal(undefined)
  })

  it('is refused where it is not well formed, empty, or cannot be shown to people as it is', () => {
    const refused = [
      'Ly do',
      '"Lý do"',
      '%"L%C3%bd"',
      '%"L%c3"',
      '%"100%"',
      '""',
      '%"  "',
      '"a" , "b"',
      '"a"x',
    ]
    for (const field of refused) expect(readNote(field), field).to.equal(undefined)
    for (const unshown of ['a\u0000b', 'a\r\nb', 'a\u202eb', 'a\u2066b', 'a\ud800b'])
      expect(readNote(writeNote(unshown)), JSON.stringify(unshown)).to.satisfy(
        (note: string | undefined) => note === undefined || note === 'a\ufffdb',
      )
  })
})
