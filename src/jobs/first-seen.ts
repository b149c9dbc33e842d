/** Remembers at which line each key of a file stood first, in 12 bytes of memory a key and a third more for room. */
export interface FirstSeen {
  /** @returns the line of an earlier key that was the same; 0 where this is the first, which is then remembered. */
  note(key: string, line: number): number
}

const FIRST_SLOTS = 1 << 16
const MAX_LOAD = 0.75

/** Two independent 32-bit hashes (MurmurHash3's mixing), so that two keys in ten million agree once in 300,000 files. */
function mix(hash: number, unit: number, factor: number): number {
  const mixed = Math.imul(hash ^ unit, factor)
  return mixed ^ (mixed >>> 15)
}

/** @param seed of this file, so that nobody can prepare keys that collide. */
export function createFirstSeen(seed: readonly [number, number]): FirstSeen {
  let slots = FIRST_SLOTS
  let used = 0
  /** Of each slot: both hashes and the line, 0 where it is free. */
  let table = new Uint32Array(3 * slots)

  function place(high: number, low: number): number {
    let slot = high & (slots - 1)
    for (;;) {
      const at = 3 * slot
      if (table[at + 2] === 0 || (table[at] === high && table[at + 1] === low)) return at
      slot = (slot + 1) & (slots - 1)
    }
  }

  function grow(): void {
    const old = table
    slots *= 2
    table = new Uint32Array(3 * slots)
    for (let at = 0; at < old.length; at += 3) {
      const line = old[at + 2] ?? 0
      if (line === 0) continue
      const [high = 0, low = 0] = [old[at], old[at + 1]]
      const to = place(high, low)
      table[to] = high
      table[to + 1] = low
      table[to + 2] = line
    }
  }

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
      const at = place(high, low)
      const known = table[at + 2] ?? 0
      if (known !== 0) return known
      table[at] = high
      table[at + 1] = low
      table[at + 2] = line
      used += 1
      if (used > slots * MAX_LOAD) grow()
      return 0
    },
  }
}
