import { shareTestServer, stopTestServer } from './postgres.ts'
import { assertThreatsHeld, outcomeOf, type TestOutcome } from './threats.ts'

const outcomes: TestOutcome[] = []

/** Runs once, before the first test, in the process that tells of them. */
export async function mochaGlobalSetup(this: Mocha.Runner) {
  this.on('test end', (test) => outcomes.push(outcomeOf(test)))
  // The one kind of runner that has it is the one that runs files in processes of their own.
  if ('isParallelMode' in this) await shareTestServer()
}

/** Runs once, after the last test. */
export async function mochaGlobalTeardown() {
  await stopTestServer()
  assertThreatsHeld(outcomes)
}

/** In each process that runs tests, after each file if there are several of them. */
export const mochaHooks = { afterAll: stopTestServer }
