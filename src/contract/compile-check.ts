import { Ajv2020 } from 'ajv/dist/2020.js'
import { contentAt, type Documents, inside, type Location, membersOf } from './document.ts'
import type { ContractDescription } from './openapi.ts'
import { createValidators } from './validators.ts'
import { type DocumentFault, violationsOf } from './violation.ts'

/** Seeing that ajv can compile what admission let through, and that every keyword has the form it needs. */
export interface CompileCheck {
  ofDictionary(path: string): readonly DocumentFault[]
  ofContract(description: ContractDescription): readonly DocumentFault[]
}

/** What is compiled here is thrown away: it was compiled fast, not to be fast. */
export function createCompileCheck(documents: Documents, syntheticPersons: boolean): CompileCheck {
  const validators = createValidators(documents, { syntheticPersons, allErrors: false, inline: false })
  const judge = new Ajv2020({ strict: false, validateFormats: false, allErrors: true, logger: false })

  /** The meta-schema of JSON Schema 2020-12. */
  function malformed(schema: Location): readonly DocumentFault[] {
    const content = contentAt(documents, schema)
    if (typeof content === 'boolean') return []
    if (typeof content === 'object' && content !== null && judge.validateSchema(content) === true) return []
    return violationsOf(judge.errors ?? []).map(({ pointer, rule, detail }) => ({
      path: schema.path,
      pointer: `${schema.pointer}${pointer}`,
      rule: `schema_${rule}`,
      detail,
    }))
  }

  function check(schema: Location): readonly DocumentFault[] {
    const faults = malformed(schema)
    if (faults.length > 0) return faults
    try {
      validators.validatorAt(schema)
      return []
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown)
      const detail = {
        vi: `Không biên dịch được lược đồ: ${reason}`,
        en: `The schema can't be compiled: ${reason}`,
      }
      return [{ ...schema, rule: 'schema_uncompilable', detail }]
    }
  }

  return {
    ofDictionary: (path) => {
      const root: Location = { path, pointer: '' }
      const definitions = membersOf(contentAt(documents, inside(root, '$defs')))
      return definitions.flatMap(([name]) => check(inside(root, '$defs', name)))
    },
    ofContract: ({ schemas }) => schemas.flatMap(check),
  }
}
