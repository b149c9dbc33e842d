import type { IncomingMessage, ServerResponse } from 'node:http'
import express, { type Router } from 'express'
import { createSandboxBodies, SANDBOX_DESCRIPTION, type TestDataWish } from '../contract/sandbox-requests.ts'
import { asGatewayError, GatewayError } from '../model/errors.ts'
import { parseJsonBody, readBody } from './body.ts'
import { type ConsumerDoorParts, sendJson } from './consumer-door.ts'
import { sendProblem } from './server.ts'

/** How an agency of the sandbox can be made to behave. */
export type AgencyMode = 'down' | 'slow' | 'garbage' | 'error' | 'works'

/** What a gateway in sandbox mode offers to developers. */
export interface SandboxTools {
  /** Every identifier that provokes an error. */
  readonly scenarios: readonly object[]
  readonly drawTestData: (wish: TestDataWish) => readonly object[]
  /** The gateway's clock, Unix milliseconds. */
  readonly now: () => number
  readonly advancedMs: () => number
  /** @returns once the clock of this process is advanced; the others follow within a second. */
  readonly advance: (byMs: number) => Promise<void>
  /** Agencies that run in this process; empty where they stand elsewhere. */
  readonly agencies: ReadonlyMap<
    string,
    { readonly mode: () => AgencyMode; set(mode: AgencyMode): Promise<void> }
  >
}

type SandboxDoorParts = Pick<ConsumerDoorParts, 'publicUrl' | 'onRequest' | 'onInternalError'> & {
  readonly tools: SandboxTools
}

const MAX_BODY_BYTES = 4096
const SECOND_MS = 1000
const DAY_MS = 86_400_000

type Act = (json: unknown, name: string) => unknown
type Acts = Readonly<Record<string, Readonly<Record<string, Act>>>>

function clockOf({ now, advancedMs }: SandboxTools): object {
  return { now: new Date(now()).toISOString(), advancedSeconds: Math.round(advancedMs() / SECOND_MS) }
}

function createRouter({ publicUrl, onRequest, onInternalError }: SandboxDoorParts, acts: Acts): Router {
  async function answer(request: IncomingMessage, path: string, response: ServerResponse): Promise<unknown> {
    const [, , route = '', name = '', ...more] = path.split('/')
    const known = acts[name === '' ? route : `${route}/{name}`]
    if (known === undefined || more.length > 0) throw new GatewayError('path_unknown')
    const act = known[request.method ?? '']
    if (act === undefined) {
      response.setHeader('allow', Object.keys(known).join(', '))
      throw new GatewayError('method_unsupported')
    }
    return act(parseJsonBody(request, await readBody(request, MAX_BODY_BYTES)), name)
  }

  const router = express.Router()
  router.use('/sandbox', async (request, response) => {
    const startedMs = performance.now()
    const { method } = request
    const told = { method, route: '/sandbox' }
    try {
      const [path = ''] = request.originalUrl.split('?')
      sendJson(response, 200, await answer(request, path, response))
      onRequest({ ...told, status: 200, totalMs: performance.now() - startedMs })
    } catch (thrown) {
      const { code, entry, cause } = asGatewayError(thrown)
      if (code === 'internal_error') onInternalError(cause)
      sendProblem(request, response, thrown, { publicUrl: publicUrl() })
      onRequest({ ...told, status: entry.status, code, totalMs: performance.now() - startedMs })
    }
  })
  return router
}

/** What developers ask of a gateway in sandbox mode, without an account: `/sandbox`. It tells nothing of real people. */
export function createSandboxRouter(parts: SandboxDoorParts): Router {
  const { tools } = parts
  const read = createSandboxBodies()
  return createRouter(parts, {
    '': { GET: () => SANDBOX_DESCRIPTION },
    'openapi.json': { GET: () => SANDBOX_DESCRIPTION },
    scenarios: { GET: () => ({ scenarios: tools.scenarios }) },
    clock: { GET: () => clockOf(tools) },
    'test-data': {
      POST(json) {
        const wish = read('Wish', json)
        return { kind: wish.kind, seed: wish.seed ?? 1, items: tools.drawTestData(wish) }
      },
    },
  })
}

/** What whoever runs a sandbox may change of it, on the management listener: its clock, and how its agencies behave. */
export function createSandboxControl(parts: SandboxDoorParts): Router {
  const { tools } = parts
  const read = createSandboxBodies()
  const modes = () =>
    Object.fromEntries([...tools.agencies].map(([name, { mode }]) => [name, mode()] as const))
  return createRouter(parts, {
    clock: {
      GET: () => clockOf(tools),
      async POST(json) {
        const { days = 0, seconds = 0 } = read('Advance', json)
        await tools.advance(days * DAY_MS + seconds * SECOND_MS)
        return clockOf(tools)
      },
    },
    agencies: { GET: () => ({ agencies: modes() }) },
    'agencies/{name}': {
      async POST(json, name) {
        const agency = tools.agencies.get(name)
        if (agency === undefined) throw new GatewayError('path_unknown')
        await agency.set(read('Break', json).mode)
        return { agencies: modes() }
      },
    },
  })
}
