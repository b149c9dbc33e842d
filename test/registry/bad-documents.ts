import { generateKeyPairSync } from 'node:crypto'
import { makeCertificate } from '../support/certificate.ts'
import {
  AGENCIES,
  AGREEMENT,
  CONTRACT,
  type Files,
  LEGAL_BASIS,
  makePublicJwk,
  NOW_MS,
  SERVICE,
  SUBSYSTEMS,
} from './fixture.ts'

/** Registries with something wrong, and what is to be told of each. */

const DAY_MS = 86_400_000
export const CONTRACT_FILE = 'schemas/services/G01/dan-cu/cong-dan.v1.yaml'

/** The mot-cua subsystem, which stands last in its file, with credentials below it. */
function withCredentials(credentials: unknown): Files {
  return { 'registry/subsystems.yaml': `${SUBSYSTEMS}credentials: ${JSON.stringify(credentials)}\n` }
}

export function withJwk(jwk: object): Files {
  return withCredentials({ jwks: [jwk] })
}

function withService(from: string, to: string): Files {
  return { 'registry/service.yaml': SERVICE.replace(from, to) }
}

function withAgreement(from: string, to: string): Files {
  return { 'registry/agreement.yaml': AGREEMENT.replace(from, to) }
}

export function withCa(pem: string): Files {
  return { 'registry/service.yaml': `${SERVICE}  tls: { ca: ${JSON.stringify(pem)} }\n` }
}

export const sound = makePublicJwk('k1')
const expired = makeCertificate({
  name: 'old',
  notBeforeMs: NOW_MS - 9 * DAY_MS,
  notAfterMs: NOW_MS - DAY_MS,
})
export const current = makeCertificate({
  name: 'new',
  notBeforeMs: NOW_MS - DAY_MS,
  notAfterMs: NOW_MS + DAY_MS,
})
export const privateKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

function rsaJwk(bits: number, publicExponent = 65_537): object {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: bits, publicExponent })
  return { ...publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'PS256' }
}

const TASK = `kind: Task
id: NV-2026-01
title: { vi: Kết nối, en: A connection }
agency: H29
legalBasis: nd-278-2025
assigned: '2026-01-15'
due: '2026-06-30'
measuredBy: [{ service: G09/chua-co/dich-vu/v1 }]
state: active
`

const INDEX = `kind: ServiceIndex
id: phuc-vu
title: { vi: Bộ chỉ số, en: An index }
legalBasis: nd-278-2025
validity: { from: '2022-08-01', until: '2026-06-30' }
inputs: [{ title: { vi: Tra cứu, en: Look-ups }, group: { vi: Số hóa, en: Digitised }, points: 22, purposes: [tra-cuu] }]
`

/** Each: what is wrong, the files that say so, and where (file:line:column), at which pointer, by which rule. */
export const BAD: readonly (readonly [string, Files, ...string[]])[] = [
  // The text itself.
  [
    'a syntax error, with the rest still judged',
    {
      'registry/legal-basis.yaml': 'kind: LegalBasis\nid: nd-278-2025\ntitle: { vi: "a }\n',
      ...withAgreement('perSecond: 10', 'perSecond: 0'),
    },
    'registry/agreement.yaml:11:21 /quota/perSecond minimum',
    'registry/legal-basis.yaml:4:1  yaml_syntax',
  ],
  [
    'a repeated name',
    { 'registry/agencies.yaml': AGENCIES.replace('code: G01', 'code: G01\ncode: G01') },
    'registry/agencies.yaml:3:1 /code yaml_duplicate_key',
  ],
  [
    'an alias',
    {
      'registry/agencies.yaml': AGENCIES.replace('en: Ho Chi Minh City', 'en: *x').replace(
        'vi: Bộ',
        'vi: &x Bộ',
      ),
    },
    'registry/agencies.yaml:3:16 /name/vi yaml_alias',
    'registry/agencies.yaml:9:40 /name/en yaml_alias',
  ],
  [
    'a tag',
    { 'registry/agencies.yaml': AGENCIES.replace('code: G01', 'code: !!str G01') },
    'registry/agencies.yaml:2:13 /code yaml_tag',
  ],
  [
    'a number JSON has not',
    withAgreement('perDay: 1000', 'perDay: .inf'),
    'registry/agreement.yaml:11:33 /quota/perDay number',
  ],
  [
    'a lone surrogate',
    withAgreement('vi: Xác thực công dân', 'vi: "\\ud800"'),
    'registry/agreement.yaml:3:14 /title/vi text',
  ],
  [
    'a name that would change the prototype',
    withAgreement('quota: {', 'quota: { __proto__: 1,'),
    'registry/agreement.yaml:11:10 /quota/__proto__ yaml_key',
  ],
  [
    'a file that is not UTF-8',
    { 'registry/agencies.yaml': new Uint8Array([0x61, 0x3a, 0x20, 0xff, 0x0a]) },
    'registry/agencies.yaml:1:1  file_encoding',
    'registry/subsystems.yaml:2:5 /id reference',
    'registry/subsystems.yaml:9:5 /id reference',
  ],
  ['a file that would be passed over', { 'registry/more.yml': AGENCIES }, 'registry/more.yml:1:1  file_name'],
  // The shape.
  [
    'an unknown kind',
    { 'registry/more.yaml': '# first\nkind: Agencies\ncode: G02\n' },
    'registry/more.yaml:2:7 /kind kind',
  ],
  ['a document that is no map', { 'registry/more.yaml': '- 1\n' }, 'registry/more.yaml:1:1 /kind kind'],
  [
    'an unknown member',
    withAgreement('quota: {', 'quota: { perMinute: 5,'),
    'registry/agreement.yaml:11:10 /quota/perMinute additionalProperties',
  ],
  [
    'a missing member',
    withAgreement('consumer: H29/mot-cua\n', ''),
    'registry/agreement.yaml:1:1 /consumer required',
  ],
  [
    'a wrong type',
    withAgreement('perSecond: 10', 'perSecond: "10"'),
    'registry/agreement.yaml:11:21 /quota/perSecond type',
  ],
  [
    'a bad agency code',
    { 'registry/more.yaml': AGENCIES.split('---')[0]?.replace('G01', 'g01') },
    'registry/more.yaml:2:7 /code pattern',
  ],
  [
    'a bad subsystem id',
    { 'registry/more.yaml': SUBSYSTEMS.split('---')[0]?.replace('G01/dan-cu', 'G01/Dan_Cu') },
    'registry/more.yaml:2:5 /id pattern',
  ],
  [
    'a bad service id',
    withService('cong-dan/v1', 'cong-dan/1'),
    'registry/agreement.yaml:5:10 /service reference',
    'registry/service.yaml:2:5 /id pattern',
  ],
  [
    'a day that does not exist',
    withAgreement("'2028-12-31'", "'2027-02-29'"),
    'registry/agreement.yaml:12:40 /validity/until format',
  ],
  [
    'several faults in one document',
    withAgreement('state: active', 'state: on\nfoo: 1\nbar: 2'),
    'registry/agreement.yaml:13:8 /state enum',
    'registry/agreement.yaml:14:1 /foo additionalProperties',
    'registry/agreement.yaml:15:1 /bar additionalProperties',
  ],
  [
    'a pointer that is none',
    withAgreement('/matched', 'matched'),
    'registry/agreement.yaml:8:14 /operations/0/fields/0 pattern',
  ],
  [
    'a secret given in two places',
    withService(
      '  timeoutMs',
      '  credential: { header: X-Key, secret: { file: a, environment: B } }\n  timeoutMs',
    ),
    'registry/service.yaml:8:32 /binding/credential/secret maxProperties',
  ],
  // One document's own rules.
  [
    'a validity that ends before it begins',
    withAgreement("'2028-12-31'", "'2025-12-31'"),
    'registry/agreement.yaml:12:40 /validity/until validity_order',
  ],
  [
    'an operation listed twice',
    withAgreement('purposes:', '  - { operation: verifyCitizen, fields: [] }\npurposes:'),
    'registry/agreement.yaml:9:18 /operations/1/operation operation_duplicate',
  ],
  [
    'an address of another scheme',
    withService('https://dan-cu.example/api', 'ftp://dan-cu.example'),
    'registry/service.yaml:7:12 /binding/baseUrl url_scheme',
  ],
  [
    'an address with an account',
    withService('https://dan-cu', 'https://u:p@dan-cu'),
    'registry/service.yaml:7:12 /binding/baseUrl url_credentials',
  ],
  [
    'an address with an empty account',
    withService('https://dan-cu', 'https://@dan-cu'),
    'registry/service.yaml:7:12 /binding/baseUrl url_credentials',
  ],
  [
    'an address with a query',
    withService('/api', '/api?'),
    'registry/service.yaml:7:12 /binding/baseUrl url_query',
  ],
  [
    'an address with a fragment',
    withService('/api', '/api#'),
    'registry/service.yaml:7:12 /binding/baseUrl url_query',
  ],
  [
    'an address with a backslash',
    withService('/api', '\\api'),
    'registry/service.yaml:7:12 /binding/baseUrl url',
  ],
  [
    'an address without a host',
    withService('https://dan-cu.example/api', 'https:///api'),
    'registry/service.yaml:7:12 /binding/baseUrl url',
  ],
  [
    'a header that is not the registry’s',
    withService('  timeoutMs', '  credential: { header: Content-Length, secret: { file: a } }\n  timeoutMs'),
    'registry/service.yaml:8:25 /binding/credential/header header_reserved',
  ],
  // Keys and certificates.
  [
    'a private key',
    withJwk({ ...privateKey.export({ format: 'jwk' }), kid: 'k1', alg: 'ES256' }),
    'registry/subsystems.yaml:14:* /credentials/jwks/0/d private_key',
  ],
  [
    'a short RSA key',
    withJwk(rsaJwk(1024)),
    'registry/subsystems.yaml:14:23 /credentials/jwks/0 key_rsaSize',
  ],
  [
    'an RSA key with another exponent',
    withJwk(rsaJwk(2048, 3)),
    'registry/subsystems.yaml:14:23 /credentials/jwks/0 key_rsaExponent',
  ],
  [
    'a point off the curve',
    withJwk({ ...sound, y: sound.x }),
    'registry/subsystems.yaml:14:23 /credentials/jwks/0 key_point',
  ],
  [
    'an algorithm that does not fit',
    withJwk({ ...sound, alg: 'PS256' }),
    'registry/subsystems.yaml:14:23 /credentials/jwks/0 key_algorithm',
  ],
  [
    'a kid twice',
    withCredentials({ jwks: [sound, makePublicJwk('k1')] }),
    'registry/subsystems.yaml:14:* /credentials/jwks/1/kid kid_duplicate',
  ],
  [
    'a key of two subsystems',
    {
      'registry/subsystems.yaml': `${SUBSYSTEMS.replace('---', `credentials: { jwks: [${JSON.stringify(sound)}] }\n---`)}credentials: { jwks: [${JSON.stringify({ ...sound, kid: 'k2' })}] }\n`,
    },
    'registry/subsystems.yaml:15:23 /credentials/jwks/0 key_shared',
  ],
  [
    'an expired certificate',
    withCa(current.certificate + expired.certificate),
    'registry/service.yaml:9:14 /binding/tls/ca certificate_expired',
  ],
  ['what is no certificate', withCa('hello'), 'registry/service.yaml:9:14 /binding/tls/ca pem'],
  [
    'a key where a certificate belongs',
    withCa(current.key),
    'registry/service.yaml:9:10 /binding/tls/ca private_key',
  ],
  // Between documents.
  [
    'a document twice, in two files',
    { 'registry/more.yaml': LEGAL_BASIS },
    'registry/more.yaml:2:5 /id duplicate',
  ],
  [
    'an alias of two agencies',
    { 'registry/agencies.yaml': AGENCIES.replace('code: G01', 'code: G01\naliases: [H29]') },
    'registry/agencies.yaml:3:11 /aliases/0 alias_duplicate',
  ],
  [
    'a successor that is not there',
    { 'registry/agencies.yaml': `${AGENCIES}successor: H30\n` },
    'registry/agencies.yaml:11:12 /successor reference',
  ],
  [
    'a circle of successors',
    { 'registry/agencies.yaml': `${AGENCIES.replace('---', 'successor: H29\n---')}successor: G01\n` },
    'registry/agencies.yaml:5:12 /successor successor_circle',
    'registry/agencies.yaml:12:12 /successor successor_circle',
  ],
  [
    'an agency that is not there',
    { 'registry/subsystems.yaml': SUBSYSTEMS.replace('H29/', 'H28/') },
    'registry/agreement.yaml:4:11 /consumer reference',
    'registry/subsystems.yaml:9:5 /id reference',
  ],
  [
    'a contract that is not there',
    withService('v1.yaml', 'v2.yaml'),
    'registry/service.yaml:5:11 /contract reference',
  ],
  [
    'a legal basis that is not there',
    withAgreement('nd-278-2025', 'nd-1-2030'),
    'registry/agreement.yaml:10:14 /legalBases/0 reference',
  ],
  [
    'an operation that is not there',
    withAgreement('verifyCitizen', 'lookUp'),
    'registry/agreement.yaml:7:16 /operations/0/operation operation_unknown',
  ],
  [
    'fields that are not there',
    withAgreement('[/matched,', '[/matchd, /owners/key,'),
    'registry/agreement.yaml:8:14 /operations/0/fields/0 field_unknown',
    'registry/agreement.yaml:8:23 /operations/0/fields/1 field_unknown',
  ],
  // Tasks: what they are measured by may still be to come, who is responsible may not.
  [
    'a task of nobody, by a text that is not there',
    { 'registry/task.yaml': TASK.replace('agency: H29', 'agency: H14').replace('nd-278-2025', 'nd-1-2030') },
    'registry/task.yaml:4:9 /agency reference',
    'registry/task.yaml:5:13 /legalBasis reference',
  ],
  [
    'a task due before it was assigned',
    { 'registry/task.yaml': TASK.replace('2026-06-30', '2026-01-14') },
    'registry/task.yaml:7:6 /due validity_order',
  ],
  [
    'a task that nothing measures',
    { 'registry/task.yaml': TASK.replace(/measuredBy:.*/, 'measuredBy: []') },
    'registry/task.yaml:8:1 /measuredBy minItems',
  ],
  // An index by which agencies are judged: one at most on a day, by a text that is there.
  [
    'an index by a text that is not there',
    { 'registry/index.yaml': INDEX.replace('nd-278-2025', 'nd-1-2030') },
    'registry/index.yaml:4:13 /legalBasis reference',
  ],
  [
    'an index that ends before it begins',
    { 'registry/index.yaml': INDEX.replace('2026-06-30', '2022-07-31') },
    'registry/index.yaml:5:40 /validity/until validity_order',
  ],
  [
    'two indexes in force on the same day',
    {
      'registry/index.yaml': INDEX,
      'registry/later.yaml': INDEX.replace('id: phuc-vu', 'id: sau-nay')
        .replace('2022-08-01', '2026-06-30')
        .replace(", until: '2026-06-30'", ''),
    },
    'registry/index.yaml:5:1 /validity index_overlap',
    'registry/later.yaml:5:1 /validity index_overlap',
  ],
  // A faulty document is told once, not again by all that name it.
  [
    'a faulty subsystem that others name',
    { 'registry/subsystems.yaml': SUBSYSTEMS.replace('securityLevel: 3', 'securityLevel: 9') },
    'registry/subsystems.yaml:12:16 /securityLevel maximum',
  ],
  // Contracts.
  [
    'a contract of two documents',
    { [CONTRACT_FILE]: `${CONTRACT}---\na: 1\n` },
    `${CONTRACT_FILE}:1:1  file_documents`,
  ],
]
