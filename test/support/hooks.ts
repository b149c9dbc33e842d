import { stopTestServer } from './postgres.ts'

/** What mocha runs around all test files. */
export const mochaHooks = {
  async afterAll() {
    await stopTestServer()
  },
}
