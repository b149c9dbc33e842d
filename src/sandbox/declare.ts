/** The shapes most operations of the agencies have, so that an agency is little more than what it knows. */
import { type Claim, claimIn, type MemberKinds } from './claim.ts'
import {
  answer,
  conflict,
  enter,
  notFound,
  personIn,
  refuse,
  type SandboxOperation,
  type SandboxRequest,
  textOf,
} from './operation.ts'
import { type Person, parsePersonalId } from './person-number.ts'
import { createRegister, type Entry, type Register } from './register.ts'
import { ANSWERED_ENDINGS } from './scenarios.ts'

/** `POST {path}` with a personal id: what the agency holds about that person. */
export function aboutPerson(
  path: string,
  now: () => Date,
  describe: (person: Person, request: SandboxRequest) => object | undefined,
  kind: 'lookup' | 'verify' = 'lookup',
): SandboxOperation {
  return {
    path,
    kind,
    identifiers: ['personalId'],
    answer(request) {
      const person = personIn(request)
      return answer(person && describe(person, request), now)
    },
  }
}

/** Whether a personal id is somebody's: what is filed about nobody could not be looked up again. */
export function isPerson(personalId: string): boolean {
  return parsePersonalId(personalId, ANSWERED_ENDINGS) !== undefined
}

/** How far a claim about a person agrees with what is held; nothing that is held is told. */
export interface Compared {
  readonly matched: boolean
  /** By field of the claim. */
  readonly fields: object
}

/**
 * `POST {path}` for one claim and `POST {path}-lo` for a batch, whose results stand in the order of its items.
 * @param compare undefined where the agency holds nothing of that person.
 */
export function verifying(
  path: string,
  now: () => Date,
  compare: (person: Person, request: SandboxRequest) => Compared | undefined,
): readonly SandboxOperation[] {
  function verifyOne(item: unknown): object {
    const request = {
      body: typeof item === 'object' && item !== null ? { ...item } : {},
      idempotencyKey: undefined,
    }
    const person = personIn(request)
    const compared = person && compare(person, request)
    return compared === undefined ? { found: false } : { found: true, ...compared }
  }
  return [
    aboutPerson(path, now, compare, 'verify'),
    {
      path: `${path}-lo`,
      kind: 'verify',
      identifiers: [],
      answer({ body: { items } }) {
        if (!Array.isArray(items)) return refuse(400, 'items_missing', 'Thiếu danh sách cần xác thực.')
        return { status: 200, body: { results: items.map(verifyOne), dataAsOf: now().toISOString() } }
      },
    },
  ]
}

/** @returns the rung of a value that either agrees or does not; undefined of one that was not claimed. */
export function compareValue(claimed: unknown, held: unknown): 'exact' | 'different' | undefined {
  if (claimed === undefined || claimed === '') return undefined
  return claimed === held ? 'exact' : 'different'
}

export interface Filing {
  readonly register: Register<Claim>
  readonly members: MemberKinds
  /** The answer's member that bears the number given. */
  readonly numberName: string
  /** The member that names whom or what the claim is about. */
  readonly subject: string
  /** Further members whose endings provoke faults. */
  readonly identifiers?: readonly string[]
  /** Whether the agency knows that subject; absent: it takes any. */
  readonly isKnown?: (subject: string) => boolean
  /** Whether what the agency holds of that subject contradicts any claim about it: 409. */
  readonly isContradicted?: (subject: string) => boolean
  /** What the agency adds of its own, e.g. a number it issues; told at once and whenever the entry is looked up. */
  readonly addTo?: (entry: Entry<Claim>) => object
}

/** `POST {path}` that takes a claim down. */
export function filing(path: string, options: Filing): SandboxOperation {
  const { register, members, numberName, subject, identifiers = [], isKnown, isContradicted, addTo } = options
  return {
    path,
    kind: 'submit',
    identifiers: [subject, ...identifiers],
    answer(request) {
      const claim = claimIn(request, members)
      if (claim === undefined) return refuse(422, 'request_invalid', 'Thiếu thông tin bắt buộc.')
      if (isKnown?.(textOf(request, subject)) === false) return notFound()
      if (isContradicted?.(textOf(request, subject)) === true) return conflict()
      return enter(register, claim, request, (entry) => ({
        [numberName]: entry.number,
        receivedAt: entry.receivedAt,
        ...addTo?.(entry),
      }))
    },
  }
}

/**
 * `POST {path}` with a number that was given and the identifier it was given for: a number alone shows nothing
 * of anybody.
 */
export function entryLookUp(
  path: string,
  { register, numberName, subject, addTo }: Pick<Filing, 'register' | 'numberName' | 'subject' | 'addTo'>,
): SandboxOperation {
  return {
    path,
    kind: 'lookup',
    identifiers: [subject],
    answer(request) {
      const entry = register.find(textOf(request, numberName))
      if (entry === undefined || entry.claim[subject] !== textOf(request, subject)) return notFound()
      const { number, receivedAt, claim } = entry
      return { status: 200, body: { [numberName]: number, receivedAt, ...claim, ...addTo?.(entry) } }
    },
  }
}

export interface Cancelling {
  readonly now: () => Date
  readonly prefix: string
  /** The member that names what is cancelled, by the number given to it. */
  readonly subject: string
  /** Whose entries can be cancelled. */
  readonly registers: readonly Register<Claim>[]
}

/** `POST {path}` that takes an entry out of its register, as linked procedures need where a later step is refused. */
export function cancelling(path: string, { now, prefix, subject, registers }: Cancelling): SandboxOperation {
  const cancellations = createRegister<Claim>({ now, prefix, matterOf: (claim) => String(claim[subject]) })
  const operation = filing(path, {
    register: cancellations,
    members: { [subject]: 'text', reason: 'text' },
    numberName: 'cancellationNumber',
    subject,
    // What was cancelled already is known too: a repetition gets the first answer.
    isKnown: (number) =>
      cancellations.findByMatter(number) !== undefined ||
      registers.some((register) => register.find(number) !== undefined),
  })
  return {
    ...operation,
    answer(request) {
      const answered = operation.answer(request)
      if (answered.status === 200) {
        for (const register of registers) register.remove(textOf(request, subject))
      }
      return answered
    },
  }
}
