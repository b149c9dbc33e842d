import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Gives back what starting has left behind: documents read, schemas compiled. V8 would keep it until it needs the
 * room, which a gateway under even load may never do. It stops the process for a tenth of a second, so it is for
 * the moment of starting.
 */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect === 'function') collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}
