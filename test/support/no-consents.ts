import type { Consents } from '../../src/identity/consent.ts'

/** For gateways in whose tests nobody consents to anything. */
export const NO_CONSENTS: Consents = {
  check: () => {
    throw new RangeError('no consent was expected')
  },
  judge: () => {
    throw new RangeError('no consent was expected')
  },
}
