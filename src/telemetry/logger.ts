import { Writable } from 'node:stream'
import winston from 'winston'
import type { ExchangeEvent } from './exchange-event.ts'
import { type Known, knownNothing } from './known.ts'
import type { LogEvent, LogLevel } from './log-events.ts'
import { createLineWriter, exchangeLine } from './log-line.ts'

interface LoggerParts {
  /** Lines below this level are left out. */
  readonly level: LogLevel
  /** Where lines go; standard output where absent. */
  readonly destination?: Writable
  /** Unix milliseconds. */
  readonly now?: () => number
  /** Runs what writes a gathered batch a little later; after 50 ms where absent. @returns its cancellation. */
  readonly later?: (run: () => void) => () => void
  /** Told of each exchange line left out because the destination is too slow. */
  readonly onDropped?: () => void
}

/** The gateway's log: JSON lines through winston. It never fails what it tells of. */
export interface Logger {
  log(event: LogEvent): void
  /** One line of an exchange, gathered with others into one write. */
  exchange(event: ExchangeEvent): void
  /** The words of the registry that lines may hold from now on. */
  useKnown(known: Known): void
  /** Resolves when every line taken so far has been handed to the operating system. */
  flush(): Promise<void>
}

/** Lines that start a write without waiting for more. */
const JOINED_LINES = 64
const JOINED_MS = 50
/** Exchange lines kept for a slow destination: about 6 MB. */
const MAX_WAITING_LINES = 10_000

function afterJoinTime(run: () => void): () => void {
  const timer = setTimeout(run, JOINED_MS)
  return () => clearTimeout(timer)
}

/** @returns writes text through winston; `written` is called when the destination has taken it. */
function createWriter(destination: Writable, level: LogLevel): (text: string, written: () => void) => void {
  let finished = () => {}
  const stream = new Writable({
    decodeStrings: false,
    write(text, encoding, next) {
      destination.write(text, encoding, () => {
        next()
        finished()
      })
    },
  })
  const logger = winston.createLogger({
    level,
    format: winston.format.printf(({ message }) => String(message)),
    transports: [new winston.transports.Stream({ stream, eol: '\n' })],
  })
  // A reader that went away must not end the gateway; its lines are lost.
  destination.on('error', () => {})
  return (text, written) => {
    finished = written
    // Levels were judged line by line; a batch passes as a whole.
    logger.log(level, text)
  }
}

/** @param parts where absent, standard output and the real clock. */
export function createLogger(parts: LoggerParts): Logger {
  const { level, destination = process.stdout, now = Date.now, later = afterJoinTime } = parts
  const write = createWriter(destination, level)
  const lines = createLineWriter(process.pid)
  const enabled = winston.config.npm.levels
  const threshold = enabled[level] ?? 0
  let known = knownNothing()
  let waiting: string[] = []
  let exchangeLines = 0
  let dropped = 0
  let isWriting = false
  let cancelWrite: (() => void) | undefined
  let idle = Promise.withResolvers<void>()

  function isEnabled(event: LogEvent): boolean {
    return (enabled[lines.levelOf(event)] ?? 0) <= threshold
  }

  function writeWaiting(): void {
    cancelWrite?.()
    cancelWrite = undefined
    // One write at a time: what comes meanwhile waits here, where it is counted.
    if (isWriting || waiting.length === 0) return
    const batch = waiting.join('\n')
    waiting = []
    exchangeLines = 0
    isWriting = true
    write(batch, () => {
      isWriting = false
      tellDropped()
      if (waiting.length > 0) writeWaiting()
      else settleIdle()
    })
  }

  function settleIdle(): void {
    idle.resolve()
    idle = Promise.withResolvers<void>()
  }

  function tellDropped(): void {
    if (dropped === 0) return
    const count = dropped
    dropped = 0
    waiting.push(lines.write({ action: 'lines_dropped', count }, now(), known))
  }

  return {
    log(event) {
      if (!isEnabled(event)) return
      waiting.push(lines.write(event, now(), known))
      writeWaiting()
    },
    exchange(event) {
      const line = exchangeLine(event)
      if (!isEnabled(line)) return
      if (exchangeLines >= MAX_WAITING_LINES) {
        dropped += 1
        parts.onDropped?.()
        return
      }
      waiting.push(lines.write(line, now(), known))
      exchangeLines += 1
      if (waiting.length >= JOINED_LINES) writeWaiting()
      else cancelWrite ??= later(writeWaiting)
    },
    useKnown(next) {
      known = next
    },
    async flush() {
      writeWaiting()
      if (isWriting) await idle.promise
    },
  }
}
