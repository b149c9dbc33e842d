import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

/** Be Vietnam Pro, the faces that pages are written in; the OFL lets anybody serve them. */
const FACES = [
  ['latin', 400],
  ['vietnamese', 400],
  ['latin', 600],
  ['vietnamese', 600],
] as const
/** What each file holds, so that a page fetches only what it shows. */
const RANGES = {
  latin: 'U+0000-00FF, U+0131, U+0152-0153, U+2000-206F, U+20AC, U+2122, U+2190-2193, U+2212',
  vietnamese:
    'U+0102-0103, U+0110-0111, U+0128-0129, U+0168-0169, U+01A0-01A1, U+01AF-01B0, U+0300-0309, U+0323, U+1EA0-1EF9, U+20AB',
} as const

const fileOf = (part: string, weight: number) => `be-vietnam-pro-${part}-${weight}-normal.woff2`

/** @returns `@font-face` rules for files that lie in a folder, as a stylesheet names it. */
export function fontFaces(folder: string): string {
  return FACES.map(
    ([part, weight]) =>
      `@font-face{font-family:"Be Vietnam Pro";font-weight:${weight};font-display:swap;src:url(${folder}${fileOf(part, weight)}) format("woff2");unicode-range:${RANGES[part]}}\n`,
  ).join('')
}

/** @returns the font files by name. */
export function readFonts(): ReadonlyMap<string, Buffer> {
  const { resolve } = createRequire(import.meta.url)
  return new Map(
    FACES.map(([part, weight]) => {
      const file = fileOf(part, weight)
      return [file, readFileSync(resolve(`@fontsource/be-vietnam-pro/files/${file}`))]
    }),
  )
}
