import { type Database, openDatabase } from '../storage/database.ts'
import { type EmbeddedServer, startEmbedded } from '../storage/embedded.ts'
import type { DemoFolder } from './demo-folder.ts'

const POOL_SIZE = 4

/** Asks the server to end where the demo's process is ended without a chance to wait for it. */
function endWithProcess({ pid }: EmbeddedServer): () => void {
  const end = () => {
    try {
      // PostgreSQL's fast shutdown: it ends by itself, soon after us.
      process.kill(pid, 'SIGINT')
    } catch {
      // It is gone.
    }
  }
  process.once('exit', end)
  return () => void process.off('exit', end)
}

async function openOnce(dataDir: string): Promise<Database> {
  const server = await startEmbedded({ dataDir, log: () => {} })
  const release = endWithProcess(server)
  const stop = () => server.stop().finally(release)
  const database = await openDatabase({ url: server.url, dataDir, poolSize: POOL_SIZE, log: () => {} })
  try {
    await database.migrate()
  } catch (thrown) {
    await database.close()
    await stop()
    throw thrown
  }
  return {
    ...database,
    embedded: true,
    close: () => database.close().finally(stop),
  }
}

/**
 * Opens the demo's own PostgreSQL, migrated. The one an earlier demo left, even running, is used again; where it
 * cannot be used (an older version made it, or half of it), a new one is made in its place.
 */
export async function openDemoDatabase(folder: DemoFolder): Promise<Database> {
  try {
    return await openOnce(folder.path)
  } catch (thrown) {
    if (!folder.isUsed) throw thrown
    folder.empty()
    return openOnce(folder.path)
  }
}
