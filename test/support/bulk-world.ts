import type { webcrypto } from 'node:crypto'
import * as oauth from 'oauth4webapi'
import { createSigningKey } from '../../src/identity/signing-key.ts'
import type { RegistryDocuments } from '../../src/registry/documents.ts'
import { createCountry } from '../../src/sandbox/country.ts'
import { personAt, personalIdOf } from '../../src/sandbox/person-number.ts'
import type { Consumer } from './gateway-world.ts'

export const CITIZENS = 'G01/dan-cu/cong-dan/v1'
export const PURPOSE = { 'exchange-purpose': 'lam-sach-du-lieu' }

/** A key for each consumer, and the registry with their public halves. */
export async function makeKeys(consumers: readonly string[]) {
  const pairs = new Map<string, webcrypto.CryptoKeyPair>()
  const credentials = new Map<string, object>()
  for (const id of consumers) {
    const pair = await oauth.generateKeyPair('ES256', { extractable: true })
    const jwk = await crypto.subtle.exportKey('jwk', pair.privateKey)
    const { publicJwk } = createSigningKey({ ...jwk, kid: 'main', alg: 'ES256' })
    pairs.set(id, pair)
    credentials.set(id, { jwks: [{ ...publicJwk, kid: 'main' }] })
  }
  return {
    pairs,
    register: (documents: RegistryDocuments): RegistryDocuments => ({
      ...documents,
      subsystems: documents.subsystems.map((its) => {
        const own = credentials.get(its.id)
        return own ? { ...its, credentials: own as never } : its
      }),
    }),
  }
}

const { names, citizens } = createCountry()

/** A record about the person of the country at this place, right in all it says. */
export function rightRecord(index: number): Record<string, string> {
  const person = personAt(index)
  return {
    personalId: personalIdOf(person),
    fullName: names.fullNameOf(person),
    birthDate: citizens.birthDateOf(person),
    sex: person.sex,
  }
}

export const ndjson = (records: readonly object[]) =>
  records.map((record) => `${JSON.stringify(record)}\n`).join('')

export interface Report {
  readonly outcomes: Readonly<Record<string, number>>
  readonly groups: Readonly<Record<string, number>>
  readonly fields: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly units: Readonly<
    Record<
      string,
      {
        readonly outcomes: Readonly<Record<string, number>>
        readonly name?: string
        readonly today?: { readonly candidates: readonly { readonly code: string }[] }
      }
    >
  >
  readonly quality: { readonly index: number }
}

function parseTold(text: string): Told & Report {
  return JSON.parse(text)
}

export interface Told {
  readonly id: string
  readonly state: string
  readonly code?: string
  readonly records: number
  readonly exchanges: number
  readonly receivedBytes: number
}

export type BulkClient = ReturnType<typeof createBulkClient>

/** What a consumer does with bulk jobs. */
export function createBulkClient(consumer: Consumer) {
  const json = async (response: Response) => ({
    status: response.status,
    body: parseTold(await response.text()),
  })
  return {
    create: async (file: string | Buffer, wanted: object = {}) =>
      json(
        await consumer.request(
          'POST',
          '/jobs/bulk',
          { 'content-type': 'application/json', ...PURPOSE },
          JSON.stringify({
            service: CITIZENS,
            operation: 'verifyCitizens',
            format: 'ndjson',
            sizeBytes: Buffer.byteLength(file),
            ...wanted,
          }),
        ),
      ),
    upload: (id: string, offset: number, piece: string | Buffer) =>
      consumer.request(
        'PATCH',
        `/jobs/bulk/${id}/input`,
        { 'content-type': 'application/offset+octet-stream', 'upload-offset': String(offset) },
        new Uint8Array(Buffer.from(piece)),
      ),
    offset: (id: string) => consumer.request('HEAD', `/jobs/bulk/${id}/input`),
    async show(id: string): Promise<Told> {
      return (await consumer.request('GET', `/jobs/bulk/${id}`)).json() as Promise<Told>
    },
    act: async (id: string, action: string) =>
      json(await consumer.request('POST', `/jobs/bulk/${id}/${action}`)),
    report: async (id: string) => json(await consumer.request('GET', `/jobs/bulk/${id}/report`)),
    package: (id: string) => consumer.request('GET', `/jobs/bulk/${id}/package`),
    result: (id: string) => consumer.request('GET', `/jobs/bulk/${id}/result`),
    async results(id: string): Promise<readonly Record<string, unknown>[]> {
      const text = await (await consumer.request('GET', `/jobs/bulk/${id}/result`)).text()
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line))
    },
    /** Looks until the job is in one of these states. */
    async until(id: string, ...states: readonly string[]): Promise<Told> {
      for (;;) {
        const told = await this.show(id)
        if (states.includes(told.state)) return told
      }
    },
    async submit(file: string, wanted: object = {}): Promise<string> {
      const { status, body } = await this.create(file, wanted)
      if (status !== 201) throw new Error(JSON.stringify(body))
      await this.upload(body.id, 0, file)
      return body.id
    },
  }
}
