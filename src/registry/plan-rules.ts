import type { Contract, Operation } from '../contract/contract.ts'
import type { DocumentFault } from '../contract/violation.ts'
import type { Bilingual } from '../model/identifier.ts'
import type { Service } from '../model/party.ts'
import {
  needsOf,
  type Plan,
  type PlannedAsk,
  type PlannedOperation,
  type PlannedParts,
  type PlannedSteps,
} from '../model/plan.ts'

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

/** A part may not change anything, a step does: those are asked side by side, these one after the other, once. */
type Manner = 'read' | 'submit' | 'request'

function mannerOf({ kind }: Operation): Manner {
  return kind === 'submit' || kind === 'request' ? kind : 'read'
}

function checkAsk(ask: PlannedAsk, manner: Manner, pointer: string, ground: PlanGround): Fault[] {
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
  if (mannerOf(operation) === manner && !operation.pathTemplate.includes('{')) return []
  const detail = {
    vi: 'Phần phải là tra cứu hoặc xác thực, bước phải là nộp; đường dẫn không có tham số.',
    en: 'A part must be a lookup or verification, a step a submission; its path has no parameters.',
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
      ...checkAsk(part, 'read', place, ground),
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

function checkSteps({ steps }: PlannedSteps, pointer: string, ground: PlanGround): Fault[] {
  const names = steps.map(({ name }) => name)
  return steps.flatMap((step, index) => {
    const place = `${pointer}/steps/${index}`
    const { undo } = step
    const isKnown = (need: string, until: number) => names.slice(0, until).includes(need)
    const unknown = [
      ...needsOf(step).filter((need) => !isKnown(need, index)),
      ...(undo ? needsOf(undo).filter((need) => !isKnown(need, index + 1)) : []),
    ]
    return [
      ...checkAsk(step, 'submit', place, ground),
      ...(undo ? checkAsk(undo, 'submit', `${place}/undo`, ground) : []),
      ...unknown.map((need) => ({
        pointer: place,
        rule: 'plan_part_unknown',
        detail: { vi: `Trước đó không có bước ${need}.`, en: `There is no step ${need} before it.` },
      })),
      ...(names.indexOf(step.name) === index
        ? []
        : [
            {
              pointer: `${place}/name`,
              rule: 'plan_step_duplicate',
              detail: { vi: 'Tên bước bị lặp.', en: 'Two steps have this name.' },
            },
          ]),
      ...(undo !== undefined || index === steps.length - 1
        ? []
        : [
            {
              pointer: place,
              rule: 'plan_undo_missing',
              detail: {
                vi: 'Mọi bước trừ bước cuối phải có cách hủy.',
                en: 'Every step but the last needs an undo.',
              },
            },
          ]),
    ]
  })
}

function checkPlanned(
  planned: PlannedOperation,
  { pointer, plan, ground }: { pointer: string; plan: Plan; ground: PlanGround },
): Fault[] {
  if ('parts' in planned) return checkParts(planned, pointer, ground)
  if ('steps' in planned) return checkSteps(planned, pointer, ground)
  const begun = plan.operations[planned.statusOf]
  if (begun !== undefined && 'steps' in begun) return []
  const detail = {
    vi: `${planned.statusOf} không phải là thủ tục liên thông.`,
    en: `${planned.statusOf} is no linked procedure.`,
  }
  return [{ pointer: `${pointer}/statusOf`, rule: 'plan_status_unknown', detail }]
}

function checkOperations(plan: Plan, contract: Contract): Fault[] {
  const planned = Object.keys(plan.operations)
  const unknown = planned.flatMap((id) => {
    const operation = contract.operations.get(id)
    const planned = plan.operations[id]
    const manner = planned !== undefined && 'steps' in planned ? 'submit' : 'read'
    if (operation !== undefined && mannerOf(operation) === manner) return []
    const detail = {
      vi: `Hợp đồng không có thao tác ${id} loại này (bước: nộp; còn lại: tra cứu, xác thực).`,
      en: `The contract has no operation ${id} of this kind (steps: submit; else lookup or verify).`,
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
    ...Object.entries(plan.operations).flatMap(([id, planned]) =>
      checkPlanned(planned, { pointer: `/plan/operations/${id}`, plan, ground }),
    ),
  ]
  return faults.map((fault) => ({ path: `Service/${service.id}`, ...fault }))
}
