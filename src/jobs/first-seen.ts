/** Remembers at which line each key of a file stood first, in 12 bytes of memory a key and a third to a half more for room. */
export interface FirstSeen {
  /** @returns the line of an earlier key that was the same; 0 where this is the first, which is then remembered. */
  note(key: string, line: number): number
}

/** Parts by the first hash; each grows by itself, so that no more than one of them is ever held twice. */
const PARTS = 32
const PART_SHIFT = 27
const FIRST_SLOTS = 1024
const GROWTH = 1.25
const MAX_LOAD = 0.8
/** Of each slot: both hashes and the line, 0 where it is free. */
const SLOT = 3

/** Two independent 32-bit hashes (MurmurHash3's mixing), so that two keys in ten million agree once in 300,000 files. */
function mix(hash: number, unit: number, factor: number): number {
  const mixed = Math.imul(hash ^ unit, factor)
  return mixed ^ (mixed >>> 15)
}

interface Part {
  table: Uint32Array
  slots: number
  used: number
}

/** @returns the line that the key of these hashes had; 0 where it had none, and has this one from now on. */
function put(part: Part, high: number, low: number, line: number): number {
  const { table, slots } = part
  let slot = Math.floor((low / 2 ** 32) * slots)
  for (;;) {
    const at = SLOT * slot
    const known = table[at + 2] ?? 0
    if (known === 0) {
      table[at] = high
      table[at + 1] = low
      table[at + 2] = line
      return 0
    }
    if (table[at] === high && table[at + 1] === low) return known
    slot = slot + 1 === slots ? 0 : slot + 1
  }
}

function grow(part: Part): void {
  const old = part.table
  part.slots = Math.ceil(part.slots * GROWTH)
  part.table = new Uint32Array(SLOT * part.slots)
  for (let at = 0; at < old.length; at += SLOT) {
    const line = old[at + 2] ?? 0
    if (line !== 0) put(part, old[at] ?? 0, old[at + 1] ?? 0, line)
  }
}

/** @param seed of this file, so that nobody can prepare keys that collide. */
export function createFirstSeen(seed: readonly [number, number]): FirstSeen {
  const parts = Array.from(
    { length: PARTS },
    (): Part => ({ table: new Uint32Array(SLOT * FIRST_SLOTS), slots: FIRST_SLOTS, used: 0 }),
  )

  return {
    note(key, line) {
      let [high, low] = seed
      for (let place = 0; place < key.length; place += 1) {
        const unit = key.charCodeAt(place)
        high = mix(high, unit, 0x85ebca6b)
        low = mix(low, unit, 0xc2b2ae35)
      }
      high >>>= 0
      low >>>= 0
      const part = parts[high >>> PART_SHIFT]
      if (part === undefined) throw new Error('a hash has 32 bits')
      const known = put(part, high, low, line)
      if (known !== 0) return known
      part.used += 1
      if (part.used > part.slots * MAX_LOAD) grow(part)
      return 0
    },
  }
}
