import { createAdmission } from './identity/admission.ts'
import { seedRegistry } from './registry/administration.ts'
import { readRegistryDirectory, type SourceFault } from './registry/read-documents.ts'
import type { RegistryStore } from './registry/store.ts'
import type { Settings } from './settings.ts'

/** The first registry could not be read; every fault is told. */
export class RegistryRefused extends Error {
  override readonly name = 'RegistryRefused'
  readonly faults: readonly SourceFault[]

  constructor(faults: readonly SourceFault[]) {
    super(`${faults.length} faults in the registry's documents`)
    this.faults = faults
  }
}

/** Applies the documents of `registryDir` where the database holds none. */
export async function seed(settings: Settings, store: RegistryStore, nowMs: number): Promise<void> {
  const options = { syntheticPersons: settings.sandbox, admission: createAdmission(nowMs) }
  const read = async () => {
    const { documents, faults } = await readRegistryDirectory(
      settings.registryDir,
      settings.schemasDir,
      options,
    )
    if (faults.length > 0) throw new RegistryRefused(faults)
    return documents
  }
  await seedRegistry(store, read, { ...options, by: 'first start', note: settings.registryDir })
}
