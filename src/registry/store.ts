import type { DocumentName, RegistryDocuments } from './documents.ts'

/** One version of the registry as the store holds it; documents are as they were admitted, not yet compiled. */
export interface StoredRegistry {
  /** 0 where nothing was ever applied. */
  readonly version: number
  /** See `Registry.digest`; empty at version 0. */
  readonly digest: string
  readonly documents: RegistryDocuments
}

/** Who made a version, when and why. */
export interface RegistryVersion {
  readonly version: number
  readonly digest: string
  readonly appliedAt: Date
  readonly by: string
  readonly note: string
}

export interface DigestedDocument extends DocumentName {
  readonly content: unknown
  /** SHA-256 of the canonical content, hex. */
  readonly digest: string
}

/** What one version changes of the one before. */
export interface RegistryChange {
  /** Digest of the whole registry after it. */
  readonly digest: string
  readonly added: readonly DigestedDocument[]
  readonly changed: readonly DigestedDocument[]
  readonly removed: readonly DocumentName[]
}

export interface ChangeAuthor {
  /** The version the change was made from; where the store has moved on, nothing is written. */
  readonly expectedVersion: number
  readonly by: string
  readonly note: string
}

/** `version` is the one written, or the one that stood in the way. */
export interface ChangeOutcome {
  readonly applied: boolean
  readonly version: number
}

/** Keeps every version of the registry; a version is never changed once it is written. */
export interface RegistryStore {
  version(): Promise<number>
  /**
   * @param known what was read before: only what changed since is read, and unchanged documents are the same
   * objects.
   */
  current(known?: StoredRegistry): Promise<StoredRegistry>
  /** @returns a past version, `undefined` where there never was one. */
  at(version: number): Promise<StoredRegistry | undefined>
  /**
   * Writes the change as the next version, all of it or nothing. Resolves once it is in force in every process: no
   * later answer is released under what it took away.
   */
  apply(change: RegistryChange, author: ChangeAuthor): Promise<ChangeOutcome>
  /** Latest first. */
  history(): Promise<readonly RegistryVersion[]>
  /**
   * Tells the current version once watching began, soon after each change, and every few seconds besides, so
   * that a change whose message was lost is seen all the same.
   * @returns ends the watching.
   */
  onChange(listener: (version: number) => void): () => Promise<void>
}
