import { type GatewayBinding, startGatewayRow } from './gateway-row.ts'
import type { Row } from './row.ts'
import { startHaproxy } from './subjects/haproxy.ts'
import { startNginx } from './subjects/nginx.ts'
import { startCeiling, startExpressAxios, startFastifyJwt } from './subjects/node-peers.ts'

const gateway = (name: string, binding: GatewayBinding, half: boolean): Row => ({
  name,
  alone: true,
  half,
  start: (context) => startGatewayRow({ ...context, binding }),
})

/** The gateway's row over a larger registry. */
const sized = (name: string, size: { readonly agreements?: number; readonly services?: number }): Row => ({
  name,
  alone: false,
  half: false,
  start: (context) => startGatewayRow({ ...context, binding: 'bearer', ...size }),
})

/** The row every other one is compared with. */
export const CEILING = 'ceiling'

/** Every row, in the order of the table. */
export const ROWS: readonly Row[] = [
  { name: CEILING, alone: true, half: true, start: startCeiling },
  { name: 'express-axios', alone: false, half: false, start: startExpressAxios },
  { name: 'fastify-jwt', alone: false, half: false, start: startFastifyJwt },
  { name: 'nginx', alone: false, half: false, start: startNginx },
  { name: 'haproxy-es256', alone: false, half: false, start: startHaproxy },
  gateway('gateway', 'bearer', true),
  gateway('gateway-mtls', 'mtls', false),
  gateway('gateway-dpop', 'dpop', false),
  gateway('gateway-xroad', 'xroad', false),
]

/** Rows that `--sizes` adds: the gateway with registries of two sizes each way. */
export const SIZED_ROWS: readonly Row[] = [
  sized('agreements-10', { agreements: 10 }),
  sized('agreements-10000', { agreements: 10_000 }),
  sized('services-10', { services: 10 }),
  sized('services-1000', { services: 1_000 }),
]
