#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

// Beside the code and trusted like it; where it can't be written, each start compiles anew. Before the rest is loaded.
enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/compiled'))
const { openProcess } = await import('./cli/outside.ts')
const { run } = await import('./cli/program.ts')

// Before anything is read: no input can reach a prototype through `__proto__`, in any library. Workers start here too.
Reflect.deleteProperty(Object.prototype, '__proto__')
process.exitCode = await run(process.argv.slice(2), openProcess())
