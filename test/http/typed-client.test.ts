import { spawnSync } from 'node:child_process'
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import type { BundledDocument } from '../../src/contract/bundle.ts'
import { writeClientTypes } from '../../src/contract/client-types.ts'
import {
  createGatewayFetch,
  type GatewayOptions,
  type PrivateJwk,
  TokenRefused,
} from '../../src/http/typed-client/gateway-fetch.ts'
import { generatePrivateJwk } from '../../src/identity/signing-key.ts'
import { runCli } from '../support/cli.ts'
import { type GatewayWorld, startWorld } from '../support/gateway-world.ts'
import { createTestFolder } from '../support/postgres.ts'

const PROJECT = join(import.meta.dirname, '../..')
const VECTOR = join(PROJECT, 'test/vectors/typed-client')
const SERVICE = 'G01/dan-cu/cong-dan/v1'
const HEADER = {
  'Exchange-Purpose': 'giai-quyet-thu-tuc-hanh-chinh',
  'Exchange-Dossier': 'H29.12-261122-0007',
  'Exchange-Officer': 'cb-017',
}

/** What an agency's developer writes; the test runs the very text that the compiler judged. */
const RIGHT = `
import { createClient, type GatewayOptions } from './citizen.ts'

export async function verify(options: GatewayOptions) {
  const client = createClient(options)
  const { data, error, response } = await client.POST('/xac-thuc', {
    params: { header: ${JSON.stringify(HEADER)} },
    body: { personalId: '099188010001', fullName: 'Huỳnh Bảo Đoan', sex: 'female' },
  })
  const matched: boolean | undefined = data?.matched
  return { matched, error, status: response.status, exchangeId: response.headers.get('exchange-id') }
}
`

/** One mistake on each marked line. */
const WRONG = `
import { createClient, type GatewayOptions } from './citizen.ts'

export async function verify(options: GatewayOptions) {
  const client = createClient(options)
  const header = ${JSON.stringify(HEADER)}
  const params = { header }
  const body = { personalId: '099188010001', fullName: 'Huỳnh Bảo Đoan' }
  await client.POST('/xac-thuk', { params, body }) // a path that is not there
  await client.GET('/xac-thuc', { params }) // a method that is not there
  await client.POST('/xac-thuc', { params, body: { personalId: '099188010001' } }) // a member missing
  await client.POST('/xac-thuc', { params, body: { ...body, fullname: 'x' } }) // a member misspelt
  await client.POST('/xac-thuc', { params, body: { ...body, sex: 'nam' } }) // a word that is not listed
  await client.POST('/xac-thuc', { params: { header: {} }, body }) // no purpose
  const { data } = await client.POST('/xac-thuc', { params, body })
  const matched: boolean = data?.matched // an answer's member that the agreement may leave out
  return matched && data?.religion // an answer's member that is not there
}
`

interface Verdict {
  readonly file: string
  readonly line: number
}

/** Compiles a folder as strictly as a consumer may; the compiler is the project's own. */
function compile(folder: string): readonly Verdict[] {
  const run = spawnSync(process.execPath, [join(PROJECT, 'node_modules/typescript/bin/tsc'), '-p', folder], {
    encoding: 'utf8',
    cwd: folder,
  })
  expect(run.stderr).to.equal('')
  return [...run.stdout.matchAll(/^([\w.-]+)\((\d+),\d+\): error/gm)].map(([, file = '', line = '']) => ({
    file,
    line: Number(line),
  }))
}

const SETTINGS = {
  compilerOptions: {
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    noUnusedLocals: true,
    verbatimModuleSyntax: true,
    erasableSyntaxOnly: true,
    allowImportingTsExtensions: true,
    module: 'nodenext',
    target: 'es2024',
    lib: ['es2024'],
    types: ['node'],
    noEmit: true,
    skipLibCheck: true,
  },
}

async function createProject(): Promise<string> {
  const folder = await createTestFolder()
  await symlink(join(PROJECT, 'node_modules'), join(folder, 'node_modules'))
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(SETTINGS))
  return folder
}

describe('the typed client of a service', () => {
  let world: GatewayWorld
  let folder: string

  before(async () => {
    world = await startWorld({ overrides: { tokens: { dpopNonce: 'required' } } })
    folder = await createProject()
  })
  after(async () => {
    await world?.close()
    await rm(folder, { recursive: true, force: true })
  })

  const sourceOf = async (service: string) => {
    const response = await fetch(`${world.gateway.publicUrl}/services/${service}/client.ts`)
    expect(response.status, service).to.equal(200)
    return response.text()
  }

  async function optionsOf(more: Partial<GatewayOptions> = {}): Promise<GatewayOptions> {
    const { kty, crv, x, y, d } = await crypto.subtle.exportKey('jwk', world.keys.privateKey)
    const privateKey = { kty, crv, x, y, d, kid: 'main' } as PrivateJwk
    return { clientId: 'H29/mot-cua', privateKey, ...more }
  }

  it('compiles for every service of the registry, and its mistakes do not', async () => {
    const { services } = world.documents
    for (const { id } of services) {
      await writeFile(join(folder, `${id.replaceAll('/', '_')}.ts`), await sourceOf(id))
    }
    await writeFile(join(folder, 'citizen.ts'), await sourceOf(SERVICE))
    await writeFile(join(folder, 'right.ts'), RIGHT)
    await writeFile(join(folder, 'wrong.ts'), WRONG)
    const marked = WRONG.split('\n').flatMap((line, place) => (line.includes(' // ') ? [place + 1] : []))
    expect(services.length).to.be.above(20)
    const faults = compile(folder)
    expect(faults.filter(({ file }) => file !== 'wrong.ts')).to.deep.equal([])
    expect([...new Set(faults.map(({ line }) => line))]).to.deep.equal(marked)
  })

  it('asks a running gateway that demands DPoP with nonces, and reads the answer', async () => {
    await writeFile(join(folder, 'citizen.ts'), await sourceOf(SERVICE))
    await writeFile(join(folder, 'right.ts'), RIGHT)
    const { verify } = (await import(join(folder, 'right.ts'))) as {
      verify: (options: GatewayOptions) => Promise<Record<string, unknown>>
    }
    const answer = await verify(await optionsOf())
    expect(answer).to.include({ status: 200, matched: true, error: undefined })
    const records = await world.records()
    expect(records.map(({ exchange }) => exchange)).to.include(answer['exchangeId'])
    const refused = await verify(await optionsOf({ language: 'en', clientId: 'H26/mot-cua' })).catch(
      (error: unknown) => error,
    )
    expect(refused).to.include({ name: 'TokenRefused', status: 401, code: 'client_invalid' })
  })

  it('is fetched by the CLI, which keeps a file that is there', async () => {
    const argv = ['client', SERVICE, '--gateway', world.gateway.publicUrl, '--out', 'fetched.ts']
    const first = await runCli(argv, { workingDirectory: folder })
    expect(first.exit, first.err).to.equal(0)
    expect(await readFile(join(folder, 'fetched.ts'), 'utf8')).to.equal(await sourceOf(SERVICE))
    const again = await runCli(argv, { workingDirectory: folder })
    expect(again).to.include({ exit: 2, out: '' })
    const printed = await runCli(['client', SERVICE, '--gateway', world.gateway.publicUrl])
    expect(printed.out).to.equal(await sourceOf(SERVICE))
    const unknown = await runCli(['client', 'G01/dan-cu/khong-co/v1', '--gateway', world.gateway.publicUrl])
    expect(unknown.exit).to.equal(1)
    expect(unknown.err).to.include('There is no such service')
  })

  it('names a submission once, and sends it again under that name and trace until it is answered', async () => {
    const sent: Request[] = []
    const outages = [
      new Response('', { status: 503, headers: { 'retry-after': '0' } }),
      new TypeError('gone'),
    ]
    const { publicUrl } = world.gateway
    const options = await optionsOf({
      async fetch(request) {
        if (request.url.endsWith('/oauth/token')) return fetch(request)
        sent.push(request.clone())
        const outage = outages.shift()
        if (outage instanceof Error) throw outage
        return outage ?? fetch(request)
      },
    })
    const address = `${publicUrl}/exchange/${SERVICE}/xac-thuc`
    const body = JSON.stringify({ personalId: '099188010001', fullName: 'Huỳnh Bảo Đoan' })
    const headers = { ...HEADER, 'content-type': 'application/json' }
    const response = await createGatewayFetch(
      publicUrl,
      options,
    )(new Request(address, { method: 'POST', headers, body }))
    expect(response.status).to.equal(200)
    const valuesOf = (name: string) => new Set(sent.map((request) => request.headers.get(name)))
    // Two outages, one demand for a nonce at most, and the answer.
    expect(sent.length).to.be.within(3, 4)
    expect(valuesOf('idempotency-key').size).to.equal(1)
    expect([...valuesOf('traceparent')].join()).to.match(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
    expect(valuesOf('dpop').size, 'a proof is good once').to.equal(sent.length)
  })

  it('leaves to the caller what will not pass soon, and what another try cannot better', async () => {
    const { publicUrl } = world.gateway
    const answers = [
      new Response('', { status: 429, headers: { 'retry-after': '3600' } }),
      new Response('', { status: 503 }),
      new Response('', { status: 502, headers: { 'retry-after': '0' } }),
    ]
    for (const answer of answers) {
      let asked = 0
      const send = createGatewayFetch(
        publicUrl,
        await optionsOf({
          async fetch(request) {
            if (request.url.endsWith('/oauth/token')) return fetch(request)
            asked += 1
            return answer.clone()
          },
        }),
      )
      expect((await send(new Request(`${publicUrl}/exchange/x`))).status).to.equal(answer.status)
      expect(asked).to.equal(1)
    }
  })

  it('signs with keys of each kind that a registry takes', async () => {
    for (const alg of ['ES256', 'PS256', 'EdDSA']) {
      const privateKey = (await generatePrivateJwk(alg)) as PrivateJwk
      const assertions: string[] = []
      const send = createGatewayFetch('https://gateway.test', {
        clientId: 'H29/mot-cua',
        privateKey,
        async fetch(request) {
          assertions.push(String(new URLSearchParams(await request.text()).get('client_assertion')))
          return Response.json({ error: 'invalid_client', code: 'client_invalid' }, { status: 401 })
        },
      })
      const refused = await send(new Request('https://gateway.test/exchange/x')).catch(
        (error: unknown) => error,
      )
      expect(refused).to.be.an.instanceOf(TokenRefused)
      const [header = '', claims = ''] = (assertions[0] ?? '').split('.')
      expect(JSON.parse(Buffer.from(header, 'base64url').toString())).to.include({ alg, kid: privateKey.kid })
      expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).to.include({
        aud: 'https://gateway.test',
      })
    }
  })

  it('is typed as openapi-typescript types it', async () => {
    const compared = join(folder, 'compared')
    await mkdir(compared, { recursive: true })
    const document: BundledDocument = JSON.parse(await readFile(join(VECTOR, 'contract.json'), 'utf8'))
    await writeFile(join(compared, 'ours.ts'), writeClientTypes(document))
    await writeFile(
      join(compared, 'theirs.ts'),
      await readFile(join(VECTOR, 'openapi-typescript.txt'), 'utf8'),
    )
    await writeFile(join(compared, 'same.ts'), SAME)
    await writeFile(join(compared, 'tsconfig.json'), JSON.stringify({ extends: '../tsconfig.json' }))
    expect(compile(compared)).to.deep.equal([])
    // The comparison itself can fail.
    await writeFile(join(compared, 'same.ts'), SAME.replace("'Owner'", "'Named'"))
    expect(compile(compared)).to.have.length(1)
  })

  it('cannot be left by what a contract says', () => {
    const evil = "*/ process.exit(1) /* ' \\ ` \u2028"
    const types = writeClientTypes({
      openapi: '3.1.1',
      paths: { [`/${evil}`]: { post: { summary: evil, responses: { 200: { description: evil } } } } },
      components: { schemas: { Evil: { description: evil, enum: [evil] }, [evil]: { type: 'string' } } },
    })
    const literal = "'*/ process.exit(1) /* \\' \\\\ ` \\u2028'"
    expect(types.split(literal)).to.have.length(3)
    const comments = types.split('\n').filter((line) => line.trimStart().startsWith('/**'))
    expect(comments.filter((line) => line.includes('process.exit'))).to.have.length(3)
    for (const line of comments) expect(line.indexOf('*/'), line).to.equal(line.length - 2)
    const code = types.replaceAll(/\/\*\*.*\*\//g, '').replaceAll(/'(?:[^'\\]|\\.)*'/g, '')
    expect(code).not.to.include('process')
  })
})

const SAME = `
import type { Agreed, components as Ours, paths as OurPaths } from './ours.ts'
import type { components as Theirs, operations } from './theirs.ts'

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never
type Schemas = Ours['schemas']
export const names: Same<keyof Schemas, keyof Theirs['schemas']> = true
export const kept: Same<Schemas['Kept'], Theirs['schemas']['Kept']> = true
export const refusal: Same<Schemas['Refusal'], Theirs['schemas']['Refusal']> = true
export const parcel: Same<Schemas['Parcel'], Theirs['schemas']['Parcel']> = true
export const owner: Same<Schemas['Owner'], Theirs['schemas']['Owner']> = true
type Get = OurPaths['/parcels/{parcelKey}']['get']
type Put = OurPaths['/parcels/{parcelKey}']['put']
export const asked: Same<Get['parameters'], operations['readParcel']['parameters']> = true
export const put: Same<Put['requestBody'], operations['replaceParcel']['requestBody']> = true
export const none: Same<Get['responses'][404], operations['readParcel']['responses'][404]> = true
type Given = operations['readParcel']['responses'][200]['content']['application/json']
export const given: Same<Get['responses'][200]['content']['application/json'], Agreed<Given>> = true
`
