import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readSecretFile } from '../identity/key-file.ts'
import type { Bilingual } from '../model/identifier.ts'
import { type Settings, SettingsError } from '../settings.ts'
import { locateSetting, type PlacedFault, placeSettingsFaults, readSettingsFile } from './settings-file.ts'
import type { Tools } from './tools.ts'

const TEXTS = {
  certificate: { vi: 'Không phải chứng thư X.509 dạng PEM', en: 'It is not an X.509 certificate in PEM' },
  expired: (day: string): Bilingual => ({
    vi: `Chứng thư đã hết hạn ngày ${day}`,
    en: `The certificate expired on ${day}`,
  }),
  mismatch: {
    vi: 'Khóa riêng không khớp với chứng thư',
    en: 'The private key does not belong to the certificate',
  },
} as const

/** Judges the listener's certificate and key, which settings only name. */
function checkTls(settings: Settings, tools: Tools): PlacedFault[] {
  const { tls } = settings.listen
  if (tls === undefined) return []
  const faults: PlacedFault[] = []
  const add = (member: string, rule: string, detail: string) => {
    const pointer = `/listen/tls/${member}`
    const place = locateSetting(tools.settingsFile, pointer) ?? { line: 1, column: 1 }
    faults.push({ file: tools.settingsFile, ...place, pointer, rule, detail })
  }
  const attempt = <Read>(member: string, rule: string, read: () => Read): Read | undefined => {
    try {
      return read()
    } catch (thrown) {
      const isSystem = thrown instanceof Error && 'syscall' in thrown
      const message = thrown instanceof Error ? thrown.message : String(thrown)
      const unread = rule === 'certificate' && !isSystem
      add(member, isSystem ? 'file' : rule, unread ? tools.terminal.pick(TEXTS.certificate) : message)
      return undefined
    }
  }
  const certificate = attempt(
    'certificateFile',
    'certificate',
    () => new X509Certificate(readFileSync(tls.certificateFile)),
  )
  const key = attempt('keyFile', 'key', () => createPrivateKey(readSecretFile(tls.keyFile)))
  const { clientAuthoritiesFile } = tls
  if (clientAuthoritiesFile !== undefined) {
    attempt(
      'clientAuthoritiesFile',
      'certificate',
      () => new X509Certificate(readFileSync(clientAuthoritiesFile)),
    )
  }
  if (certificate && Date.parse(certificate.validTo) <= tools.outside.now()) {
    const day = new Date(certificate.validTo).toISOString().slice(0, 10)
    add('certificateFile', 'certificate_expired', tools.terminal.pick(TEXTS.expired(day)))
  }
  if (certificate && key && !certificate.checkPrivateKey(key)) {
    add('keyFile', 'key_mismatch', tools.terminal.pick(TEXTS.mismatch))
  }
  return faults
}

export interface CheckedSettings {
  readonly settings: Settings | undefined
  readonly faults: readonly PlacedFault[]
}

/** The settings, judged with the certificate and key that they name. */
export function checkSettings(tools: Tools): CheckedSettings {
  try {
    const settings = readSettingsFile(tools)
    return { settings, faults: checkTls(settings, tools) }
  } catch (thrown) {
    if (!(thrown instanceof SettingsError)) throw thrown
    return { settings: undefined, faults: placeSettingsFaults(thrown.faults, tools.terminal.language) }
  }
}
