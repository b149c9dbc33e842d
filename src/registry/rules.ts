import { createPublicKey, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { pointerTo } from '../contract/minimise.ts'
import type { Province } from '../model/administrative-unit.ts'
import type { Agreement, LegalBasis } from '../model/agreement.ts'
import type { ApplicationClass } from '../model/application.ts'
import type { Violation } from '../model/errors.ts'
import type { Bilingual } from '../model/identifier.ts'
import type { Binding, PublicJwk, Service, Subsystem, Validity } from '../model/party.ts'
import { judgeBaseUrl, judgeDatabaseUrl } from './base-url.ts'
import type { RegistryDocument } from './documents.ts'

/** Rules of a single document that its schema cannot say. */

/** Headers that the connection or the gateway itself writes. */
const RESERVED_HEADERS =
  /^(?:host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|via|forwarded|accept|accept-encoding|content-.*|exchange-.*|proxy-.*|traceparent|tracestate|idempotency-key)$/i

/**
 * Judges a public key. Identity owns the rules; they come in as a function, since the registry stands below it.
 * @returns what is wrong with the key.
 */
export type VetKey = (jwk: PublicJwk) => { readonly rule: string; readonly detail: Bilingual } | undefined

/**
 * What is judged when documents are admitted (`check`, `apply`) and not again when a gateway loads them: it has
 * to start though a certificate ran out since.
 */
export interface Admission {
  /** Unix milliseconds. */
  readonly nowMs: number
  readonly vetKey: VetKey
}

const NO_HOST = {
  rule: 'url_host',
  detail: { vi: 'Chỉ ghi tên máy, hoặc tên máy:cổng.', en: 'Only a host, or host:port.' },
} as const

function checkOrder(from: string, until: string | undefined, pointer: string): Violation[] {
  if (until === undefined || Date.parse(from) <= Date.parse(until)) return []
  const detail = { vi: 'Ngày kết thúc trước ngày bắt đầu.', en: 'It ends before it begins.' }
  return [{ pointer: `${pointer}/until`, rule: 'validity_order', detail }]
}

function checkValidity({ from, until }: Validity): Violation[] {
  return checkOrder(from, until, '/validity')
}

/** Grace is for a text that ended, and ends after it. */
function checkGrace({ validity: { until }, graceUntil }: LegalBasis): Violation[] {
  if (graceUntil === undefined || (until !== undefined && until < graceUntil)) return []
  const detail = {
    vi: 'Cần validity.until, và ngày này phải sau đó.',
    en: 'It needs validity.until, and has to be after it.',
  }
  return [{ pointer: '/graceUntil', rule: 'grace_order', detail }]
}

function checkKeyIds({ credentials }: Subsystem): Violation[] {
  const kids = credentials?.jwks?.map(({ kid }) => kid) ?? []
  return kids.flatMap((kid, index) =>
    kids.indexOf(kid) === index
      ? []
      : [
          {
            pointer: `/credentials/jwks/${index}/kid`,
            rule: 'kid_duplicate',
            detail: {
              vi: 'kid bị lặp trong hệ thống này.',
              en: 'The kid is repeated within this subsystem.',
            },
          },
        ],
  )
}

const MIN_RSA_BITS = 3072

/** A key that nobody could open packages with, or that somebody else might. */
function checkEncryptionKey({ credentials }: Subsystem): Violation[] {
  const jwk = credentials?.encryptionKey
  if (jwk === undefined) return []
  const isFit = (): boolean => {
    try {
      const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey({ key: { ...jwk }, format: 'jwk' })
      if (jwk.alg === 'ECDH-ES') return asymmetricKeyType === 'ec' || asymmetricKeyType === 'x25519'
      return asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS
    } catch {
      return false
    }
  }
  if (isFit()) return []
  const detail = {
    vi: `Cần khóa EC hoặc X25519 (ECDH-ES), hoặc RSA từ ${MIN_RSA_BITS} bit (RSA-OAEP-256).`,
    en: `It takes an EC or X25519 key (ECDH-ES), or RSA of ${MIN_RSA_BITS} bits or more (RSA-OAEP-256).`,
  }
  return [{ pointer: '/credentials/encryptionKey', rule: 'encryption_key', detail }]
}

function checkWebhooks({ webhooks }: Subsystem): Violation[] {
  return (webhooks?.hosts ?? []).flatMap((host, index) => {
    const objection = judgeBaseUrl(`https://${host}`, webhooks?.allowPrivateAddress === true)
    const isHost = objection === undefined && !host.includes('/')
    return isHost ? [] : [{ pointer: `/webhooks/hosts/${index}`, ...(objection ?? NO_HOST) }]
  })
}

/** What is said in another form needs a contract, and a provider that is spoken to directly, in one form. */
function checkForms({ soap, sql, hub }: Binding, isOpaque: boolean): Violation[] {
  const forms = [soap && 'soap', sql && 'sql'].filter((form) => form !== undefined)
  const isDirect = (hub?.protocol ?? 'direct') === 'direct'
  if (forms.length === 0 || (forms.length === 1 && !isOpaque && isDirect)) return []
  const detail = {
    vi: 'Ánh xạ SOAP hoặc SQL, chỉ một, cần hợp đồng và gọi thẳng bên cung cấp.',
    en: 'A mapping to SOAP or SQL, one of them, needs a contract and a provider that is called directly.',
  }
  return [{ pointer: `/binding/${forms[0]}`, rule: 'binding_forms', detail }]
}

function checkBinding({ binding, plan, endpoints }: Service): Violation[] {
  const violations: Violation[] = []
  if ((binding === undefined) === (plan === undefined)) {
    const detail = {
      vi: 'Cần đúng một trong hai: binding hoặc plan.',
      en: 'It needs either a binding or a plan.',
    }
    violations.push({ pointer: '', rule: 'binding_or_plan', detail })
  }
  if (plan !== undefined && endpoints !== undefined) {
    const detail = {
      vi: 'Dịch vụ tổng hợp cần hợp đồng, không chuyển nguyên thông điệp.',
      en: 'A composite service needs a contract; it passes no messages whole.',
    }
    violations.push({ pointer: '/endpoints', rule: 'plan_endpoints', detail })
  }
  if (binding === undefined) return violations
  const judge = binding.sql === undefined ? judgeBaseUrl : judgeDatabaseUrl
  const objection = judge(binding.baseUrl, binding.allowPrivateAddress === true)
  if (objection !== undefined) violations.push({ pointer: '/binding/baseUrl', ...objection })
  if (binding.credential !== undefined && RESERVED_HEADERS.test(binding.credential.header)) {
    const detail = {
      vi: 'Tiêu đề này do kết nối hoặc chính cổng đặt.',
      en: 'The connection or the gateway itself sets this header.',
    }
    violations.push({ pointer: '/binding/credential/header', rule: 'header_reserved', detail })
  }
  violations.push(...checkForms(binding, endpoints !== undefined))
  const { maintenance } = binding
  if (maintenance) violations.push(...checkOrder(maintenance.from, maintenance.until, '/binding/maintenance'))
  return violations
}

/** A version cannot end before it was said that it will (RFC 8594 §3 beside RFC 9745 §4). */
function checkDeprecation({ id, deprecation }: Service): Violation[] {
  if (deprecation === undefined) return []
  const { from, sunset, successor } = deprecation
  const violations: Violation[] = []
  if (sunset !== undefined && Date.parse(sunset) < Date.parse(from)) {
    const detail = { vi: 'Ngày ngừng trước ngày báo bỏ.', en: 'It ends before it is given up.' }
    violations.push({ pointer: '/deprecation/sunset', rule: 'sunset_order', detail })
  }
  if (successor === id) {
    const detail = { vi: 'Phiên bản dùng thay phải là dịch vụ khác.', en: 'It cannot succeed itself.' }
    violations.push({ pointer: '/deprecation/successor', rule: 'successor_self', detail })
  }
  return violations
}

function checkOperations(operations: readonly { readonly operation: string }[]): Violation[] {
  const names = operations.map(({ operation }) => operation)
  return names.flatMap((name, index) =>
    names.indexOf(name) === index
      ? []
      : [
          {
            pointer: `/operations/${index}/operation`,
            rule: 'operation_duplicate',
            detail: { vi: 'Thao tác bị lặp.', en: 'The operation is listed twice.' },
          },
        ],
  )
}

/** What each way through a hub has to say, and in its own form. */
function checkHub({ binding }: Service): Violation[] {
  const { hub } = binding ?? {}
  if (hub === undefined || hub.protocol === 'direct') return []
  const needs =
    hub.protocol === 'xroad' ? (['client', 'service'] as const) : (['service', 'providerUrl'] as const)
  const missing = needs.filter((name) => hub[name] === undefined)
  const isOtherForm = hub.service?.includes(hub.protocol === 'xroad' ? ':' : '/') === true
  const wrong: readonly string[] = isOtherForm ? [...missing, 'service'] : missing
  return wrong.map((name) => ({
    pointer: `/binding/hub/${name}`,
    rule: 'hub_incomplete',
    detail: {
      vi: `Đi qua ${hub.protocol} cần ${name} đúng dạng.`,
      en: `A way through ${hub.protocol} needs ${name} in its form.`,
    },
  }))
}

function checkEndpoints({ contract, endpoints }: Service): Violation[] {
  if ((contract === undefined) === (endpoints === undefined)) {
    const detail = {
      vi: 'Cần đúng một trong hai: contract hoặc endpoints.',
      en: 'Exactly one of contract and endpoints is needed.',
    }
    return [{ pointer: '/contract', rule: 'contract_or_endpoints', detail }]
  }
  const ids = endpoints?.map(({ id }) => id) ?? []
  return ids.flatMap((id, index) =>
    ids.indexOf(id) === index
      ? []
      : [
          {
            pointer: `/endpoints/${index}/id`,
            rule: 'operation_duplicate',
            detail: { vi: 'Thao tác bị lặp.', en: 'The operation is listed twice.' },
          },
        ],
  )
}

function checkAskedDocuments({ documents }: ApplicationClass): Violation[] {
  const ids = documents.map(({ id }) => id)
  const detail = { vi: 'Giấy tờ bị lặp.', en: 'The paper is listed twice.' }
  return ids.flatMap((id, index) =>
    ids.indexOf(id) === index ? [] : [{ pointer: `/documents/${index}/id`, rule: 'paper_duplicate', detail }],
  )
}

/** A code is one commune's, and a former commune went into each of them once. */
function checkCommunes({ communes = [] }: Province): Violation[] {
  const detail = { vi: 'Mã bị lặp.', en: 'The code is listed twice.' }
  const codes = new Set<string>()
  return communes.flatMap(({ code, formerly }, index) => {
    const pointer = `/communes/${index}`
    const twice = codes.has(code) ? [{ pointer: `${pointer}/code`, rule: 'code_duplicate', detail }] : []
    codes.add(code)
    const former = formerly.map((each) => each.code)
    return [
      ...twice,
      ...former.flatMap((each, place) =>
        former.indexOf(each) === place
          ? []
          : [{ pointer: `${pointer}/formerly/${place}/code`, rule: 'code_duplicate', detail }],
      ),
    ]
  })
}

function checkDefaultPurpose({ defaultPurpose, purposes }: Agreement): Violation[] {
  if (defaultPurpose === undefined || purposes.includes(defaultPurpose)) return []
  const detail = { vi: 'Mục đích mặc định phải có trong purposes.', en: 'It is not among the purposes.' }
  return [{ pointer: '/defaultPurpose', rule: 'purpose_unknown', detail }]
}

/** An address, or a range that is not the whole world. */
function isAddressRange(text: string): boolean {
  const [address = '', prefix] = text.split('/')
  const family = isIP(address)
  return family !== 0 && (prefix === undefined || Number(prefix) <= (family === 4 ? 32 : 128))
}

function checkXroad({ xroad, maintenance }: Subsystem): Violation[] {
  const violations = (xroad?.addresses ?? []).flatMap((range, index) => {
    if (isAddressRange(range)) return []
    const detail = { vi: 'Không phải địa chỉ IP hay dải CIDR.', en: 'It is no IP address and no CIDR range.' }
    return [{ pointer: `/xroad/addresses/${index}`, rule: 'address_range', detail }]
  })
  if (xroad?.connection !== undefined && xroad.connection !== 'mtls' && xroad.addresses === undefined) {
    const detail = {
      vi: 'Kết nối không chứng thư phải nêu địa chỉ nguồn.',
      en: 'Connections without a certificate need the addresses they come from.',
    }
    violations.push({ pointer: '/xroad/addresses', rule: 'addresses_missing', detail })
  }
  return maintenance
    ? [...violations, ...checkOrder(maintenance.from, maintenance.until, '/maintenance')]
    : violations
}

/** @returns what a well-shaped document breaks, whenever it is looked at. */
export function checkDocument(document: RegistryDocument): Violation[] {
  switch (document.kind) {
    case 'Agency':
    case 'Reader':
    case 'Approver':
    case 'ServiceIndex':
      return checkValidity(document.validity)
    case 'LegalBasis':
      return [...checkValidity(document.validity), ...checkGrace(document)]
    case 'Subsystem':
      return [
        ...checkKeyIds(document),
        ...checkEncryptionKey(document),
        ...checkXroad(document),
        ...checkWebhooks(document),
      ]
    case 'Service':
      return [
        ...checkBinding(document),
        ...checkEndpoints(document),
        ...checkHub(document),
        ...checkDeprecation(document),
      ]
    case 'Calendar':
      return document.holidays.flatMap(({ from, until }, index) =>
        checkOrder(from, until, `/holidays/${index}`),
      )
    case 'Task':
      return checkOrder(document.assigned, document.due, '').map((fault) => ({ ...fault, pointer: '/due' }))
    case 'Province':
      return checkCommunes(document)
    case 'ApplicationClass':
      return checkAskedDocuments(document)
    case 'Agreement':
      return [
        ...checkValidity(document.validity),
        ...checkOperations(document.operations),
        ...checkDefaultPurpose(document),
      ]
  }
}

const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g

function checkCertificates(pem: string, pointer: string, nowMs: number): Violation[] {
  const unreadable = {
    pointer,
    rule: 'pem',
    detail: { vi: 'Không phải chứng thư X.509 dạng PEM.', en: 'It is not X.509 certificates in PEM.' },
  }
  const blocks = [...pem.matchAll(PEM_BLOCK)]
  if (blocks.length === 0) return [unreadable]
  return blocks.flatMap(([block, label]) => {
    if (label?.endsWith('PRIVATE KEY')) {
      const detail = {
        vi: 'Khóa riêng không được có trong đăng ký; bỏ đi và thay ngay khóa này.',
        en: 'A private key must never be in the registry: take it out and replace the key.',
      }
      return [{ pointer, rule: 'private_key', detail }]
    }
    try {
      const { validTo } = new X509Certificate(block)
      if (Date.parse(validTo) > nowMs) return []
      const day = new Date(validTo).toISOString().slice(0, 10)
      const detail = { vi: `Chứng thư đã hết hạn ngày ${day}.`, en: `The certificate expired on ${day}.` }
      return [{ pointer, rule: 'certificate_expired', detail }]
    } catch {
      return [unreadable]
    }
  })
}

/** @returns what keeps a sound document from being admitted now. */
export function checkAdmission(document: RegistryDocument, { nowMs, vetKey }: Admission): Violation[] {
  if (document.kind === 'Service') {
    const ca = document.binding?.tls?.ca
    return ca === undefined ? [] : checkCertificates(ca, '/binding/tls/ca', nowMs)
  }
  if (document.kind !== 'Subsystem') return []
  const ca = document.webhooks?.ca
  const untrusted = ca === undefined ? [] : checkCertificates(ca, '/webhooks/ca', nowMs)
  const weak = (document.credentials?.jwks ?? []).flatMap((jwk, index) => {
    const objection = vetKey(jwk)
    return objection === undefined ? [] : [{ pointer: pointerTo('/credentials/jwks', index), ...objection }]
  })
  return [...weak, ...untrusted]
}
