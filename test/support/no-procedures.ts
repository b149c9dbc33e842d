import type { ProcedureStore } from '../../src/exchange/procedure.ts'

/** Where no linked procedure is begun. */
export const NO_PROCEDURES: ProcedureStore = {
  begin: () => Promise.reject(new Error('no linked procedure was expected')),
  find: async () => undefined,
  save: async () => false,
}
