import type { Bilingual } from '../../model/identifier.ts'
import type { Task } from '../../model/task.ts'
import type { Column, Form } from '../form.ts'
import type { Names } from '../names.ts'

export type TaskState = 'done' | 'done_late' | 'in_hand' | 'late'

export const TASK_STATES: Readonly<Record<TaskState, Bilingual>> = {
  done: { vi: 'Xong', en: 'Done' },
  done_late: { vi: 'Xong sau hạn', en: 'Done late' },
  in_hand: { vi: 'Đang làm', en: 'In hand' },
  late: { vi: 'Quá hạn', en: 'Late' },
}

/** A task with what the log says of it. */
export interface JudgedTask {
  readonly task: Task
  readonly state: TaskState
  /** How many of its connections carry exchanges, and the day the last of them began to. */
  readonly carried: number
  readonly doneOn: string | undefined
}

/**
 * @param firsts for each of the task's measures the first day something was delivered since it was assigned.
 * @param today `yyyy-mm-dd`.
 */
export function judgeTask(task: Task, firsts: readonly (string | undefined)[], today: string): JudgedTask {
  const days = firsts.flatMap((day) => day ?? [])
  const isDone = days.length === task.measuredBy.length
  const doneOn = isDone ? days.toSorted().at(-1) : undefined
  const pending = today <= task.due ? 'in_hand' : 'late'
  const state = doneOn === undefined ? pending : doneOn <= task.due ? 'done' : 'done_late'
  return { task, state, carried: days.length, doneOn }
}

const COLUMNS: readonly Column[] = [
  { id: 'title', title: { vi: 'Nhiệm vụ', en: 'Task' }, kind: 'name' },
  { id: 'id', title: { vi: 'Mã', en: 'Code' }, kind: 'code' },
  { id: 'agency', title: { vi: 'Cơ quan chịu trách nhiệm', en: 'Responsible agency' }, kind: 'text' },
  { id: 'assigned', title: { vi: 'Ngày giao', en: 'Assigned' }, kind: 'day', fileOnly: true },
  { id: 'due', title: { vi: 'Hạn', en: 'Due' }, kind: 'day' },
  { id: 'state', title: { vi: 'Tình trạng', en: 'State' }, kind: 'text' },
  { id: 'carried', title: { vi: 'Kết nối đã có giao dịch', en: 'Connections in use' }, kind: 'text' },
  { id: 'doneOn', title: { vi: 'Xong ngày', en: 'Done on' }, kind: 'day' },
  { id: 'measuredBy', title: { vi: 'Đo bằng', en: 'Measured by' }, kind: 'code', fileOnly: true },
]

const ORDER: readonly TaskState[] = ['late', 'in_hand', 'done_late', 'done']

/** Tasks done, in hand and late; what is late comes first. */
export function taskForm(tasks: readonly JudgedTask[], names: Names): Form {
  const count = (...states: readonly TaskState[]) =>
    tasks.filter(({ state }) => states.includes(state)).length
  const counts = {
    total: tasks.length,
    done: count('done', 'done_late'),
    doneLate: count('done_late'),
    inHand: count('in_hand'),
    late: count('late'),
  }
  const sorted = tasks.toSorted(
    (a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || (a.task.due < b.task.due ? -1 : 1),
  )
  return {
    id: 'tasks',
    columns: COLUMNS,
    rows: sorted.map(({ task, state, carried, doneOn }) => [
      task.title,
      task.id,
      names.agency(task.agency),
      task.assigned,
      task.due,
      TASK_STATES[state],
      `${carried}/${task.measuredBy.length}`,
      doneOn,
      task.measuredBy
        .map(({ service, consumer }) => (consumer === undefined ? service : `${consumer} → ${service}`))
        .join('; '),
    ]),
    notes: [
      {
        vi: `${counts.total} nhiệm vụ: ${counts.done} xong (${counts.doneLate} sau hạn), ${counts.inHand} đang làm, ${counts.late} quá hạn.`,
        en: `${counts.total} tasks: ${counts.done} done (${counts.doneLate} of them late), ${counts.inHand} in hand, ${counts.late} late.`,
      },
    ],
    suppressed: false,
    facts: { counts },
  }
}
