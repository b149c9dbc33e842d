import type pg from 'pg'

/** By how much a sandbox's clock was advanced; the same for all its processes, and kept over restarts. */
export interface SandboxClockStore {
  /** Milliseconds. */
  read(): Promise<number>
  /** @returns the whole advance, milliseconds. */
  advance(byMs: number): Promise<number>
}

export function createSandboxClockStore(pool: pg.Pool): SandboxClockStore {
  const ask = async (text: string, values: readonly unknown[]) => {
    const { rows } = await pool.query<{ ms: string }>(text, [...values])
    return Number(rows[0]?.ms)
  }
  return {
    read: () => ask('SELECT advanced_ms AS ms FROM sandbox_clock', []),
    advance: (byMs) =>
      ask('UPDATE sandbox_clock SET advanced_ms = advanced_ms + $1 RETURNING advanced_ms AS ms', [byMs]),
  }
}
