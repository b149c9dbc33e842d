import { access, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { parse } from 'yaml'
import { readSettings } from '../src/settings.ts'

const PROJECT = join(import.meta.dirname, '..')

function read(path: string): Promise<string> {
  return readFile(join(PROJECT, path), 'utf8')
}

interface Instruction {
  readonly name: string
  readonly value: string
}

/** A Dockerfile's instructions, continued lines joined, comments left out. */
function readInstructions(dockerfile: string): readonly Instruction[] {
  const lines = dockerfile.replaceAll(/^#.*\n/gm, '').replaceAll(/\\\n\s*/g, ' ')
  return lines
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [name = '', ...rest] = line.split(' ')
      return { name, value: rest.join(' ').trim() }
    })
}

function lastOf(instructions: readonly Instruction[], name: string): string {
  return instructions.findLast((instruction) => instruction.name === name)?.value ?? ''
}

/** Sources of `COPY` that come from the project, not from another stage. */
function copiedSources(instructions: readonly Instruction[]): readonly string[] {
  return instructions
    .filter(({ name, value }) => name === 'COPY' && !value.startsWith('--from='))
    .flatMap(({ value }) => value.split(' ').slice(0, -1))
}

describe('the Dockerfile', () => {
  let instructions: readonly Instruction[]

  before(async () => {
    instructions = readInstructions(await read('Dockerfile'))
  })

  it('copies only what exists and what .dockerignore lets through', async () => {
    const [everything, ...allowed] = (await read('.dockerignore'))
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
    expect(everything).to.equal('*')
    const sources = copiedSources(instructions)
    expect(sources).to.include.members(['package-lock.json', 'src', 'schemas', 'config'])
    for (const source of sources) {
      await access(join(PROJECT, source))
      expect(allowed).to.include(`!${source}`)
    }
  })

  it('runs on the Node.js that package.json asks for', async () => {
    const { engines } = JSON.parse(await read('package.json'))
    const [, major = ''] = /^NODE=node:(\d+)-/.exec(lastOf(instructions, 'ARG')) ?? []
    expect(engines.node).to.equal(`>=${major}`)
  })

  it('runs as nobody in particular, not as root', () => {
    expect(lastOf(instructions, 'USER')).to.equal('1000:1000')
    const named = instructions.map(({ name }) => name)
    expect(named.lastIndexOf('USER')).to.be.greaterThan(named.lastIndexOf('RUN'))
  })

  it('starts the program itself, so that signals reach it, as npm start does', async () => {
    const command: unknown = JSON.parse(lastOf(instructions, 'CMD'))
    const { scripts } = JSON.parse(await read('package.json'))
    expect(command).to.be.an('array')
    expect(scripts.start).to.equal((command as string[]).join(' '))
  })

  it('asks the management listener for its health, without a program the image lacks', async () => {
    const [, json = '[]'] = / CMD (\[.*\])$/.exec(` ${lastOf(instructions, 'HEALTHCHECK')}`) ?? []
    const [program, flag, script] = JSON.parse(json)
    expect([program, flag]).to.deep.equal(['node', '-e'])
    const { properties } = JSON.parse(await read('schemas/settings.schema.json'))
    const port = properties.management.properties.port.default
    expect(script).to.include(`http://127.0.0.1:${port}/readyz`)
    // It has to be a program.
    expect(() => new Function(script)).not.to.throw()
    expect(lastOf(instructions, 'EXPOSE').split(' ')).to.include(String(port))
  })
})

interface ComposeService {
  readonly image?: string
  readonly build?: { readonly context: string }
  readonly volumes?: readonly string[]
  readonly depends_on?: Readonly<Record<string, unknown>> | readonly string[]
  readonly ports?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly stop_grace_period?: string
}

describe('config/compose.yaml', () => {
  let services: Readonly<Record<string, ComposeService>>
  let volumes: Readonly<Record<string, unknown>>

  before(async () => {
    const compose = parse(await read('config/compose.yaml'))
    services = compose.services
    volumes = compose.volumes
  })

  it('mounts files that exist and volumes that are declared', async () => {
    for (const { volumes: mounts = [], build } of Object.values(services)) {
      if (build !== undefined) await access(join(PROJECT, 'config', build.context, 'Dockerfile'))
      for (const mount of mounts) {
        const [source = ''] = mount.split(':')
        if (source.startsWith('.')) await stat(join(PROJECT, 'config', source))
        else expect(volumes).to.have.property(source)
      }
    }
  })

  it('depends on services that it has, and publishes nothing beyond this machine', () => {
    for (const { depends_on: needs = {}, ports = [] } of Object.values(services)) {
      for (const name of Array.isArray(needs) ? needs : Object.keys(needs)) {
        expect(services).to.have.property(name)
      }
      for (const port of ports) expect(port).to.match(/^127\.0\.0\.1:/)
    }
  })

  it('gives the gateway longer to stop than it takes to drain', async () => {
    const { properties } = JSON.parse(await read('schemas/settings.schema.json'))
    const grace = Number.parseInt(services['gateway']?.stop_grace_period ?? '', 10) * 1000
    expect(grace).to.be.greaterThan(properties.limits.properties.drainTimeoutMs.default)
  })

  it('lets Prometheus ask by the name it scrapes', async () => {
    const { scrape_configs } = parse(await read('config/prometheus/prometheus.yaml'))
    const [target] = scrape_configs[0].static_configs[0].targets
    const environment = {
      LIENTHONG_MANAGEMENT_HOSTS: services['gateway']?.environment?.['LIENTHONG_MANAGEMENT_HOSTS'],
    }
    const settings = readSettings({ file: join(PROJECT, 'config/gateway.yaml'), environment, overrides: {} })
    expect(settings.management.hosts).to.deep.equal([target])
  })

  it('holds no password', () => {
    for (const { environment = {} } of Object.values(services)) {
      for (const [name, value] of Object.entries(environment)) {
        if (/PASSWORD|DATABASE_URL/.test(name)) expect(value).to.match(/\$\{\w+:\?/)
      }
    }
  })

  it('has Prometheus ask the gateway, and Grafana ask Prometheus', async () => {
    const prometheus = parse(await read('config/prometheus/prometheus.yaml'))
    const [job] = prometheus.scrape_configs
    const [target = ''] = job.static_configs[0].targets
    expect(services).to.have.property(target.split(':')[0])
    const grafana = parse(await read('config/grafana/provisioning/datasources/prometheus.yaml'))
    expect(services).to.have.property(new URL(grafana.datasources[0].url).hostname)
  })
})
