import type { Contract, Operation } from '../contract/contract.ts'
import type { DocumentFault } from '../contract/violation.ts'
import type { Service } from '../model/party.ts'
import type { SoapMapping, SoapNode, SoapOperation, SoapVerdict } from '../model/soap.ts'
import {
  checkFixedAnswer,
  checkMember,
  checkOperations,
  type Fault,
  fault,
  findUncovered,
  type MappedMember,
} from './mapping-rules.ts'

/** What a SOAP mapping says of its contract. */

type Side = 'request' | 'response' | 'header'

/** A node of a mapping with its place in the document and the array it stands in. */
interface Placed {
  readonly node: SoapNode
  readonly pointer: string
  readonly base: string
}

const SOURCES = ['pointer', 'each', 'value', 'exchange', 'secret'] as const
const OUTWARD = ['value', 'exchange', 'secret'] as const

function baseOf({ node, base }: Placed): string {
  return node.each === undefined ? base : base + node.each
}

function* nodesIn(placed: Placed): Generator<Placed> {
  yield placed
  for (const [index, node] of (placed.node.children ?? []).entries()) {
    yield* nodesIn({ node, pointer: `${placed.pointer}/children/${index}`, base: baseOf(placed) })
  }
}

function isDeclared(name: string, { namespaces }: SoapMapping, side: Side): boolean {
  const [prefix = '', local] = name.split(':')
  if (local === undefined) return true
  return Object.hasOwn(namespaces, prefix) || (prefix === '*' && side === 'response')
}

function checkNames({ node, pointer }: Placed, mapping: SoapMapping, side: Side): Fault[] {
  const { element, attribute, words } = node
  const names = [element, attribute, words?.first, words?.middle, words?.last].filter(
    (name) => name !== undefined,
  )
  const unknown = names.filter((name) => !isDeclared(name, mapping, side))
  const detail = { vi: 'Tiền tố không có trong namespaces.', en: 'The prefix is not among the namespaces.' }
  return unknown.map(() => fault(pointer, 'prefix_unknown', detail))
}

/** That a node says one thing only, and one that its side can say. */
function checkNode({ node, pointer }: Placed, side: Side): Fault[] {
  const faults: Fault[] = []
  const sources = SOURCES.filter((source) => node[source] !== undefined)
  const hasChildren = node.children !== undefined
  const isOne =
    sources.length === 1 ? !hasChildren || sources[0] === 'each' : sources.length === 0 && hasChildren
  const isPlaced = (node.element === undefined) !== (node.attribute === undefined)
  if (
    !isOne ||
    !isPlaced ||
    (node.attribute !== undefined && (node.pointer ?? node.value ?? node.exchange) === undefined)
  ) {
    const detail = {
      vi: 'Cần một tên (element hoặc attribute) và đúng một nguồn: pointer, each, value, exchange, secret hoặc children.',
      en: 'It needs one name (element or attribute) and one source: pointer, each, value, exchange, secret or children.',
    }
    faults.push(fault(pointer, 'mapping_node', detail))
  }
  if (side === 'response' && OUTWARD.some((source) => node[source] !== undefined)) {
    const detail = {
      vi: 'Câu trả lời chỉ có pointer và each.',
      en: 'In an answer there are only pointer and each.',
    }
    faults.push(fault(pointer, 'mapping_node', detail))
  }
  const isAmbiguous =
    (node.empty === 'text' && node.whenAbsent === 'empty') ||
    (node.nil === 'null' && node.whenAbsent === 'nil')
  if (isAmbiguous || (node.words !== undefined && (node.pointer === undefined || node.codes !== undefined))) {
    const detail = {
      vi: 'Cách ghi này không đọc ngược lại được.',
      en: 'What is written this way could not be read back.',
    }
    faults.push(fault(pointer, 'mapping_ambiguous', detail))
  }
  return faults
}

function membersOf(placed: readonly Placed[]): MappedMember[] {
  return placed.flatMap(({ node, pointer, base }): MappedMember[] => {
    if (node.each !== undefined) {
      const list = { member: base + node.each, pointer: `${pointer}/each`, form: {}, isList: true }
      const items = { ...list, pointer, form: node, isList: false }
      return node.children === undefined ? [list, items] : [list]
    }
    if (node.pointer === undefined) return []
    return [{ member: base + node.pointer, pointer: `${pointer}/pointer`, form: node, isList: false }]
  })
}

/** Members that are said: of an array of objects what its items' nodes say. */
function coveredBy(placed: readonly Placed[]): readonly string[] {
  return placed.flatMap(({ node, base }) => {
    if (node.pointer !== undefined) return [base + node.pointer]
    return node.each !== undefined && node.children === undefined ? [base + node.each] : []
  })
}

function checkRequest(
  operation: Operation,
  mapped: SoapOperation,
  placed: readonly Placed[],
  at: string,
): Fault[] {
  const { request: view, hasParameters } = operation.members?.() ?? {}
  const faults = membersOf(placed).flatMap((member) => checkMember(member, view))
  if (hasParameters === true) {
    const detail = {
      vi: 'Yêu cầu chỉ được nằm trong nội dung, không ở đường dẫn hay truy vấn.',
      en: 'The request must be in the body alone, not in path or query.',
    }
    faults.push(fault(at, 'mapping_parameters', detail))
  }
  const { unsent = [] } = mapped
  const unknown = unsent.flatMap((member, index) =>
    view?.has(member) === true
      ? []
      : [
          fault(`${at}/unsent/${index}`, 'field_unknown', {
            vi: 'Hợp đồng không có trường này.',
            en: 'The contract has no such member.',
          }),
        ],
  )
  const covered = [...coveredBy(placed), ...unsent]
  const missing = findUncovered(covered, (member) => view?.namesAt(member) ?? [])
  return [
    ...faults,
    ...unknown,
    ...missing.map((member) =>
      fault(`${at}/request`, 'mapping_incomplete', {
        vi: `Chưa gửi ${member}; nếu cố ý, ghi vào unsent.`,
        en: `${member} is not sent; where that is meant, name it in unsent.`,
      }),
    ),
  ]
}

function checkVerdicts(verdicts: readonly SoapVerdict[] = [], operation: Operation, at: string): Fault[] {
  return verdicts.flatMap(({ answer }, index) =>
    answer === undefined ? [] : checkFixedAnswer(answer, operation, `${at}/verdicts/${index}/answer`),
  )
}

function checkResponse(
  operation: Operation,
  mapped: SoapOperation,
  placed: readonly Placed[],
  at: string,
): Fault[] {
  const view = operation.members?.().answer
  const { constants = {}, verdicts } = mapped
  const fixed = Object.keys(constants)
  const unknown = fixed.filter((member) => view?.has(member) !== true)
  const missing = findUncovered([...coveredBy(placed), ...fixed], (member) => view?.requiredAt(member) ?? [])
  return [
    ...membersOf(placed).flatMap((member) => checkMember(member, view)),
    ...unknown.map((member) =>
      fault(`${at}/constants`, 'field_unknown', {
        vi: `Hợp đồng không có ${member}.`,
        en: `The contract has no ${member}.`,
      }),
    ),
    ...missing.map((member) =>
      fault(`${at}/response`, 'mapping_incomplete', {
        vi: `Câu trả lời phải có ${member}.`,
        en: `The answer needs ${member}.`,
      }),
    ),
    ...checkVerdicts(verdicts, operation, at),
  ]
}

function checkOperation(
  operation: Operation,
  mapped: SoapOperation,
  mapping: SoapMapping,
  at: string,
): Fault[] {
  const request = [...nodesIn({ node: mapped.request, pointer: `${at}/request`, base: '' })]
  const response = [...nodesIn({ node: mapped.response, pointer: `${at}/response`, base: '' })]
  return [
    ...request.flatMap((placed) => [
      ...checkNode(placed, 'request'),
      ...checkNames(placed, mapping, 'request'),
    ]),
    ...response.flatMap((placed) => [
      ...checkNode(placed, 'response'),
      ...checkNames(placed, mapping, 'response'),
    ]),
    ...checkRequest(operation, mapped, request, at),
    ...checkResponse(operation, mapped, response, at),
    ...checkVerdicts(mapping.verdicts, operation, '/binding/soap'),
  ]
}

/** Said of the header: the same for each exchange, so nothing of its body. */
function checkHeader(mapping: SoapMapping): Fault[] {
  const placed = (mapping.header ?? []).flatMap((node, index) => [
    ...nodesIn({ node, pointer: `/binding/soap/header/${index}`, base: '' }),
  ])
  return placed.flatMap((each) => {
    const { pointer, each: list } = each.node
    const faults = [...checkNode(each, 'header'), ...checkNames(each, mapping, 'header')]
    if (pointer === undefined && list === undefined) return faults
    const detail = { vi: 'Phần đầu thư không chứa dữ liệu.', en: 'The header holds no data.' }
    return [...faults, fault(each.pointer, 'mapping_node', detail)]
  })
}

/** @returns what a service's SOAP mapping says that its contract does not have, or leaves out that it must say. */
export function checkSoap({ id, binding }: Service, contract: Contract | undefined): DocumentFault[] {
  const mapping = binding?.soap
  if (mapping === undefined || contract === undefined) return []
  const faults = [
    ...checkHeader(mapping),
    ...checkOperations(contract, mapping.operations, '/binding/soap/operations', (operation, mapped, at) =>
      checkOperation(operation, mapped, mapping, at),
    ),
  ]
  return faults.map((each) => ({ path: `Service/${id}`, ...each }))
}
