import type { Contract, Operation } from '../contract/contract.ts'
import type { DocumentFault } from '../contract/violation.ts'
import type { Service } from '../model/party.ts'
import { dialectOf, type SqlDialect, type SqlOperation } from '../model/sql.ts'
import {
  checkFixedAnswer,
  checkMember,
  checkOperations,
  type Fault,
  fault,
  findUncovered,
} from './mapping-rules.ts'
import { readQuery } from './sql-text.ts'

/** What a mapping of a contract to queries says of that contract. */

function checkQuery({ query, parameters = {} }: SqlOperation, dialect: SqlDialect, at: string): Fault[] {
  const read = readQuery(query, dialect)
  if ('rule' in read) return [fault(`${at}/query`, read.rule, read.detail)]
  const declared = Object.keys(parameters)
  const unknown = [...read.parameters].filter((name) => !declared.includes(name))
  const unused = declared.filter((name) => !read.parameters.has(name))
  return [
    ...unknown.map((name) =>
      fault(`${at}/query`, 'parameter_unknown', {
        vi: `Tham số :${name} chưa được khai báo.`,
        en: `Parameter :${name} is not declared.`,
      }),
    ),
    ...unused.map((name) =>
      fault(`${at}/parameters/${name}`, 'parameter_unused', {
        vi: 'Câu truy vấn không dùng tham số này.',
        en: 'The query does not use this parameter.',
      }),
    ),
  ]
}

function checkRequest(
  operation: Operation,
  { parameters = {}, unsent = [] }: SqlOperation,
  at: string,
): Fault[] {
  const { request: view, hasParameters } = operation.members?.() ?? {}
  const faults: Fault[] = []
  if (hasParameters === true || operation.kind === 'submit') {
    const detail = {
      vi: 'Chỉ tra cứu và xác thực, yêu cầu nằm trong nội dung.',
      en: 'Only look-ups and verifications, whose request is the body alone.',
    }
    faults.push(fault(at, 'mapping_parameters', detail))
  }
  for (const [name, form] of Object.entries(parameters)) {
    const pointer = `${at}/parameters/${name}`
    const sources = [form.pointer, form.exchange, form.value].filter((source) => source !== undefined)
    if (sources.length !== 1) {
      const detail = {
        vi: 'Cần đúng một: pointer, exchange hoặc value.',
        en: 'It needs one of pointer, exchange, value.',
      }
      faults.push(fault(pointer, 'mapping_node', detail))
    }
    if (form.pointer === undefined) continue
    faults.push(
      ...checkMember({ member: form.pointer, pointer: `${pointer}/pointer`, form, isList: false }, view),
    )
  }
  const bound = Object.values(parameters).flatMap(({ pointer }) => pointer ?? [])
  const missing = findUncovered([...bound, ...unsent], (member) => view?.namesAt(member) ?? [])
  return [
    ...faults,
    ...missing.map((member) =>
      fault(`${at}/parameters`, 'mapping_incomplete', {
        vi: `Truy vấn không xét ${member}; nếu cố ý, ghi vào unsent.`,
        en: `The query does not look at ${member}; where that is meant, name it in unsent.`,
      }),
    ),
  ]
}

function checkAnswer(operation: Operation, mapped: SqlOperation, at: string): Fault[] {
  const view = operation.members?.().answer
  const { into, columns, constants = {}, none } = mapped
  const list = { member: into ?? '', pointer: `${at}/into`, form: {}, isList: true }
  const members = Object.entries(columns).map(([name, form]) => ({
    member: `${into ?? ''}${form.pointer}`,
    pointer: `${at}/columns/${name}/pointer`,
    form,
    isList: false,
  }))
  const fixed = Object.keys(constants)
  const covered = [...members.map(({ member }) => member), ...fixed]
  const missing = findUncovered(covered, (member) => view?.requiredAt(member) ?? [])
  return [
    ...(into === undefined ? [] : checkMember(list, view)),
    ...members.flatMap((member) => checkMember(member, view)),
    ...fixed
      .filter((member) => view?.has(member) !== true)
      .map(() =>
        fault(`${at}/constants`, 'field_unknown', {
          vi: 'Hợp đồng không có trường này.',
          en: 'The contract has no such member.',
        }),
      ),
    ...missing.map((member) =>
      fault(`${at}/columns`, 'mapping_incomplete', {
        vi: `Câu trả lời phải có ${member}.`,
        en: `The answer needs ${member}.`,
      }),
    ),
    ...(none === undefined ? [] : checkFixedAnswer(none, operation, `${at}/none`)),
    ...(none === undefined && into === undefined
      ? [
          fault(at, 'none_missing', {
            vi: 'Cần none: không có dòng nào nghĩa là gì.',
            en: 'It needs none: what no row means.',
          }),
        ]
      : []),
  ]
}

/** @returns what a service's queries say that its contract does not have, or leave out that they must say. */
export function checkSql({ id, binding }: Service, contract: Contract | undefined): DocumentFault[] {
  const mapping = binding?.sql
  const dialect = dialectOf(binding?.baseUrl ?? '')
  if (mapping === undefined || contract === undefined || dialect === undefined) return []
  const faults = checkOperations(
    contract,
    mapping.operations,
    '/binding/sql/operations',
    (operation, mapped, at) => [
      ...checkQuery(mapped, dialect, at),
      ...checkRequest(operation, mapped, at),
      ...checkAnswer(operation, mapped, at),
    ],
  )
  return faults.map((each) => ({ path: `Service/${id}`, ...each }))
}
