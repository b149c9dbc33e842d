import { expect } from 'chai'
import fc from 'fast-check'
import { escapeHtml, html } from '../../src/http/console/html.ts'
import { ownPath } from '../../src/http/console/request.ts'

const unquote = (text: string) =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')

describe("the console's HTML", () => {
  it('lets no value end its text or its attribute, and keeps every value', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const { text } = html`<p title="${value}">${value}</p>`
        const [, attribute = '', content = ''] = /^<p title="([^"<>]*)">([^<>"]*)<\/p>$/s.exec(text) ?? []
        expect(unquote(attribute)).to.equal(value)
        expect(unquote(content)).to.equal(value)
      }),
    )
  })

  it('leaves out what is absent, joins lists, and escapes once', () => {
    const inner = html`<b>${'&'}</b>`
    expect(html`<p>${undefined}${false}${null}${[inner, 'a<', 0]}</p>`.text).to.equal(
      '<p><b>&amp;</b>a&lt;0</p>',
    )
    expect(escapeHtml('<script>')).to.equal('&lt;script&gt;')
  })

  it('leads back into the console and nowhere else', () => {
    expect(ownPath('/console/search?since=2026-11-01')).to.equal('/console/search?since=2026-11-01')
    for (const other of [
      'https://evil.example',
      '//evil.example',
      '/console@evil.example',
      '/consoles',
      '/console/\\evil',
      null,
      '',
    ]) {
      expect(ownPath(other)).to.equal('/console')
    }
  })
})
