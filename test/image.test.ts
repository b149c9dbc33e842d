import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'chai'

const PROJECT = join(import.meta.dirname, '..')
const BASE = 'localhost/node:24-bookworm-slim'
const IMAGE = 'localhost/lienthong-test'

/** Where images are kept for this test; made by test/support/base-image.sh. */
const STORE = process.env['IMAGE_STORE']

function buildah(store: string, ...words: readonly string[]) {
  const storage = ['--root', join(store, 'root'), '--runroot', join(store, 'run')]
  const environment = { ...process.env, STORAGE_DRIVER: 'vfs', BUILDAH_ISOLATION: 'chroot' }
  return spawnSync('buildah', [...storage, ...words], { cwd: PROJECT, env: environment, encoding: 'utf8' })
}

/** Files of this machine that a build on a closed network needs: how npm reaches its registry, and whom to trust. */
function reachingVolumes(): readonly string[] {
  const files = [process.env['npm_config_userconfig'] ?? join(process.env['HOME'] ?? '/root', '.npmrc')]
  const own = files.filter((file) => existsSync(file)).map((file) => `${file}:/root/.npmrc:ro`)
  return [...own, '/etc/ssl/certs:/etc/ssl/certs:ro'].flatMap((volume) => ['--volume', volume])
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  return typeof address === 'object' && address !== null ? address.port : 0
}

describe('the image that the Dockerfile makes', () => {
  let store: string
  let container: string

  before(function () {
    this.timeout(900_000)
    const remedy = 'set IMAGE_STORE to a folder and run test/support/base-image.sh'
    const isThere = STORE !== undefined && buildah(STORE, 'inspect', '--type', 'image', BASE).status === 0
    if (!isThere || STORE === undefined) {
      // Two minutes and a gigabyte: not for every run.
      if (this.test) this.test.title += ` (no base image: ${remedy})`
      this.skip()
    }
    store = STORE
    const words = ['--pull-never', '--layers=false', '--build-arg', `NODE=${BASE}`, ...reachingVolumes()]
    const built = buildah(store, 'bud', ...words, '-t', IMAGE, '.')
    expect(built.status, built.stderr).to.equal(0)
    container = buildah(store, 'from', '--pull-never', IMAGE).stdout.trim()
  })
  after(() => {
    if (container) buildah(store, 'rm', container)
  })

  const run = (...words: readonly string[]) => buildah(store, 'run', container, '--', ...words)

  it('runs as nobody in particular and can write to its data folder alone', () => {
    expect(run('id', '-u').stdout.trim()).to.equal('1000')
    const place = (path: string) =>
      run('sh', '-c', `touch ${path} 2>/dev/null && echo yes || echo no`).stdout.trim()
    for (const path of ['/app/x', '/app/src/x', '/app/config/x', '/etc/x', '/usr/x']) {
      expect(place(path), path).to.equal('no')
    }
    expect(place('/var/lib/lienthong/x')).to.equal('yes')
  })

  it('holds what it needs and not what tests need', () => {
    expect(run('ls', '/app').stdout.trim().split(/\s+/).sort()).to.deep.equal(
      ['LICENSE', 'config', 'node_modules', 'package.json', 'schemas', 'src'].sort(),
    )
    const there = (path: string) => run('test', '-e', `/app/node_modules/${path}`).status === 0
    expect(there('@scalar/api-reference/dist/browser/standalone.js')).to.equal(true)
    expect(there('@scalar/api-reference/package.json')).to.equal(false)
    expect(there('mocha')).to.equal(false)
  })

  it('starts by its own command, answers its own health check, and stops when asked', async function () {
    this.timeout(180_000)
    const [port, managementPort] = [await freePort(), await freePort()]
    const settings = [
      `LIENTHONG_LISTEN_PORT=${port}`,
      `LIENTHONG_MANAGEMENT_PORT=${managementPort}`,
      `LIENTHONG_PUBLICURL=http://127.0.0.1:${port}`,
    ].flatMap((setting) => ['--env', setting])
    const storage = ['--root', join(store, 'root'), '--runroot', join(store, 'run')]
    const command = ['node', '--max-semi-space-size=32', '--use-largepages=silent', 'src/main.ts', 'serve']
    const child: ChildProcess = spawn(
      'buildah',
      [...storage, 'run', ...settings, container, '--', ...command],
      {
        env: { ...process.env, STORAGE_DRIVER: 'vfs', BUILDAH_ISOLATION: 'chroot' },
        stdio: 'ignore',
      },
    )
    try {
      let status = 0
      for (let tries = 0; tries < 600 && status !== 200 && child.exitCode === null; tries += 1) {
        status = await fetch(`http://127.0.0.1:${managementPort}/readyz`).then(
          (answer) => answer.status,
          () => 0,
        )
        if (status !== 200) await pause(200)
      }
      expect(status).to.equal(200)
      expect((await fetch(`http://127.0.0.1:${port}/docs`)).status).to.equal(200)
      expect((await fetch(`http://127.0.0.1:${port}/docs/try`)).status).to.equal(200)
    } finally {
      child.kill('SIGTERM')
    }
    await new Promise((resolve) =>
      child.exitCode === null ? child.once('exit', resolve) : resolve(undefined),
    )
  })
})
