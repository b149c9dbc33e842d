/** Numbers below `bound`, the same for the same seed. */
export type Dice = (bound: number) => number

/** Mulberry32. */
export function createDice(seed: number): Dice {
  let state = seed >>> 0
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound
  }
}

const MAX_BYTES = 4096
const INTERESTING = [
  0x00, 0x09, 0x0a, 0x0d, 0x20, 0x22, 0x25, 0x2e, 0x2f, 0x3a, 0x5c, 0x7f, 0x80, 0xc0, 0xed, 0xff,
]

type Mutation = (input: Buffer, dice: Dice, other: Buffer, words: readonly string[]) => Buffer

const splice = (input: Buffer, at: number, drop: number, put: Uint8Array) =>
  Buffer.concat([input.subarray(0, at), put, input.subarray(at + drop)])

const MUTATIONS: readonly Mutation[] = [
  (input, dice) => {
    const changed = Buffer.from(input)
    const at = dice(Math.max(1, input.length))
    if (input.length > 0) changed[at] = (changed[at] ?? 0) ^ (1 << dice(8))
    return changed
  },
  (input, dice) =>
    splice(input, dice(input.length + 1), 1, Buffer.from([INTERESTING[dice(INTERESTING.length)] ?? 0])),
  (input, dice) => splice(input, dice(input.length + 1), 0, Buffer.from([dice(256)])),
  (input, dice) => splice(input, dice(input.length + 1), 1 + dice(8), Buffer.alloc(0)),
  (input, dice) => {
    const at = dice(input.length + 1)
    const copied = input.subarray(at, at + 1 + dice(64))
    return splice(input, dice(input.length + 1), 0, Buffer.concat(Array(1 + dice(4)).fill(copied)))
  },
  (input, dice, other) =>
    splice(input, dice(input.length + 1), dice(32), other.subarray(dice(other.length + 1))),
  (input, dice, _other, words) =>
    splice(
      input,
      dice(input.length + 1),
      dice(2) * dice(8),
      Buffer.from(words[dice(words.length)] ?? '', 'latin1'),
    ),
]

/** One to four random changes. @param other a second input, parts of which may be taken. */
export function mutate(input: Buffer, dice: Dice, other: Buffer, words: readonly string[]): Buffer {
  let changed = input
  for (let left = 1 + dice(4); left > 0; left -= 1) {
    changed = MUTATIONS[dice(MUTATIONS.length)]?.(changed, dice, other, words) ?? changed
  }
  return changed.subarray(0, MAX_BYTES)
}
