/**
 * A number drawn for a topic about a key: always the same for the same seed, so that a hundred million people
 * need no table. Evenly spread over 0 … 2^32 − 1; not for secrets.
 */
export type Draw = (topic: number, key: number) => number

/** One round of MurmurHash3's finaliser (public domain, Austin Appleby). */
function mix(value: number): number {
  let hash = value
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

/**
 * @param seed any 32-bit integer; another seed is another country.
 * @returns a draw whose keys are integers from 0 to 2^32 − 1.
 */
export function createDraw(seed: number): Draw {
  const salt = mix(seed ^ 0x9e3779b9)
  return (topic, key) => mix(mix(key ^ salt) + Math.imul(topic, 0x9e3779b1)) >>> 0
}

/** One member of a list that is never empty. */
export function pick<T>(list: readonly [T, ...T[]] | readonly T[], drawn: number): T {
  const member = list[drawn % list.length]
  if (member === undefined) throw new RangeError('cannot pick from an empty list')
  return member
}
