#!/usr/bin/env node
import { openProcess } from './cli/outside.ts'
import { run } from './cli/program.ts'

// Before anything is read: no input can reach a prototype through `__proto__`, in any library. Workers start here too.
Reflect.deleteProperty(Object.prototype, '__proto__')
process.exitCode = await run(process.argv.slice(2), openProcess())
