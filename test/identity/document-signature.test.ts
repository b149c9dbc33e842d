import { spawnSync } from 'node:child_process'
import { sign as signWith } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { ContentInfo, SignedData } from 'pkijs'
import { openFileKey, signDocument } from '../../src/cli/sign-document.ts'
import {
  DocumentSignatureError,
  openDocumentSignature,
  readAuthorities,
  readRevocations,
  readSignature,
  type SignatureTrust,
  signerOf,
} from '../../src/identity/document-signature.ts'
import { requireProgram } from '../support/debian-program.ts'
import { createLeaderAuthority, type Leader, type LeaderAuthority } from '../support/leaders.ts'
import { createTestFolder } from '../support/postgres.ts'

const TEXT = '{"application":"DN-000001","decision":"approve"}'
const RSA = ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048']
const WEAK_RSA = ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024']
const SMALL_CURVE = ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:prime192v1']

describe('a signature over a document', () => {
  let folder: string
  let authority: LeaderAuthority
  let leader: Leader
  let trust: SignatureTrust

  before(async function () {
    requireProgram(this, 'openssl', 'openssl')
    folder = await createTestFolder()
    authority = createLeaderAuthority(join(folder, 'leaders'))
    leader = authority.issue('Lãnh đạo Thử nghiệm')
    trust = trustOf(authority)
  })
  after(() => folder && rm(folder, { recursive: true }))

  function trustOf({ rootFile }: LeaderAuthority, revocations: SignatureTrust['revocations'] = []) {
    return { authorities: readAuthorities(readFileSync(rootFile, 'utf8')), revocations }
  }
  interface Circumstances {
    readonly text?: string
    readonly nowMs?: number
    readonly madeAtMs?: number
    readonly by?: SignatureTrust
  }
  function open(signature: Uint8Array, { text = TEXT, by = trust, ...times }: Circumstances = {}) {
    const { nowMs = Date.now(), madeAtMs = nowMs - 60_000 } = times
    return openDocumentSignature(readSignature(signature), { bytes: Buffer.from(text), madeAtMs, nowMs }, by)
  }
  async function faultOf(signature: Uint8Array, more: Circumstances = {}) {
    try {
      await open(signature, more)
      return undefined
    } catch (error) {
      if (error instanceof DocumentSignatureError) return error.fault
      throw error
    }
  }

  it('made by openssl holds, with its certificate leading to the trusted root', async () => {
    const { thumbprint, chain } = await open(leader.sign(TEXT))
    expect(thumbprint).to.equal(leader.thumbprint)
    expect(readAuthorities(chain).map(({ subject }) => subject)).to.deep.equal([
      'CN=Lãnh đạo Thử nghiệm',
      'CN=Test leaders authority',
      'CN=Test leaders root',
    ])
    expect(signerOf(chain)).to.equal('Lãnh đạo Thử nghiệm')
  })

  it('holds in PEM, as CAdES, with RSA, RSA-PSS and longer hashes', async () => {
    const rsa = authority.issue('RSA', { key: RSA })
    const der = leader.sign(TEXT)
    const pem = `-----BEGIN CMS-----\n${der.toString('base64')}\n-----END CMS-----\n`
    const signatures = {
      pem: Buffer.from(pem),
      cades: leader.sign(TEXT, '-cades'),
      sha384: leader.sign(TEXT, '-md', 'sha384'),
      rsa: rsa.sign(TEXT),
      pss: rsa.sign(TEXT, '-keyopt', 'rsa_padding_mode:pss', '-keyopt', 'rsa_pss_saltlen:32'),
    }
    for (const [name, signature] of Object.entries(signatures)) {
      expect(await faultOf(signature), name).to.equal(undefined)
    }
  })

  it('made by `lienthong applications sign-text` holds here and for openssl alone', async () => {
    const rsa = authority.issue('RSA of its own', { key: RSA })
    writeFileSync(join(folder, 'text'), TEXT)
    for (const each of [leader, rsa]) {
      const signature = await signDocument(Buffer.from(TEXT), {
        certificates: readFileSync(each.certificateFile, 'utf8'),
        key: openFileKey(readFileSync(each.keyFile), undefined),
        at: new Date(),
      })
      expect(await faultOf(signature), each.name).to.equal(undefined)
      writeFileSync(join(folder, 'signature'), signature)
      const verify = (content: string) =>
        spawnSync('openssl', [
          ...['cms', '-verify', '-cades', '-binary', '-inform', 'DER', '-in', join(folder, 'signature')],
          ...['-content', join(folder, content), '-CAfile', authority.rootFile, '-purpose', 'any'],
        ])
      expect(verify('text').status, String(verify('text').stderr)).to.equal(0)
      writeFileSync(join(folder, 'other'), `${TEXT} `)
      expect(verify('other').status).not.to.equal(0)
    }
  })

  it('fails over any other text', async () => {
    const signature = leader.sign(TEXT)
    expect(await faultOf(signature, { text: TEXT.replace('approve', 'refuse') })).to.equal('text')
    expect(await faultOf(signature, { text: `${TEXT}\n` })).to.equal('text')
  })

  it('fails where any byte of its value was changed', async () => {
    const signature = Buffer.from(leader.sign(TEXT))
    signature.writeUInt8(signature.readUInt8(signature.length - 2) ^ 1, signature.length - 2)
    expect(await faultOf(signature)).to.equal('signature')
  })

  it('fails where its certificate is under another root, even one of the same name', async () => {
    const stranger = createLeaderAuthority(join(folder, 'strangers'))
    expect(await faultOf(stranger.issue('Somebody').sign(TEXT))).to.equal('chain')
    expect(await faultOf(leader.sign(TEXT), { by: trustOf(stranger) })).to.equal('chain')
    expect(await faultOf(leader.sign(TEXT), { by: { authorities: [], revocations: [] } })).to.equal('chain')
  })

  it('fails outside the validity of any certificate of its chain', async () => {
    const expired = authority.issue('Expired', { from: '240101000000Z', until: '250101000000Z' })
    const early = authority.issue('Early', { from: '490101000000Z', until: '490201000000Z' })
    expect(await faultOf(expired.sign(TEXT))).to.equal('validity')
    expect(await faultOf(early.sign(TEXT))).to.equal('validity')
    const nowMs = Date.now() + 70 * 86_400_000
    const long = authority.issue('Outlives its authority', { until: '490101000000Z' })
    expect(await faultOf(long.sign(TEXT), { nowMs, madeAtMs: Date.now() })).to.equal('validity')
  })

  it('fails where the certificate is not for signing, or is an authority’s', async () => {
    expect(await faultOf(authority.issue('S', { extensions: 'sealing' }).sign(TEXT))).to.equal('usage')
    expect(await faultOf(authority.issue('U', { extensions: 'unsaid' }).sign(TEXT))).to.equal('usage')
  })

  it('fails where an authority stands below one that may have none under it', async () => {
    const lower = authority.issue('Lower', { extensions: 'authority' })
    expect(await faultOf(lower.sign(TEXT))).to.equal('usage')
    const under = (key: Leader) => {
      const openssl = (...words: string[]) => spawnSync('openssl', words, { cwd: folder })
      openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', 'under.key')
      openssl('req', '-new', '-key', 'under.key', '-subj', '/CN=Under', '-out', 'under.csr')
      writeFileSync(
        join(folder, 'ext'),
        'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n',
      )
      openssl(
        ...['x509', '-req', '-in', 'under.csr', '-CA', key.certificateFile, '-CAkey', key.keyFile],
        ...['-set_serial', '7', '-days', '5', '-extfile', 'ext', '-out', 'under.pem'],
      )
      writeFileSync(join(folder, 'text'), TEXT)
      openssl(
        ...['cms', '-sign', '-binary', '-in', 'text', '-signer', 'under.pem', '-inkey', 'under.key'],
        ...['-certfile', key.certificateFile, '-outform', 'DER', '-out', 'signature'],
      )
      return readFileSync(join(folder, 'signature'))
    }
    expect(await faultOf(under(lower))).to.equal('chain')
  })

  it('fails with an algorithm that is not of the list, in itself or in a certificate', async () => {
    expect(await faultOf(leader.sign(TEXT, '-md', 'sha1'))).to.equal('algorithm')
    expect(await faultOf(authority.issue('Short', { key: WEAK_RSA }).sign(TEXT))).to.equal('algorithm')
    // Not even read by WebCrypto.
    expect(await faultOf(authority.issue('Small', { key: SMALL_CURVE }).sign(TEXT))).to.equal('signature')
    expect(await faultOf(authority.issue('Old', { digest: 'sha1' }).sign(TEXT))).to.equal('algorithm')
    expect(await faultOf(signedWithSha1(authority.issue('SHA-1', { key: RSA })))).to.equal('algorithm')
  })

  /** By openssl over the right SHA-256 digest, but the attributes that name it are signed with RSA and SHA-1. */
  function signedWithSha1({ sign, keyFile }: Leader): Buffer {
    const made = Buffer.from(sign(TEXT))
    const signed = new SignedData({ schema: ContentInfo.fromBER(new Uint8Array(made).buffer).content })
    const attributes = Buffer.from(signed.signerInfos[0]?.signedAttrs?.encodedValue ?? new ArrayBuffer(0))
    const value = signWith('sha1', attributes, readFileSync(keyFile, 'utf8'))
    const rsaEncryption = Buffer.from('06092a864886f70d010101', 'hex')
    const sha1WithRsa = Buffer.from('06092a864886f70d010105', 'hex')
    sha1WithRsa.copy(made, made.lastIndexOf(rsaEncryption))
    value.copy(made, made.length - value.length)
    return made
  }

  it('fails where it carries its text, has two signers or none, or no certificate', async () => {
    expect(await faultOf(leader.sign(TEXT, '-nodetach'))).to.equal('attached')
    const second = authority.issue('Second')
    const two = leader.sign(TEXT, '-signer', second.certificateFile, '-inkey', second.keyFile)
    expect(await faultOf(two)).to.equal('signers')
    expect(await faultOf(leader.sign(TEXT, '-nocerts'))).to.equal('certificate')
    expect(await faultOf(leader.sign(TEXT, '-noattr'))).to.equal('attributes')
  })

  it('fails where it says to be made before its text was, or in the future', async () => {
    const sign = (at: number) =>
      signDocument(Buffer.from(TEXT), {
        certificates: readFileSync(leader.certificateFile, 'utf8'),
        key: openFileKey(readFileSync(leader.keyFile), undefined),
        at: new Date(at),
      })
    const nowMs = Date.now()
    const madeAtMs = nowMs - 3_600_000
    expect(await faultOf(await sign(nowMs - 1_800_000), { nowMs, madeAtMs })).to.equal(undefined)
    expect(await faultOf(await sign(madeAtMs - 600_000), { nowMs, madeAtMs })).to.equal('time')
    expect(await faultOf(await sign(nowMs + 600_000), { nowMs, madeAtMs })).to.equal('time')
  })

  it('fails once its certificate is revoked, and where the lists are missing, foreign or out of date', async () => {
    const file = join(folder, 'lists.pem')
    const by = () => trustOf(authority, readRevocations(readFileSync(file)))
    const revoked = authority.issue('Revoked')
    authority.writeLists(file)
    expect(await faultOf(revoked.sign(TEXT), { by: by() })).to.equal(undefined)
    authority.revoke(revoked)
    authority.writeLists(file)
    expect(await faultOf(revoked.sign(TEXT), { by: by() })).to.equal('revoked')
    expect(await faultOf(leader.sign(TEXT), { by: by() })).to.equal(undefined)
    authority.writeLists(file, '-crl_lastupdate', '250101000000Z', '-crl_nextupdate', '250201000000Z')
    expect(await faultOf(leader.sign(TEXT), { by: by() })).to.equal('revocation')
    const other = createLeaderAuthority(join(folder, 'others'), 'Others')
    other.writeLists(file)
    expect(await faultOf(leader.sign(TEXT), { by: by() })).to.equal('revocation')
  })

  it('is refused where it is no signature at all', async () => {
    const der = leader.sign(TEXT)
    const broken = [Buffer.alloc(0), Buffer.from('hello'), Buffer.concat([der, Buffer.alloc(1)])]
    const long = Buffer.concat([Buffer.from('30830fffff', 'hex'), Buffer.alloc(70_000)])
    for (const bytes of [...broken, long, der.subarray(0, 100), Buffer.from('-----BEGIN CMS-----\nx')]) {
      const fault = await Promise.resolve()
        .then(() => faultOf(bytes))
        .catch((error: unknown) => (error instanceof DocumentSignatureError ? error.fault : error))
      expect(fault).to.equal('encoding')
    }
  })
})
