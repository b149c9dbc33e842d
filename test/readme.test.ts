import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import { type Block, readBlocks } from './support/markdown.ts'
import { createTestFolder } from './support/postgres.ts'

const PROJECT = join(import.meta.dirname, '..')

/** The demo as `npm run demo` starts it, on ports and in a folder of its own. */
interface Demo {
  /** A command line of the README, as it has to be typed for this demo. */
  adapt(line: string): string
  readonly environment: NodeJS.ProcessEnv
  close(): Promise<number | null>
}

/** Members of answers that differ from run to run. */
const PASSING = ['dataAsOf', 'exchangeId', 'instance', 'traceId']

function withoutPassing(json: string): unknown {
  const value: unknown = JSON.parse(json)
  expect(value).to.be.an('object')
  return Object.fromEntries(Object.entries(Object(value)).filter(([name]) => !PASSING.includes(name)))
}

function ownEnvironment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('LIENTHONG_') && name !== 'DATABASE_URL',
  )
  const path = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`
  // Nothing is to be fetched after npm ci.
  return { ...Object.fromEntries(inherited), PATH: path, npm_config_offline: 'true' }
}

async function startDemo(): Promise<Demo> {
  const dataDir = await createTestFolder()
  const environment = ownEnvironment()
  const child = spawn(process.execPath, ['src/main.ts', 'demo', '--json', '--lang', 'en'], {
    cwd: PROJECT,
    env: {
      ...environment,
      LIENTHONG_DATADIR: dataDir,
      LIENTHONG_LISTEN_PORT: '0',
      LIENTHONG_MANAGEMENT_PORT: '0',
    },
  })
  let out = ''
  let told = ''
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
  })
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      told += chunk.toString()
      // The last thing it says; the token for curl is there then.
      if (told.includes('Ctrl-C')) resolve()
    })
    child.once('exit', (code) => reject(new Error(`the demo ended with ${code}: ${told}`)))
  })
  const { ok, addresses } = JSON.parse(out)
  expect(ok).to.equal(true)
  return {
    environment,
    adapt: (line) =>
      line.replaceAll('http://127.0.0.1:8080', addresses.gateway).replaceAll('.lienthong/', `${dataDir}/`),
    async close() {
      child.removeAllListeners('exit')
      child.kill('SIGINT')
      if (child.exitCode === null) await once(child, 'exit')
      return child.exitCode
    },
  }
}

async function runShell(script: string, env: NodeJS.ProcessEnv) {
  const child = spawn('bash', ['-euo', 'pipefail'], { cwd: PROJECT, env })
  child.stdin.end(script)
  const [out, told] = await Promise.all([text(child.stdout), text(child.stderr)])
  if (child.exitCode === null) await once(child, 'close')
  return { exitCode: child.exitCode, out, told }
}

/** What each command has to show, besides exit code 0, by a word of the command. */
const SHOWS: Readonly<Record<string, readonly RegExp[]>> = {
  'registry apply': [/"matched": true/, /legal_basis_expired/],
  'subject-stdin': [/lookUpCitizen/, /verifyCitizen/, /2 (?:records|bản ghi)\./],
  'verify log': [/records lead to the signed root|bản ghi cho ra đúng gốc đã ký/],
  'lienthong check': [/agencies|cơ quan/],
}

describe('README.md', () => {
  let blocks: readonly Block[]
  let readme: string

  before(async () => {
    readme = await readFile(join(PROJECT, 'README.md'), 'utf8')
    blocks = readBlocks(readme)
  })

  it('fits on a few screens and links to files that exist', async () => {
    expect(readme.split('\n').length).to.be.at.most(200)
    for (const [, target = ''] of readme.matchAll(/\]\((?!https?:)([^)#]+)/g)) {
      await readFile(join(PROJECT, target))
    }
  })

  it('begins with the two commands, which the project has', async () => {
    const { scripts } = JSON.parse(await readFile(join(PROJECT, 'package.json'), 'utf8'))
    const shown = blocks.filter(({ remark }) => remark?.startsWith('not run: '))
    expect(shown.map((block) => block.text)).to.deep.equal([
      'npm ci && npm run demo\n',
      'npm ci && npm test\n',
    ])
    // The one warning that is kept out of the demo's window is Node.js's own.
    const demo = 'node --disable-warning=ExperimentalWarning src/main.ts demo'
    expect(scripts).to.include({ demo }).and.to.have.property('test')
  })

  it('shows commands that do what it says, beside a running demo', async function () {
    this.timeout(400_000)
    const demo = await startDemo()
    const unshown = new Set(Object.keys(SHOWS))
    try {
      for (const [place, { language, text: script, remark }] of blocks.entries()) {
        if (language !== 'sh' || remark?.startsWith('not run: ')) continue
        const run = await runShell(demo.adapt(script), demo.environment)
        expect(run.exitCode, `${script}\n${run.told}`).to.equal(0)
        const next = blocks[place + 1]
        if (next?.language === 'json') {
          expect(withoutPassing(run.out)).to.deep.equal(withoutPassing(demo.adapt(next.text)))
        }
        for (const [word, patterns] of Object.entries(SHOWS)) {
          if (!script.includes(word)) continue
          unshown.delete(word)
          for (const pattern of patterns) expect(run.out + run.told).to.match(pattern)
        }
      }
    } finally {
      expect(await demo.close()).to.equal(0)
    }
    expect([...unshown]).to.deep.equal([])
  })
})
