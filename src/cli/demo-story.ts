import type { ErrorCode } from '../model/error-table.ts'
import type { Outcome } from '../model/exchange.ts'
import type { Bilingual } from '../model/identifier.ts'
import type { ObligationClaim } from '../sandbox/agencies/tax.ts'
import { createCountry } from '../sandbox/country.ts'
import { personalIdOf } from '../sandbox/person-number.ts'
import { sampleParcel, samplePerson, sampleTaxpayer } from '../sandbox/samples.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import { isMembers, type Members } from './consumer-reply.ts'

/** The dossier that the tour follows; everybody in it is synthetic. */
export interface DemoCase {
  readonly dossier: string
  readonly officer: string
  readonly purpose: string
  readonly applicant: {
    readonly personalId: string
    readonly fullName: string
    readonly birthDate: string
    readonly sex: string
  }
  readonly parcelKey: string
  readonly claim: ObligationClaim
  readonly idempotencyKey: string
}

/** What an exchange of the tour has to come to; the tour fails where one does not. */
export interface Expectation {
  readonly status: number
  readonly outcome: Outcome
  readonly code?: ErrorCode
  readonly replayed?: boolean
  readonly retryAfter?: boolean
  /** What else has to be true of the answer's body. */
  readonly body: (body: Members) => boolean
}

/** One exchange of the tour. */
export interface DemoStep {
  /** Stable, for `--json`. */
  readonly id: string
  readonly title: Bilingual
  /** Why it is asked, in a sentence or two. */
  readonly story: Bilingual
  readonly service: string
  readonly operation: string
  readonly body: object
  readonly fields?: readonly string[]
  readonly idempotencyKey?: string
  readonly expect: Expectation
  /** What is done to the agencies before. */
  readonly prepare?: (sandbox: Sandbox) => Promise<void>
}

const CITIZEN = 'G01/dan-cu/cong-dan/v1'
const PARCEL = 'G10/dat-dai/thua-dat/v1'
const TAXPAYER = 'G12/thue/nguoi-nop-thue/v1'

/** In Phường Bến Thành; a couple's, mortgaged. */
const PARCEL_KEY = '26743_8_69'
const DAY_MS = 86_400_000

/** @returns the day in Vietnam, `yyyy-mm-dd`. */
export function dayIn(nowMs: number): string {
  return new Date(nowMs + 7 * 3_600_000).toISOString().slice(0, 10)
}

/** @throws Error where the sandbox's country has no such parcel. */
export function openCase(nowMs: number, newId: () => string): DemoCase {
  const { parcels, citizens, names } = createCountry()
  const place = parcels.find(PARCEL_KEY)
  const [owner] = place === undefined ? [] : parcels.ownersOf(place)
  if (owner === undefined) throw new Error(`the sandbox has no parcel ${PARCEL_KEY}`)
  const dossier = `H29.12-${dayIn(nowMs).slice(2).replaceAll('-', '')}-0007`
  const personalId = personalIdOf(owner)
  return {
    dossier,
    officer: 'cb-017',
    purpose: 'giai-quyet-thu-tuc-hanh-chinh',
    applicant: {
      personalId,
      fullName: names.fullNameOf(owner),
      birthDate: citizens.birthDateOf(owner),
      sex: owner.sex,
    },
    parcelKey: PARCEL_KEY,
    claim: {
      dossierCode: dossier,
      parcelKey: PARCEL_KEY,
      taxCode: personalId,
      kind: 'land_use_fee',
      amountVnd: 185_000_000,
      dueDate: dayIn(nowMs + 30 * DAY_MS),
    },
    idempotencyKey: newId(),
  }
}

const DELIVERED = { status: 200, outcome: 'delivered' } as const

function namesPointer(body: Members, pointer: string): boolean {
  const { errors } = body
  return Array.isArray(errors) && errors.some((error) => isMembers(error) && error['pointer'] === pointer)
}

/** The questions a land dossier needs answered. */
function readSteps({ applicant, parcelKey }: DemoCase): readonly DemoStep[] {
  const { personalId, fullName } = applicant
  return [
    {
      id: 'verify-citizen',
      title: { vi: 'Xác thực một công dân', en: 'Verify a citizen' },
      story: {
        vi: 'Người nộp hồ sơ khai đúng không? Dân cư chỉ đáp khớp hay không khớp, không đưa thêm gì.',
        en: 'Is what the applicant says true? The population database says yes or no, nothing more.',
      },
      service: CITIZEN,
      operation: 'verifyCitizen',
      body: applicant,
      expect: { ...DELIVERED, body: ({ matched }) => matched === true },
    },
    {
      id: 'look-up-citizen',
      title: { vi: 'Tra cứu một công dân', en: 'Look a citizen up' },
      story: {
        vi: 'Cần nơi cư trú để khỏi bắt khai lại. Cổng chỉ cho qua các trường có trong thỏa thuận.',
        en: 'The address is needed, so that nobody types it again. Only agreed fields pass.',
      },
      service: CITIZEN,
      operation: 'lookUpCitizen',
      body: { personalId },
      expect: { ...DELIVERED, body: (body) => body['fullName'] === fullName && !('religion' in body) },
    },
    {
      id: 'look-up-parcel',
      title: { vi: 'Tra cứu một thửa đất', en: 'Look a land parcel up' },
      story: {
        vi: 'Thửa đất trong hồ sơ rộng bao nhiêu, của ai, có bị hạn chế gì không?',
        en: 'How large is the parcel of the dossier, whose is it, and is it under any restriction?',
      },
      service: PARCEL,
      operation: 'lookUpParcel',
      body: { parcelKey },
      expect: { ...DELIVERED, body: ({ owners }) => Array.isArray(owners) && owners.length > 0 },
    },
    {
      id: 'verify-owner',
      title: { vi: 'Xác thực chủ sử dụng đất', en: 'Verify the owner' },
      story: {
        vi: 'Người nộp hồ sơ có phải là người sử dụng thửa đất này?',
        en: 'Is the applicant one of those who hold the parcel?',
      },
      service: PARCEL,
      operation: 'verifyOwner',
      body: { parcelKey, personalId, fullName },
      expect: { ...DELIVERED, body: ({ matched }) => matched === true },
    },
    {
      id: 'look-up-taxpayer',
      title: { vi: 'Tra cứu người nộp thuế', en: "Look a taxpayer's status up" },
      story: {
        vi: 'Mã số thuế của người này có đang dùng được không?',
        en: "Is this person's tax code in use?",
      },
      service: TAXPAYER,
      operation: 'lookUpTaxpayer',
      body: { taxCode: personalId },
      expect: { ...DELIVERED, body: ({ statusCode }) => statusCode === '00' },
    },
  ]
}

/** What changes something at the provider, and what happens when it is sent twice. */
function submitSteps({ claim, idempotencyKey }: DemoCase): readonly DemoStep[] {
  const submission = { service: TAXPAYER, operation: 'submitLandObligation', body: claim, idempotencyKey }
  return [
    {
      ...submission,
      id: 'submit',
      title: { vi: 'Chuyển nghĩa vụ tài chính sang thuế', en: 'Submit a financial obligation to tax' },
      story: {
        vi: 'Lần này là gửi, không phải hỏi: cổng ghi sổ bền vững rồi mới gọi cơ quan thuế.',
        en: 'This one changes something: the ledger notes it durably before tax is called.',
      },
      expect: { ...DELIVERED, replayed: false, body: (body) => typeof body['obligationNumber'] === 'string' },
    },
    {
      ...submission,
      id: 'repeat',
      title: { vi: 'Gửi lại đúng nội dung ấy', en: 'Send the very same again' },
      story: {
        vi: 'Mạng rớt nên gửi lại cùng Idempotency-Key: nhận lại câu trả lời cũ, không nộp hai lần.',
        en: 'The network broke, so it goes out again, same Idempotency-Key: nothing is done twice.',
      },
      expect: { ...DELIVERED, replayed: true, body: (body) => typeof body['obligationNumber'] === 'string' },
    },
  ]
}

/** What the gateway refuses, and what it can't do. */
function troubleSteps({ applicant, parcelKey }: DemoCase): readonly DemoStep[] {
  const { personalId } = applicant
  return [
    {
      id: 'field-outside-agreement',
      title: { vi: 'Hỏi quá thỏa thuận', en: 'Ask for more than was agreed' },
      story: {
        vi: 'Thử xin tôn giáo của công dân, điều thỏa thuận không cho: cổng từ chối, không hỏi dân cư.',
        en: "The citizen's religion, which no agreement opens: refused, the database is not asked.",
      },
      service: CITIZEN,
      operation: 'lookUpCitizen',
      body: { personalId },
      fields: ['/religion'],
      expect: {
        status: 403,
        outcome: 'refused',
        code: 'field_not_agreed',
        body: ({ fault }) => fault === 'consumer',
      },
    },
    {
      id: 'invalid-request',
      title: { vi: 'Gửi dữ liệu sai', en: 'Send an invalid request' },
      story: {
        vi: 'Số định danh thiếu một chữ số: cổng chỉ ra chỗ sai mà không nhắc lại giá trị.',
        en: 'A personal id one digit short: the gateway names the place and never repeats the value.',
      },
      service: CITIZEN,
      operation: 'lookUpCitizen',
      body: { personalId: personalId.slice(0, -1) },
      expect: {
        status: 422,
        outcome: 'refused',
        code: 'request_invalid',
        body: (body) => namesPointer(body, '/personalId'),
      },
    },
    {
      id: 'provider-down',
      title: { vi: 'Bên cung cấp ngừng hoạt động', en: 'A provider is down' },
      story: {
        vi: 'Vừa tắt hệ thống đất đai. Cổng thử lại một lần rồi báo rõ khi nào nên hỏi lại.',
        en: 'The land database was switched off. The gateway tries once more, then says when to ask.',
      },
      service: PARCEL,
      operation: 'lookUpParcel',
      body: { parcelKey },
      prepare: ({ agencies }) => agencies.land.break('down'),
      expect: {
        status: 503,
        outcome: 'failed',
        code: 'provider_unavailable',
        retryAfter: true,
        body: ({ fault }) => fault === 'provider',
      },
    },
    {
      id: 'provider-back',
      title: { vi: 'Bên cung cấp hoạt động trở lại', en: 'The provider is back' },
      story: {
        vi: 'Bật lại hệ thống đất đai và hỏi câu cũ: không ai phải khởi động lại cổng.',
        en: 'The land database is on again: the same question is answered, no gateway restarted.',
      },
      service: PARCEL,
      operation: 'lookUpParcel',
      body: { parcelKey },
      fields: ['/parcelKey', '/address', '/areaSquareMetres'],
      prepare: ({ agencies }) => agencies.land.heal(),
      expect: { ...DELIVERED, body: (body) => body['parcelKey'] === parcelKey && !('owners' in body) },
    },
  ]
}

/** Every exchange of the tour, in order. */
export function planSteps(demoCase: DemoCase): readonly DemoStep[] {
  return [...readSteps(demoCase), ...submitSteps(demoCase), ...troubleSteps(demoCase)]
}

/** Ordinary questions about other people and parcels, half of them verifications. */
export function planSteady(count: number): readonly Pick<DemoStep, 'service' | 'operation' | 'body'>[] {
  return Array.from({ length: count }, (_, index) => {
    if (index % 2 === 0)
      return { service: CITIZEN, operation: 'verifyCitizen', body: samplePerson(index).verify }
    if (index % 4 === 1)
      return { service: PARCEL, operation: 'lookUpParcel', body: sampleParcel(index).lookUp }
    return { service: TAXPAYER, operation: 'lookUpTaxpayer', body: sampleTaxpayer(index).lookUp }
  })
}
