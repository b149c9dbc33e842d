/** The service that readings of the log are recorded under: they are exchanges whose provider is the log. */
export const AUDIT_SERVICE = 'audit'
/** The service that erasures and holds are recorded under. */
export const ERASURE_SERVICE = 'erasure'
/** The service that applications for connection, and what is decided on them, are recorded under. */
export const APPLICATION_SERVICE = 'application'

/** Whether it is the gateway's own administration that is recorded so; figures of exchanges leave that out. */
export function isOwnService(service: string | undefined): boolean {
  return service === AUDIT_SERVICE || service === ERASURE_SERVICE || service === APPLICATION_SERVICE
}
