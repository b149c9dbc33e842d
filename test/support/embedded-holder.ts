/**
 * A gateway in small, run as a process of its own: starts the embedded server for the data folder of its first
 * argument (with the system folder of its second) and prints one line of JSON. On SIGINT it still asks the database
 * something, as a gateway that drains does, and stops; so it does at the end of its input, which comes when the
 * tests that started it are killed.
 */
import { Client } from 'pg'
import { startEmbedded } from '../../src/storage/embedded.ts'

const [dataDir = '', systemFolder] = process.argv.slice(2)
const server = await startEmbedded({ dataDir, systemFolder, log: () => {} })
const { url, port, pid, folder } = server

async function drain(): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query('SELECT 42 AS drained')
  await client.end()
  await server.stop()
  console.log(JSON.stringify(rows[0]))
  process.exit()
}

process.once('SIGINT', drain)
process.stdin.once('end', drain).resume()
console.log(JSON.stringify({ url, port, pid, folder }))
