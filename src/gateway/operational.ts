import { networkInterfaces } from 'node:os'
import manifest from '../../package.json' with { type: 'json' }
import { xroadFault } from '../http/xroad-errors.ts'
import { ERRORS, type ErrorCode } from '../model/error-table.ts'
import { GatewayError } from '../model/errors.ts'
import type { Registry } from '../registry/snapshot.ts'
import { createXroadNames } from '../registry/xroad-names.ts'
import {
  createOperationalDesk,
  type OperationalDesk,
  type OperationalStore,
} from '../reporting/operational-desk.ts'
import type { Settings } from '../settings.ts'

interface OperationalSideParts {
  readonly settings: Settings
  readonly store: OperationalStore
  readonly registry: () => Registry
  readonly publicUrl: () => string
  readonly now: () => number
}

function isKnown(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code)
}

/** The first address of this machine that others reach it by. */
function internalAddress(): string | undefined {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  return all.find(({ internal, family }) => !internal && family === 'IPv4')?.address
}

/** Part of the composition root: puts together what tells of exchanges in X-Road's operational form. */
export function createOperationalSide(parts: OperationalSideParts): OperationalDesk {
  const { settings, store, registry, publicUrl, now } = parts
  const { instance, errors: style } = settings.xroad
  const internalIp = internalAddress()
  return createOperationalDesk({
    store,
    registry,
    namesOf: createXroadNames(instance),
    ground: () => ({
      instance,
      internalIp,
      address: new URL(publicUrl()).host,
      version: `lienthong-${manifest.version}`,
      faultOf: (code, service) =>
        isKnown(code)
          ? xroadFault(new GatewayError(code), {
              style,
              language: 'en',
              service,
              client: '',
              isProviderKnown: service.includes('/'),
            })
          : { code, message: '' },
    }),
    now,
    startedAtMs: now(),
  })
}
