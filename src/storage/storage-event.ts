/** What the storage tells its owner while it works, for the log. Nothing in it is personal data or a secret. */
export type StorageEvent =
  | { readonly event: 'binaries_copied'; readonly folder: string; readonly durationMs: number }
  | { readonly event: 'data_placed'; readonly folder: string; readonly lasting: boolean }
  | { readonly event: 'cluster_initialised'; readonly folder: string; readonly durationMs: number }
  | {
      readonly event: 'server_started'
      readonly pid: number
      readonly port: number
      readonly durationMs: number
    }
  | { readonly event: 'server_reused'; readonly pid: number; readonly port: number }
  | { readonly event: 'server_stopped'; readonly pid: number; readonly durationMs: number }
  /** Another gateway still uses the server, so it runs on. */
  | { readonly event: 'server_left_running'; readonly pid: number }
  | { readonly event: 'connection_lost'; readonly code: string }
  | {
      readonly event: 'migration_applied'
      readonly number: number
      readonly title: string
      readonly durationMs: number
    }

export type StorageLog = (event: StorageEvent) => void
