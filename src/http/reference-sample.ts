import { isWithin } from '../model/agreement.ts'
import type { ServiceId } from '../model/identifier.ts'
import type { Registry } from '../registry/snapshot.ts'

/** What the example of a call says beside its body. */
export interface SampleCall {
  readonly purpose: string
  /** Where the agreement asks for one. */
  readonly procedure?: string
}

/** By operation. */
export type SampleOf = (operation: string) => SampleCall

/** Whom the examples let ask. */
export const SAMPLE_CONSUMER = 'H29/mot-cua'
export const SAMPLE_DOSSIER = 'H29.12-261122-0007'
export const SAMPLE_OFFICER = 'cb-017'
const SAMPLE_PROCEDURE = '1.004873'
const USUAL: SampleCall = { purpose: 'giai-quyet-thu-tuc-hanh-chinh' }

/** Without a registry to look into. */
export const usualSample: SampleOf = () => USUAL

/**
 * @returns for each operation what an agreement in force asks for, so that an example can be sent as it stands; the
 *   sample consumer's own where it has one, and nothing of whose it is where not.
 */
export function samplesIn({ agreements }: Registry, service: ServiceId, nowMs: number): SampleOf {
  const inForce = [...agreements.values()]
    .filter(
      ({ document, span }) =>
        document.service === service && document.state === 'active' && isWithin(span, nowMs),
    )
    .sort(
      (a, b) =>
        Number(b.document.consumer === SAMPLE_CONSUMER) - Number(a.document.consumer === SAMPLE_CONSUMER),
    )
  return (operation) => {
    const found = inForce.find(({ grants }) => grants.has(operation))?.document
    const [purpose = USUAL.purpose] = found?.purposes ?? []
    return { purpose, ...(found?.requires?.procedure && { procedure: SAMPLE_PROCEDURE }) }
  }
}

/** @returns the fields of a request that say so, by name. */
export function sampleFields({ purpose, procedure }: SampleCall): Readonly<Record<string, string>> {
  return {
    'Exchange-Purpose': purpose,
    'Exchange-Dossier': SAMPLE_DOSSIER,
    'Exchange-Officer': SAMPLE_OFFICER,
    ...(procedure !== undefined && { 'Exchange-Procedure': procedure }),
  }
}
