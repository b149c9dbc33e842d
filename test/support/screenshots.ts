import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Browser, Page } from 'playwright-core'
import { OVERVIEW } from '../../src/dashboards/overview.ts'
import { fontFaces, readFonts } from '../../src/http/fonts.ts'
import type { Language } from '../../src/model/identifier.ts'
import { launchChromium } from './chromium.ts'
import { type AskRange, previewDashboard, type RangeSeries, type Span } from './dashboard-preview.ts'
import { withPalette } from './palette-png.ts'

/**
 * `npm run screenshots`: starts the demo with its history and Prometheus, gives it something to do, and takes the
 * pictures that the documentation shows into docs/images. Needs Debian's chromium and prometheus.
 */

const PROJECT = join(import.meta.dirname, '../..')
const IMAGES = join(PROJECT, 'docs/images')
const MAX_BYTES = 150_000
const [WIDTH, HEIGHT] = [1280, 860]
const AUDITOR = 'G22/thanh-tra'
const CITIZENS = 'G01/dan-cu/cong-dan/v1'

interface Demo {
  readonly gateway: string
  readonly management: string
  readonly prometheus: string
  /** Runs one more command beside it. */
  run(...words: readonly string[]): Promise<void>
  close(): Promise<void>
}

async function startDemo(): Promise<Demo> {
  const dataDir = mkdtempSync(join(tmpdir(), 'lienthong-screenshots-'))
  const env = {
    ...process.env,
    LIENTHONG_DATADIR: dataDir,
    LIENTHONG_LISTEN_PORT: '0',
    LIENTHONG_MANAGEMENT_PORT: '0',
  }
  const start = (words: readonly string[]) =>
    spawn(process.execPath, ['src/main.ts', ...words], { cwd: PROJECT, env })
  const child = start(['demo', '--json', '--history', '--with-prometheus', '--lang', 'en'])
  let [out, told] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
  })
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      told += chunk.toString()
      if (told.includes('Ctrl-C')) resolve()
    })
    child.once('exit', (code) => reject(new Error(`the demo ended with ${code}: ${told}`)))
  })
  const { gateway, management } = JSON.parse(out).addresses
  const [, prometheus = ''] = /(http:\/\/[\d.:]+)\/graph/.exec(told) ?? []
  return {
    gateway,
    management,
    prometheus,
    async run(...words) {
      const other = start(words)
      other.stdout.resume()
      other.stderr.resume()
      if (other.exitCode === null) await once(other, 'exit')
    },
    async close() {
      child.removeAllListeners('exit')
      child.kill('SIGINT')
      if (child.exitCode === null) await once(child, 'exit')
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

/** Minutes of ordinary traffic, with an agency that fails for a while in the middle. */
async function makeTraffic(demo: Demo, seconds: number): Promise<Span> {
  const from = Math.floor(Date.now() / 1000)
  const traffic = demo.run('demo', 'traffic', '--rate', '12', '--for', `${seconds}s`)
  const breaking = pause(seconds * 400)
    .then(() => demo.run('demo', 'break', 'tax'))
    .then(() => pause(seconds * 120))
    .then(() => demo.run('demo', 'heal'))
  await Promise.all([traffic, breaking])
  const to = Math.floor(Date.now() / 1000)
  return { from: from + 20, to, step: Math.max(2, Math.round((to - from) / 120)) }
}

const askRange =
  (prometheus: string): AskRange =>
  async (expr, { from, to, step }) => {
    const query = new URLSearchParams({ query: expr, start: `${from}`, end: `${to}`, step: `${step}` })
    const response = await fetch(`${prometheus}/api/v1/query_range?${query}`)
    const { status, error, data } = (await response.json()) as {
      status: string
      error?: string
      data?: { result: readonly RangeSeries[] }
    }
    if (status !== 'success') throw new Error(`${expr}: ${error}`)
    return data?.result ?? []
  }

async function signIn(browser: Browser, demo: Demo, language: Language): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: WIDTH, height: HEIGHT } })
  await page.goto(`${demo.management}/console/language/${language}?back=/console/search`)
  await page.click('a.button')
  await page.click(`a[href*="${encodeURIComponent(AUDITOR)}"]`)
  await page.waitForURL('**/console/**')
  return page
}

async function keep(name: string, page: Page, height = HEIGHT): Promise<void> {
  await page.setViewportSize({ width: WIDTH, height })
  await page.evaluate('document.fonts.ready')
  const png = withPalette(await page.screenshot())
  if (png.length > MAX_BYTES) throw new Error(`${name}.png has ${png.length} bytes, more than ${MAX_BYTES}`)
  writeFileSync(join(IMAGES, `${name}.png`), png)
  process.stdout.write(`docs/images/${name}.png ${png.length}\n`)
}

/** The pages of the console that the documentation shows. */
async function takeConsole(browser: Browser, demo: Demo, language: Language): Promise<void> {
  const page = await signIn(browser, demo, language)
  const open = (path: string) => page.goto(`${demo.management}${path}`)
  await open('/console/statistics?map=growth')
  await keep(`console-statistics-${language}`, page, 900)
  const filters = new URLSearchParams({ service: CITIZENS, outcome: 'delivered', consumer: 'H29/mot-cua' })
  await open(`/console/search?${filters}`)
  await page.locator('tr', { hasText: 'lookUpCitizen' }).locator('a.id').first().click()
  await page.locator('.life').waitFor()
  const exchange = new URL(page.url()).pathname
  await keep(`console-exchange-${language}`, page, 1010)
  await open(`${exchange}/proof`)
  while ((await page.locator('#proof').count()) === 0) await open(`${exchange}/proof`)
  await page.click('#verify')
  await page.locator('#verdict.good').waitFor()
  await keep(`console-proof-${language}`, page, 860)
  await page.close()
}

async function takePreview(browser: Browser, demo: Demo, span: Span, language: Language): Promise<void> {
  const page = await browser.newPage({ viewport: { width: WIDTH, height: HEIGHT } })
  await page.setContent(await previewDashboard(OVERVIEW, language, span, askRange(demo.prometheus)))
  // The page has no address that fonts could be fetched from.
  const fonts = readFonts()
  const content = fontFaces('').replaceAll(
    /url\(([\w.-]+)\)/g,
    (_, file: string) => `url(data:font/woff2;base64,${fonts.get(file)?.toString('base64')})`,
  )
  await page.addStyleTag({ content })
  await page.evaluate('document.fonts.ready')
  const height = Number(await page.evaluate('document.documentElement.scrollHeight'))
  await keep(`dashboard-overview-${language}`, page, height)
  await page.close()
}

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '150' } } })
mkdirSync(IMAGES, { recursive: true })
const demo = await startDemo()
const browser = await launchChromium()
try {
  const span = await makeTraffic(demo, Number(values.seconds))
  for (const language of ['vi', 'en'] as const) {
    await takeConsole(browser, demo, language)
    await takePreview(browser, demo, span, language)
  }
} finally {
  await browser.close()
  await demo.close()
}
