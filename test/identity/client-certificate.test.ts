import { X509Certificate } from 'node:crypto'
import { expect } from 'chai'
import { createCertificateReader } from '../../src/identity/client-certificate.ts'
import { makeCertificate } from '../support/certificate.ts'
import { START_MS } from '../support/identity-world.ts'

describe('client certificates', () => {
  const clock = { nowMs: START_MS }
  const reader = createCertificateReader(() => clock.nowMs)
  const made = makeCertificate({
    name: 'mot-cua',
    notBeforeMs: START_MS - 1000,
    notAfterMs: START_MS + 60_000,
  })
  const field = `:${made.der.toString('base64')}:`
  beforeEach(() => {
    clock.nowMs = START_MS
  })

  function socketWith(certificate: X509Certificate | undefined) {
    let reads = 0
    return {
      getPeerX509Certificate: () => {
        reads += 1
        return certificate
      },
      reads: () => reads,
    }
  }

  it('are read once from a connection', () => {
    const socket = socketWith(new X509Certificate(made.der))
    expect(reader.fromSocket(socket)).to.equal(made.thumbprint)
    expect(reader.fromSocket(socket)).to.equal(made.thumbprint)
    expect(socket.reads()).to.equal(1)
  })

  it('count as none on a plain connection or without a certificate', () => {
    expect(reader.fromSocket({})).to.equal(undefined)
    const socket = socketWith(undefined)
    expect(reader.fromSocket(socket)).to.equal(undefined)
    expect(reader.fromSocket(socket)).to.equal(undefined)
    expect(socket.reads()).to.equal(1)
  })

  it('count as none before they are valid and from the moment they expire, on open connections too', () => {
    const socket = socketWith(new X509Certificate(made.der))
    expect(reader.fromSocket(socket)).to.equal(made.thumbprint)
    for (const nowMs of [START_MS - 1001, START_MS + 60_000]) {
      clock.nowMs = nowMs
      expect(reader.fromSocket(socket)).to.equal(undefined)
      expect(reader.fromHeader(field)).to.equal(undefined)
    }
  })

  it('are read from Client-Cert as RFC 9440 writes it', () => {
    expect(reader.fromHeader(field)).to.equal(made.thumbprint)
    expect(reader.fromHeader(field)).to.equal(made.thumbprint)
  })

  const der = made.der
  const REFUSED: readonly (readonly [string, string])[] = [
    ['nothing', ''],
    ['bare base64', der.toString('base64')],
    ['base64url', `:${der.toString('base64url')}:`],
    ['PEM', made.certificate],
    ['two certificates', `${field}, ${field}`],
    ['two certificates in one', `:${Buffer.concat([der, der]).toString('base64')}:`],
    ['a cut certificate', `:${der.subarray(0, -1).toString('base64')}:`],
    ['bytes that are none', ':AAAA:'],
    ['parameters', `${field};a=1`],
  ]
  for (const [name, value] of REFUSED) {
    it(`are refused in Client-Cert as ${name}`, () => {
      expect(() => reader.fromHeader(value))
        .to.throw()
        .with.property('code', 'request_malformed')
    })
  }
})
