import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { parse, parseAllDocuments } from 'yaml'
import { requireProgram } from './support/debian-program.ts'

const ROOT = join(import.meta.dirname, '..')
const KUBERNETES = join(ROOT, 'config/kubernetes')
const UNIT = join(ROOT, 'config/systemd/lienthong.service')

function read(path: string): string {
  return readFileSync(path, 'utf8')
}

describe('config/systemd', () => {
  it('leaves the service little to do to the machine: an exposure below 2', function () {
    requireProgram(this, 'systemd-analyze', 'systemd')
    const { stdout, stderr } = spawnSync(
      'systemd-analyze',
      ['security', '--offline=true', '--no-pager', UNIT],
      { encoding: 'utf8' },
    )
    const [, exposure] = /Overall exposure level for \S+ (\d+\.\d+)/.exec(stdout) ?? []
    expect(Number(exposure), stdout + stderr).to.be.below(2)
  })

  it('starts what npm start starts, and gives it longer to stop than it takes to drain', () => {
    const unit = read(UNIT)
    const { scripts } = JSON.parse(read(join(ROOT, 'package.json')))
    const { properties } = JSON.parse(read(join(ROOT, 'schemas/settings.schema.json')))
    expect(/^ExecStart=(.*)$/m.exec(unit)?.[1]).to.equal(`/opt/lienthong/node_modules/.bin/${scripts.start}`)
    const stopSeconds = Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1])
    expect(stopSeconds * 1000).to.be.above(properties.limits.properties.drainTimeoutMs.default)
  })
})

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string }
}
interface Container {
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[]
  readonly readinessProbe: Probe
  readonly livenessProbe: Probe
  readonly securityContext: Readonly<Record<string, unknown>>
}

describe('config/kubernetes', () => {
  it('names every file it has, each of them readable', () => {
    const { resources } = parse(read(join(KUBERNETES, 'kustomization.yaml')))
    const files = readdirSync(KUBERNETES).filter((name) => name !== 'kustomization.yaml')
    expect(resources).to.have.members(files)
    for (const file of files) {
      for (const document of parseAllDocuments(read(join(KUBERNETES, file)))) {
        expect(document.errors, file).to.deep.equal([])
        expect(document.toJS(), file).to.include.keys('apiVersion', 'kind', 'metadata')
      }
    }
  })

  it('asks the listeners that the settings open, and runs as nobody in particular', () => {
    const { properties } = JSON.parse(read(join(ROOT, 'schemas/settings.schema.json')))
    const { spec } = parse(read(join(KUBERNETES, 'deployment.yaml')))
    const pod = spec.template.spec
    const [container] = pod.containers as readonly Container[]
    expect(
      Object.fromEntries(container?.ports.map((port) => [port.name, port.containerPort]) ?? []),
    ).to.deep.equal({
      public: properties.listen.properties.port.default,
      management: properties.management.properties.port.default,
    })
    expect(container?.readinessProbe.httpGet).to.deep.equal({ path: '/readyz', port: 'management' })
    expect(container?.livenessProbe.httpGet).to.deep.equal({ path: '/livez', port: 'management' })
    expect(pod.securityContext.runAsNonRoot).to.equal(true)
    expect(container?.securityContext).to.deep.equal({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    const drainMs = properties.limits.properties.drainTimeoutMs.default
    expect(pod.terminationGracePeriodSeconds * 1000).to.be.above(drainMs)
  })
})

describe('npm run sbom', () => {
  it('lists what the gateway runs on and is built with (CycloneDX)', () => {
    const { scripts, dependencies, devDependencies } = JSON.parse(read(join(ROOT, 'package.json')))
    const [program = '', ...args] = String(scripts.sbom).split(' ')
    const { bomFormat, components } = JSON.parse(
      execFileSync(program, args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 26 }),
    )
    expect(bomFormat).to.equal('CycloneDX')
    const names = components.map(({ group, name }: { group?: string; name: string }) =>
      group ? `${group}/${name}` : name,
    )
    expect(names).to.include.members(Object.keys(dependencies))
    expect(names).to.include.members(Object.keys(devDependencies))
  })
})
