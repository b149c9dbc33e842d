import { fileURLToPath } from 'node:url'
import type { Launched } from '../host.ts'
import { QUESTION } from '../message.ts'
import type { BenchRequest, RowContext, Subject } from '../row.ts'
import { createPeerToken } from './peer-token.ts'

/** A bare proxy of node:http and undici. */
export function startCeiling(context: RowContext): Promise<Subject> {
  return startUnverifying(context, 'ceiling.ts')
}

/** Express 5 and axios as usually written. */
export function startExpressAxios(context: RowContext): Promise<Subject> {
  return startUnverifying(context, 'express-axios.ts')
}

/** Fastify, @fastify/http-proxy and fast-jwt. */
export async function startFastifyJwt({ host, providerUrl }: RowContext): Promise<Subject> {
  const token = await createPeerToken(host.directory)
  const launched = host.launchNode(scriptPath('fastify-jwt.ts'), [providerUrl, token.publicKeyFile])
  return { ...(await subjectOf(launched, token.request)), forged: token.forged }
}

/** The port a Node process announces (`subjects/announce.ts`). */
export async function announcedPort(launched: Launched): Promise<number> {
  const message = await launched.message()
  if (typeof message === 'object' && message !== null && 'port' in message) return Number(message.port)
  throw new Error('it announced no port')
}

async function startUnverifying({ host, providerUrl }: RowContext, script: string): Promise<Subject> {
  const launched = host.launchNode(scriptPath(script), [providerUrl])
  return subjectOf(launched, { headers: {}, body: QUESTION })
}

async function subjectOf(launched: Launched, request: BenchRequest): Promise<Subject> {
  const port = await announcedPort(launched)
  return {
    url: `http://127.0.0.1:${port}/lookup`,
    pid: launched.pid,
    request: () => request,
    close: () => launched.stop(),
  }
}

function scriptPath(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url))
}
