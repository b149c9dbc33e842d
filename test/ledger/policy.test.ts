import { expect } from 'chai'
import { NODE_CRYPTO } from '../../src/identity/log-key.ts'
import {
  cosignedMessage,
  formatNote,
  formatVerifierKey,
  type NoteSigner,
  parseNote,
  signNote,
  stampSignature,
} from '../../src/ledger/note.ts'
import { PolicyError, parsePolicy, witnessesOf } from '../../src/ledger/policy.ts'
import { createTestSigner } from '../support/log-signer.ts'

const TEXT = 'log.example/test\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n'
const AT = 1_790_000_000

async function cosign({ key, sign }: NoteSigner) {
  const signature = stampSignature(AT, await sign(cosignedMessage(TEXT, AT)))
  return { name: key.name, id: key.id, signature }
}

describe('witness policy', () => {
  const parse = (text: string) => parsePolicy(text, NODE_CRYPTO.hash)

  it('counts groups of groups as c2sp.org/tlog-policy says', async () => {
    const names = ['dan-cu', 'dat-dai', 'thue', 'kiem-toan']
    const signers = await Promise.all(names.map((name) => createTestSigner(`${name}.example`, 'cosignature')))
    const lines = signers.map(({ key }, place) => `witness ${names[place]} ${formatVerifierKey(key)}`)
    const policy = await parse(
      [...lines, 'group agencies 2 dan-cu dat-dai thue', 'group q all agencies kiem-toan', 'quorum q'].join(
        '\n',
      ),
    )
    expect(policy.isQuorum(new Set(['dan-cu', 'thue', 'kiem-toan']))).to.equal(true)
    expect(policy.isQuorum(new Set(['dan-cu', 'kiem-toan']))).to.equal(false)
    expect(policy.isQuorum(new Set(['dan-cu', 'dat-dai', 'thue']))).to.equal(false)
  })

  it('takes a cosignature for its own text, time and key alone', async () => {
    const log = await createTestSigner()
    const [good, other] = [
      await createTestSigner('w.example', 'cosignature'),
      await createTestSigner('w.example', 'cosignature'),
    ]
    const policy = await parse(`witness w ${formatVerifierKey(good.key)}\nquorum w\n`)
    const present = async (signature: Awaited<ReturnType<typeof cosign>>) => {
      const note = parseNote(formatNote({ text: TEXT, signatures: [await signNote(TEXT, log), signature] }))
      if (note === undefined) throw new Error('no note')
      return [...(await witnessesOf(note, policy, NODE_CRYPTO))]
    }
    const right = await cosign(good)
    expect(await present(right)).to.deep.equal(['w'])
    expect(await present(await cosign(other))).to.deep.equal([])
    for (const place of [7, 8, 71]) {
      const signature = Uint8Array.from(right.signature, (byte, at) => (at === place ? byte ^ 1 : byte))
      expect(await present({ ...right, signature }), String(place)).to.deep.equal([])
    }
  })

  it('is refused as a whole where a line of it is wrong', async () => {
    const key = formatVerifierKey((await createTestSigner('w.example', 'cosignature')).key)
    const wrong = [
      '',
      'quorum w',
      `witness w ${key}`,
      `witness w ${key}\nwitness v ${key}\nquorum w`,
      `witness none ${key}\nquorum none`,
      `witness w ${key}\ngroup g 2 w\nquorum g`,
      `witness w ${key}\ngroup g any w\ngroup h any w\nquorum h`,
      `log ${key}\nquorum none`,
      'quorum none\nquorum none',
    ]
    for (const text of wrong) {
      const thrown = await parse(text).then(
        () => undefined,
        (error: unknown) => error,
      )
      expect(thrown, text).to.be.instanceOf(PolicyError)
    }
  })
})
