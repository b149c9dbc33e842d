import { parseArgs } from 'node:util'
import { ROWS, SIZED_ROWS } from './rows.ts'

/** What the command line asks for. */
export interface Options {
  readonly rounds: number
  readonly seconds: number
  readonly warmUpSeconds: number
  readonly connections: number
  readonly names: readonly string[]
  readonly jsonFile: string | undefined
}

/** Shown by `--help`, and with the fault of a command line that cannot be read. */
export const USAGE = `npm run bench -- [options]

  --rounds N         rounds, every row in each (3)
  --seconds N        length of a timed window (5)
  --connections N    keep-alive connections to the subject (64)
  --only a,b         these rows only; ratios need ${ROWS[0]?.name} among them
  --sizes            also the gateway with 10 and 10,000 agreements, and with 10 and 1,000 services
  --short            one round of 3 seconds
  --json FILE        also write the figures as JSON
  --help             this

rows: ${ROWS.map((row) => row.name).join(', ')}
with --sizes: ${SIZED_ROWS.map((row) => row.name).join(', ')}`

/** A command line that cannot be read; the message says why. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/**
 * Reads the command line; `undefined` where only help is asked for.
 * @throws {UsageError}
 */
export function readOptions(parameters: readonly string[]): Options | undefined {
  const values = parse(parameters)
  if (values.help === true) return undefined
  const short = values.short === true
  return {
    rounds: positive('--rounds', values.rounds, short ? 1 : 3, 1),
    seconds: positive('--seconds', values.seconds, short ? 3 : 5, 0.1),
    warmUpSeconds: short ? 2 : 10,
    connections: positive('--connections', values.connections, 64, 1),
    names: known(values.only, values.sizes === true),
    jsonFile: values.json,
  }
}

function parse(parameters: readonly string[]) {
  try {
    return parseArgs({
      args: [...parameters],
      options: {
        rounds: { type: 'string' },
        seconds: { type: 'string' },
        connections: { type: 'string' },
        only: { type: 'string' },
        sizes: { type: 'boolean' },
        short: { type: 'boolean' },
        json: { type: 'string' },
        help: { type: 'boolean' },
      },
    }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

/** A number that is a multiple of `step` and at least that. */
function positive(option: string, text: string | undefined, fallback: number, step: 0.1 | 1): number {
  if (text === undefined) return fallback
  const value = Number(text)
  if (value >= step && (step < 1 || Number.isInteger(value)) && value <= 1000) return value
  throw new UsageError(
    `${option} needs a ${step < 1 ? '' : 'whole '}number from ${step} to 1000, not '${text}'`,
  )
}

function known(only: string | undefined, withSizes: boolean): readonly string[] {
  const sized = withSizes ? SIZED_ROWS.map((row) => row.name) : []
  const all = [...ROWS.map((row) => row.name), ...sized]
  if (only === undefined) return all
  const wanted = only.split(',').map((name) => name.trim())
  const unknown = wanted.find((name) => !all.includes(name))
  if (unknown !== undefined) throw new UsageError(`there is no row '${unknown}'`)
  return all.filter((name) => wanted.includes(name) || sized.includes(name))
}
