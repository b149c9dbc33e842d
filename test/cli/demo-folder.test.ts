import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { claimDemoFolder } from '../../src/cli/demo-folder.ts'

describe('the folder of a demo', () => {
  let dataDir: string

  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'lienthong-demo-'))
  })

  afterEach(() => {
    rmSync(dataDir, { recursive: true, force: true })
  })

  /** As a demo of another process left it. */
  function markedBy(pid: number | undefined): void {
    mkdirSync(join(dataDir, 'demo'))
    writeFileSync(join(dataDir, 'demo/running'), `${pid}\n`)
  }

  it('is taken by one demo at a time, another one gets its own', async () => {
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
    await once(other, 'spawn')
    markedBy(other.pid)
    const folder = claimDemoFolder(dataDir)
    expect(folder.path).to.equal(join(dataDir, 'demo-2'))
    folder.release()
    const ended = once(other, 'exit')
    other.kill('SIGKILL')
    await ended
    expect(claimDemoFolder(dataDir).path).to.equal(join(dataDir, 'demo'))
  })

  it('is taken over from a demo that crashed, whose secrets go and whose database stays', () => {
    // No process has this number: it is above what Linux gives out.
    markedBy(2 ** 22 + 1)
    writeFileSync(join(dataDir, 'demo/consumer.jwk'), 'old')
    mkdirSync(join(dataDir, 'demo/postgres'))
    const folder = claimDemoFolder(dataDir)
    expect(folder).to.include({ path: join(dataDir, 'demo'), isUsed: true })
    expect(existsSync(join(folder.path, 'consumer.jwk'))).to.equal(false)
    expect(existsSync(join(folder.path, 'postgres'))).to.equal(true)
    expect(Number(readFileSync(join(folder.path, 'running'), 'utf8'))).to.equal(process.pid)
  })

  it('holds secrets that only their owner reads, and none once it is released', () => {
    const folder = claimDemoFolder(dataDir)
    expect(folder.isUsed).to.equal(false)
    folder.writeSecret('token', 'first')
    const file = folder.writeSecret('token', 'second')
    expect(readFileSync(file, 'utf8')).to.equal('second')
    expect(statSync(file).mode & 0o777).to.equal(0o600)
    folder.release()
    expect(existsSync(file)).to.equal(false)
    expect(existsSync(join(folder.path, 'running'))).to.equal(false)
  })

  it('can be emptied without being let go', () => {
    mkdirSync(join(dataDir, 'demo/postgres'), { recursive: true })
    const folder = claimDemoFolder(dataDir)
    folder.empty()
    expect(existsSync(join(folder.path, 'postgres'))).to.equal(false)
    expect(existsSync(join(folder.path, 'running'))).to.equal(true)
  })
})
