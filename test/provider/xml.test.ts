import { expect } from 'chai'
import { readXml, writeXml } from '../../src/provider/xml.ts'
import { XmlRefusal } from '../../src/provider/xml-bounds.ts'

const read = (text: string | Buffer, charset?: string) => readXml(Buffer.from(text), charset)

function refusalOf(text: string | Buffer, charset?: string): string {
  try {
    read(text, charset)
    return 'taken'
  } catch (thrown) {
    if (!(thrown instanceof XmlRefusal)) throw thrown
    return thrown.message
  }
}

const LAUGHS = `<!DOCTYPE a [<!ENTITY l0 "ha">${Array.from({ length: 9 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join('')}]><a>&l9;</a>`

/** What hostile or broken providers send, and why none of it is taken. */
const REFUSED: readonly (readonly [attack: string, text: string | Buffer, why: string])[] = [
  [
    'an external entity',
    '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    'a document type',
  ],
  ['a parameter entity', '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1/">%p;]><a/>', 'a document type'],
  ['an external DTD', '<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd"><a/>', 'a document type'],
  ['a billion laughs', LAUGHS, 'a document type'],
  ['an inner entity without use', '<!DOCTYPE a [<!ENTITY x "y">]><a/>', 'a document type'],
  ['a document type in small letters', '<!doctype a><a/>', 'a document type'],
  ['an entity nobody declared', '<a>&x;</a>', 'an entity'],
  ['an entity of HTML', '<a>&nbsp;</a>', 'an entity'],
  ['an entity in an attribute', '<a b="&x;"/>', 'an entity'],
  ['an ampersand by itself', '<a>a & b</a>', 'an entity'],
  ['a style sheet', '<?xml-stylesheet href="http://127.0.0.1/"?><a/>', 'another version than XML 1.0'],
  ['a processing instruction inside', '<a><?php echo 1 ?></a>', 'a processing instruction'],
  ['XML 1.1', '<?xml version="1.1"?><a/>', 'another version than XML 1.0'],
  ['a depth bomb', '<a>'.repeat(65) + '</a>'.repeat(65), 'too many levels'],
  ['a hundred thousand levels', '<a>'.repeat(100_000), 'too many levels'],
  ['too many elements', `<a>${'<b/>'.repeat(20_001)}</a>`, 'too many elements'],
  [
    'too many attributes',
    `<a ${Array.from({ length: 65 }, (_, i) => `b${i}="1"`).join(' ')}/>`,
    'too many attributes',
  ],
  ['tags that do not end', '<a '.repeat(50_000), 'a tag does not end'],
  ['a comment that does not end', `<a>${'<!--'.repeat(50_000)}`, 'it is cut off'],
  ['CDATA that does not end', `<a>${'<![CDATA['.repeat(50_000)}`, 'it is cut off'],
  ['CDATA outside the root', '<![CDATA[x]]><a/>', 'it is not well-formed'],
  ['two roots', '<a/><b/>', 'it is not well-formed'],
  ['text behind the root', '<a/>x', 'it is not well-formed'],
  ['elements that cross', '<a><b></a></b>', 'it is not well-formed'],
  ['no element at all', '', 'it is not well-formed'],
  ['an attribute twice', '<a b="1" b="2"/>', 'it is not well-formed'],
  [
    'an attribute twice by two prefixes',
    '<a xmlns:p="u" xmlns:q="u" p:b="1" q:b="2"/>',
    'an attribute twice',
  ],
  ['a prefix nobody declared', '<p:a/>', 'it is not well-formed'],
  ['the prefix xml for something else', '<a xmlns:xml="u"/>', 'a namespace that may not be declared'],
  ['the prefix xmlns declared', '<a xmlns:xmlns="u"/>', 'a namespace that may not be declared'],
  ['a control character', '<a>\u0001</a>', 'a character that XML does not have'],
  ['a control character by number', '<a>&#1;</a>', 'a reference to no character'],
  ['a NUL by number', '<a>&#x0;</a>', 'a reference to no character'],
  ['half a character by number', '<a>&#xD800;</a>', 'a reference to no character'],
  ['a number beyond all characters', '<a>&#99999999999;</a>', 'a reference to no character'],
  [
    'bytes that are not UTF-8',
    Buffer.from([0x3c, 0x61, 0x3e, 0xc3, 0x28, 0x3c, 0x2f, 0x61, 0x3e]),
    'bytes that are not of its charset',
  ],
  [
    'an overlong encoding',
    Buffer.from([0x3c, 0x61, 0x3e, 0xc0, 0xbc, 0x3c, 0x2f, 0x61, 0x3e]),
    'bytes that are not of its charset',
  ],
  ['UTF-7', '<?xml version="1.0" encoding="UTF-7"?><a/>', 'a charset that is not taken'],
  [
    'the name of a member of every object',
    '<?xml version="1.0" encoding="constructor"?><a/>',
    'a charset that is not taken',
  ],
]

describe('XML of a provider', () => {
  for (const [attack, text, why] of REFUSED) {
    it(`is refused: ${attack}`, () => {
      expect(refusalOf(text)).to.equal(why)
    })
  }

  it('is refused where header and document name two charsets', () => {
    expect(refusalOf('<?xml version="1.0" encoding="UTF-8"?><a/>', 'windows-1258')).to.equal(
      'two charsets at once',
    )
  })

  it('is read without its comments, with CDATA as text, by namespace and not by prefix', () => {
    const { uri, local, text, children, attributes } = read(
      '<?xml version="1.0" encoding="utf-8"?><p:a xmlns:p="u" p:x="1" y="&lt;2"><!-- <z> -->a<![CDATA[<&b]]>c<q:b xmlns:q="u"/></p:a>\n',
    )
    expect({ uri, local, text }).to.deep.equal({ uri: 'u', local: 'a', text: 'a<&bc' })
    expect(children.map((child) => [child.uri, child.local])).to.deep.equal([['u', 'b']])
    expect(attributes).to.deep.equal([
      { uri: 'u', local: 'x', value: '1' },
      { uri: '', local: 'y', value: '<2' },
    ])
  })

  it('takes names that are members of every object as names', () => {
    const { local, attributes } = read('<__proto__ constructor="1"/>')
    expect([local, attributes[0]?.local]).to.deep.equal(['__proto__', 'constructor'])
  })

  it('may come in UTF-16 and in windows-1258, whose marks are put together', () => {
    const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('<a>Đỗ</a>', 'utf16le')])
    expect(readXml(utf16, 'utf-16').text).to.equal('Đỗ')
    // 0xea 0xf2 in windows-1258: ê and the hook above.
    const old = Buffer.concat([Buffer.from('<a>Hi'), Buffer.from([0xea, 0xd2]), Buffer.from('n</a>')])
    expect(readXml(old, 'windows-1258').text).to.equal('Hiển')
  })

  it('is bounded by its limits and not by its size: four megabytes of text are read', () => {
    const text = 'Đ'.repeat(2_000_000)
    expect(read(`<a>${text}</a>`).text).to.equal(text)
  })

  it('comes back as it was written, attributes too', () => {
    const value = '<&>"\' \t\r\n]]>'
    const { text, attributes } = read(writeXml({ name: 'a', attributes: { b: value }, content: value }))
    expect([text, attributes[0]?.value]).to.deep.equal([value, value])
  })
})
