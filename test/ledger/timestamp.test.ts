import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { NODE_CRYPTO } from '../../src/identity/log-key.ts'
import { formatTimestampRequest, openTimestamp, readCertificates } from '../../src/ledger/timestamp.ts'
import { requireProgram } from '../support/debian-program.ts'
import { createTestFolder } from '../support/postgres.ts'
import { startTimestampAuthority, type TestAuthority } from '../support/timestamp-authority.ts'

const DATA = Buffer.from('log.example/test\n3\nAAAA\n')
const { hash } = NODE_CRYPTO

describe('time stamps by OpenSSL’s authority', () => {
  let folder: string
  let authority: TestAuthority
  let token: Buffer
  const nonce = randomBytes(16)

  const ask = async ({ url }: TestAuthority) => {
    const body = await formatTimestampRequest(DATA, { nonce, hash })
    return Buffer.from(await (await fetch(url, { method: 'POST', body })).arrayBuffer())
  }
  const certificates = ({ rootFile }: TestAuthority) => readCertificates(readFileSync(rootFile, 'utf8'))
  async function faultOf(response: Uint8Array, data: Uint8Array, of = authority, asked = nonce) {
    try {
      await openTimestamp(response, data, { authorities: certificates(of), hash, nonce: asked })
      return undefined
    } catch (error) {
      return error instanceof Error && error.name === 'TimestampError' ? error.message : error
    }
  }

  before(async function () {
    requireProgram(this, 'openssl', 'openssl')
    folder = await createTestFolder()
    mkdirSync(join(folder, 'tsa'))
    authority = await startTimestampAuthority(join(folder, 'tsa'))
    token = await ask(authority)
  })

  after(async () => {
    await authority?.close()
    if (folder) await rm(folder, { recursive: true })
  })

  it('hold over the bytes that were stamped, and say when and by whom', async () => {
    const { at, by } = await openTimestamp(token, DATA, { authorities: certificates(authority), hash, nonce })
    expect(by).to.equal('Test TSA')
    expect(Math.abs(Date.now() - at.getTime())).to.be.below(60_000)
  })

  it('hold for OpenSSL’s own verifier just as for ours, and fail for both over other bytes', async () => {
    writeFileSync(join(folder, 'data'), DATA)
    writeFileSync(join(folder, 'other'), `${DATA}x`)
    writeFileSync(join(folder, 'token'), token)
    const verify = (data: string) =>
      spawnSync('openssl', [
        ...['ts', '-verify', '-data', join(folder, data), '-in', join(folder, 'token')],
        ...['-CAfile', authority.rootFile],
      ]).status
    expect([verify('data'), verify('other')]).to.deep.equal([0, 1])
    expect(await faultOf(token, DATA)).to.equal(undefined)
    expect(await faultOf(token, Buffer.from(`${DATA}x`))).to.equal('not over these bytes')
  })

  it('fail where they answer another request', async () => {
    expect(await faultOf(token, DATA, authority, randomBytes(16))).to.equal('not an answer to this request')
  })

  it('fail where any byte of what is signed, or of the signature, was changed', async () => {
    const digest = token.indexOf(Buffer.from(await hash(DATA)))
    const genTime = token.indexOf(Buffer.from(`${new Date().getUTCFullYear()}`), digest)
    expect([digest, genTime].every((at) => at > 0)).to.equal(true)
    const places = [digest, digest + 31, digest + 34, genTime + 3, genTime + 9, token.length - 1]
    for (const at of [...places, token.length - 200]) {
      const changed = Buffer.from(token)
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
      expect(await faultOf(changed, DATA), `byte ${at}`).to.be.a('string')
    }
  })

  it('fail under another root', async () => {
    mkdirSync(join(folder, 'stranger'))
    const other = await startTimestampAuthority(join(folder, 'stranger'))
    const answer = await ask(other)
    await other.close()
    expect(await faultOf(answer, DATA, other)).to.equal(undefined)
    expect(await faultOf(answer, DATA)).to.equal('its signature or certificate does not hold')
  })

  it('fail where the certificate is not for time stamping, whoever issued it', async () => {
    const at = (file: string) => join(folder, 'tsa', file)
    const openssl = (...words: string[]) => execFileSync('openssl', words, { stdio: 'pipe' })
    openssl(
      ...['x509', '-req', '-in', at('tsa.csr'), '-CA', at('root.pem'), '-CAkey', at('root.key')],
      ...['-set_serial', '3', '-days', '30', '-out', at('web.pem')],
      ...['-extfile', at('conf'), '-extensions', 'other'],
    )
    // Stamped after both certificates became valid.
    writeFileSync(at('good'), await ask(authority))
    openssl('ts', '-reply', '-in', at('good'), '-token_out', '-out', at('token'))
    openssl('cms', '-verify', '-noverify', '-inform', 'DER', '-in', at('token'), '-out', at('info'))
    const sign = (certificate: string) => {
      openssl(
        ...['cms', '-sign', '-binary', '-nodetach', '-in', at('info'), '-outform', 'DER'],
        ...['-econtent_type', '1.2.840.113549.1.9.16.1.4', '-signer', at(certificate)],
        ...['-inkey', at('tsa.key'), '-out', at('signed')],
      )
      // TimeStampResp: status granted, and the token.
      const content = Buffer.concat([Buffer.from('3003020100', 'hex'), readFileSync(at('signed'))])
      const head = Buffer.from([0x30, 0x82, content.length >> 8, content.length & 0xff])
      return Buffer.concat([head, content])
    }
    expect(await faultOf(sign('tsa.pem'), DATA)).to.equal(undefined)
    expect(await faultOf(sign('web.pem'), DATA)).to.equal(
      'the signing certificate is not one for time stamping alone',
    )
  })

  it('fail where they are no time stamps at all', async () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from('hello'), Buffer.concat([token, Buffer.alloc(1)])])
      expect(await faultOf(bytes, DATA)).to.be.a('string')
  })
})
