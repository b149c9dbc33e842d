import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Somebody who signed in. What they may see is decided anew at each reading, by the registry. */
export interface Session {
  /** Names the session in the log without being usable: SHA-256 of it stands there. */
  readonly id: string
  /** The subsystem whose right to read is used. */
  readonly reader: string
  /** The person, as the provider names them; in the log it is a keyed tag. */
  readonly officer: string
  readonly name: string
  readonly csrf: string
  readonly startedMs: number
  readonly seenMs: number
}

/** What has to be remembered while somebody is away at the provider to sign in. */
export interface Departure {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
  readonly back: string
  readonly madeMs: number
}

interface Box {
  seal(plain: Uint8Array, context: Uint8Array): Buffer
  open(sealed: Uint8Array, context: Uint8Array): Buffer
}

const IDLE_MS = 30 * 60_000
const WHOLE_MS = 8 * 3_600_000
const DEPARTURE_MS = 10 * 60_000
/** `__Host-`: only this host over a secure connection set it, for all of its paths (RFC 6265bis §4.1.3.2). */
const SESSION = '__Host-lienthong'
const DEPARTURE = '__Host-lienthong-signin'
const LANGUAGE = '__Host-lienthong-language'
const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Lax'

export function readCookie(request: IncomingMessage, name: string): string | undefined {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const [key = '', ...value] = part.trim().split('=')
    if (key === name) return value.join('=')
  }
  return undefined
}

/** Sessions live in the browser, sealed under a key of the gateway's: any process can read them, nobody else. */
export function createSessions(box: Box, now: () => number) {
  function write(name: string, value: object, seconds: number): string {
    const sealed = box.seal(Buffer.from(JSON.stringify(value)), Buffer.from(name))
    return `${name}=${sealed.toString('base64url')}; ${ATTRIBUTES}; Max-Age=${seconds}`
  }

  function read(request: IncomingMessage, name: string): unknown {
    const value = readCookie(request, name)
    if (value === undefined) return undefined
    try {
      return JSON.parse(box.open(Buffer.from(value, 'base64url'), Buffer.from(name)).toString())
    } catch {
      // Of another key, or changed: nobody's session.
      return undefined
    }
  }

  const clear = (name: string) => `${name}=; ${ATTRIBUTES}; Max-Age=0`

  return {
    write: (session: Session) => write(SESSION, { ...session, seenMs: now() }, IDLE_MS / 1000),
    read(request: IncomingMessage): Session | undefined {
      // Sealed by `write` alone.
      const session = read(request, SESSION) as Session | undefined
      if (session === undefined) return undefined
      const nowMs = now()
      const lives = nowMs - session.seenMs < IDLE_MS && nowMs - session.startedMs < WHOLE_MS
      return lives ? session : undefined
    },
    clear: () => clear(SESSION),
    depart: (departure: Departure) => write(DEPARTURE, departure, DEPARTURE_MS / 1000),
    returning(request: IncomingMessage): Departure | undefined {
      const departure = read(request, DEPARTURE) as Departure | undefined
      return departure !== undefined && now() - departure.madeMs < DEPARTURE_MS ? departure : undefined
    },
    returned: () => clear(DEPARTURE),
    languageOf: (request: IncomingMessage) => (readCookie(request, LANGUAGE) === 'en' ? 'en' : 'vi'),
    writeLanguage: (language: string) =>
      `${LANGUAGE}=${language === 'en' ? 'en' : 'vi'}; ${ATTRIBUTES}; Max-Age=31536000`,
  }
}

export type Sessions = ReturnType<typeof createSessions>

/** Whether a form came from one of this session's own pages. */
export function isOwnForm(request: IncomingMessage, form: URLSearchParams, { csrf }: Session): boolean {
  const site = request.headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false
  const given = Buffer.from(form.get('csrf') ?? '')
  const own = Buffer.from(csrf)
  return given.length === own.length && timingSafeEqual(given, own)
}
