import { createSigningKey } from '../identity/signing-key.ts'
import { createSandboxConsentIssuer } from '../sandbox/consent-issuer.ts'
import type { CallAnswer } from './client.ts'
import { type Mode, type ModeParts, membersOf, type Told } from './demo-mode.ts'
import { DEMO_CONSUMER } from './demo-registry.ts'
import { refusalOf } from './refusal.ts'

const HEALTH_BOOK = 'G18/so-suc-khoe/so/v1'
const ISSUER = 'G01/vneid'

function codeOf({ body }: CallAnswer): unknown {
  return membersOf(body)['code']
}

/** A person agrees to two fields of the health book, and takes it back. */
async function consent({ world, demoCase, now }: ModeParts): Promise<Told> {
  const { purpose, applicant } = demoCase
  const { personalId } = applicant
  const issuer = createSandboxConsentIssuer({
    issuer: ISSUER,
    key: createSigningKey(world.privateJwkOf(ISSUER)),
    audience: () => world.gateway.publicUrl,
    now,
  })
  const question = { service: HEALTH_BOOK, path: '/tra-cuu', body: { personalId }, purpose }
  const without = await world.consumer.call(question)
  const { id, artefact } = await issuer.issue({
    subject: personalId,
    consumer: DEMO_CONSUMER,
    service: HEALTH_BOOK,
    purposes: [purpose],
    fields: ['/fullName', '/bloodGroup'],
  })
  const given = await world.consumer.call({ ...question, consent: artefact })
  const vneid = world.as(ISSUER, '/consents')
  // Its token counts for nothing here: what is told is how long a withdrawal takes.
  await vneid.token()
  const startedMs = performance.now()
  const withdrawn = await vneid.request({
    method: 'POST',
    path: '/consents/withdraw',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ consent: id }),
  })
  const tookMs = Math.ceil(performance.now() - startedMs)
  if (withdrawn.status !== 200) throw refusalOf(withdrawn)
  const after = await world.consumer.call({ ...question, consent: artefact })
  const fields = Object.keys(membersOf(given.body)).length
  const isRefused = codeOf(without) === 'consent_required' && codeOf(after) === 'consent_withdrawn'
  return {
    ok: isRefused && given.status === 200 && fields === 2,
    told: {
      vi: `sổ sức khỏe: chưa đồng ý thì từ chối; người dân đồng ý trên VNeID, cổng trả đúng ${fields} trường; rút lại, có hiệu lực sau ${tookMs}\u00a0ms: từ chối`,
      en: `the health book: refused without consent; the person agrees in VNeID, ${fields} fields come; taken back, in force after ${tookMs}\u00a0ms: refused`,
    },
  }
}

/** Where the ground is the person's consent, not a duty of the state. */
export const CONSENT: Mode = {
  id: 'consent',
  title: { vi: 'Theo sự đồng ý của người dân', en: "With a person's consent" },
  run: consent,
}
