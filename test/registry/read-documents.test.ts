import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { readRegistryDirectory } from '../../src/registry/read-documents.ts'
import { BAD, CONTRACT_FILE, current, privateKey, sound, withCa, withJwk } from './bad-documents.ts'
import { ADMISSION, CONTRACT, createFolder, readWith, SOUND_FILES } from './fixture.ts'

function tell(
  faults: readonly { file: string; line: number; column: number; pointer: string; rule: string }[],
): string[] {
  return faults.map(({ file, line, column, pointer, rule }) => `${file}:${line}:${column} ${pointer} ${rule}`)
}

describe('readRegistryDirectory', () => {
  it('reads and compiles a sound registry', async () => {
    const { faults, registry, documents } = await readWith({
      ...withJwk(sound),
      ...withCa(current.certificate),
    })
    expect(tell(faults)).to.deep.equal([])
    expect(documents.agencies.map(({ code }) => code)).to.have.members(['G01', 'H29'])
    expect(registry?.services.get('G01/dan-cu/cong-dan/v1')?.agreementsOf('H29/mot-cua')).to.have.length(1)
  })

  for (const [name, files, ...expected] of BAD) {
    it(`refuses ${name}, and says where`, async () => {
      const { faults, registry } = await readWith(files)
      // A key's text has no fixed length: its column is left open.
      const told = tell(faults).map((text, index) =>
        expected[index]?.includes(':* ') ? text.replace(/:\d+ /, ':* ') : text,
      )
      expect(told).to.deep.equal(expected)
      expect(registry).to.equal(undefined)
      for (const { detail } of faults) expect(detail.vi).to.not.equal(detail.en)
    })
  }

  it('tells an unsafe contract at its place', async () => {
    const unsafe = CONTRACT.replace(
      'name: { type: string, maxLength: 100 }',
      'name: { type: string, pattern: "^(a+)+$" }',
    )
    const { faults } = await readWith({ [CONTRACT_FILE]: unsafe })
    expect(faults).to.not.be.empty
    for (const fault of faults) {
      expect(fault.file).to.equal(CONTRACT_FILE)
      expect(fault.line).to.equal(unsafe.split('\n').findIndex((line) => line.includes('(a+)+')) + 1)
      expect(fault.pointer).to.match(/^\/paths\/~1xac-thuc\/post\/requestBody\//)
    }
  })

  it('never repeats the value of a private key', async () => {
    const jwk = privateKey.export({ format: 'jwk' })
    const { faults } = await readWith(withJwk({ ...jwk, kid: 'k1', alg: 'ES256' }))
    expect(JSON.stringify(faults)).to.not.include(jwk.d)
  })

  it('refuses a folder without documents, which would empty the registry', async () => {
    const folder = await createFolder({ 'registry/README.md': 'x' })
    const options = { syntheticPersons: true, admission: ADMISSION }
    const empty = await readRegistryDirectory(join(folder.path, 'registry'), folder.path, options)
    const absent = await readRegistryDirectory(join(folder.path, 'nowhere'), folder.path, options)
    await folder.remove()
    expect(empty.faults.map(({ rule }) => rule)).to.deep.equal(['registry_empty'])
    expect(absent.faults.map(({ rule }) => rule)).to.deep.equal(['file_unreadable'])
  })

  it('follows links and passes over hidden names, as in a mounted volume', async () => {
    const folder = await createFolder({ ...SOUND_FILES, 'mounted/..data/agreement.yaml': '[' })
    for (const name of ['agencies', 'subsystems', 'service', 'legal-basis', 'agreement']) {
      await symlink(join(folder.path, `registry/${name}.yaml`), join(folder.path, `mounted/${name}.yaml`))
    }
    const options = { syntheticPersons: true, admission: ADMISSION }
    const read = await readRegistryDirectory(
      join(folder.path, 'mounted'),
      join(folder.path, 'schemas'),
      options,
    )
    await folder.remove()
    expect(tell(read.faults)).to.deep.equal([])
    expect(read.documents.agreements).to.have.length(1)
  })

  it('takes the schemas inside the folder before the others', async () => {
    const { faults } = await readWith({ 'registry/schemas/services/G01/dan-cu/cong-dan.v1.yaml': 'a: [' })
    expect(faults.map(({ file }) => file)).to.deep.equal([
      'registry/schemas/services/G01/dan-cu/cong-dan.v1.yaml',
    ])
  })
})

describe('the registry that comes with the gateway', () => {
  it('is sound', async () => {
    const root = join(import.meta.dirname, '../..')
    const options = { syntheticPersons: true, admission: ADMISSION }
    const { faults, registry } = await readRegistryDirectory(
      join(root, 'config/registry'),
      join(root, 'schemas'),
      options,
    )
    expect(tell(faults)).to.deep.equal([])
    const service = registry?.services.get('G01/dan-cu/cong-dan/v1')
    const lookUp = service?.agreementsOf('H29/mot-cua')[0]?.grants.get('lookUpCitizen')
    expect(lookUp?.covers('/permanentResidence/province')).to.equal(true)
    for (const field of ['/religion', '/ethnicity', '/maritalStatus', '/spouse', '/father', '']) {
      expect(lookUp?.covers(field), field).to.equal(false)
    }
  })
})
