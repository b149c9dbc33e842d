import { dirname, join, resolve } from 'node:path'
import type { BundledDocument } from '../contract/bundle.ts'
import type { Operation } from '../contract/contract.ts'
import { isMembers } from '../contract/document.ts'
import { createAdmission } from '../identity/admission.ts'
import type { ServiceId } from '../model/identifier.ts'
import { readRegistryDirectory } from '../registry/read-documents.ts'
import type { CompiledService } from '../registry/snapshot.ts'
import { checkSettings } from './checked-settings.ts'
import { SERVICE } from './client.ts'
import { CliFault, EXIT, usageFault } from './fault.ts'
import type { Tools } from './tools.ts'

/** Where contracts and bindings are read; the settings' folders where absent. */
export interface FolderOptions {
  readonly registry?: string
  readonly schemas?: string
}

/** @throws CliFault where there is no such service, or the folder has faults. */
export async function readService(
  id: string,
  options: FolderOptions,
  tools: Tools,
): Promise<CompiledService> {
  const { outside, settingsFile } = tools
  if (!SERVICE.test(id)) {
    throw usageFault(
      { vi: `“${id}” không phải tên dịch vụ.`, en: `'${id}' is not the name of a service.` },
      { vi: 'Dạng đúng: cơ-quan/hệ-thống/dịch-vụ/v1.', en: 'The form is agency/subsystem/service/v1.' },
    )
  }
  const { settings } = checkSettings(tools)
  const folder = (typed: string | undefined, set: string | undefined, usual: string) =>
    typed === undefined
      ? (set ?? join(dirname(settingsFile), '..', usual))
      : resolve(outside.workingDirectory, typed)
  const { registry } = await readRegistryDirectory(
    folder(options.registry, settings?.registryDir, 'config/registry'),
    folder(options.schemas, settings?.schemasDir, 'schemas'),
    { syntheticPersons: true, admission: createAdmission(outside.now()) },
  )
  if (registry === undefined) {
    throw new CliFault(EXIT.invalid, 'registry_invalid', {
      title: { vi: 'Danh bạ có lỗi', en: 'The registry has faults' },
      side: 'you',
      fix: { vi: 'Xem: lienthong check', en: 'See: lienthong check' },
    })
  }
  const service = registry.services.get(id as ServiceId)
  if (service === undefined) {
    throw usageFault({ vi: `Danh bạ không có ${id}.`, en: `The registry has no ${id}.` })
  }
  return service
}

/** A request and the answers to it as the contract shows them. */
export interface Sample {
  readonly request: unknown
  /** Of status 200. */
  readonly answer: unknown
}

function follow(document: BundledDocument, value: unknown): unknown {
  const reference = isMembers(value) ? value['$ref'] : undefined
  if (typeof reference !== 'string') return value
  const target = reference
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((at, token) => (isMembers(at) ? at[token] : undefined), document)
  return follow(document, target)
}

function reach(document: BundledDocument, from: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((at, name) => {
    const members = follow(document, at)
    return isMembers(members) ? members[name] : undefined
  }, from)
}

/** @returns the first example of an operation's request and of its answer. */
export function sampleOf({ contract }: CompiledService, { pathTemplate, method }: Operation): Sample {
  const document = contract.bundle()
  const operation = reach(document, document.paths, pathTemplate, method.toLowerCase())
  const exampleAt = (...path: readonly string[]) => {
    const media = reach(document, operation, ...path, 'content', 'application/json')
    const examples = reach(document, media, 'examples')
    const [first] = isMembers(examples) ? Object.values(examples) : []
    return first === undefined ? reach(document, media, 'example') : reach(document, first, 'value')
  }
  return { request: exampleAt('requestBody'), answer: exampleAt('responses', '200') }
}
