import { spawnSync } from 'node:child_process'
import { createPrivateKey, createPublicKey, sign, webcrypto } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { verifyCheckpoint } from '@sigstore/verify/dist/tlog/checkpoint.js'
import { verifyMerkleInclusion } from '@sigstore/verify/dist/tlog/merkle.js'
import { Ajv2020 } from 'ajv/dist/2020.js'
import canonicalize from 'canonicalize'
import { expect } from 'chai'
import schema from '../../schemas/record.schema.json' with { type: 'json' }
import { writeFiles, writeInstructions, writeTiles } from '../../src/cli/log-bundle.ts'
import { readAssets } from '../../src/http/console/assets.ts'
import { NODE_CRYPTO } from '../../src/identity/log-key.ts'
import { formatTreeHead } from '../../src/ledger/checkpoint.ts'
import * as disclosure from '../../src/ledger/disclosure.ts'
import { EMPTY_FRONTIER, extend, hashLeaf, rootOf } from '../../src/ledger/merkle.ts'
import * as note from '../../src/ledger/note.ts'
import * as proof from '../../src/ledger/proof.ts'
import { parseReceipt } from '../../src/ledger/receipt.ts'
import { createTileEdge } from '../../src/ledger/tile.ts'
import { verifyProof, verifyReceipt } from '../../src/ledger/verify.ts'
import { requireProgram } from '../support/debian-program.ts'
import { createTestFolder } from '../support/postgres.ts'
import vectors from './log-v1.json' with { type: 'json' }

const { leaves, roots, checkpoint, proofs } = vectors
const bytes = (base64: string) => Buffer.from(base64, 'base64')
const hashes = leaves.map(({ leafHash }) => bytes(leafHash))
const isWhole = (findings: readonly { readonly ok: boolean }[]) => findings.every(({ ok }) => ok)
const X_MOD = '/usr/share/gocode/src/golang.org/x/mod'

/** What the proof page runs, as a browser gets it. */
interface Served {
  readonly proof: typeof proof
  readonly disclosure: typeof disclosure
  readonly note: typeof note
  readonly checkpoint: typeof import('../../src/ledger/checkpoint.ts')
}

const BROWSER_CRYPTO: note.Crypto = {
  hash: async (data) => new Uint8Array(await webcrypto.subtle.digest('SHA-256', data.slice())),
  async verifyEd25519(publicKey, message, signature) {
    const key = await webcrypto.subtle.importKey('raw', publicKey.slice(), 'Ed25519', false, ['verify'])
    return webcrypto.subtle.verify('Ed25519', key, signature.slice(), message.slice())
  },
}

describe('vectors for other implementations', () => {
  let folder: string
  let key: note.NoteKey

  before(async () => {
    folder = await createTestFolder()
    const parsed = await note.parseVerifierKey(vectors.key.verifierKey, NODE_CRYPTO.hash)
    if (parsed === undefined) throw new Error('the vectors have no key')
    key = parsed
  })

  after(() => rm(folder, { recursive: true, force: true }))

  it('are records of the schema in the canonical form of RFC 8785, whose private parts open', async () => {
    const isRecord = new Ajv2020({ strict: true }).compile(schema)
    for (const { leaf, leafHash, disclosures } of leaves) {
      const record = JSON.parse(leaf)
      expect(isRecord(record), JSON.stringify(isRecord.errors)).to.equal(true)
      expect(canonicalize(record)).to.equal(leaf)
      expect(hashLeaf(Buffer.from(leaf)).toString('base64')).to.equal(leafHash)
      const shown = disclosures.map((each) => each.disclosure)
      const { facts, strange, closed } = await disclosure.openPrivatePart(
        record.private,
        shown,
        NODE_CRYPTO.hash,
      )
      expect(facts.map(({ salt, name, value }) => [salt, name, value])).to.deep.equal(
        disclosures.map(({ read }) => read),
      )
      expect([strange, closed]).to.deep.equal([0, []])
      expect(disclosures.map(({ digest }) => digest)).to.deep.equal(Object.values(record.private))
    }
  })

  it('have the roots, checkpoint, proofs and receipts that this code makes and takes', async () => {
    for (const [size, root] of roots.entries())
      expect(Buffer.from(rootOf(extend(EMPTY_FRONTIER, hashes.slice(0, size)))).toString('base64')).to.equal(
        root,
      )
    const pkcs8 = Buffer.concat([
      Buffer.from('302e020100300506032b657004220420', 'hex'),
      Buffer.from(vectors.key.seed, 'hex'),
    ])
    const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
    const text = formatTreeHead({ origin: key.name, size: leaves.length, root: bytes(roots.at(-1) ?? '') })
    const signer = { key, sign: (message: Uint8Array) => sign(null, message, privateKey) }
    expect(note.formatNote({ text, signatures: [await note.signNote(text, signer)] })).to.equal(checkpoint)
    const trust = { key, crypto: NODE_CRYPTO }
    for (const [index, leafHash] of hashes.entries()) {
      expect(isWhole(await verifyProof(proofs[index] ?? '', leafHash, trust)), `${index}`).to.equal(true)
      expect(isWhole(await verifyProof(proofs[index] ?? '', hashLeaf(leafHash), trust))).to.equal(false)
    }
    for (const { from, to, path } of vectors.consistency) {
      const at = (size: number) => ({ size, root: bytes(roots[size] ?? '') })
      const asked = { from: at(from), to: at(to), path: path.map(bytes) }
      expect(await proof.isConsistent(asked, NODE_CRYPTO.hash), `${from}`).to.equal(true)
    }
    for (const receipt of vectors.receipts) {
      const record = Buffer.from(leaves[parseReceipt(receipt)?.index ?? -1]?.leaf ?? '')
      expect(isWhole(await verifyReceipt(receipt, { record }, trust))).to.equal(true)
      const late = receipt.replace(/due=\d/, 'due=2')
      expect(isWhole(await verifyReceipt(late, { record }, trust))).to.equal(false)
    }
  })

  it('hold for the modules that a browser is served', async () => {
    for (const [path, asset] of readAssets()) {
      if (!path.startsWith('modules/ledger/')) continue
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), asset.bytes)
    }
    const load = (name: string) => import(pathToFileURL(join(folder, 'modules/ledger', name)).href)
    const served: Served = {
      proof: await load('proof.ts'),
      disclosure: await load('disclosure.ts'),
      note: await load('note.ts'),
      checkpoint: await load('checkpoint.ts'),
    }
    const { hash } = BROWSER_CRYPTO
    const logKey = await served.note.parseVerifierKey(vectors.key.verifierKey, hash)
    for (const [index, { leaf, disclosures }] of leaves.entries()) {
      const parsed = served.proof.parseProof(proofs[index] ?? '')
      if (parsed === undefined || logKey === undefined) throw new Error('it is no proof')
      const { path, checkpoint: head } = parsed
      const leafHash = await served.proof.leafHashOf(new TextEncoder().encode(leaf), hash)
      const root = await served.proof.rootOfInclusion({ index, size: head.size, leafHash, path }, hash)
      expect(Buffer.from(root ?? []).toString('base64')).to.equal(roots.at(-1))
      expect(await served.checkpoint.openCheckpoint(checkpoint, logKey, BROWSER_CRYPTO)).not.to.equal(
        undefined,
      )
      const shown = disclosures.map((each) => each.disclosure)
      const opened = await served.disclosure.openPrivatePart(JSON.parse(leaf).private, shown, hash)
      expect([opened.facts.length, opened.strange]).to.deep.equal([shown.length, 0])
    }
  })

  it('hold for the Go team’s packages, and a changed record does not', async function () {
    requireProgram(this, 'go', 'golang-go')
    if (!existsSync(X_MOD)) requireProgram(this, X_MOD, 'golang-golang-x-mod-dev')
    const log = join(folder, 'log')
    const entries = leaves.map(({ leaf }) => Buffer.from(leaf))
    const [tile] = createTileEdge(0, () => Buffer.alloc(0)).append(Buffer.concat(hashes))
    await writeFiles(log, new Map(Object.entries({ checkpoint, vkey: `${vectors.key.verifierKey}\n` })))
    await writeTiles(
      log,
      entries.length,
      {
        readTiles: async () => (tile ? [tile] : []),
        readEntries: async (start, end) => entries.slice(start, end),
      },
      () => {},
    )
    await writeInstructions(log)
    await writeFile(join(folder, 'record'), entries[4] ?? '')
    const environment = { GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOCACHE: join(folder, 'gocache') }
    const go = (...words: string[]) =>
      spawnSync('go', ['run', 'verify.go', '.', ...words], {
        cwd: log,
        encoding: 'utf8',
        env: { ...process.env, ...environment },
      })
    const whole = go('4', '../record')
    expect(whole.status, whole.stdout + whole.stderr).to.equal(0)
    expect(whole.stdout).to.include(`11 records lead to the signed root ${roots.at(-1)}`)
    expect(go('5', '../record').status).to.equal(1)
    expect(readFileSync(join(log, 'vkey'), 'utf8')).to.include(key.name)
  })

  it('hold for Sigstore’s verifier, as inclusion proof and as signed note', () => {
    const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), key.publicKey])
    const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' })
    const [, keyId = ''] = vectors.key.verifierKey.split('+')
    const logs = [
      {
        logID: Buffer.from(keyId, 'hex'),
        publicKey,
        baseURL: key.name,
        validFor: { start: new Date(0), end: new Date(8.64e15) },
      },
    ]
    const entryOf = (index: number, leaf: string, envelope = checkpoint) =>
      ({
        canonicalizedBody: Buffer.from(leaf),
        inclusionProof: {
          logIndex: String(index),
          hashes: (vectors.inclusion[index] ?? []).map(bytes),
          checkpoint: { envelope },
        },
      }) as never
    for (const [index, { leaf }] of leaves.entries()) {
      const entry = entryOf(index, leaf)
      const head = verifyCheckpoint(entry, logs as never)
      verifyMerkleInclusion(entry, head)
      expect(() => verifyMerkleInclusion(entryOf(index, `${leaf} `), head), `${index}`).to.throw('root hash')
    }
    const forged = checkpoint.replace('\n11\n', '\n12\n')
    expect(() => verifyCheckpoint(entryOf(0, '', forged), logs as never)).to.throw('signature')
  })
})
