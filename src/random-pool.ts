import { randomFillSync } from 'node:crypto'

const RANDOM_POOL_BYTES = 8192

/** Random bytes drawn in one go for many small ids. */
export function createRandomPool(): (bytes: number) => Buffer {
  const pool = Buffer.allocUnsafe(RANDOM_POOL_BYTES)
  let used = RANDOM_POOL_BYTES
  return (bytes) => {
    if (used + bytes > RANDOM_POOL_BYTES) {
      randomFillSync(pool)
      used = 0
    }
    used += bytes
    return pool.subarray(used - bytes, used)
  }
}
