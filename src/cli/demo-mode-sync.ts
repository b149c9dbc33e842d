import { parseReplyBody } from './consumer-reply.ts'
import { type Mode, type ModeParts, membersOf, type Told } from './demo-mode.ts'
import { DEMO_CONSUMER } from './demo-registry.ts'
import { dayIn } from './demo-story.ts'

const PORTAL = 'G22/dich-vu-cong/ho-so/v1'
const HOUR_MS = 3_600_000

/** Sends the dossier and two steps of it, the later one first; what the portal then holds is in their own order. */
async function sendProgress({ world, demoCase, newId, now }: ModeParts): Promise<readonly unknown[]> {
  const { dossier, applicant } = demoCase
  const submit = (path: string, body: object) =>
    world.consumer.call({
      service: PORTAL,
      path,
      body,
      purpose: 'dong-bo-trang-thai',
      idempotencyKey: newId(),
    })
  const at = (hoursAgo: number) => new Date(now() - hoursAgo * HOUR_MS).toISOString()
  await submit('/ho-so', {
    dossierCode: dossier,
    procedureCode: '1.004873',
    agency: 'H29.12',
    applicantPersonalId: applicant.personalId,
    channel: '2',
    receivedOn: dayIn(now()),
    dueOn: dayIn(now() + 120 * HOUR_MS),
  })
  await submit('/tien-do', { dossierCode: dossier, status: '4', at: at(1) })
  await submit('/tien-do', { dossierCode: dossier, status: '2', at: at(2) })
  const look = { service: PORTAL, path: '/ho-so/tra-cuu', body: { dossierCode: dossier } }
  const { body } = await world.consumer.call({ ...look, purpose: 'dong-bo-trang-thai' })
  const { steps } = membersOf(body)
  return Array.isArray(steps) ? steps.map((step) => membersOf(step)['status']) : []
}

/** Both sides hand in what they hold of the day; of one dossier they say different things. */
async function reconcile({ world, demoCase, now }: ModeParts) {
  const day = dayIn(now())
  const handIn = async (party: typeof DEMO_CONSUMER | 'G22/dich-vu-cong', statuses: readonly string[]) => {
    const items = statuses.map((status, index) => ({
      key: `${demoCase.dossier.slice(0, -1)}${index}`,
      status,
    }))
    const query = party === DEMO_CONSUMER ? '' : `?consumer=${DEMO_CONSUMER}`
    return world.as(party, '/reconciliations').request({
      method: 'PUT',
      path: `/reconciliations/${PORTAL}/${day}/${day}${query}`,
      headers: { 'content-type': 'application/x-ndjson', 'exchange-purpose': 'doi-soat' },
      body: items.map((item) => JSON.stringify(item)).join('\n'),
    })
  }
  await handIn(DEMO_CONSUMER, ['4', '9', '10'])
  const { state, matched, counts } = membersOf(
    parseReplyBody(await handIn('G22/dich-vu-cong', ['4', '9', '9'])),
  )
  return { state, matched, differing: membersOf(counts)['differing'] }
}

async function synchronise(parts: ModeParts): Promise<Told> {
  const steps = await sendProgress(parts)
  const { state, matched, differing } = await reconcile(parts)
  return {
    ok: steps.join() === '2,4' && state === 'compared' && matched === 2 && differing === 1,
    told: {
      vi: `hai bước của hồ sơ gửi lên Cổng Dịch vụ công, bước sau đến trước: tra lại thấy ${steps.join(' → ')} theo giờ xử lý; đối soát trong ngày: ${matched} khớp, ${differing} lệch`,
      en: `two steps of the dossier sent to the service portal, the later one first: looked up again they stand ${steps.join(' → ')}, by their own time; the day reconciled: ${matched} agree, ${differing} differs`,
    },
  }
}

/** What is submitted over a dossier's life, and both sides held against each other. */
export const SYNC: Mode = {
  id: 'status-sync',
  title: { vi: 'Đồng bộ trạng thái, đối soát', en: 'Status sync and reconciliation' },
  run: synchronise,
}
