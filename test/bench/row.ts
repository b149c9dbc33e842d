import type { Host } from './host.ts'

/** Headers (beyond Host, Content-Type and Content-Length) and body of one request. */
export interface BenchRequest {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What the load generator shows and trusts where a subject listens with TLS; all PEM. */
export interface ClientTls {
  readonly ca: string
  readonly certificate: string
  readonly key: string
}

/** One running subject under test. */
export interface Subject {
  /** Where every request is POSTed, path included. */
  readonly url: string
  /** Root of the process tree whose CPU time and memory are counted. */
  readonly pid: number
  /**
   * Root of its database's tree where that is no descendant of `pid`. Processes called `postgres` are told
   * apart by name wherever they are.
   */
  readonly databasePid?: number
  readonly tls?: ClientTls
  /** True where a request is good for one use (a DPoP proof): they are then made before each timed window. */
  readonly oneTimeRequests?: boolean
  /** The body of a right answer, where it differs from the provider's. */
  readonly expectedBody?: string
  /** A request that has to be answered 401, asked once: proof that the subject verifies what it says. */
  readonly forged?: BenchRequest
  request(): BenchRequest | Promise<BenchRequest>
  close(): Promise<void>
}

/** What a row is given to start its subject with. */
export interface RowContext {
  readonly host: Host
  /** Address of the cheap provider, no path: `http://127.0.0.1:port`. It answers any path. */
  readonly providerUrl: string
}

/** One line of the table. */
export interface Row {
  readonly name: string
  /** Also measured with a single connection. */
  readonly alone: boolean
  /** Also measured at half of its saturation; not for subjects with one-time requests. */
  readonly half: boolean
  start(context: RowContext): Promise<Subject>
}

/** Connections each subject may keep open to the provider; the same for all. */
export const PROVIDER_CONNECTIONS = 64

/** A row that cannot run here, through no fault of its own; it is left out, not failed. */
export class RowUnavailable extends Error {
  override readonly name = 'RowUnavailable'
}
