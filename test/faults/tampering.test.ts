import { expect } from 'chai'
import { createDrill, type Found } from './drill.ts'
import { TAMPERING } from './tampering.ts'

const shown = ({ audit, signer, witness, receipts }: Found) => ({
  audit: [...audit],
  signer: signer ?? '',
  witness: witness ?? '',
  receipts: receipts ?? '',
})

describe('tampering with the log, database and key in hand', () => {
  it('is no alarm over honest records, signed at many sizes', async () => {
    const drill = await createDrill()
    try {
      for (const records of [1, 255, 300, 4444, 5000]) await drill.grow(records)
      expect(shown(await drill.look())).to.deep.equal(shown({ audit: [] }))
    } finally {
      await drill.close()
    }
  })

  for (const { name, tamper, found } of TAMPERING) {
    it(`is noticed where ${name}`, async () => {
      const drill = await createDrill()
      try {
        await drill.grow(300)
        await drill.grow(50)
        await tamper(drill)
        expect(shown(await drill.look())).to.deep.equal(shown(found))
      } finally {
        await drill.close()
      }
    })
  }
})
