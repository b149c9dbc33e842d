/** The service that readings of the log are recorded under: they are exchanges whose provider is the log. */
export const AUDIT_SERVICE = 'audit'
/** The service that erasures and holds are recorded under. */
export const ERASURE_SERVICE = 'erasure'

/** Whether it is the log's own keeping that is recorded so; figures of exchanges leave that out. */
export function isOwnService(service: string | undefined): boolean {
  return service === AUDIT_SERVICE || service === ERASURE_SERVICE
}
