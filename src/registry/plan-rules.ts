import type { Contract, Operation } from '../contract/contract.ts'
import type { DocumentFault } from '../contract/violation.ts'
import type { Bilingual } from '../model/identifier.ts'
import type { Service } from '../model/party.ts'
import { needsOf, type Plan, type PlannedAsk, type PlannedParts } from '../model/plan.ts'

/** What the plan of a composite service says of other documents. */

/** Finds the services and contracts of the same set of documents. */
export interface PlanGround {
  serviceOf(id: string): Service | undefined
  contractOf(path: string): Contract | undefined
  /** A service that is faulty itself is no further fault of the plan that names it. */
  isFaulty(service: string): boolean
}

interface Fault {
  readonly pointer: string
  readonly rule: string
  readonly detail: Bilingual
}

/** A part may not change anything: it is asked again, and side by side with others. */
function isReading({ kind }: Operation): boolean {
  return kind !== 'submit'
}

function checkAsk(ask: PlannedAsk, pointer: string, ground: PlanGround): Fault[] {
  const service = ground.serviceOf(ask.service)
  if (service === undefined) {
    if (ground.isFaulty(ask.service)) return []
    const detail = { vi: `Không có dịch vụ ${ask.service}.`, en: `There is no service ${ask.service}.` }
    return [{ pointer: `${pointer}/service`, rule: 'reference', detail }]
  }
  if (service.plan !== undefined) {
    const detail = {
      vi: 'Dịch vụ tổng hợp không được là phần của dịch vụ tổng hợp khác.',
      en: 'A composite service may not be part of another one.',
    }
    return [{ pointer: `${pointer}/service`, rule: 'plan_nested', detail }]
  }
  if (service.contract === undefined) {
    const detail = {
      vi: 'Dịch vụ chuyển nguyên vẹn không được là phần của dịch vụ tổng hợp.',
      en: 'A service that passes messages whole may not be part of a composite one.',
    }
    return [{ pointer: `${pointer}/service`, rule: 'plan_opaque', detail }]
  }
  const contract = ground.contractOf(service.contract)
  if (contract === undefined) return []
  const operation = contract.operations.get(ask.operation)
  if (operation === undefined) {
    const detail = {
      vi: `Hợp đồng không có thao tác ${ask.operation}.`,
      en: `The contract has no operation ${ask.operation}.`,
    }
    return [{ pointer: `${pointer}/operation`, rule: 'operation_unknown', detail }]
  }
  if (isReading(operation) && !operation.pathTemplate.includes('{')) return []
  const detail = {
    vi: 'Phần chỉ có thể là tra cứu hoặc xác thực, đường dẫn không có tham số.',
    en: 'A part can only be a lookup or a verification whose path has no parameters.',
  }
  return [{ pointer: `${pointer}/operation`, rule: 'plan_operation', detail }]
}

/** Parts that no order can run: each needs what another one of them answers. */
function findCircle(parts: PlannedParts['parts']): string | undefined {
  const ready = new Set<string>()
  for (;;) {
    const waiting = Object.entries(parts).filter(([name]) => !ready.has(name))
    const next = waiting.filter(([, part]) => needsOf(part).every((need) => ready.has(need)))
    if (next.length === 0) return waiting[0]?.[0]
    for (const [name] of next) ready.add(name)
  }
}

function checkParts({ parts }: PlannedParts, pointer: string, ground: PlanGround): Fault[] {
  const faults = Object.entries(parts).flatMap(([name, part]) => {
    const place = `${pointer}/parts/${name}`
    const unknown = needsOf(part).filter((need) => !Object.hasOwn(parts, need))
    return [
      ...checkAsk(part, place, ground),
      ...unknown.map((need) => ({
        pointer: `${place}/request`,
        rule: 'plan_part_unknown',
        detail: { vi: `Kế hoạch không có phần ${need}.`, en: `The plan has no part ${need}.` },
      })),
    ]
  })
  if (faults.length > 0) return faults
  const circle = findCircle(parts)
  if (circle === undefined) return []
  const detail = { vi: 'Các phần chờ nhau vòng tròn.', en: 'The parts wait for each other in a circle.' }
  return [{ pointer: `${pointer}/parts/${circle}`, rule: 'plan_circle', detail }]
}

function checkOperations(plan: Plan, contract: Contract): Fault[] {
  const planned = Object.keys(plan.operations)
  const unknown = planned.flatMap((id) => {
    const operation = contract.operations.get(id)
    if (operation !== undefined && isReading(operation)) return []
    const detail = {
      vi: `Hợp đồng không có thao tác tra cứu hay xác thực ${id}.`,
      en: `The contract has no lookup or verification ${id}.`,
    }
    return [{ pointer: `/plan/operations/${id}`, rule: 'operation_unknown', detail }]
  })
  const missing = [...contract.operations.keys()].filter((id) => !planned.includes(id))
  return [
    ...unknown,
    ...missing.map((id) => ({
      pointer: '/plan/operations',
      rule: 'plan_incomplete',
      detail: { vi: `Chưa có kế hoạch cho ${id}.`, en: `There is no plan for ${id}.` },
    })),
  ]
}

/** @returns what a service's plan names and the registry does not have, or could not run. */
export function checkPlan(service: Service, ground: PlanGround): DocumentFault[] {
  const { plan } = service
  if (plan === undefined) return []
  const own = service.contract === undefined ? undefined : ground.contractOf(service.contract)
  const faults = [
    ...(own ? checkOperations(plan, own) : []),
    ...Object.entries(plan.operations).flatMap(([id, parts]) =>
      checkParts(parts, `/plan/operations/${id}`, ground),
    ),
  ]
  return faults.map((fault) => ({ path: `Service/${service.id}`, ...fault }))
}
