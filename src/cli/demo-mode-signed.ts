import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readSecretFile } from '../identity/key-file.ts'
import { dayOf } from '../model/calendar.ts'
import type { SubsystemId } from '../model/identifier.ts'
import { DEMO_APPROVER } from './demo-leader.ts'
import { type Mode, type ModeParts, membersOf, type Told } from './demo-mode.ts'
import { DEMO_APPLICANT, DEMO_APPRAISER, DEMO_CONSUMER } from './demo-registry.ts'
import { requireMembers } from './refusal.ts'
import { openFileKey, signDocument } from './sign-document.ts'

const AGREEMENT = 'TT-2026-990'

/** An application that nothing is missing of; the demo leaves it in its folder for whoever wants to file it too. */
function applicationOf(nowMs: number): object {
  const date = dayOf(nowMs)
  return {
    class: 'theo-yeu-cau',
    agreement: {
      title: { vi: 'Tra cứu học bạ số', en: 'Digital school records' },
      consumer: DEMO_CONSUMER,
      service: 'G03/hoc-ba/hoc-ba-so/v1',
      operations: [{ operation: 'lookUpSchoolRecord', fields: ['/fullName', '/years', '/dataAsOf'] }],
      purposes: ['giai-quyet-thu-tuc-hanh-chinh'],
      legalBases: ['nd-278-2025'],
      quota: { perSecond: 5, perDay: 10_000 },
      validity: { from: '2026-01-01', until: '2028-12-31' },
    },
    documents: [
      { document: 'van-ban-de-nghi', number: '01/DN-DEMO', date },
      { document: 'noi-dung-thong-nhat', number: '02/BB-DEMO', date },
      { document: 'xac-nhan-an-toan', number: '03/XN-DEMO', date },
    ],
    conformance: {
      ok: true,
      kind: 'consumer',
      id: DEMO_CONSUMER,
      version: '1.0.0',
      at: new Date(nowMs).toISOString(),
      findings: [{ check: 'key', state: 'ok', detail: 'demo' }],
    },
  }
}

/** Filed by the applicant, handed up by the appraiser, signed by the leader: only then is it approved. */
async function approveSigned({ world, now }: ModeParts): Promise<Told> {
  const ask = (reader: SubsystemId, path: string, body: object) =>
    world.reader(reader).request({
      method: 'POST',
      path: `/audit/applications${path}`,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  const application = applicationOf(now())
  const file = join(world.files.folder, 'de-nghi.json')
  writeFileSync(file, `${JSON.stringify(application, null, 2)}\n`, { mode: 0o600 })
  const { number } = requireMembers(await ask(DEMO_APPLICANT, '', application))
  const at = `/${String(number)}`
  const proposal = { decision: 'approve', agreement: AGREEMENT, approver: DEMO_APPROVER }
  const { decision } = requireMembers(await ask(DEMO_APPRAISER, `${at}/propose`, proposal))
  const text = String(membersOf(decision)['text'])

  const signer = {
    certificates: readFileSync(world.leader.certificateFile, 'utf8'),
    key: openFileKey(readSecretFile(world.leader.keyFile), undefined),
  }
  const handIn = async (signed: string) => {
    const signature = await signDocument(Buffer.from(signed), { ...signer, at: new Date(now()) })
    return ask(DEMO_APPRAISER, `${at}/sign`, { signature: signature.toString('base64') })
  }
  const altered = await handIn(text.replace(AGREEMENT, 'TT-2026-991'))
  const approved = requireMembers(await handIn(text))
  const isSigned = membersOf(approved['decision'])['signer'] !== undefined
  return {
    ok: altered.status === 422 && approved['state'] === 'approved' && isSigned,
    told: {
      vi: `đề nghị ${number} được phê duyệt (${AGREEMENT}) khi lãnh đạo ký đúng văn bản đã trình; chữ ký trên văn bản đã bị sửa không được nhận`,
      en: `application ${number} was approved (${AGREEMENT}) once the leader had signed the very text that was handed up; a signature over an altered text was refused`,
    },
  }
}

export const SIGNED_DECISION: Mode = {
  id: 'signed-decision',
  title: { vi: 'Phê duyệt có chữ ký số của lãnh đạo', en: "Approval under a leader's signature" },
  run: approveSigned,
}
