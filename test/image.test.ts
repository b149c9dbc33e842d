import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'chai'
import { requireProgram } from './support/debian-program.ts'
import { freePort } from './support/free-port.ts'

const PROJECT = join(import.meta.dirname, '..')
const BASE = 'localhost/node:24-bookworm-slim'
const IMAGE = 'localhost/lienthong-test'
/** How npm says that it could not reach where packages are. */
const UNREACHED =
  /\b(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT_LOCALLY)\b/
/** For one step of a build; the longest takes a minute. */
const PATIENCE_MS = 240_000

function buildah(store: string, ...words: readonly string[]) {
  const storage = ['--root', join(store, 'root'), '--runroot', join(store, 'run')]
  const environment = { ...process.env, STORAGE_DRIVER: 'vfs', BUILDAH_ISOLATION: 'chroot' }
  const options = { cwd: PROJECT, env: environment, encoding: 'utf8', timeout: PATIENCE_MS } as const
  return spawnSync('buildah', [...storage, ...words], options)
}

/**
 * What of this machine a build on a closed network needs: how npm reaches its registry, what it has fetched already,
 * and whom to trust. Nothing of it stays in the image.
 */
function reachingVolumes(store: string): readonly string[] {
  const home = process.env['HOME'] ?? '/root'
  const own = process.env['npm_config_userconfig'] ?? join(home, '.npmrc')
  const settings = join(store, 'npmrc')
  const said = existsSync(own) ? readFileSync(own, 'utf8') : ''
  const registry = process.env['npm_config_registry']
  const more = ['prefer-offline=true', ...(registry === undefined ? [] : [`registry=${registry}`])]
  writeFileSync(settings, `${said}\n${more.join('\n')}\n`, { mode: 0o600 })
  const cache = process.env['npm_config_cache'] ?? join(home, '.npm')
  const volumes = [`${settings}:/root/.npmrc:ro`, '/etc/ssl/certs:/etc/ssl/certs:ro']
  return [...volumes, ...(existsSync(cache) ? [`${cache}:/root/.npm`] : [])].flatMap((each) => [
    '--volume',
    each,
  ])
}

/** Makes the base image. @returns why nothing can be built or run here; undefined where it can. */
function prepare(store: string): string | undefined {
  const made = spawnSync('test/support/base-image.sh', {
    cwd: PROJECT,
    env: { ...process.env, IMAGE_STORE: store },
    encoding: 'utf8',
  })
  expect(made.status, made.stderr).to.equal(0)
  const probe = buildah(store, 'from', '--pull-never', BASE).stdout.trim()
  const { status, stderr } = buildah(store, 'run', probe, '--', 'test', '-x', '/usr/local/bin/node')
  buildah(store, 'rm', probe)
  return status === 0 ? undefined : `buildah runs no container here: ${stderr.trim().split('\n').at(-1)}`
}

describe('the image that the Dockerfile makes', () => {
  let store: string
  let container: string

  before(function () {
    this.timeout(300_000)
    requireProgram(this as never, 'buildah', 'buildah')
    const skip = (reason: string) => {
      if (this.test) this.test.title += ` (${reason})`
      this.skip()
    }
    if (process.getuid?.() !== 0) skip('it takes root to build an image')
    store = mkdtempSync(join(tmpdir(), 'lienthong-image-'))
    const objection = prepare(store)
    if (objection !== undefined) skip(objection)
    const words = ['--pull-never', '--layers=false', '--build-arg', `NODE=${BASE}`, ...reachingVolumes(store)]
    const built = buildah(store, 'bud', ...words, '-t', IMAGE, '.')
    // A build's own fault, not the machine's, has to fail here.
    const [unreached] = UNREACHED.exec(built.stderr + built.stdout) ?? []
    if (built.status !== 0 && unreached !== undefined)
      skip(`npm reaches no registry out of a build: ${unreached}`)
    expect(built.status, built.stderr).to.equal(0)
    container = buildah(store, 'from', '--pull-never', IMAGE).stdout.trim()
  })
  after(() => {
    if (container) buildah(store, 'rm', container)
    if (store) rmSync(store, { recursive: true, force: true })
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
