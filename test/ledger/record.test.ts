import { createCipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import canonicalize from 'canonicalize'
import { expect } from 'chai'
import { NODE_CRYPTO } from '../../src/identity/log-key.ts'
import { openPrivatePart, PRIVATE_NAMES } from '../../src/ledger/disclosure.ts'
import { searchTagsOf, withhold } from '../../src/ledger/private-part.ts'
import { encodeLeaf, recordOf } from '../../src/ledger/record.ts'
import { SUBJECT_TAG_BYTES, subjectTagsWith, tagWith } from '../../src/ledger/tag.ts'
import { sampleFacts } from '../support/exchange-facts.ts'

const DIGESTS = { dossier: 'ZG9zc2llcg', note: 'bm90ZQ', officer: 'b2ZmaWNlcg', subjectTag: 'c3ViamVjdA' }
const SIGNATURE = { signature: 'c2ln', key: 'a2V5', base: 'YmFzZQ' }
const XROAD = { xroad: { representedParty: 'G01', messageId: '2b7cf64e-6c5e-4e0f-9d55-0a0d4d3b2f11' } }
const SIGNED = { ...XROAD, askedMs: 1, requestSignature: SIGNATURE, answerSignature: SIGNATURE }

describe('record', () => {
  it('is written by the canonical form of RFC 8785', () => {
    const record = {
      ...recordOf(sampleFacts({ code: 'quota_exceeded', ...SIGNED }), DIGESTS, 'refused'),
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
    const record = recordOf({ ...bare, code: 'service_unknown' }, undefined, 'refused')
    expect(encodeLeaf(record).toString()).to.equal(canonicalize(JSON.parse(JSON.stringify(record))))
  })

  it('meets schemas/record.schema.json', () => {
    const schema = JSON.parse(
      readFileSync(new URL('../../schemas/record.schema.json', import.meta.url), 'utf8'),
    )
    const validate = new Ajv2020({ strict: true }).compile(schema)
    const leaf = JSON.parse(
      encodeLeaf({ ...recordOf(sampleFacts(SIGNED), DIGESTS, 'delivered'), at: 1 }).toString(),
    )
    expect(validate(leaf), JSON.stringify(validate.errors)).to.equal(true)
    expect(validate({ ...leaf, subject: '099090000017' })).to.equal(false)
  })

  it('holds no identifier in clear, and nothing that two records of one person share', () => {
    const batchTags = Buffer.alloc(48, 9)
    const facts = { ...sampleFacts({ note: 'Kiểm tra hộ khẩu theo đơn của bà Lê' }), batchTags }
    const made = () => withhold(facts, tagWith(Buffer.alloc(32, 7)), randomBytes)
    const [one, other] = [made(), made()]
    const leaf = encodeLeaf(recordOf(facts, one?.digests, 'delivered')).toString()
    for (const secret of [facts.subject, facts.officer, facts.dossier, facts.note, one?.tags.subject])
      expect(leaf).not.to.include(secret)
    expect(one?.tags).to.deep.equal(other?.tags)
    for (const name of PRIVATE_NAMES) expect(one?.digests[name], name).not.to.equal(other?.digests[name])
    expect(searchTagsOf(one?.disclosures ?? [], tagWith(Buffer.alloc(32, 7)))).to.deep.equal(one?.tags)
  })
})

describe('disclosures', () => {
  const tag = tagWith(Buffer.alloc(32, 7))
  const { digests, disclosures, tags } = withhold(sampleFacts(), tag, randomBytes) ?? {
    digests: {},
    disclosures: [],
    tags: {},
  }

  it('open just what the record commits to, and name what stays closed', async () => {
    const { facts, strange, closed } = await openPrivatePart(digests, disclosures, NODE_CRYPTO.hash)
    expect(facts.map(({ name, value }) => [name, value])).to.deep.equal([
      ['dossier', 'H29.12-261122-0007'],
      ['officer', 'cb-017'],
      ['subjectTag', tags.subject],
    ])
    expect([strange, closed]).to.deep.equal([0, []])
    const one = await openPrivatePart(digests, disclosures.slice(0, 1), NODE_CRYPTO.hash)
    expect(one.closed).to.deep.equal(['officer', 'subjectTag'])
  })

  it('of another record, another value or another name open nothing', async () => {
    const other = withhold(sampleFacts(), tag, randomBytes)?.disclosures ?? []
    const [salt, , value] = JSON.parse(Buffer.from(disclosures[0] ?? '', 'base64url').toString())
    const forged = [
      [salt, 'dossier', 'H29.12-261122-0008'],
      [salt, 'officer', value],
      [salt, 'constructor', value],
      ['', 'dossier', value],
    ].map((each) => Buffer.from(JSON.stringify(each)).toString('base64url'))
    const shown = await openPrivatePart(digests, [...other, ...forged, 'e30', '!'], NODE_CRYPTO.hash)
    expect(shown.facts).to.deep.equal([])
    expect(shown.strange).to.equal(9)
    expect(shown.closed).to.have.length(3)
  })

  it('give the tags that the record is searched by', () => {
    expect(searchTagsOf(disclosures, tag)).to.deep.equal(tags)
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

  it('tags everybody of a batch alike wherever they stand, and under another key otherwise', () => {
    const tagAll = subjectTagsWith(Buffer.alloc(32, 1))
    const [one, other, long] = ['099188010001', '099188010002', 'x'.repeat(64)] as const
    const tags = tagAll([one, other, long, ` ${one} `, 'x'.repeat(63)])
    const at = (place: number) =>
      tags.subarray(place * SUBJECT_TAG_BYTES, (place + 1) * SUBJECT_TAG_BYTES).toString('hex')
    expect(tags).to.have.length(5 * SUBJECT_TAG_BYTES)
    expect(at(3)).to.equal(at(0))
    expect(new Set([at(0), at(1), at(2), at(4)]).size).to.equal(4)
    expect(tagAll([one]).toString('hex')).to.equal(at(0))
    expect(subjectTagsWith(Buffer.alloc(32, 2))([one]).toString('hex')).not.to.equal(at(0))
    expect(tags.includes(one)).to.equal(false)
  })

  it('tags everybody of a batch by their length and identifier, capitals and digits as any other', () => {
    const key = Buffer.alloc(32, 1)
    const derived = Buffer.from(hkdfSync('sha256', key, '', 'lienthong subjects of batches', 32))
    const block = (identifier: string) => {
      const bytes = Buffer.alloc(SUBJECT_TAG_BYTES)
      bytes[0] = identifier.length
      bytes.write(identifier, 1)
      const cipher = createCipheriv('aes-256-ecb', derived, null).setAutoPadding(false)
      return cipher.update(bytes).toString('hex')
    }
    for (const identifier of ['', '0', '099188010001', 'CB-017', 'B1234567', 'A'.repeat(15)]) {
      expect(subjectTagsWith(key)([identifier.toLowerCase()]).toString('hex')).to.equal(block(identifier))
      expect(subjectTagsWith(key)([identifier]).toString('hex'), identifier).to.equal(block(identifier))
    }
  })
})
