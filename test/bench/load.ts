/**
 * The load generator: keep-alive connections over raw sockets, requests built beforehand. It runs in the
 * bench's own process, which has nothing else to do during a window.
 */
import { type Door, type Lane, openLane } from './lane.ts'
import { createTally, type Sample } from './tally.ts'

/** The next request's bytes; `undefined` ends the window early (a supply of one-time requests is used up). */
export type NextRequest = () => Buffer | undefined

/** Open connections to a door, idle between two runs. */
export interface Load {
  /** As fast as answers come: each connection sends its next request when its last one is answered. */
  saturate(seconds: number, next: NextRequest): Promise<Sample>
  /**
   * The same request so many times a second whatever the answers do (open loop), released once a millisecond. A request
   * that finds no free connection waits, and its latency counts from its release.
   */
  pace(seconds: number, request: Buffer, perSecond: number): Promise<Sample>
  close(): void
}

/** How long a window may wait for its last answers. */
const DRAIN_TIMEOUT_MS = 15_000

/** Opens the connections, TLS handshakes included. */
export async function openLoad(door: Door, connections: number): Promise<Load> {
  let landed: (lane: Lane, fault: string | undefined) => void = () => {}
  const open = () => openLane(door, (lane, fault) => landed(lane, fault))
  const lanes = await Promise.all(Array.from({ length: connections }, open))

  function saturate(seconds: number, next: NextRequest): Promise<Sample> {
    const tally = createTally()
    const startMs = performance.now()
    const endMs = startMs + seconds * 1000
    let flying = lanes.length
    return bounded(seconds, (finish) => {
      const depart = (lane: Lane, nowMs: number): void => {
        const request = nowMs < endMs ? next() : undefined
        if (request === undefined) {
          flying -= 1
          if (flying === 0) finish(tally.close(nowMs - startMs))
          return
        }
        lane.sentAtMs = nowMs
        lane.send(request)
      }
      landed = (lane, fault) => {
        const nowMs = performance.now()
        tally.add(nowMs - lane.sentAtMs, fault)
        depart(lane, nowMs)
      }
      for (const lane of lanes) depart(lane, startMs)
    })
  }

  function pace(seconds: number, request: Buffer, perSecond: number): Promise<Sample> {
    const tally = createTally()
    const startMs = performance.now()
    const total = Math.max(1, Math.floor(seconds * perSecond))
    const free = [...lanes]
    const waitingSinceMs: number[] = []
    let released = 0
    return bounded(seconds, (finish) => {
      const depart = (lane: Lane, releasedAtMs: number): void => {
        lane.sentAtMs = releasedAtMs
        lane.send(request)
      }
      landed = (lane, fault) => {
        const nowMs = performance.now()
        tally.add(nowMs - lane.sentAtMs, fault)
        const sinceMs = waitingSinceMs.shift()
        if (sinceMs === undefined) free.push(lane)
        else depart(lane, sinceMs)
        if (tally.answered === total) finish(tally.close(nowMs - startMs))
      }
      const ticker = setInterval(() => {
        const nowMs = performance.now()
        const due = Math.min(total, Math.floor(((nowMs - startMs) / 1000) * perSecond))
        for (; released < due; released += 1) {
          const lane = free.pop()
          if (lane === undefined) waitingSinceMs.push(nowMs)
          else depart(lane, nowMs)
        }
        if (released === total) clearInterval(ticker)
      }, 1)
    })
  }

  return {
    saturate,
    pace,
    close: () => {
      for (const lane of lanes) lane.close()
    },
  }
}

/** Fails a window whose answers stop coming. */
function bounded(seconds: number, run: (finish: (sample: Sample) => void) => void): Promise<Sample> {
  return new Promise((resolve, reject) => {
    const stalled = () => reject(new Error(`answers stopped coming for ${DRAIN_TIMEOUT_MS / 1000} s`))
    const timer = setTimeout(stalled, seconds * 1000 + DRAIN_TIMEOUT_MS)
    run((sample) => {
      clearTimeout(timer)
      resolve(sample)
    })
  })
}
