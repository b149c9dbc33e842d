import { createHmac, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import canonicalize from 'canonicalize'
import { expect } from 'chai'
import { encodeLeaf, recordOf } from '../../src/ledger/record.ts'
import { tagWith } from '../../src/ledger/tag.ts'
import { sampleFacts } from '../support/exchange-facts.ts'

const TAGS = { subject: 'c3ViamVjdA', officer: 'b2ZmaWNlcg', dossier: 'ZG9zc2llcg' }
const SIGNATURE = { signature: 'c2ln', key: 'a2V5', base: 'YmFzZQ' }
const XROAD = { xroad: { representedParty: 'G01', messageId: '2b7cf64e-6c5e-4e0f-9d55-0a0d4d3b2f11' } }
const SIGNED = { ...XROAD, askedMs: 1, requestSignature: SIGNATURE, answerSignature: SIGNATURE }

describe('record', () => {
  it('is written by the canonical form of RFC 8785', () => {
    const record = {
      ...recordOf(sampleFacts({ code: 'quota_exceeded', ...SIGNED }), TAGS, 'refused'),
      at: 1_790_000_000_000,
    }
    expect(encodeLeaf(record).toString()).to.equal(canonicalize(record))
  })

  it('stays canonical where most members were not reached', () => {
    const { exchangeId, receivedAtMs, traceId, consumer, binding, tokenDigest, service, registryDigest } =
      sampleFacts()
    const bare = {
      exchangeId,
      receivedAtMs,
      traceId,
      consumer,
      binding,
      tokenDigest,
      service,
      registryDigest,
    }
    const record = recordOf({ ...bare, code: 'service_unknown' }, {}, 'refused')
    expect(encodeLeaf(record).toString()).to.equal(canonicalize(JSON.parse(JSON.stringify(record))))
  })

  it('meets schemas/record.schema.json', () => {
    const schema = JSON.parse(
      readFileSync(new URL('../../schemas/record.schema.json', import.meta.url), 'utf8'),
    )
    const validate = new Ajv2020({ strict: true }).compile(schema)
    const leaf = JSON.parse(
      encodeLeaf({ ...recordOf(sampleFacts(SIGNED), TAGS, 'delivered'), at: 1 }).toString(),
    )
    expect(validate(leaf), JSON.stringify(validate.errors)).to.equal(true)
    expect(validate({ ...leaf, subject: '099090000017' })).to.equal(false)
  })

  it('holds no identifier in clear', () => {
    const facts = sampleFacts()
    const tag = tagWith(Buffer.alloc(32, 7))
    const tags = {
      subject: tag('subject', facts.subject ?? ''),
      officer: tag('officer', facts.officer ?? ''),
      dossier: tag('dossier', facts.dossier ?? ''),
    }
    const leaf = encodeLeaf(recordOf(facts, tags, 'delivered')).toString()
    for (const secret of [facts.subject, facts.officer, facts.dossier]) expect(leaf).not.to.include(secret)
  })
})

describe('tags', () => {
  const tag = tagWith(Buffer.alloc(32, 1))

  it('are HMAC-SHA256 under the key, cut to 16 bytes', () => {
    for (const length of [0, 1, 32, 63, 64]) {
      const key = randomBytes(length)
      const whole = createHmac('sha256', key).update('subject\0NGUYỄN').digest()
      expect(tagWith(key)('subject', 'Nguyễn'), `${length}`).to.equal(
        whole.subarray(0, 16).toString('base64url'),
      )
    }
    expect(() => tagWith(randomBytes(65))).to.throw(RangeError)
  })

  it('are the same for spellings of one identifier, and differ by kind and by key', () => {
    expect(tag('officer', ' cb-017 ')).to.equal(tag('officer', 'CB-017'))
    expect(tag('officer', 'cb-017')).not.to.equal(tag('dossier', 'cb-017'))
    expect(tag('officer', 'cb-017')).not.to.equal(tagWith(Buffer.alloc(32, 2))('officer', 'cb-017'))
  })
})
