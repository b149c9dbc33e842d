import type { Operation } from '../contract/contract.ts'
import type { AnonymityRules } from '../model/anonymity.ts'
import { canonicalJson } from '../model/canonical.ts'
import { GatewayError } from '../model/errors.ts'
import type { ServiceId } from '../model/identifier.ts'
import type { CompiledService } from '../registry/snapshot.ts'

/** A data set as it was ordered: what of it, and the rules by which it is made anonymous. */
export interface OrderedSet {
  /** The request's members beside `from` and `most`. */
  readonly scope: Readonly<Record<string, unknown>>
  /** As the contract said them when it was ordered. */
  readonly rules: AnonymityRules
}

const CHANGED = {
  vi: 'Quy tắc ẩn danh của hợp đồng đã đổi từ khi đặt; hãy đặt lại.',
  en: "The contract's rules have changed since it was ordered; order it anew.",
}

/**
 * Rows are kept as the rules of the order made them; under other rules they must not leave.
 * @returns the operation. @throws GatewayError `operation_unknown`, `anonymity_unmet`.
 */
export function assertRulesStand(
  service: CompiledService | undefined,
  { operation: id }: { readonly service: ServiceId; readonly operation: string },
  { rules }: OrderedSet,
): Operation {
  const operation = service?.contract.operations.get(id)
  if (operation?.anonymised === undefined) throw new GatewayError('operation_unknown')
  if (canonicalJson(operation.anonymised) !== canonicalJson(rules)) {
    throw new GatewayError('anonymity_unmet', { detail: CHANGED })
  }
  return operation
}
