import { globSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { listSettings } from '../src/http/setting-list.ts'
import { readSettings, SettingsError } from '../src/settings.ts'
import { METRICS } from '../src/telemetry/metric-table.ts'
import { generateDocs } from './support/generated-docs.ts'
import { readBlocks } from './support/markdown.ts'

const ROOT = join(import.meta.dirname, '..')

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

function isThere(path: string): boolean {
  return statSync(join(ROOT, path), { throwIfNoEntry: false }) !== undefined
}

/** A letter that English has not. */
const VIETNAMESE = /[À-ÖØ-öø-ỹ]/

/** Every match's first group. */
function wordsOf(page: string, pattern: RegExp): readonly string[] {
  return [...page.matchAll(pattern)].map(([, word = '']) => word)
}

/** A heading's anchor, as code hosts make it. */
function anchorsOf(path: string): readonly string[] {
  return wordsOf(read(path), /^#+ (.+)$/gm).map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

describe('the generated pages of docs/', () => {
  for (const [path, text] of generateDocs()) {
    it(`${path} is what npm run docs writes`, () => {
      expect(read(path)).to.equal(text)
    })
  }

  it('name each setting as the environment does', () => {
    const unknown = 'LIENTHONG_LISTEN_HAFEN'
    const names = [...listSettings().flatMap(({ environment }) => environment ?? []), unknown]
    const source = {
      file: join(ROOT, 'config/gateway.yaml'),
      environment: Object.fromEntries(names.map((name) => [name, '[]'])),
    }
    const unnamed = () => {
      try {
        readSettings(source)
        return []
      } catch (thrown) {
        if (!(thrown instanceof SettingsError)) throw thrown
        return thrown.faults.filter(({ rule }) => rule === 'environment').map(({ pointer }) => pointer)
      }
    }
    expect(unnamed()).to.deep.equal([unknown])
  })

  it('say what each setting means in Vietnamese and in English', () => {
    for (const { path, meaning, value, fallback } of listSettings()) {
      expect(meaning.vi, path).to.match(VIETNAMESE).and.not.to.equal(meaning.en)
      expect(meaning.en, path).to.match(/\w+/).and.not.to.match(VIETNAMESE)
      expect(`${value?.en} ${fallback?.en}`, path).not.to.match(VIETNAMESE)
    }
  })
})

describe('what is written by hand', () => {
  const pages = ['README.md', 'CHANGELOG.md', ...globSync('docs/**/*.md', { cwd: ROOT })]
  const each = (judge: (page: string, path: string) => void) => () => {
    for (const path of pages) judge(read(path), path)
  }

  it(
    'links to pages and headings that are there',
    each((page, path) => {
      for (const link of wordsOf(page, /\]\((?!https?:)([^)\s]+)\)/g)) {
        const [file = '', anchor] = link.split('#')
        const target = file === '' ? path : join(dirname(path), file)
        expect(isThere(target), `${path}: ${link}`).to.equal(true)
        if (anchor !== undefined) expect(anchorsOf(target), `${path}: ${link}`).to.include(anchor)
      }
    }),
  )

  it(
    'names files that are there',
    each((page, path) => {
      for (const file of wordsOf(page, /`((?:src|test|schemas|config|docs)\/[\w./-]+)`/g)) {
        expect(isThere(file), `${path}: ${file}`).to.equal(true)
      }
      if (path !== 'docs/architecture.md') return
      for (const file of wordsOf(page, /`([a-z]+\/[\w-]+\.ts)`/g)) {
        expect(isThere(`src/${file}`) || isThere(file), `${path}: ${file}`).to.equal(true)
      }
    }),
  )

  it('shows the tree as it is', () => {
    const [tree = ''] = wordsOf(read('docs/architecture.md'), /```\nsrc\/\n([\s\S]*?)^schemas\//gm)
    const shown = wordsOf(tree, /^ {2}([\w.-]+\/?)/gm)
    const present = globSync('src/**/*.ts', { cwd: ROOT }).map((file) => {
      const [, first = '', rest] = file.split('/')
      return rest === undefined ? first : `${first}/`
    })
    expect([...shown].sort()).to.deep.equal([...new Set(present)].sort())
  })

  it(
    'names metrics and settings that exist',
    each((page, path) => {
      const settings = new Set(listSettings().flatMap(({ environment }) => environment ?? []))
      for (const name of wordsOf(page, /\b(lienthong_[a-z_]+)\b/g)) {
        expect(METRICS, path).to.have.property(name.replace(/_(?:bucket|count)$/, ''))
      }
      for (const name of wordsOf(page, /\b(LIENTHONG_[A-Z_]+[A-Z])\b/g)) {
        expect(settings.has(name), `${path}: ${name}`).to.equal(true)
      }
    }),
  )

  it('opens with a summary in Vietnamese where it is for users', () => {
    for (const path of globSync('docs/*.md', { cwd: ROOT })) {
      expect(read(path).slice(0, 300), path).to.include('**Tóm tắt.**')
    }
  })

  it('is in step in Vietnamese, where there is a whole page of it', () => {
    const shapeOf = (path: string) => {
      const page = read(path)
      const prose = page.replaceAll(/^```[\s\S]*?^```$/gm, '')
      return {
        blocks: readBlocks(page).map(({ language, text }) => ({ language, text })),
        headings: wordsOf(prose, /^(#+) /gm),
        tableRows: wordsOf(prose, /^(\|)/gm).length,
        listItems: wordsOf(prose, /^(-) /gm).length,
      }
    }
    for (const path of globSync('docs/vi/*.md', { cwd: ROOT })) {
      const original = path === 'docs/vi/README.md' ? 'README.md' : path.replace('docs/vi/', 'docs/')
      expect(shapeOf(path), path).to.deep.equal(shapeOf(original))
    }
  })
})
