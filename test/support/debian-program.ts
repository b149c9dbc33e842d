import { spawnSync } from 'node:child_process'

/**
 * Skips the test where a Debian program is absent, saying how to install it; fails it where `CI=true`.
 * @param context the running test's `this`.
 */
export function requireProgram(context: Mocha.Context, program: string, debianPackage: string): void {
  if (spawnSync(program, ['--version']).error === undefined) return
  const remedy = `${program} is missing: apt-get install -y --no-install-recommends ${debianPackage}`
  if (process.env['CI'] === 'true') throw new Error(remedy)
  const { test } = context
  if (test) test.title += ` (${remedy})`
  context.skip()
}
