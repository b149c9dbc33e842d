#!/usr/bin/env node
import { openProcess } from './cli/outside.ts'
import { run } from './cli/program.ts'

process.exitCode = await run(process.argv.slice(2), openProcess())
