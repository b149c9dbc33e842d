import { samplePerson } from '../sandbox/samples.ts'
import { parseReplyBody } from './consumer-reply.ts'
import { type Mode, type ModeParts, membersOf, type Told, until } from './demo-mode.ts'
import { DEMO_CONSUMER } from './demo-registry.ts'
import { dayIn } from './demo-story.ts'
import { createPublisher, createSubscriptionClient } from './event-client.ts'
import { refusalOf } from './refusal.ts'

const CITIZENS = 'G01/dan-cu/cong-dan/v1'
const CERTIFICATES = 'G01/ly-lich-tu-phap/phieu/v1'

/** The population database tells of a death; the one-stop office, which subscribed, reads the two agreed fields. */
async function tellEvent({ world, newId, now, signal }: ModeParts): Promise<Told> {
  const subscriptions = createSubscriptionClient(world.as(DEMO_CONSUMER, '/subscriptions'))
  const wish = { service: CITIZENS, types: ['citizenDied'], purpose: 'cap-nhat-bien-dong', mode: 'pull' }
  const id = String((await subscriptions.create(wish))['id'])
  const { personalId } = samplePerson(16).verify
  const at = new Date(now()).toISOString()
  const event = {
    specversion: '1.0',
    id: newId(),
    source: '/dan-cu/khai-tu',
    type: 'citizenDied',
    time: at,
    data: { personalId, diedOn: at.slice(0, 10) },
  }
  const publish = createPublisher(world.as('G01/dan-cu', '/events'), CITIZENS, { now, signal })
  const { outcome } = await publish(event)
  const { events } = await subscriptions.read(id, {})
  await subscriptions.remove(id)
  const told = membersOf(events[0]?.['event'])
  const fields = Object.keys(membersOf(told['data'])).length
  return {
    ok: outcome === 'published' && events.length === 1 && told['id'] === event.id && fields === 2,
    told: {
      vi: `dân cư báo một người mất; một cửa, bên đã đăng ký, đọc được ${fields} trường theo thỏa thuận`,
      en: `population tells of a death; the one-stop office, subscribed, reads the ${fields} agreed fields`,
    },
  }
}

/**
 * A criminal record certificate: asked for, taken by the agency, which brings it when it is made. An agency takes
 * days; this one brings it as soon as it took the request.
 */
async function awaitDocument(parts: ModeParts): Promise<Told> {
  const { world, demoCase, newId, now } = parts
  const { dossier, purpose, applicant } = demoCase
  const order = {
    personalId: applicant.personalId,
    type: '1',
    purpose: 'Bổ sung hồ sơ',
    dossierCode: dossier,
  }
  const path = '/yeu-cau'
  const asked = { service: CERTIFICATES, path, body: order, purpose, dossier, idempotencyKey: newId() }
  const accepted = await world.consumer.call(asked)
  const { requestId, dueBy } = membersOf(accepted.body)
  const place = `/exchange/${CERTIFICATES}/-/requests/${requestId}`
  const look = async () => {
    const reply = await world.consumer.request({ method: 'GET', path: place })
    return { status: reply.status, body: membersOf(parseReplyBody(reply)) }
  }
  const reference = await until(parts, async () => {
    const { status, body } = await look()
    return status === 202 && body['state'] === 'forwarded' ? String(body['reference']) : undefined
  })
  const issuedOn = dayIn(now())
  const number = `${reference.slice(-7)}/${issuedOn.slice(0, 4)}/STP`
  const { personalId, type } = order
  const brought = await world.as('G01/ly-lich-tu-phap').request({
    method: 'PUT',
    path: `${place}/result`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ number, personalId, type, hasConvictions: false, issuedOn }),
  })
  if (brought.status !== 200) throw refusalOf(brought)
  const document = await look()
  const fields = Object.keys(document.body).length
  // `dueBy` is where the last day ends, which is midnight.
  const dueOn = dayIn(Date.parse(String(dueBy)) - 1)
  return {
    ok:
      accepted.status === 202 &&
      document.status === 200 &&
      document.body['number'] === number &&
      fields === 4,
    told: {
      vi: `phiếu lý lịch tư pháp: nhận ngay 202, hẹn chậm nhất ${dueOn.split('-').toReversed().join('/')}; cơ quan nhận việc (${reference}) rồi mang phiếu đến, hỏi lại thì nhận 200, ${fields} trường`,
      en: `a criminal record certificate: 202 at once, due by the end of ${dueOn}; the agency takes it as ${reference} and brings it later, then 200 with ${fields} fields`,
    },
  }
}

/** What comes when it comes: events, and a document that somebody has to make first. */
export const LATER: readonly Mode[] = [
  { id: 'event', title: { vi: 'Sự kiện', en: 'Events' }, run: tellEvent },
  { id: 'document', title: { vi: 'Giấy tờ trả sau', en: 'A document that takes days' }, run: awaitDocument },
]
