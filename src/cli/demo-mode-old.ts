import { createCountry } from '../sandbox/country.ts'
import { landCertificates } from '../sandbox/land-certificates.ts'
import { type Mode, type ModeParts, membersOf, type Told } from './demo-mode.ts'

const OLD_POPULATION = 'G01/dan-cu/cong-dan-cu/v1'
const LAND_OFFICE = 'H21/van-phong-dat-dai/giay-chung-nhan/v1'

/** The population register's older interface, asked in JSON. */
async function askSoap({ world, demoCase }: ModeParts): Promise<Told> {
  const { purpose, dossier, officer, applicant } = demoCase
  const { personalId, fullName, birthDate } = applicant
  const { status, body } = await world.consumer.call({
    service: OLD_POPULATION,
    path: '/tra-cuu',
    body: { personalId, fullName, birthDate },
    purpose,
    dossier,
    officer,
    procedure: '1.001193',
  })
  const members = membersOf(body)
  const fields = Object.keys(members).length
  return {
    ok: status === 200 && members['fullName'] === fullName && members['birthDate'] === birthDate,
    told: {
      vi: `giao diện SOAP cũ của dân cư, hỏi bằng JSON như dịch vụ mới: cổng đổi sang XML và ngược lại theo ánh xạ khai trong danh bạ, ${fields} trường`,
      en: `the older SOAP interface of population, asked in JSON like any other: put into XML and back by a mapping in the registry, ${fields} fields`,
    },
  }
}

/** A branch of the land registry office that has nothing but its database. */
async function askDatabase({ world, demoCase }: ModeParts): Promise<Told> {
  const { purpose, dossier } = demoCase
  const [certificate] = landCertificates(createCountry(), 1)
  if (certificate === undefined) throw new Error('the sandbox has no certificate')
  const { status, body } = await world.consumer.call({
    service: LAND_OFFICE,
    path: '/tra-cuu',
    body: { certificateSerial: certificate.serial },
    purpose,
    dossier,
  })
  const { certificateSerial, owners } = membersOf(body)
  const isWithheld = !JSON.stringify(owners ?? '').includes('personalId')
  return {
    ok: status === 200 && certificateSerial === certificate.serial && Array.isArray(owners) && isWithheld,
    told: {
      vi: 'chi nhánh đất đai chỉ có PostgreSQL: cổng trả lời thay bằng một câu SELECT, tài khoản chỉ đọc; số định danh chủ đất được giữ lại',
      en: 'a land office that has only PostgreSQL: the gateway answers for it by one SELECT, as a role that only reads; owners’ ids are held back',
    },
  }
}

/** Agencies that stay as they are. */
export const OLD_SYSTEMS: readonly Mode[] = [
  { id: 'soap', title: { vi: 'Hệ thống cũ nói SOAP', en: 'An old system that speaks SOAP' }, run: askSoap },
  { id: 'sql', title: { vi: 'Cơ quan chỉ có cơ sở dữ liệu', en: 'Only a database' }, run: askDatabase },
]
