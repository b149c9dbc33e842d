import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { findJsonFault } from '../../src/contract/json-scanner.ts'
import { parseStrictJson, REQUEST_LIMITS } from '../../src/contract/strict-json.ts'
import { assertUnambiguous } from '../../src/http/gate.ts'
import { normaliseAddress } from '../../src/identity/address.ts'
import { parseDetails } from '../../src/identity/authorization-details.ts'
import { createCertificateReader } from '../../src/identity/client-certificate.ts'
import { splitCompact } from '../../src/identity/compact.ts'
import { createDpopCheck } from '../../src/identity/dpop.ts'
import { verifyJwt } from '../../src/identity/jws.ts'
import { isResource } from '../../src/identity/resource.ts'
import { readDictionary, readSignature } from '../../src/identity/signature-fields.ts'
import { GatewayError } from '../../src/model/errors.ts'
import { makeKey, START_MS } from '../support/identity-world.ts'

/** A parser of what strangers send. A run that throws, or takes longer than the fuzzer allows, is a finding. */
export interface FuzzTarget {
  readonly run: (input: Buffer) => void | Promise<void>
  /** Texts that the parser knows. */
  readonly words: readonly string[]
}

function assertHolds(isTrue: boolean, property: string): void {
  if (!isTrue) throw new Error(`does not hold: ${property}`)
}

/** @returns what was accepted; a refusal is no finding, anything else thrown is. */
function refusing<Value>(act: () => Value): Value | undefined {
  try {
    return act()
  } catch (thrown) {
    if (thrown instanceof GatewayError && thrown.code !== 'internal_error') return undefined
    throw thrown
  }
}

/** The first line is the method and target, the others are fields. */
function runGate(input: Buffer): void {
  const [start = '', ...lines] = input.toString('latin1').split('\n')
  const request = new IncomingMessage(new Socket())
  const [method = '', url = ''] = start.split(' ', 2)
  Object.assign(request, { httpVersion: '1.1', method, url })
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon > 0) request.rawHeaders.push(line.slice(0, colon), line.slice(colon + 1).trim())
  }
  const isTaken = refusing(() => {
    assertUnambiguous(request, new Set(['gateway.test']))
    return true
  })
  if (!isTaken) return
  const path = decodeURIComponent(url.split('?')[0] ?? '')
  assertHolds(path.startsWith('/') && !path.includes('//'), 'a target begins with one slash')
  assertHolds(!path.split('/').some((segment) => segment === '.' || segment === '..'), 'no dot segments')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
  assertHolds(!/[\0-\x1f\x7f\\%]/.test(path), 'nothing in a decoded path is decoded a second time')
  const names = request.rawHeaders.filter((_text, index) => index % 2 === 0).map((name) => name.toLowerCase())
  for (const name of ['host', 'content-length', 'transfer-encoding', 'authorization', 'dpop']) {
    assertHolds(names.filter((each) => each === name).length <= 1, `at most one ${name}`)
  }
  assertHolds(
    !(names.includes('content-length') && names.includes('transfer-encoding')) || method !== 'GET',
    'GET has no body',
  )
}

function runJson(input: Buffer): void {
  const read = parseStrictJson(input, REQUEST_LIMITS)
  const text = input.toString('utf8')
  const isUtf8 = Buffer.from(text).equals(input) && !text.startsWith('\ufeff')
  let plain: { readonly value: unknown } | undefined
  try {
    plain = { value: JSON.parse(text) }
  } catch {
    plain = undefined
  }
  const isSound = isUtf8 && plain !== undefined && findJsonFault(text, REQUEST_LIMITS) === undefined
  assertHolds('value' in read === isSound, 'the quick look and the scanner agree')
  if (!('value' in read)) return
  assertHolds(JSON.stringify(read.value) === JSON.stringify(plain?.value), 'it is what JSON.parse reads')
}

function runCompact(input: Buffer): void {
  const token = input.toString('latin1')
  const compact = splitCompact(token)
  if (compact === undefined) return
  const { header, payload, signature } = compact
  const again = [header, payload, signature].map((part) => Buffer.from(part).toString('base64url')).join('.')
  assertHolds(again === token, 'a compact JWS has one spelling')
}

function runFields(input: Buffer): void {
  const [first = '', second = ''] = input.toString('latin1').split('\n')
  readDictionary(first)
  readSignature(first, second)
}

function runAddress(input: Buffer): void {
  const text = input.toString('latin1')
  const once = normaliseAddress(text)
  assertHolds(once === undefined || normaliseAddress(once) === once, 'a normal form is its own')
  const root = 'https://gateway.test/exchange'
  assertHolds(!isResource(root, text) || new URL(text).href === text, 'a resource is in its normal form')
}

const JSON_WORDS = [
  '{"',
  '":',
  '",',
  '[[',
  ']',
  '}',
  '\\u0000',
  '\\ud800',
  '__proto__',
  'constructor',
  '1e400',
  '-0',
  '0.1',
  '9007199254740993',
  'true',
  'null',
  '\ufeff',
]
const JWT_WORDS = [
  'eyJhbGciOiJFUzI1NiJ9',
  '.',
  '..',
  '=',
  '-_',
  'AA',
  '{"alg":"none"}',
  '"crit":["b64"]',
  '"jwk":{',
  '"iat":1800000000',
]

/** All targets, by the folder of their corpus. */
export async function createTargets(): Promise<Readonly<Record<string, FuzzTarget>>> {
  const key = await makeKey('ES256')
  const rules = {
    code: 'client_invalid',
    types: ['JWT'],
    algorithms: ['ES256'],
    acceptsIssuer: () => true,
    acceptsAudience: () => true,
    requiredClaims: [],
    maxLifetimeSeconds: 60,
    nowMs: START_MS,
    findKey: () => key.verification,
    decoyKey: () => key.verification,
  } as const
  const checkProof = createDpopCheck({
    replay: { claim: async () => true },
    now: () => START_MS,
    nonces: undefined,
    maxKeys: 8,
  })
  const certificates = createCertificateReader(() => START_MS)

  /** Header and claims as JSON on two lines, put into a JWS of the right form: the checks behind the form are reached. */
  const jwsOf = (input: Buffer) => {
    const [header = '', claims = ''] = input.toString('latin1').split('\n')
    const encode = (text: string) => Buffer.from(text, 'latin1').toString('base64url')
    return `${encode(header)}.${encode(claims)}.${'A'.repeat(86)}`
  }
  const runProof = async (proof: string) => {
    const subject = {
      method: 'POST',
      url: 'https://gateway.test/exchange',
      tokenDigest: undefined,
      boundTo: undefined,
    }
    await checkProof({ proof, ...subject }).then(
      () => assertHolds(false, 'nobody forges a proof'),
      (thrown) =>
        refusing(() => {
          throw thrown
        }),
    )
  }
  const runToken = (token: string) =>
    assertHolds(refusing(() => verifyJwt(token, rules)) === undefined, 'nobody forges a token')

  return {
    gate: {
      run: runGate,
      words: [
        'GET /',
        'POST /a',
        'Host: gateway.test',
        '\n',
        '%2e',
        '%2f',
        '%00',
        '%c0%af',
        '/..',
        '//',
        'Transfer-Encoding: chunked',
        'Content-Length: 1',
        'Connection: close',
        'Expect: 100-continue',
        '?a=%ff',
      ],
    },
    json: { run: runJson, words: JSON_WORDS },
    compact: { run: runCompact, words: JWT_WORDS },
    token: { run: (input) => runToken(jwsOf(input)), words: [...JWT_WORDS, ...JSON_WORDS] },
    proof: {
      run: (input) => runProof(jwsOf(input)),
      words: [...JWT_WORDS, ...JSON_WORDS, '"kty":"EC"', '"crv":"P-256"', '"e":"AQAB"'],
    },
    fields: {
      run: runFields,
      words: [
        'sig=("@method" "@target-uri");created=1800000000',
        ';keyid="a"',
        ';tag="fapi-2-request"',
        ':AAAA:',
        '?1',
        '@1',
        '%"%c3%a9"',
        '()',
        ', ',
        ';req',
        '999999999999999',
      ],
    },
    certificate: {
      run: (input) => void refusing(() => certificates.fromHeader(input.toString('latin1'))),
      words: [':', 'MII', '=', 'AAAA'],
    },
    details: {
      run: (input) => void refusing(() => parseDetails(input.toString('utf8'))),
      words: [...JSON_WORDS, '"type":"data_exchange"', '"fields":["/a"]', '"service":', '"purpose":'],
    },
    address: {
      run: runAddress,
      words: ['https://', 'gateway.test', '/exchange', '%2e', '/../', ':443', '?', '#', '@', '\\', '\t'],
    },
  }
}
