import {
  type AnonymityFacts,
  type AnonymityRules,
  createClassCounter,
  type GeneralRow,
  MAX_CLASSES,
} from '../model/anonymity.ts'
import { GatewayError } from '../model/errors.ts'

/** Letting go of a gathered set, class by class. Rows are read again for each purpose and never held all at once. */

/** Rows of which what is different is held at a time. */
const ROWS_OF_SHARE = 100_000
const PIECE_BYTES = 262_144

/** A set's rows as they may leave, and what is to be told of them. */
export interface AnonymisedContent {
  readonly facts: AnonymityFacts
  /** NDJSON, in the order of its text; the same bytes each time. */
  pieces(): AsyncIterable<Buffer>
}

/** @returns the line that a row is kept as; JSON has no tab. */
export function encodeRow({ key, sensitive, text }: GeneralRow): string {
  return `${key}\t${JSON.stringify(sensitive)}\t${text}\n`
}

async function* linesOf(pieces: AsyncIterable<Buffer>): AsyncIterable<readonly string[]> {
  // Rows are made durable whole. Bytes as they are: they are told apart and put in order, and nothing more.
  for await (const piece of pieces) yield piece.toString('latin1').split('\n').slice(0, -1)
}

/** Lines with how often each stands there. */
function* repeated(lines: ReadonlyMap<string, number>): Iterable<string> {
  for (const line of [...lines.keys()].sort()) {
    for (let left = lines.get(line) ?? 0; left > 0; left -= 1) yield `${line.slice(line.indexOf('\t') + 1)}\n`
  }
}

const UNMET = {
  none: {
    vi: 'Mọi dòng đều thuộc nhóm nhỏ hơn ngưỡng k, hoặc chưa đủ đa dạng.',
    en: 'Every row is of a class smaller than k, or one without enough variety.',
  },
  tooFine: {
    vi: `Hơn ${MAX_CLASSES} nhóm: các trường gián tiếp còn quá chi tiết.`,
    en: `More than ${MAX_CLASSES} classes: the quasi-identifiers are too detailed.`,
  },
}

/**
 * Counts a set's rows by class in one pass.
 * @param read the rows as `encodeRow` wrote them, whole lines in each piece.
 * @param rowsOfShare rows that are held at a time when they are let go, or those of one class where it has more.
 * @throws GatewayError `anonymity_unmet` where nothing may leave.
 */
export async function anonymise(
  rules: AnonymityRules,
  read: () => AsyncIterable<Buffer>,
  rowsOfShare = ROWS_OF_SHARE,
): Promise<AnonymisedContent> {
  const counter = createClassCounter(rules)
  for await (const lines of linesOf(read())) {
    for (const line of lines) {
      const [key = '', sensitive = '[]'] = line.split('\t', 2)
      counter.add({ key, sensitive: JSON.parse(sensitive) })
    }
  }
  const release = counter.conclude(rowsOfShare)
  if (release === undefined) throw new GatewayError('anonymity_unmet', { detail: UNMET.tooFine })
  const { released, suppressed, classes, shares, shareOf } = release
  if (released === 0) throw new GatewayError('anonymity_unmet', { detail: UNMET.none })

  async function shareLines(share: number): Promise<ReadonlyMap<string, number>> {
    const held = new Map<string, number>()
    for await (const lines of linesOf(read())) {
      for (const line of lines) {
        const end = line.indexOf('\t')
        const key = line.slice(0, end)
        if (shareOf(key) !== share) continue
        // A text of its own: a part of the page's text would keep the whole page in memory.
        const kept = Buffer.from(key + line.slice(line.indexOf('\t', end + 1)), 'latin1').toString('latin1')
        held.set(kept, (held.get(kept) ?? 0) + 1)
      }
    }
    return held
  }

  return {
    facts: { rules, released, suppressed, classes },
    async *pieces() {
      let text: string[] = []
      let length = 0
      for (let share = 0; share < shares; share += 1) {
        for (const line of repeated(await shareLines(share))) {
          text.push(line)
          length += line.length
          if (length < PIECE_BYTES) continue
          yield Buffer.from(text.join(''), 'latin1')
          text = []
          length = 0
        }
      }
      if (length > 0) yield Buffer.from(text.join(''), 'latin1')
    },
  }
}
