import { execFile } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { runCli } from '../support/cli.ts'

const MAIN = join(import.meta.dirname, '../../src/main.ts')
const COMMANDS = ['serve', 'check', 'registry', 'keys', 'token', 'call', 'bulk', 'records']
const LEAVES = [
  ['check'],
  ['registry', 'apply'],
  ['registry', 'diff'],
  ['registry', 'export'],
  ['registry', 'history'],
  ['registry', 'hubs'],
  ['keys', 'new'],
  ['keys', 'show'],
  ['keys', 'rotate'],
  ['token'],
  ['call'],
  ['records'],
]
const VIETNAMESE = /[ạảấầẩậắằẳặẹẻẽếềểệỉịọỏốồổộớờởợụủứừửựỳỵỷỹđư]/i
const ESCAPE = '\u001b['

describe('the command line', () => {
  it('lists every command and the exit codes, in Vietnamese unless the locale is English', async () => {
    for (const environment of [
      {},
      { LANG: 'vi_VN.UTF-8' },
      { LANG: 'C' },
      { LANG: 'en_GB', LC_ALL: 'fr_FR' },
    ]) {
      const { exit, out } = await runCli(['--help'], { environment })
      expect(exit).to.equal(0)
      expect(out).to.include('Cách dùng: lienthong').and.include('Mã thoát:')
      for (const name of COMMANDS) expect(out).to.match(new RegExp(`^  ${name} `, 'm'))
    }
    for (const environment of [{ LANG: 'en_US.UTF-8' }, { LANG: 'vi_VN', LC_ALL: 'en' }]) {
      const { out } = await runCli(['--help'], { environment })
      expect(out).to.include('Usage: lienthong').and.include('Exit codes:')
      expect(out.replace('Liên Thông', '')).not.to.match(VIETNAMESE)
    }
  })

  it('lets --lang win over the locale', async () => {
    const { out } = await runCli(['--lang', 'vi', '--help'])
    expect(out).to.include('Cách dùng')
    expect((await runCli(['--lang=en', '--help'], { environment: {} })).out).to.include('Usage')
    const { exit, err } = await runCli(['--lang', 'fr', 'check'])
    expect(exit).to.equal(2)
    expect(err).to.include('must be one of vi, en')
  })

  it('begins the help of each command with examples and ends it with the shape of --json', async () => {
    for (const leaf of LEAVES) {
      const { exit, out } = await runCli([...leaf, '--help'])
      expect(exit, leaf.join(' ')).to.equal(0)
      expect(out, leaf.join(' ')).to.match(/^Examples:\n {2}# /)
      expect(out).to.include(`lienthong ${leaf.join(' ')}`)
      expect(out).to.include('Shape of --json:\n  {')
      expect(out).to.include('Exit codes:')
    }
  })

  it('says every help in both languages', async () => {
    for (const leaf of LEAVES) {
      const english = await runCli([...leaf, '--help'])
      const text = english.out.replaceAll(/^ {2}lienthong .*$/gm, '')
      expect(text, leaf.join(' ')).not.to.match(VIETNAMESE)
      const vietnamese = await runCli([...leaf, '--help'], { environment: {} })
      expect(vietnamese.out).to.include('Ví dụ:').and.not.include('Options:')
    }
  })

  it('takes help as a command too', async () => {
    expect((await runCli(['help', 'call'])).out).to.equal((await runCli(['call', '--help'])).out)
    expect((await runCli(['help'])).out).to.equal((await runCli(['--help'])).out)
  })

  it('shows the help and exit code 2 where no command is given', async () => {
    const { exit, out, err } = await runCli([])
    expect({ exit, out }).to.deep.equal({ exit: 2, out: '' })
    expect(err).to.include('Usage:')
  })

  it('names the nearest word for what it does not know', async () => {
    const cases: [string[], RegExp][] = [
      [['chekc'], /no command 'chekc'[\s\S]*Did you mean check\?/],
      [['registry', 'aply'], /no command 'aply'[\s\S]*Did you mean apply\?/],
      [['records', '--consume', 'x'], /no option --consume[\s\S]*Did you mean --consumer\?/],
      [['records', '--jsn'], /no option --jsn[\s\S]*Did you mean --json\?/],
      [['records', '--outcome', 'lost'], /--outcome <outcome> must be one of delivered, refused/],
      [['records', '--limit'], /--limit <n> needs a value/],
      [['records', '--subject-stdin', '--dossier-stdin'], /cannot be used with/],
      [['registry', 'export'], /argument dir is missing/],
      [['check', 'a', 'b'], /Too many arguments: 0 expected, 2 given/],
    ]
    for (const [argv, said] of cases) {
      const { exit, out, err } = await runCli(argv)
      expect({ exit, out }, argv.join(' ')).to.deep.equal({ exit: 2, out: '' })
      expect(err).to.match(said)
      const vietnamese = await runCli(argv, { environment: {} })
      expect(vietnamese.err, argv.join(' '))
        .to.match(VIETNAMESE)
        .and.not.match(/error:|invalid/)
    }
  })

  it('tells a fault as one JSON object on stderr where JSON is wanted', async () => {
    const { exit, out, err } = await runCli(['records', '--limit', '0', '--json'])
    expect({ exit, out }).to.deep.equal({ exit: 2, out: '' })
    expect(JSON.parse(err)).to.deep.equal({
      error: { code: 'usage', exit: 2, title: '--limit must be 1 to 1000.', side: 'you' },
    })
  })

  it('shows a stack trace with --debug only', async () => {
    const argv = ['keys', 'show', 'missing.jwk']
    const { exit, err } = await runCli(argv, { workingDirectory: '/nowhere' })
    expect(exit).to.equal(1)
    expect(err).to.include('There is no such file or folder').and.include('/nowhere/missing.jwk')
    expect(err).to.not.match(/^\s+at /m)
    const debug = await runCli([...argv, '--debug'], { workingDirectory: '/nowhere' })
    expect(debug.err).to.match(/^\s+at /m)
  })

  it('colours for a terminal only, and not where NO_COLOR, TERM=dumb or --no-color forbid it', async () => {
    const bad = ['nothing']
    const en = { LANG: 'en' }
    expect((await runCli(bad, { isTTY: true, environment: en })).err).to.include(ESCAPE)
    expect((await runCli(bad, { environment: { ...en, FORCE_COLOR: '1' } })).err).to.include(ESCAPE)
    const plain = [
      await runCli(bad),
      await runCli(bad, { isTTY: true, environment: { ...en, NO_COLOR: '1' } }),
      await runCli(bad, { isTTY: true, environment: { ...en, TERM: 'dumb' } }),
      await runCli([...bad, '--no-color'], { isTTY: true }),
      await runCli(['--help'], { isTTY: true, environment: { NO_COLOR: '1' } }),
    ]
    for (const { out, err } of plain) expect(out + err).not.to.include(ESCAPE)
  })

  it('runs as a program: executable, result on stdout, exit code of the command', async () => {
    accessSync(MAIN, constants.X_OK)
    expect(readFileSync(MAIN, 'utf8')).to.match(/^#!\/usr\/bin\/env node\n/)
    const { stdout } = await promisify(execFile)(process.execPath, [MAIN, '--version'])
    expect(stdout).to.match(/^\d+\.\d+\.\d+\n$/)
    const failed = await promisify(execFile)(process.execPath, [MAIN, 'nothing']).catch((error) => error)
    expect(failed).to.include({ code: 2, stdout: '' })
    expect(failed.stderr).to.not.match(/^\s+at /m)
  })

  it('runs without Object.prototype.__proto__, so that no input can reach a prototype by it', async () => {
    const tell = "process.on('exit', () => console.log('__proto__' in Object.prototype))"
    const watched = ['--import', `data:text/javascript,${tell}`, MAIN, '--version']
    const { stdout } = await promisify(execFile)(process.execPath, watched)
    expect(stdout).to.match(/\nfalse\n$/)
  })
})
