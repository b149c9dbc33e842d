import type { Bilingual } from '../model/identifier.ts'
import type { Cue, Observed } from './consumer-stage.ts'
import type { Check, Finding } from './finding.ts'

/** How a consumer's program ended one scene, and what was seen of it meanwhile. */
export interface Scene {
  /** Undefined where it had to be stopped. */
  readonly exitCode: number | undefined
  readonly seen: readonly Observed[]
}

type Verdict = Pick<Finding, 'state' | 'detail'>

/** One thing a consumer's program has to be able to do. */
export interface SceneEntry {
  readonly check: Check
  readonly cues: readonly Cue[]
  readonly judge: (scene: Scene) => Verdict
  readonly fix: Bilingual
}

const ok = (vi: string, en: string): Verdict => ({ state: 'ok', detail: { vi, en } })
const failed = (vi: string, en: string): Verdict => ({ state: 'failed', detail: { vi, en } })
const warning = (vi: string, en: string): Verdict => ({ state: 'warning', detail: { vi, en } })

/** Exchanges whose sender was recognised: those that the cues were played to. */
function played({ seen }: Scene): readonly Observed[] {
  return seen.filter(({ door, refusal }) => door === 'exchange' && refusal === undefined)
}

function ended({ exitCode }: Scene): Verdict | undefined {
  if (exitCode === undefined) return failed('chương trình không kết thúc', 'the program did not end')
  if (exitCode === 0) return undefined
  return failed(`chương trình kết thúc với mã ${exitCode}`, `the program ended with ${exitCode}`)
}

/** The last error it was refused by, a demand for a nonce aside. */
function lastRefusal({ seen }: Scene, door: Observed['door']): string | undefined {
  return seen
    .filter((each) => each.door === door && each.refusal !== undefined)
    .map(({ refusal }) => refusal?.code)
    .findLast((code) => code !== 'dpop_nonce_required')
}

function judgeToken(scene: Scene): Verdict {
  const asked = scene.seen.filter(({ door }) => door === 'token')
  if (asked.length === 0) return failed('không xin mã truy cập', 'it asked for no token')
  const granted = asked.find(({ refusal }) => refusal === undefined)
  if (granted !== undefined) {
    const method = granted.body.includes('client_assertion=') ? 'private_key_jwt' : 'tls_client_auth'
    return ok(`${method} được nhận`, `${method} was accepted`)
  }
  const code = lastRefusal(scene, 'token') ?? 'dpop_nonce_required'
  return failed(`không được cấp mã: ${code}`, `no token was given: ${code}`)
}

function judgeDpop(scene: Scene): Verdict {
  const [first] = played(scene)
  if (first === undefined) {
    const code = lastRefusal(scene, 'exchange') ?? 'dpop_nonce_required'
    return failed(`không giao dịch nào được nhận: ${code}`, `no exchange was accepted: ${code}`)
  }
  return ok(
    'mã gắn khóa, mỗi yêu cầu một bằng chứng mới, theo nonce',
    'a bound token, a fresh proof each time, with the nonce',
  )
}

/** Whether tokens are bound to the certificate, and each connection shows it (RFC 8705 §3). */
function judgeCertificate(scene: Scene): Verdict {
  const [first] = played(scene)
  if (scene.seen.some(({ certificate }) => certificate === undefined)) {
    return failed('có kết nối không trình chứng thư', 'a connection showed no certificate')
  }
  if (first === undefined) {
    const code = lastRefusal(scene, 'exchange') ?? 'dpop_nonce_required'
    return failed(`không giao dịch nào được nhận: ${code}`, `no exchange was accepted: ${code}`)
  }
  if (/^DPoP /i.test(first.headers.authorization ?? ''))
    return warning('mã gắn DPoP, không gắn chứng thư', 'the token is bound by DPoP, not to the certificate')
  return ok('mã gắn chứng thư, kết nối nào cũng trình', 'a bound token, and each connection shows it')
}

function judgeHeaders(scene: Scene): Verdict {
  const [first] = played(scene)
  if (first === undefined) return failed('không có giao dịch nào để xem', 'there was no exchange to look at')
  const { headers, body, method } = first
  if (!/^[a-z]+(?:-[a-z0-9]+)*$/.test(String(headers['exchange-purpose'] ?? ''))) {
    return failed('thiếu Exchange-Purpose đúng dạng', 'Exchange-Purpose is missing or not well formed')
  }
  const isJson = /^application\/json\b/.test(headers['content-type'] ?? '')
  if (body !== '' && !isJson)
    return failed(`Content-Type của ${method} không phải JSON`, `the ${method} is not sent as JSON`)
  if (!/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(String(headers['traceparent'] ?? ''))) {
    return warning(
      'không có traceparent: khó lần theo một giao dịch',
      'no traceparent: an exchange is hard to follow',
    )
  }
  return ok('đủ tiêu đề', 'all headers are there')
}

/** It waits as long as it was told, tries again and comes through. */
function judgePatience(scene: Scene): Verdict {
  const [first, second, ...more] = played(scene)
  if (first === undefined || second === undefined) {
    return ended(scene) ?? failed('không thử lại', 'it did not try again')
  }
  const waitedMs = second.atMs - first.atMs
  // Half a tenth of a second less is a timer's rounding.
  if (waitedMs < 950) {
    const said = `${waitedMs.toFixed(0)} ms`
    return failed(
      `thử lại sau ${said} dù được bảo chờ 1 s`,
      `it tried again after ${said} where it was told 1 s`,
    )
  }
  if (more.length > 0) return failed('gửi lại cả khi đã được trả lời', 'it sent again what was answered')
  const seconds = (waitedMs / 1000).toFixed(1)
  return (
    ended(scene) ??
    ok(`chờ ${seconds.replace('.', ',')} giây rồi thử lại`, `waited ${seconds} s and tried again`)
  )
}

function judgeProblem(scene: Scene): Verdict {
  const count = played(scene).length
  if (count === 0) {
    return failed(
      'không giao dịch nào được nhận nên chưa gặp lỗi này',
      'no exchange came so far as to meet it',
    )
  }
  if (count > 1) return failed(`gửi lại ${count} lần một yêu cầu sai`, `sent a wrong request ${count} times`)
  if (scene.exitCode === 0) return failed('coi lỗi 422 là thành công', 'took a 422 for success')
  if (scene.exitCode === undefined) return failed('chương trình không kết thúc', 'the program did not end')
  return ok('báo lỗi, không gửi lại', 'told of it and did not send again')
}

function judgeRepetition(scene: Scene): Verdict {
  const [first, second] = played(scene)
  if (first === undefined || second === undefined) {
    return (
      ended(scene) ??
      failed('không thử lại khi mất kết nối', 'it did not try again where there was no answer')
    )
  }
  const keys = [first, second].map(({ headers }) => headers['idempotency-key'])
  if (keys[0] === undefined)
    return failed(
      'thiếu Idempotency-Key: gửi lại có thể làm hai lần',
      'no Idempotency-Key: what is sent again may be done twice',
    )
  if (keys[0] !== keys[1])
    return failed('mỗi lần một Idempotency-Key khác', 'another Idempotency-Key each time')
  if (first.body !== second.body)
    return failed('nội dung gửi lại đã khác', 'what it sent again was something else')
  return ended(scene) ?? ok('gửi lại cùng khóa, cùng nội dung', 'sent again under the same key')
}

function judgeRenewal(scene: Scene): Verdict {
  const through = played(scene)
  const tokens = new Set(through.map(({ headers }) => headers.authorization))
  if (through.length < 2) return ended(scene) ?? failed('không xin mã mới', 'it got no new token')
  if (tokens.size < 2) return failed('dùng lại mã đã bị từ chối', 'it used a token again that was refused')
  return ended(scene) ?? ok('xin mã mới rồi gửi lại', 'got a new token and sent again')
}

const DOCUMENTS = { vi: 'docs/vi/integrators.md', en: 'docs/integrators.md' }

/** What binds a token: a key, or the certificate of the connection. */
const BINDINGS: Readonly<Record<'key' | 'certificate', SceneEntry>> = {
  key: {
    check: 'dpop',
    cues: [],
    judge: judgeDpop,
    fix: {
      vi: 'Mỗi yêu cầu một bằng chứng DPoP mới, có ath và nonce của cổng (RFC 9449).',
      en: 'A fresh DPoP proof for each request, with ath and the gateway’s nonce (RFC 9449).',
    },
  },
  certificate: {
    check: 'mtls',
    cues: [],
    judge: judgeCertificate,
    fix: {
      vi: 'Trình chứng thư đã đăng ký ở mọi kết nối, cả khi xin mã lẫn khi giao dịch (RFC 8705).',
      en: 'Show the registered certificate on every connection, for tokens and for exchanges (RFC 8705).',
    },
  },
}

/** @returns the scenes in the order they are played. @param binding what the consumer's tokens are bound to. */
export function scenesOf(binding: keyof typeof BINDINGS): readonly SceneEntry[] {
  return SCENES.toSpliced(1, 0, BINDINGS[binding])
}

const SCENES: readonly SceneEntry[] = [
  {
    check: 'token',
    cues: [],
    judge: judgeToken,
    fix: {
      vi: `Ký client_assertion bằng khóa đã đăng ký, hoặc trình chứng thư đã đăng ký (${DOCUMENTS.vi}, 3).`,
      en: `Sign the client_assertion by the registered key, or show the registered certificate (${DOCUMENTS.en}, 3).`,
    },
  },
  {
    check: 'headers',
    cues: [],
    judge: judgeHeaders,
    fix: { vi: `Xem bảng tiêu đề ở ${DOCUMENTS.vi}, 4.`, en: `See the headers in ${DOCUMENTS.en}, 4.` },
  },
  {
    check: '429',
    cues: ['busy'],
    judge: judgePatience,
    fix: { vi: 'Chờ theo Retry-After rồi mới gửi lại.', en: 'Wait as Retry-After says, then send again.' },
  },
  {
    check: '503',
    cues: ['away'],
    judge: judgePatience,
    fix: { vi: 'Chờ theo Retry-After rồi mới gửi lại.', en: 'Wait as Retry-After says, then send again.' },
  },
  {
    check: 'problem',
    cues: ['invalid', 'invalid', 'invalid'],
    judge: judgeProblem,
    fix: {
      vi: 'Với 4xx khác: đọc code, errors và fix; đừng gửi lại y nguyên; mã thoát khác 0.',
      en: 'Of other 4xx read code, errors and fix; do not repeat them; end with another code than 0.',
    },
  },
  {
    check: 'no answer',
    cues: ['cut'],
    judge: judgeRepetition,
    fix: {
      vi: 'Đặt Idempotency-Key một lần cho mỗi việc và gửi lại cùng khóa.',
      en: 'Name each request once by an Idempotency-Key, and send it again under that.',
    },
  },
  {
    check: 'token ended',
    cues: ['token_ended'],
    judge: judgeRenewal,
    fix: {
      vi: 'Khi 401 invalid_token: bỏ mã cũ, xin mã mới, gửi lại một lần.',
      en: 'At a 401 invalid_token drop the token, get another, send once more.',
    },
  },
]
