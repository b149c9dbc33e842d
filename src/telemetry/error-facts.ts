/** What may be told of an error: never its message, which may quote a body, a key or a person. */
export interface ErrorFacts {
  readonly type: string
  readonly code: string | undefined
  /** `function (file:line:column)` of the innermost calls. */
  readonly stack: readonly string[]
  readonly causes: readonly ErrorFacts[]
}

const MAX_FRAMES = 12
const MAX_CAUSES = 3
const TYPE = /^[A-Za-z][A-Za-z.]{0,63}$/
const CODE = /^[A-Za-z0-9_.-]{1,40}$/
const LONG_NUMBER = /\d{9}/
const FRAME =
  /^ {4}at (?:((?:async |new )?[\w$.<>#]{1,100})(?: \[as \w{1,60}\])? \()?((?:node:|file:\/\/|\/)[^\s()]{1,300}:\d+:\d+)\)?$/

/** @returns the places in a stack; what a message wrote over several lines is not taken for one. */
function framesOf(error: Error): readonly string[] {
  const { stack = '' } = error
  if (typeof stack !== 'string') return []
  const at = error.message === '' ? -1 : stack.indexOf(error.message)
  const places = at < 0 ? stack : stack.slice(at + error.message.length)
  return places
    .split('\n')
    .flatMap((line) => {
      const [, caller, place] = FRAME.exec(line) ?? []
      return place === undefined || LONG_NUMBER.test(line) ? [] : [caller ? `${caller} (${place})` : place]
    })
    .slice(0, MAX_FRAMES)
}

function codeOf(error: Error): string | undefined {
  const code = 'code' in error ? error.code : undefined
  if (typeof code === 'number') return String(code)
  return typeof code === 'string' && CODE.test(code) && !LONG_NUMBER.test(code) ? code : undefined
}

/** @param thrown anything; what is no error has only a type. */
export function errorFacts(thrown: unknown, depth = 0): ErrorFacts {
  if (!(thrown instanceof Error)) return { type: typeof thrown, code: undefined, stack: [], causes: [] }
  const hasCause = thrown.cause !== undefined && thrown.cause !== null && depth < MAX_CAUSES
  const cause = hasCause ? errorFacts(thrown.cause, depth + 1) : undefined
  return {
    type: TYPE.test(thrown.name) ? thrown.name : 'Error',
    code: codeOf(thrown),
    stack: framesOf(thrown),
    causes: cause === undefined ? [] : [{ ...cause, causes: [] }, ...cause.causes],
  }
}
