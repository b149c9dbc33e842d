import { FSCK_CHECKS } from '../ledger/fsck.ts'
import { REFUSAL_REASONS } from '../ledger/keeper.ts'
import { WITNESS_REFUSALS } from '../ledger/witness.ts'
import { WITNESS_STATES } from '../ledger/witnessing.ts'

export type LogLevel = 'error' | 'warn' | 'info' | 'debug'

/**
 * What a log field may hold. Each kind has one check (log-field.ts) and nothing passes without it:
 * - a list: one of its words, else `_unknown`;
 * - `known.*`: a word of the registry that serves, else `_unknown`;
 * - `exchange_id`, `trace_id`, `digest`: exactly that shape, else left out;
 * - `number`, `boolean`: exactly that, else left out;
 * - `method`: one of HTTP's, else `_OTHER`;
 * - `code`: a code of the error table, else `_unknown`; `counts`: numbers by such codes;
 * - `error`: types, codes and stack places, never a message (it may quote what was sent);
 * - `operator_text`: words of the gateway or its operator, never of a request; cut at 200 characters and
 *   without runs of nine digits.
 */
export type FieldKind =
  | readonly string[]
  | `known.${'subsystem' | 'service' | 'operation' | 'agreement' | 'purpose'}`
  | 'exchange_id'
  | 'trace_id'
  | 'digest'
  | 'code'
  | 'method'
  | 'number'
  | 'boolean'
  | 'counts'
  | 'error'
  | 'operator_text'

/** One kind of line: its level, its message and, by the event's members, name and kind of each field. */
export interface EventEntry {
  readonly level: LogLevel
  readonly message: string
  readonly fields: Readonly<Record<string, readonly [name: string, kind: FieldKind]>>
}

const ENDS = ['delivered', 'refused', 'failed', 'interrupted'] as const
const DURATION = ['lienthong.duration_ms', 'number'] as const
const ERROR = ['error', 'error'] as const
const STANDING = {
  witness: ['lienthong.log.witness', 'operator_text'],
  size: ['lienthong.log.size', 'number'],
} as const
const REGISTRY = {
  version: ['lienthong.registry.version', 'number'],
  digest: ['lienthong.registry.digest', 'digest'],
} as const

/** What happens to requests. */
const EXCHANGE_EVENTS = {
  exchange: {
    level: 'info',
    message: 'an exchange has ended',
    fields: {
      exchangeId: ['lienthong.exchange_id', 'exchange_id'],
      traceId: ['trace.id', 'trace_id'],
      success: ['event.outcome', ['success', 'failure']],
      outcome: ['lienthong.outcome', ENDS],
      code: ['error.code', 'code'],
      consumer: ['lienthong.consumer', 'known.subsystem'],
      provider: ['lienthong.provider', 'known.subsystem'],
      service: ['lienthong.service', 'known.service'],
      operation: ['lienthong.operation', 'known.operation'],
      kind: ['lienthong.kind', ['lookup', 'verify', 'submit', 'request', 'event']],
      agreement: ['lienthong.agreement', 'known.agreement'],
      purpose: ['lienthong.purpose', 'known.purpose'],
      method: ['http.request.method', 'method'],
      status: ['http.response.status_code', 'number'],
      durationNs: ['event.duration', 'number'],
      providerUs: ['lienthong.provider_us', 'number'],
      overheadUs: ['lienthong.overhead_us', 'number'],
      attempts: ['lienthong.attempts', 'number'],
      requestBytes: ['http.request.body.bytes', 'number'],
      answerBytes: ['http.response.body.bytes', 'number'],
    },
  },
  authentication_refused: {
    level: 'warn',
    message: 'requests were not authenticated',
    fields: { counts: ['lienthong.refused', 'counts'], windowSeconds: ['lienthong.window_s', 'number'] },
  },
  internal_error: {
    level: 'error',
    message: 'an error inside the gateway',
    fields: {
      error: ERROR,
      exchangeId: ['lienthong.exchange_id', 'exchange_id'],
      traceId: ['trace.id', 'trace_id'],
    },
  },
  event_undelivered: {
    level: 'warn',
    message: 'an event was given up or its subscription stopped',
    fields: {
      consumer: ['lienthong.consumer', 'known.subsystem'],
      service: ['lienthong.service', 'known.service'],
      outcome: ['lienthong.push', ['dead', 'stopped']],
    },
  },
  dataset_freshness: {
    level: 'warn',
    message: 'a source of events has been silent for longer than its contract allows, or tells again',
    fields: {
      service: ['lienthong.service', 'known.service'],
      operation: ['lienthong.operation', 'known.operation'],
      state: ['lienthong.freshness', ['silent', 'fresh']],
    },
  },
  breaker_changed: {
    level: 'warn',
    message: 'a circuit breaker changed its state',
    fields: {
      provider: ['lienthong.provider', 'known.subsystem'],
      state: ['lienthong.breaker', ['closed', 'open', 'half_open']],
    },
  },
} as const satisfies Readonly<Record<string, EventEntry>>

const WORKER_ROLE = ['lienthong.worker_role', ['exchanges', 'jobs']] as const

const WORKER_END = {
  role: WORKER_ROLE,
  pid: ['lienthong.worker_pid', 'number'],
  exitCode: ['process.exit_code', 'number'],
  signal: ['lienthong.signal', 'operator_text'],
} as const

/** The life of the gateway and of its processes. */
const GATEWAY_EVENTS = {
  gateway_started: {
    level: 'info',
    message: 'the gateway has started',
    fields: {
      version: ['service.version', 'operator_text'],
      node: ['lienthong.node_version', 'operator_text'],
      address: ['lienthong.address', 'operator_text'],
      managementAddress: ['lienthong.management_address', 'operator_text'],
      workers: ['lienthong.workers', 'number'],
      sandbox: ['lienthong.sandbox', 'boolean'],
      registryVersion: REGISTRY.version,
      registryDigest: REGISTRY.digest,
    },
  },
  gateway_stopping: {
    level: 'info',
    message: 'the gateway is stopping',
    fields: {
      reason: ['lienthong.reason', 'operator_text'],
      inFlight: ['lienthong.in_flight', 'number'],
    },
  },
  gateway_stopped: {
    level: 'info',
    message: 'the gateway has stopped',
    fields: {
      drained: ['lienthong.drained', 'boolean'],
      inFlight: ['lienthong.in_flight', 'number'],
      durationMs: DURATION,
    },
  },
  gateway_crashed: {
    level: 'error',
    message: 'a fault that nobody caught ends the process',
    fields: { error: ERROR },
  },
  worker_started: {
    level: 'info',
    message: 'a worker has started',
    fields: { role: WORKER_ROLE, pid: ['lienthong.worker_pid', 'number'] },
  },
  worker_stopped: {
    level: 'info',
    message: 'a worker has stopped with the gateway',
    fields: WORKER_END,
  },
  worker_ended: {
    level: 'warn',
    message: 'a worker has ended and is replaced',
    fields: WORKER_END,
  },
  certificate_expiring: {
    level: 'warn',
    message: 'a certificate expires soon',
    fields: {
      use: ['lienthong.certificate.use', ['server', 'client', 'authority', 'signing']],
      subject: ['lienthong.certificate.subject', 'operator_text'],
      notAfter: ['lienthong.certificate.not_after', 'operator_text'],
    },
  },
  issuer_unavailable: {
    level: 'warn',
    message: 'the keys of a foreign issuer cannot be read',
    fields: { issuer: ['lienthong.issuer', 'operator_text'], error: ERROR },
  },
  issuer_recovered: {
    level: 'info',
    message: 'the keys of a foreign issuer are read again',
    fields: { issuer: ['lienthong.issuer', 'operator_text'] },
  },
  lines_dropped: {
    level: 'warn',
    message: 'exchange lines were left out: the reader of the log is too slow',
    fields: { count: ['lienthong.count', 'number'] },
  },
} as const satisfies Readonly<Record<string, EventEntry>>

/** Registry, ledger and storage. */
const STORE_EVENTS = {
  registry_swapped: {
    level: 'info',
    message: 'another registry serves',
    fields: {
      ...REGISTRY,
      services: ['lienthong.services', 'number'],
      agreements: ['lienthong.agreements', 'number'],
      zeroSeriesSkipped: ['lienthong.zero_series_skipped', 'number'],
      durationMs: DURATION,
    },
  },
  registry_refused: {
    level: 'error',
    message: 'a registry was refused; the last good one serves on',
    fields: {
      ...REGISTRY,
      faults: ['lienthong.faults', 'number'],
      firstFault: ['lienthong.first_fault', 'operator_text'],
    },
  },
  ledger_unavailable: {
    level: 'error',
    message: 'the ledger takes no records: no data is released',
    fields: { error: ERROR, queued: ['lienthong.queued', 'number'] },
  },
  ledger_recovered: {
    level: 'info',
    message: 'the ledger takes records again',
    fields: { durationMs: DURATION },
  },
  log_signing_refused: {
    level: 'error',
    message: 'the log is not what was signed: no checkpoint is signed over it',
    fields: {
      reason: ['lienthong.log.reason', REFUSAL_REASONS],
      signedSize: ['lienthong.log.signed_size', 'number'],
      foundSize: ['lienthong.log.found_size', 'number'],
    },
  },
  job_failed: {
    level: 'warn',
    message: 'a job failed and will be tried again',
    fields: { queue: ['lienthong.queue', 'operator_text'], error: ERROR },
  },
  job_given_up: {
    level: 'error',
    message: 'a job failed for the last time: it waits among the dead letters',
    fields: { queue: ['lienthong.queue', 'operator_text'], error: ERROR },
  },
  log_witness_away: {
    level: 'warn',
    message: 'a witness does not cosign the log',
    fields: { ...STANDING, state: ['lienthong.log.witness_state', WITNESS_STATES] },
  },
  log_witness_recovered: { level: 'info', message: 'a witness cosigns the log again', fields: STANDING },
  log_witness_conflict: {
    level: 'error',
    message: 'a witness says that the log is not the one it cosigned',
    fields: { ...STANDING, state: ['lienthong.log.witness_state', WITNESS_STATES] },
  },
  log_timestamp_failed: {
    level: 'warn',
    message: 'a time-stamping authority gave no time stamp that holds',
    fields: { authority: ['lienthong.log.authority', 'operator_text'], error: ERROR },
  },
  log_unattested: {
    level: 'error',
    message: 'the log has gone unattested for too long: exchanges are stopped',
    fields: {},
  },
  log_attested: { level: 'info', message: 'the log is attested again: exchanges go on', fields: {} },
  log_audit_fault: {
    level: 'error',
    message: 'the log is not what its records say, or not what was signed',
    fields: {
      check: ['lienthong.log.check', FSCK_CHECKS],
      index: ['lienthong.log.index', 'number'],
    },
  },
  orphans_closed: {
    level: 'warn',
    message: 'exchanges cut off by a crash were recorded as interrupted',
    fields: { count: ['lienthong.count', 'number'] },
  },
  database_error: { level: 'error', message: 'the database failed', fields: { error: ERROR } },
  storage: {
    level: 'info',
    message: 'storage',
    fields: {
      event: ['lienthong.storage.event', 'operator_text'],
      folder: ['lienthong.storage.folder', 'operator_text'],
      lasting: ['lienthong.storage.lasting', 'boolean'],
      pid: ['lienthong.storage.pid', 'number'],
      port: ['lienthong.storage.port', 'number'],
      code: ['lienthong.storage.code', 'operator_text'],
      number: ['lienthong.storage.migration', 'number'],
      title: ['lienthong.storage.title', 'operator_text'],
      durationMs: DURATION,
    },
  },
} as const satisfies Readonly<Record<string, EventEntry>>

/** What `lienthong witness` tells. */
const WITNESS_EVENTS = {
  witness_started: {
    level: 'info',
    message: 'the witness has started',
    fields: {
      version: ['service.version', 'operator_text'],
      address: ['lienthong.address', 'operator_text'],
      verifierKey: ['lienthong.witness.key', 'operator_text'],
      logs: ['lienthong.witness.logs', 'number'],
    },
  },
  witness_stopped: {
    level: 'info',
    message: 'the witness has stopped',
    fields: { reason: ['lienthong.reason', 'operator_text'] },
  },
  witness_refused: {
    level: 'error',
    message: 'a log signed what contradicts what this witness has cosigned',
    fields: {
      reason: ['lienthong.witness.reason', WITNESS_REFUSALS],
      log: ['lienthong.log.origin', 'operator_text'],
      size: ['lienthong.log.size', 'number'],
      cosignedSize: ['lienthong.witness.cosigned_size', 'number'],
    },
  },
} as const satisfies Readonly<Record<string, EventEntry>>

/**
 * Every line the gateway can log, declared once: an event has these fields and no others, so a body, an
 * identifier or a token has nowhere to go. Names follow the Elastic Common Schema 8 where it has one.
 */
export const LOG_EVENTS = {
  ...EXCHANGE_EVENTS,
  ...GATEWAY_EVENTS,
  ...STORE_EVENTS,
  ...WITNESS_EVENTS,
} as const satisfies Readonly<Record<string, EventEntry>>

export type LogAction = keyof typeof LOG_EVENTS

type FieldValue<K> = K extends readonly (infer Word)[]
  ? Word
  : K extends 'number'
    ? number
    : K extends 'boolean'
      ? boolean
      : K extends 'counts'
        ? Readonly<Record<string, number>>
        : K extends 'error'
          ? unknown
          : string

type FieldsOf<F extends EventEntry['fields']> = {
  readonly [N in keyof F]?: FieldValue<F[N][1]> | undefined
}

/** Something to log: its `action` and the members its entry lists; all of them may be absent. */
export type LogEvent = {
  [A in LogAction]: { readonly action: A } & FieldsOf<(typeof LOG_EVENTS)[A]['fields']>
}[LogAction]
