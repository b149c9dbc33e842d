import { spawnSync } from 'node:child_process'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'chai'
import { createTestFolder } from '../support/postgres.ts'
import { end, setStage } from './kills.ts'
import { startLoad } from './load.ts'
import { faultsOf, reckon } from './reckoning.ts'

/** Room for a new cluster and little more. */
const SIZE = '160m'

/** @returns a folder with a file system of its own; undefined where none may be mounted. */
async function mountSmall(): Promise<string | undefined> {
  const folder = await createTestFolder()
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE},mode=0711`, 'tmpfs', folder])
  if (status === 0) return folder
  await rm(folder, { recursive: true })
  return undefined
}

/** Takes all the room there is. */
async function fill(file: string): Promise<void> {
  const handle = await open(file, 'a')
  try {
    for (const bytes of [1 << 20, 1 << 12]) {
      const block = Buffer.alloc(bytes)
      while (
        await handle.write(block).then(
          ({ bytesWritten }) => bytesWritten === bytes,
          () => false,
        )
      );
    }
  } finally {
    await handle.close()
  }
}

describe('while the database’s disk is full', () => {
  let folder: string | undefined

  before(async function () {
    folder = await mountSmall()
    // Mounting takes a privilege that a container may be without.
    if (folder === undefined) this.skip()
  })

  after(async () => {
    if (folder === undefined) return
    spawnSync('umount', ['-l', folder])
    await rm(folder, { recursive: true })
  })

  it('nothing leaves unrecorded, and exchanges go on once there is room again', async () => {
    const stage = await setStage(folder)
    const ballast = join(folder ?? '', 'ballast')
    try {
      const served = await stage.start()
      const load = startLoad(stage.url, stage.world.keys, 8)
      await load.delivered(20)
      const withheld = () => load.journal.filter(({ status }) => status === 503).length
      // The server gives room back by removing what it no longer needs; that is taken too.
      while (withheld() < 50) {
        await fill(ballast)
        await pause(20)
      }
      await rm(ballast)
      // A server that could not write its log has ended itself; whoever watches over it starts it again.
      if (!stage.cluster.isRunning()) await stage.cluster.start()
      await load.delivered(20)
      await load.stop()
      await end(served, 'SIGTERM')
      await end(await stage.start(), 'SIGTERM')
      const reckoning = await reckon(stage.world.pool, load.journal)
      expect(faultsOf(reckoning), JSON.stringify(reckoning)).to.deep.equal({})
      expect(load.strange).to.deep.equal([])
    } finally {
      await stage.close()
    }
  })
})
