import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { fontFaces, readFonts } from '../fonts.ts'

export interface Asset {
  readonly type: string
  readonly bytes: Buffer
}

/** What the proof page runs: the very files that the gateway and the command line run. */
const MODULES = [
  'console/drop.ts',
  'console/verify.ts',
  'ledger/base64.ts',
  'ledger/checkpoint.ts',
  'ledger/disclosure.ts',
  'ledger/note.ts',
  'ledger/proof.ts',
  'ledger/receipt.ts',
] as const
const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 28 28"><rect width="28" height="28" rx="6" fill="#0b3d7a"/><path d="M4 14h20M14 4v20" stroke="#fff" stroke-width="2"/><circle cx="14" cy="14" r="5" fill="#f5c518"/></svg>'

/** @returns every file of the console by its path below `/console/`. Types are stripped here, once. */
export function readAssets(): ReadonlyMap<string, Asset> {
  const style = fontFaces('fonts/') + readFileSync(join(import.meta.dirname, 'console.css'), 'utf8')
  const assets = new Map<string, Asset>([
    ['assets/console.css', { type: 'text/css; charset=utf-8', bytes: Buffer.from(style) }],
    ['assets/icon.svg', { type: 'image/svg+xml', bytes: Buffer.from(ICON) }],
  ])
  for (const [file, bytes] of readFonts()) assets.set(`assets/fonts/${file}`, { type: 'font/woff2', bytes })
  for (const path of MODULES) {
    const source = readFileSync(join(import.meta.dirname, '../..', path), 'utf8')
    assets.set(`modules/${path}`, {
      type: 'text/javascript; charset=utf-8',
      bytes: Buffer.from(stripTypeScriptTypes(source)),
    })
  }
  return assets
}
