/**
 * Fastify and @fastify/http-proxy verifying an ES256 access token by fast-jwt with its cache of verified
 * tokens. Bodies are streamed through unread; there is no access log.
 */
import { readFileSync } from 'node:fs'
import httpProxy from '@fastify/http-proxy'
import { createVerifier } from 'fast-jwt'
import fastify from 'fastify'
import { PROVIDER_CONNECTIONS } from '../row.ts'
import { announceAddress } from './announce.ts'
import { AUDIENCE, ISSUER } from './peer-token.ts'

const [, , providerUrl = '', publicKeyFile = ''] = process.argv
const verify = createVerifier({
  key: readFileSync(publicKeyFile, 'utf8'),
  algorithms: ['ES256'],
  allowedIss: ISSUER,
  allowedAud: AUDIENCE,
  cache: true,
})

const app = fastify()

await app.register(httpProxy, {
  upstream: providerUrl,
  undici: { connections: PROVIDER_CONNECTIONS, pipelining: 1 },
  preHandler: async (request, reply) => {
    try {
      verify(request.headers.authorization?.slice('Bearer '.length) ?? '')
    } catch {
      await reply.code(401).send({ error: 'invalid_token' })
    }
  },
})

await app.listen({ host: '127.0.0.1', port: 0 })
announceAddress(app.server.address())
