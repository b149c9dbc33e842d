import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { readSettings, SettingsError } from '../src/settings.ts'
import { generateDocs, listSettings } from './support/generated-docs.ts'

const ROOT = join(import.meta.dirname, '..')

describe('the generated pages of docs/', () => {
  for (const [path, text] of generateDocs()) {
    it(`${path} is what npm run docs writes`, () => {
      expect(readFileSync(join(ROOT, path), 'utf8')).to.equal(text)
    })
  }

  it('name each setting as the environment does', () => {
    const faultsOf = (name: string) => {
      try {
        readSettings({ file: join(ROOT, 'config/gateway.yaml'), environment: { [name]: '[]' } })
        return []
      } catch (thrown) {
        if (!(thrown instanceof SettingsError)) throw thrown
        return thrown.faults.map(({ detail }) => detail.en)
      }
    }
    for (const { environment, schema, group } of listSettings()) {
      expect(schema.description ?? group, environment).to.be.a('string')
      expect(faultsOf(environment), environment).not.to.include('It names no setting.')
    }
    expect(faultsOf('LIENTHONG_LISTEN_HAFEN')).to.include('It names no setting.')
  })
})
