import { stopTestServer } from './postgres.ts'
import { assertThreatsHeld } from './threats.ts'

/** What mocha runs around all test files. */
export const mochaHooks = {
  async afterAll(this: Mocha.Context) {
    await stopTestServer()
    const root = this.test?.parent
    if (root) assertThreatsHeld(root)
  },
}
