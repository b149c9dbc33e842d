import { expect } from 'chai'
import fc from 'fast-check'
import { createCanceller } from '../../src/model/cancellation.ts'
import { GatewayError } from '../../src/model/errors.ts'
import type { SoapMapping, SoapNode, SoapOperation } from '../../src/model/soap.ts'
import type { ProviderCall, ProviderRequest } from '../../src/provider/call.ts'
import { withSoap } from '../../src/provider/soap.ts'
import { readXml } from '../../src/provider/xml.ts'

const NODE: SoapNode = {
  element: 't:Doc',
  children: [
    { attribute: 'mark', pointer: '/mark' },
    { element: 't:Text', pointer: '/text', empty: 'text' },
    { element: 't:Count', pointer: '/count', type: 'integer' },
    { element: 't:Amount', pointer: '/amount', type: 'number' },
    { element: 't:Yes', pointer: '/yes', type: 'boolean', codes: { true: 'Có', false: 'Không' } },
    { element: 't:Day', pointer: '/day', date: 'dd/MM/yyyy' },
    {
      element: 't:Born',
      children: [
        { element: 't:Full', pointer: '/born', date: 'ddMMyyyy' },
        { element: 't:Year', pointer: '/born', date: 'yyyy' },
      ],
    },
    { element: 't:At', pointer: '/at', type: 'timestamp' },
    { element: 't:Name', pointer: '/name', words: { first: 't:Ho', middle: 't:Dem', last: 't:Ten' } },
    { element: 't:Gone', pointer: '/gone', nil: 'null' },
    {
      element: 't:In',
      children: [{ element: 't:Deep', children: [{ element: 't:Leaf', pointer: '/in/deep/leaf' }] }],
    },
    { element: 't:Tags', children: [{ element: 't:Tag', each: '/tags' }] },
    {
      element: 't:People',
      children: [
        {
          element: 't:Person',
          each: '/people',
          collapsed: true,
          children: [
            { element: 't:Id', pointer: '/id' },
            { element: 't:Nick', pointer: '/nick', whenAbsent: 'empty' },
          ],
        },
      ],
    },
  ],
}

const OPERATION: SoapOperation = { path: '/x', action: 'urn:ask', request: NODE, response: NODE }
const MAPPING: SoapMapping = { version: '1.1', namespaces: { t: 'urn:test' }, operations: { ask: OPERATION } }

function request(body: unknown, headers: Record<string, string> = {}): ProviderRequest {
  return {
    operation: 'ask',
    method: 'POST',
    target: '/ask',
    headers: { accept: 'application/json', 'content-type': 'application/json', ...headers },
    body: Buffer.from(JSON.stringify(body)),
    idempotent: true,
    deadline: createCanceller(),
  }
}

const reply = (body: string | Buffer, status = 200, contentType = 'text/xml; charset=utf-8') => ({
  status,
  contentType,
  retryAfter: undefined,
  body: Buffer.from(body),
  attempts: 1,
})

/** A provider that sends back what it was sent. */
const echo: ProviderCall = async ({ body }) => reply(Buffer.from(body ?? ''))

const V11 = 'http://schemas.xmlsoap.org/soap/envelope/'

function envelope(inner: string, uri = V11): string {
  return `<s:Envelope xmlns:s="${uri}" xmlns:t="urn:test"><s:Body>${inner}</s:Body></s:Envelope>`
}

async function roundTrip(value: unknown, mapping = MAPPING): Promise<unknown> {
  const { body } = await withSoap(echo, mapping, { readSecret: () => '' })(request(value))
  return JSON.parse(body.toString('utf8'))
}

/** Answers with this text whatever is asked. */
async function answerTo(text: string, change: Partial<SoapOperation> = {}, status = 200, type?: string) {
  const mapping = { ...MAPPING, operations: { ask: { ...OPERATION, ...change } } }
  const call = withSoap(async () => reply(text, status, type), mapping, { readSecret: () => '' })
  const got = await call(request({}))
  return { status: got.status, json: JSON.parse(got.body.toString('utf8')) as unknown }
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    return JSON.stringify(await work)
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown
    return thrown.code
  }
}

/** Any text that XML has a way to write, with what is special in it far too often. */
const xmlText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '<',
        '>',
        '&',
        '"',
        "'",
        ']]>',
        '\r',
        '\n',
        '\t',
        ' ',
        '<!--',
        '&amp;',
        '<![CDATA[',
        '\u0085',
        '\u2028',
      ),
      fc.constantFrom('Nguyễn', 'Nguyễn'.normalize('NFD'), 'Đặng', 'Ðặng', 'Hoà', 'Hòa', "K'Brơi", '𠀀'),
      fc.string({ unit: 'grapheme' }),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''))
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what XML has no place for
  .map((text) => text.replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, ''))

const word = fc.constantFrom('Nguyễn', 'Thị'.normalize('NFD'), 'Ánh', 'Y', 'Niê', "K'Brơi", 'Ơ<&>')
const day = fc
  .date({ min: new Date('1900-01-01'), max: new Date('2099-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10))
const filled = xmlText.filter((text) => text !== '')

const documents = fc.record(
  {
    mark: filled,
    text: xmlText,
    count: fc.maxSafeInteger(),
    amount: fc
      .double({ noNaN: true, noDefaultInfinity: true })
      .map((value) => (Object.is(value, -0) ? 0 : value)),
    yes: fc.boolean(),
    day,
    born: fc.oneof(
      day,
      day.map((each) => each.slice(0, 4)),
    ),
    at: fc.constantFrom('2026-11-22T08:30:00+07:00', '2026-11-22T01:30:00.000Z'),
    name: fc.array(word, { minLength: 1, maxLength: 5 }).map((words) => words.join(' ')),
    gone: fc.oneof(fc.constant(null), filled),
    in: fc.record({ deep: fc.record({ leaf: filled }) }),
    tags: fc.array(filled, { minLength: 1, maxLength: 4 }),
    people: fc.array(fc.record({ id: filled, nick: filled }, { requiredKeys: ['id'] }), {
      minLength: 1,
      maxLength: 4,
    }),
  },
  { requiredKeys: [] },
)

describe('a mapping between JSON and SOAP', () => {
  it('gives back what it was given: JSON, XML, JSON is the same', async () => {
    await fc.assert(
      fc.asyncProperty(documents, async (value) => {
        expect(await roundTrip(value)).to.deep.equal(value)
      }),
      { numRuns: 300 },
    )
  })

  it('never says a text that XML has no way to write', async () => {
    for (const text of ['\u0000', 'a\u0008', '\ufffe', '\ud800', 'x\udc00y']) {
      expect(await codeOf(roundTrip({ text })), JSON.stringify(text)).to.equal('request_invalid')
    }
  })

  it('refuses a value that has no place in the provider’s form instead of changing it', async () => {
    for (const value of [
      { day: '1990' },
      { day: '1990-02-30x' },
      { name: 'a  b' },
      { name: ' a' },
      { mark: '' },
      { count: null },
    ]) {
      expect(await codeOf(roundTrip(value)), JSON.stringify(value)).to.equal('request_invalid')
    }
  })

  it('sends SOAP 1.1 with its action, a header with secrets, elements in their order and what the exchange knows', async () => {
    let sent: ProviderRequest | undefined
    const mapping: SoapMapping = {
      ...MAPPING,
      header: [{ element: 't:Password', secret: { environment: 'X' } }],
      operations: {
        ask: {
          ...OPERATION,
          request: {
            element: 't:Ask',
            children: [
              { element: 't:Id', exchange: 'id' },
              { element: 't:Unit', exchange: 'agency' },
              { element: 't:Officer', exchange: 'officer', whenAbsent: 'nil' },
              { element: 't:Code', value: '037' },
              { element: 't:Text', pointer: '/text' },
            ],
          },
        },
      },
    }
    const call = withSoap(
      async (asked) => {
        sent = asked
        return reply(envelope('<t:Doc/>'))
      },
      mapping,
      { readSecret: () => 'bí & mật' },
    )
    await call(request({ text: 'x' }, { 'exchange-id': 'e-1', 'exchange-consumer': 'H29/mot-cua' }))
    expect(sent?.headers).to.include({
      soapaction: '"urn:ask"',
      'content-type': 'text/xml; charset=utf-8',
      accept: 'text/xml',
    })
    expect([sent?.method, sent?.target]).to.deep.equal(['POST', '/x'])
    const [header, body] = readXml(Buffer.from(sent?.body ?? '')).children
    expect(header?.children[0]?.text).to.equal('bí & mật')
    const ask = body?.children[0]
    expect(ask?.children.map(({ local, text }) => [local, text])).to.deep.equal([
      ['Id', 'e-1'],
      ['Unit', 'H29'],
      ['Officer', ''],
      ['Code', '037'],
      ['Text', 'x'],
    ])
  })

  it('says the action in the type where it speaks SOAP 1.2', async () => {
    let type: string | undefined
    const uri = 'http://www.w3.org/2003/05/soap-envelope'
    const call = withSoap(
      async ({ headers }) => {
        type = headers['content-type']
        return reply(envelope('<t:Doc/>', uri), 200, 'application/soap+xml; charset=utf-8')
      },
      { ...MAPPING, version: '1.2' },
      { readSecret: () => '' },
    )
    await call(request({}))
    expect(type).to.equal('application/soap+xml; charset=utf-8; action="urn:ask"')
  })

  it('takes one item whose members stand in the list itself', async () => {
    const { json } = await answerTo(envelope('<t:Doc><t:People><t:Id>1</t:Id></t:People></t:Doc>'))
    expect(json).to.deep.equal({ people: [{ id: '1' }] })
  })

  it('refuses an element twice where one is meant, a text where elements are, a code and a day that are none', async () => {
    for (const inner of [
      '<t:Count>1</t:Count><t:Count>2</t:Count>',
      '<t:Count><t:x/></t:Count>',
      '<t:Yes>maybe</t:Yes>',
      '<t:Day>31/02/2026</t:Day>',
      '<t:Count>1.5</t:Count>',
      '<t:Count>9007199254740993</t:Count>',
      '<t:Amount>0x10</t:Amount>',
    ]) {
      expect(await codeOf(answerTo(envelope(`<t:Doc>${inner}</t:Doc>`))), inner).to.equal('response_invalid')
    }
  })

  it('takes numbers with decimals that say nothing, and words for nothing', async () => {
    const nothing = {
      ...NODE,
      children: [
        { element: 't:Text', pointer: '/text', nothing: ['null'] },
        ...(NODE.children ?? []).slice(2),
      ],
    }
    const { json } = await answerTo(
      envelope('<t:Doc><t:Text>null</t:Text><t:Count> 1067237.000000 </t:Count></t:Doc>'),
      { response: nothing },
    )
    expect(json).to.deep.equal({ count: 1_067_237 })
  })

  it('leaves out what the mapping does not name, and whatever stands in another namespace', async () => {
    const { json } = await answerTo(
      envelope('<t:Doc><t:Other>x</t:Other><u:Text xmlns:u="urn:u">y</u:Text></t:Doc>'),
    )
    expect(json).to.deep.equal({})
  })

  it('sets what is always the same only where its object is', async () => {
    const constants = { '/country': 'VN', '/in/list': 'L', '/no/list': 'L' }
    const { json } = await answerTo(
      envelope('<t:Doc><t:In><t:Deep><t:Leaf>x</t:Leaf></t:Deep></t:In></t:Doc>'),
      { constants },
    )
    expect(json).to.deep.equal({ country: 'VN', in: { deep: { leaf: 'x' }, list: 'L' } })
  })

  it('refuses an answer in another envelope, without or with two answers, or with a header that must be understood', async () => {
    const must = `<s:Envelope xmlns:s="${V11}"><s:Header><x s:mustUnderstand="1"/></s:Header><s:Body><a/></s:Body></s:Envelope>`
    for (const text of [
      envelope('<t:Doc/>', 'urn:other'),
      envelope(''),
      envelope('<t:Doc/><t:Doc/>'),
      must,
      '<t:Doc xmlns:t="urn:test"/>',
      'no',
    ]) {
      expect(await codeOf(answerTo(text)), text).to.equal('response_invalid')
    }
    expect(await codeOf(answerTo('<html></html>', {}, 200, 'text/html'))).to.equal('response_invalid')
    expect(await codeOf(answerTo('no', {}, 401, 'text/plain'))).to.equal('provider_failed')
  })
})

describe('what a SOAP answer says of its own success', () => {
  const fault = (code: string) =>
    envelope(`<s:Fault><faultcode>s:${code}</faultcode><faultstring>099188010001</faultstring></s:Fault>`)
  const none = { status: 404, body: { code: 'not_found', message: 'x' } }

  it('is a fault of the provider where nobody says otherwise, told by its code alone', async () => {
    try {
      await answerTo(fault('Server'), {}, 500)
      expect.fail('it was taken')
    } catch (thrown) {
      expect(thrown).to.be.instanceOf(GatewayError)
      expect(thrown).to.include({
        code: 'provider_failed',
        message: 'The provider told a SOAP fault: Server.',
      })
    }
  })

  it('is what the mapping says of a fault code', async () => {
    const verdicts = [
      { fault: ['Busy'], error: 'provider_unavailable' as const },
      { fault: ['*'], answer: none },
    ]
    expect(await codeOf(answerTo(fault('Busy'), { verdicts }, 500))).to.equal('provider_unavailable')
    expect(await answerTo(fault('Client'), { verdicts }, 500)).to.deep.equal({ status: 404, json: none.body })
  })

  it('is read from the subcode of SOAP 1.2', async () => {
    const uri = 'http://www.w3.org/2003/05/soap-envelope'
    const text = envelope(
      '<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>t:NoSuch</s:Value></s:Subcode></s:Code></s:Fault>',
      uri,
    )
    const mapping: SoapMapping = {
      ...MAPPING,
      version: '1.2',
      verdicts: [{ fault: ['NoSuch'], answer: none }],
    }
    const call = withSoap(async () => reply(text, 400, 'application/soap+xml'), mapping, {
      readSecret: () => '',
    })
    expect((await call(request({}))).status).to.equal(404)
  })

  it('is read from a code inside an answer of 200; the first that holds decides', async () => {
    const verdicts = [
      { at: ['S', 'Code'], in: ['1'], answer: none },
      { at: ['S', '@ok'], absent: true, error: 'provider_maintenance' as const },
      { at: ['S', 'Code'], notIn: ['0'], error: 'provider_failed' as const },
    ]
    const told = (code: string, ok = 'ok="1"') => envelope(`<t:Doc><S ${ok}>${code}</S></t:Doc>`)
    expect((await answerTo(told('<Code>1</Code>'), { verdicts })).status).to.equal(404)
    expect((await answerTo(told('<Code>0</Code>'), { verdicts })).status).to.equal(200)
    expect(await codeOf(answerTo(told('<Code>7</Code>'), { verdicts }))).to.equal('provider_failed')
    expect(await codeOf(answerTo(told('<Code>0</Code>', ''), { verdicts }))).to.equal('provider_maintenance')
    // No code, an empty one or two of them do not say that all is well.
    for (const code of ['', '<Code/>', '<Code>0</Code><Code>0</Code>']) {
      expect(await codeOf(answerTo(told(code), { verdicts })), code).to.equal('provider_failed')
    }
  })
})
