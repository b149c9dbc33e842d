import { expect } from 'chai'
import { runCli } from '../support/cli.ts'

const VIETNAMESE = /[À-ÖØ-öø-ỹ]/
/** Placeholders that are one word in both languages. */
const SHARED = new Set(['url', 'csv', 'json', 'base64', 'vi|en'])
const PLACEHOLDER = /[<[]([a-z|0-9]+)(?:\.\.\.)?[>\]]/g
/** Two English words side by side, as no term, value or address has them. */
const PROSE = /(?:^|[ (])[a-z]{2,} [a-z]{2,}(?:$|[ .,;:)])/

interface Help {
  readonly vi: string
  readonly en: string
}

async function helpOf(words: readonly string[]): Promise<Help> {
  const inLanguage = async (language: string) =>
    (await runCli([...words, '--help'], { environment: { LANG: language } })).out
  return { vi: await inLanguage('vi_VN.UTF-8'), en: await inLanguage('en_GB.UTF-8') }
}

function commandsIn({ en }: Help): readonly string[] {
  const [, listed = ''] = /^Commands:\n((?: {2}.*\n)+)/m.exec(en) ?? []
  return [...listed.matchAll(/^ {2}([a-z-]+)/gm)]
    .map(([, name = '']) => name)
    .filter((name) => name !== 'help')
}

/** Every command, with its help. */
async function walk(words: readonly string[]): Promise<ReadonlyMap<string, Help>> {
  const help = await helpOf(words)
  const below = await Promise.all(commandsIn(help).map((name) => walk([...words, name])))
  return new Map([[words.join(' '), help], ...below.flatMap((found) => [...found])])
}

/** What is said, without command lines to copy, names in quotes and options. */
function saidIn(help: string): readonly string[] {
  return help
    .split('\n')
    .filter((line) => !line.startsWith('  lienthong '))
    .map((line) => line.replaceAll(/"[^"]*"|--?[a-z][\w-]*|lienthong( [a-z-]+)*/g, '…').trim())
}

describe('the help of every command', () => {
  let helps: ReadonlyMap<string, Help>

  before(async () => {
    helps = await walk([])
  })

  it('is there for all of them', () => {
    expect(helps.size).to.be.greaterThan(80)
    for (const [command, { en }] of helps)
      expect(en, command).to.include(`Usage: lienthong ${command}`.trim())
  })

  it('holds no Vietnamese in English, and no English sentence in Vietnamese', () => {
    for (const [command, { vi, en }] of helps) {
      for (const line of saidIn(en)) expect(line.replace('Liên Thông', ''), command).not.to.match(VIETNAMESE)
      const english = new Set(saidIn(en).filter((line) => PROSE.test(line)))
      expect(
        saidIn(vi).filter((line) => english.has(line)),
        command,
      ).to.deep.equal([])
    }
  })

  it('says in Vietnamese what stands for a value', () => {
    for (const [command, { vi }] of helps) {
      const foreign = [...vi.matchAll(PLACEHOLDER)]
        .map(([, name = '']) => name)
        .filter((name) => !SHARED.has(name))
      expect(foreign, command).to.deep.equal([])
    }
  })

  it('describes each command as a sentence, and each option and argument with words', () => {
    for (const [command, help] of helps) {
      for (const text of [help.vi, help.en]) {
        const [, described = ''] = /^(?:Usage|Cách dùng): .*\n\n([\s\S]+?)\n\n/m.exec(text) ?? []
        expect(described, command).to.match(/^\p{Lu}[\s\S]*[.…]$/u)
        for (const [line] of text.matchAll(/^ {2}(?:-\w, )?--[a-z][\w-]*(?!:)(?: .*)?$/gm)) {
          expect(line, command).to.match(/^ {2}\S.* {2,}\S/)
        }
      }
    }
  })
})
