import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import { createAdmission } from '../src/identity/admission.ts'
import { createSigningKey, generatePrivateJwk } from '../src/identity/signing-key.ts'
import type { PublicJwk } from '../src/model/party.ts'
import { readRegistryDirectory } from '../src/registry/read-documents.ts'
import { sampleScenario } from '../src/sandbox/samples.ts'
import { SCENARIOS } from '../src/sandbox/scenarios.ts'
import { startWorld } from './support/gateway-world.ts'
import { readBlocks } from './support/markdown.ts'
import { createTestFolder } from './support/postgres.ts'

const PROJECT = join(import.meta.dirname, '..')
const CONSUMER = 'H29/mot-cua'
const NAMED = /^# ((?:schemas|config)\/\S+\.yaml)\n/

/** Runs a program given as text, as a file in the project would be run. */
async function runProgram(program: string, words: readonly string[]) {
  const child = spawn(process.execPath, ['--input-type=module', '-', ...words], { cwd: PROJECT })
  child.stdin.end(program)
  const [out, fault] = await Promise.all([text(child.stdout), text(child.stderr)])
  if (child.exitCode === null) await once(child, 'close')
  return { exitCode: child.exitCode, out, fault }
}

/** Runs the typed program of each language's page beside the client that the gateway writes. @returns what each prints. */
async function runTyped(gatewayUrl: string, keyFile: string): Promise<readonly string[]> {
  const folder = dirname(keyFile)
  const client = await (await fetch(`${gatewayUrl}/services/G01/dan-cu/cong-dan/v1/client.ts`)).text()
  await writeFile(join(folder, 'cong-dan.ts'), client)
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  await symlink(join(PROJECT, 'node_modules'), join(folder, 'node_modules'))
  const said: string[] = []
  for (const path of ['docs/integrators.md', 'docs/vi/integrators.md']) {
    const page = await readFile(join(PROJECT, path), 'utf8')
    const [program] = readBlocks(page).filter(({ text }) => text.startsWith('// hoi.ts'))
    await writeFile(join(folder, 'hoi.ts'), program?.text ?? '')
    const child = spawn(process.execPath, ['hoi.ts'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
    said.push(await text(child.stdout))
  }
  return said
}

describe('docs/integrators.md', () => {
  let page: string

  before(async () => {
    page = await readFile(join(PROJECT, 'docs/integrators.md'), 'utf8')
  })

  it('shows a program that gets a token and an answer, and one that signs and checks signatures', async () => {
    const [program, signing, ...others] = readBlocks(page).filter(({ language }) => language === 'js')
    expect(others).to.have.length(0)
    const jwk = await generatePrivateJwk('ES256')
    const { kid } = createSigningKey(jwk)
    const { crv = '', x = '', y = '' } = jwk
    const key: PublicJwk = { kty: 'EC', crv, x, y, kid, alg: 'ES256' }
    const world = await startWorld({
      change: (documents) => ({
        ...documents,
        subsystems: documents.subsystems.map((subsystem) =>
          subsystem.id === CONSUMER ? { ...subsystem, credentials: { jwks: [key] } } : subsystem,
        ),
      }),
    })
    try {
      const keyFile = join(await createTestFolder(), 'mot-cua.jwk')
      await writeFile(keyFile, JSON.stringify({ ...jwk, kid }))
      const run = await runProgram(program?.text ?? '', [world.gateway.publicUrl, CONSUMER, keyFile])
      expect(run, run.fault).to.include({ exitCode: 0, fault: '' })
      expect(run.out).to.match(/^200 [0-9a-f-]{36}\n/)
      expect(run.out).to.include('Huỳnh Bảo Đoan')
      expect(await runTyped(world.gateway.publicUrl, keyFile)).to.deep.equal(['true\n', 'true\n'])
      const both = `${program?.text}\n${signing?.text}`
      const signed = await runProgram(both, [world.gateway.publicUrl, CONSUMER, keyFile])
      expect(signed, signed.fault).to.include({ exitCode: 0, fault: '' })
      expect(signed.out).to.match(/signed by the gateway\n$/)
      const record = (await world.records()).at(-1)
      expect(record).to.include.keys('requestSignature', 'answerSignature')
    } finally {
      await world.close()
    }
  })

  it('shows documents of a service that are admitted as they stand', async () => {
    const files = readBlocks(page).flatMap(({ text: content }) => {
      const path = NAMED.exec(content)?.[1]
      return path === undefined ? [] : [{ path, content }]
    })
    expect(files.map(({ path }) => path)).to.have.length(4)
    const folder = await createTestFolder()
    for (const part of ['schemas', 'config']) {
      await cp(join(PROJECT, part), join(folder, part), { recursive: true })
    }
    for (const { path, content } of files) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), content)
    }
    const read = await readRegistryDirectory(join(folder, 'config/registry'), join(folder, 'schemas'), {
      syntheticPersons: false,
      admission: createAdmission(Date.now()),
    })
    expect(read.faults).to.deep.equal([])
    expect(read.registry?.services.has('H29/ho-so/tien-do/v1')).to.equal(true)
    expect(read.registry?.agreements.get('TT-2026-010')?.grants.has('lookUpProgress')).to.equal(true)
  })

  it('lists every number that provokes a fault, in both languages', async () => {
    const vietnamese = await readFile(join(PROJECT, 'docs/vi/integrators.md'), 'utf8')
    for (const { ending, title } of SCENARIOS) {
      const { personalId, parcelKey, taxCode } = sampleScenario(ending)
      const cells = [ending, personalId, parcelKey, taxCode].map((word) => `\`${word}\``)
      expect(page).to.include(`| ${cells.join(' | ')} | ${title.en} |`)
      expect(vietnamese).to.include(`| ${cells.join(' | ')} | ${title.vi} |`)
    }
  })
})
