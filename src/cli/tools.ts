import type { Command } from 'commander'
import type { ExitCode } from './fault.ts'
import type { Outside } from './outside.ts'
import type { Terminal } from './terminal.ts'

/** What a command is handed. */
export interface Tools {
  readonly terminal: Terminal
  readonly outside: Outside
  readonly debug: boolean
  /** Where the project's own `config` and `schemas` are. */
  readonly projectRoot: string
  /** Of this build. */
  readonly version: string
  readonly settingsFile: string
  /** Makes a commander action of a command's work; the work's exit code becomes the process's. */
  act<Arguments extends unknown[]>(
    work: (...typed: Arguments) => Promise<ExitCode>,
  ): (...typed: Arguments) => Promise<void>
}

/** One file of a command; it is loaded when the command is used. */
export interface CommandModule {
  /** Gives the command its arguments, options, help and action. */
  define(command: Command, tools: Tools): void
}
