import type { ProcedureStore } from '../../src/exchange/procedure.ts'
import type { RequestStore } from '../../src/exchange/request.ts'

/** Where no linked procedure is begun. */
export const NO_PROCEDURES: ProcedureStore = {
  begin: () => Promise.reject(new Error('no linked procedure was expected')),
  find: async () => undefined,
  save: async () => false,
}

/** Where nothing is asked for that is answered later. */
export const NO_REQUESTS: RequestStore = {
  begin: () => Promise.reject(new Error('no request was expected')),
  find: async () => undefined,
  save: async () => false,
}
