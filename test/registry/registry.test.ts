import { expect } from 'chai'
import { overlay, type RegistryDocuments } from '../../src/registry/documents.ts'
import { createRegistryHolder, type RegistryEvent, type RegistryHolder } from '../../src/registry/registry.ts'
import { compileRegistry } from '../../src/registry/snapshot.ts'
import type { StoredRegistry } from '../../src/registry/store.ts'
import { readSound } from './fixture.ts'

function toStored(version: number, documents: RegistryDocuments): StoredRegistry {
  const compilation = compileRegistry(documents, { version, syntheticPersons: true })
  const digest = 'registry' in compilation ? compilation.registry.digest : 'of nothing'
  return { version, digest, documents }
}

/** A store whose answers the test decides. */
interface StoreStub {
  next: StoredRegistry | Error
  /** The latest is read only once this has ended. */
  gate: Promise<void>
  reads: number
  listener: ((version: number) => void) | undefined
}

describe('the registry holder', () => {
  let documents: RegistryDocuments
  let store: StoreStub
  let events: RegistryEvent[]
  let swaps: [number, number | undefined][]
  let holder: RegistryHolder

  before(async () => {
    documents = await readSound()
  })

  beforeEach(() => {
    store = { next: toStored(1, documents), gate: Promise.resolve(), reads: 0, listener: undefined }
    events = []
    swaps = []
    let time = 0
    holder = createRegistryHolder({
      store: {
        async current() {
          store.reads += 1
          await store.gate
          if (store.next instanceof Error) throw store.next
          return store.next
        },
        onChange(listener) {
          store.listener = listener
          return async () => {
            store.listener = undefined
          }
        },
      },
      syntheticPersons: true,
      log: (event) => events.push(event),
      onSwap: (registry, previous) => swaps.push([registry.version, previous?.version]),
      clock: () => (time += 1),
    })
  })

  afterEach(() => holder.stop())

  function changed(perDay: number): RegistryDocuments {
    const agreements = documents.agreements.map((agreement) => ({
      ...agreement,
      quota: { ...agreement.quota, perDay },
    }))
    return overlay(documents, { agreements })
  }

  /** Tells the holder of a change and waits until it has looked. */
  async function announce(next: StoredRegistry | Error, version: number): Promise<void> {
    store.next = next
    const looked = new Promise<void>((resolve) => {
      store.gate = new Promise((open) => setImmediate(open)).then(() => resolve())
    })
    store.listener?.(version)
    await looked
    // Ends once it has taken over, in however many steps, what it was told of.
    await holder.refresh()
  }

  it('is not used before it is loaded', () => {
    expect(() => holder.current()).to.throw('before it was loaded')
  })

  it('swaps the whole registry on a change, and leaves the old one to whoever holds it', async () => {
    await holder.start()
    const held = holder.current()
    await announce(toStored(2, changed(7)), 2)
    expect(holder.current().version).to.equal(2)
    expect(holder.current().agreements.get('TT-2026-001')?.document.quota.perDay).to.equal(7)
    expect(held.version).to.equal(1)
    expect(held.agreements.get('TT-2026-001')?.document.quota.perDay).to.equal(1000)
    expect(swaps).to.deep.equal([
      [1, undefined],
      [2, 1],
    ])
  })

  it('keeps the last good registry where the new one has faults, and tells it once', async () => {
    await holder.start()
    const bad = { ...documents, legalBases: [] }
    await announce(toStored(2, bad), 2)
    await announce(toStored(2, bad), 2)
    expect(holder.current().version).to.equal(1)
    const problem = holder.lastError()
    expect(problem?.event === 'registry_refused' && problem.faults.map(({ rule }) => rule)).to.deep.equal([
      'reference',
    ])
    expect(events.map(({ event }) => event)).to.deep.equal(['registry_loaded', 'registry_refused'])
    await announce(toStored(3, changed(7)), 3)
    expect(holder.current().version).to.equal(3)
    expect(holder.lastError()).to.equal(undefined)
  })

  it('refuses what does not match the digest of its version', async () => {
    await holder.start()
    await announce({ ...toStored(2, changed(7)), documents: changed(8) }, 2)
    expect(holder.current().version).to.equal(1)
    const problem = holder.lastError()
    expect(problem?.event === 'registry_refused' && problem.faults.map(({ rule }) => rule)).to.deep.equal([
      'digest',
    ])
  })

  it('goes on with what it has while the store is away, tells it once, and recovers', async () => {
    await holder.start()
    await announce(new Error('away'), 2)
    await announce(new Error('away'), 2)
    expect(holder.current().version).to.equal(1)
    expect(holder.lastError()?.event).to.equal('registry_unreadable')
    expect(events.filter(({ event }) => event === 'registry_unreadable')).to.have.length(1)
    await announce(toStored(1, documents), 1)
    expect(holder.lastError()).to.equal(undefined)
  })

  it('does not read again what it has', async () => {
    await holder.start()
    const { reads } = store
    store.listener?.(1)
    expect(store.reads).to.equal(reads)
  })

  it('does not start without a registry', async () => {
    store.next = toStored(1, { ...documents, legalBases: [] })
    let thrown: unknown
    await holder.start().catch((error: unknown) => {
      thrown = error
    })
    expect(thrown).to.be.instanceOf(Error).with.property('message', 'the registry cannot be loaded')
    expect(store.listener).to.equal(undefined)
  })

  it('lets exchanges go on while it takes over thousands of agreements', async () => {
    await holder.start()
    const [one] = documents.agreements
    if (one === undefined) throw new Error('the fixture has no agreement')
    const many = Array.from({ length: 2000 }, (_, place) => ({ ...one, id: `TT-2026-9${place}` }))
    const next = toStored(2, overlay(documents, { agreements: many }))
    let turns = 0
    let isOver = false
    const count = () => {
      turns += 1
      if (!isOver) setImmediate(count)
    }
    setImmediate(count)
    await announce(next, 2)
    isOver = true
    expect(holder.current().agreements.size).to.be.above(2000)
    expect(turns).to.be.above(6)
  })

  it('stops watching', async () => {
    await holder.start()
    await holder.stop()
    expect(store.listener).to.equal(undefined)
  })
})
