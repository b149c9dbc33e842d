import { samplePerson } from '../sandbox/samples.ts'
import { isMembers, type Members } from './consumer-reply.ts'
import { type Mode, type ModeParts, membersOf, type Told, until } from './demo-mode.ts'

const TRANSFER = 'G06/lien-thong/chuyen-nhuong-dat/v1'
const DEATH = 'G06/lien-thong/khai-tu/v1'

/** One question, checked with every agency that knows something of it. */
async function compose({ world, demoCase }: ModeParts): Promise<Told> {
  const { dossier, officer, purpose, applicant, parcelKey } = demoCase
  const { personalId, fullName, birthDate } = samplePerson(17).verify
  const body = {
    buyer: { personalId, fullName, birthDate },
    seller: { personalId: applicant.personalId, fullName: applicant.fullName },
    parcelKey,
  }
  const path = '/kiem-tra'
  const answer = await world.consumer.call({ service: TRANSFER, path, body, purpose, dossier, officer })
  const { complete, parts } = membersOf(answer.body)
  const named = Object.values(membersOf(parts)).filter(isMembers)
  const delivered = named.filter(({ outcome }) => outcome === 'delivered').length
  return {
    ok: answer.status === 200 && complete === true && delivered >= 6,
    told: {
      vi: `chuyển nhượng đất: một câu hỏi, ${delivered} phần do dân cư, hộ tịch, đất đai, thuế trả lời; mỗi phần một bản ghi`,
      en: `a land transfer: one question, ${delivered} parts by population, civil status, land, tax; a record each`,
    },
  }
}

async function declareDeath(parts: ModeParts, person: number, declarant: string): Promise<Members> {
  const { world, newId, now } = parts
  const common = { service: DEATH, purpose: 'lien-thong-thu-tuc' }
  const diedOn = new Date(now()).toISOString().slice(0, 10)
  const body = {
    personalId: samplePerson(person).verify.personalId,
    diedOn,
    declarantPersonalId: declarant,
  }
  const begun = await world.consumer.call({ ...common, path: '/nop', body, idempotencyKey: newId() })
  const { procedureId } = membersOf(begun.body)
  return until(parts, async () => {
    const look = await world.consumer.call({ ...common, path: '/tien-do', body: { procedureId } })
    const told = membersOf(look.body)
    return told['state'] === 'running' || told['state'] === 'undoing' ? undefined : told
  })
}

/** A declaration of a death goes to three agencies; a second one is refused at its last step, so it is all undone. */
async function linkProcedure(parts: ModeParts): Promise<Told> {
  const done = await declareDeath(parts, 18, parts.demoCase.applicant.personalId)
  const undone = await declareDeath(parts, 19, '099190000409')
  const steps = Object.keys(membersOf(done['steps'])).length
  return {
    ok: done['state'] === 'done' && undone['state'] === 'undone' && steps === 4,
    told: {
      vi: `khai tử: ${steps} bước ở hộ tịch, cư trú, bảo hiểm xong cả; tờ khai thứ hai bị từ chối ở bước cuối nên được hủy hết`,
      en: `a death: ${steps} steps at civil status, residence, insurance done; a second one, refused last, is all undone`,
    },
  }
}

/** Several agencies, one request: asked side by side, or one after the other with everything undone at a refusal. */
export const PLANS: readonly Mode[] = [
  { id: 'composite', title: { vi: 'Dịch vụ tổng hợp', en: 'Composite service' }, run: compose },
  { id: 'linked-procedure', title: { vi: 'Thủ tục liên thông', en: 'Linked procedure' }, run: linkProcedure },
]
