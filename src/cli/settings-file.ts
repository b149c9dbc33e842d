import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Language } from '../model/identifier.ts'
import { parseYaml } from '../registry/yaml-source.ts'
import { readSettings, type Settings, SettingsError, type SettingsFault } from '../settings.ts'
import { CliFault, EXIT } from './fault.ts'
import type { Tools } from './tools.ts'

/** A fault of a file an operator wrote, and where in it; line and column count from 1. */
export interface PlacedFault {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly pointer: string
  readonly rule: string
  readonly detail: string
}

/** @throws SettingsError with every fault, or a system error where the file cannot be read. */
export function readSettingsFile({ settingsFile, projectRoot, outside }: Tools): Settings {
  return readSettings({
    file: settingsFile,
    environment: outside.environment,
    schemaFile: join(projectRoot, 'schemas/settings.schema.json'),
  })
}

/** Settings for a command that needs them to be right. @throws CliFault with exit code 3. */
export function requireSettings(tools: Tools): Settings {
  try {
    return readSettingsFile(tools)
  } catch (thrown) {
    if (!(thrown instanceof SettingsError)) throw thrown
    const lines = (language: Language) =>
      placeSettingsFaults(thrown.faults, language)
        .map((fault) => formatPlacedFault(fault, tools))
        .join('\n')
    throw new CliFault(EXIT.invalid, 'settings_invalid', {
      title: { vi: 'Cấu hình có lỗi', en: 'The settings have faults' },
      detail: { vi: lines('vi'), en: lines('en') },
      side: 'you',
      fix: { vi: 'Sửa các chỗ trên rồi chạy: lienthong check', en: 'Mend these, then run: lienthong check' },
      cause: thrown,
    })
  }
}

export function placeSettingsFaults(faults: readonly SettingsFault[], language: Language): PlacedFault[] {
  return faults.map(({ detail, ...place }) => ({ ...place, detail: detail[language] }))
}

/** @returns the nearest place to a pointer that the file has. */
export function locateSetting(file: string, pointer: string): { line: number; column: number } | undefined {
  const [source] = parseYaml(readFileSync(file, 'utf8'))
  return source?.locate(pointer, 'name')
}

/** `config/gateway.yaml:14:9 /listen/port …`, the path as short as it can be typed. */
export function formatPlacedFault(fault: PlacedFault, { terminal, outside }: Tools): string {
  const { file, line, column, pointer, rule, detail } = fault
  const near = relative(outside.workingDirectory, file)
  const shown = !file.startsWith('/') || near.startsWith('..') ? file : near
  const where = terminal.style('bold', `${shown}:${line}:${column}`, 'stdout')
  const place = pointer === '' ? [] : [terminal.style('cyan', pointer, 'stdout')]
  return [where, ...place, detail, `[${rule}]`].join('  ')
}
