import { equalBytes } from './base64.ts'
import { type Crypto, type Hash, isSignedBy, type Note, type NoteKey, parseVerifierKey } from './note.ts'

/** Whom a checkpoint has to be signed by (c2sp.org/tlog-policy). Runs in browsers. */
export interface Policy {
  readonly logs: readonly NoteKey[]
  readonly witnesses: readonly PolicyWitness[]
  /** Whether these witnesses are enough. */
  readonly isQuorum: (names: ReadonlySet<string>) => boolean
}

export interface PolicyWitness {
  /** Within the policy. */
  readonly name: string
  readonly key: NoteKey
  /** Its submission prefix (c2sp.org/tlog-witness); needed by the log alone. */
  readonly url: string | undefined
}

/** A policy that cannot be used; the message names the line. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError'
}

type Rule = (names: ReadonlySet<string>) => boolean

function thresholdOf(word: string, members: number): number | undefined {
  if (word === 'all') return members
  if (word === 'any') return 1
  const count = /^[1-9]\d{0,3}$/.test(word) ? Number(word) : 0
  return count >= 1 && count <= members ? count : undefined
}

/** @throws PolicyError where the text is no policy; nothing of it is used then. */
export async function parsePolicy(text: string, hash: Hash): Promise<Policy> {
  const logs: NoteKey[] = []
  const witnesses: PolicyWitness[] = []
  const rules = new Map<string, Rule>()
  const members = new Set<string>()
  let quorum: Rule | undefined

  const refuse = (line: number, what: string) => new PolicyError(`line ${line}: ${what}`)
  async function keyOf(vkey: string, kind: NoteKey['kind'], line: number): Promise<NoteKey> {
    const key = await parseVerifierKey(vkey, hash)
    if (key?.kind !== kind)
      throw refuse(line, `not the verifier key of a ${kind === 'note' ? 'log' : 'witness'}`)
    const known = [...logs, ...witnesses.map((witness) => witness.key)]
    if (known.some(({ publicKey }) => equalBytes(publicKey, key.publicKey)))
      throw refuse(line, 'a key stands twice')
    return key
  }
  function define(name: string, rule: Rule, line: number): void {
    if (name === '' || name === 'none' || rules.has(name)) throw refuse(line, `'${name}' is no new name`)
    rules.set(name, rule)
  }
  function defineGroup([name = '', word = '', ...names]: readonly string[], line: number): void {
    const threshold = thresholdOf(word, names.length)
    const parts = names.map((member) => rules.get(member))
    if (threshold === undefined || names.length === 0)
      throw refuse(line, 'not all, any or a number of its members')
    if (parts.includes(undefined) || names.some((member) => members.has(member)))
      throw refuse(line, 'a member is not defined before, or is a member already')
    for (const member of names) members.add(member)
    define(name, (present) => parts.filter((rule) => rule?.(present)).length >= threshold, line)
  }

  for (const [place, raw] of text.split('\n').entries()) {
    const line = place + 1
    const [word = '', ...words] = raw.trim().split(/[ \t]+/)
    if (word === '' || word.startsWith('#')) continue
    if (word === 'log' && words.length <= 2) logs.push(await keyOf(words[0] ?? '', 'note', line))
    else if (word === 'witness' && words.length <= 3) {
      const [name = '', vkey = '', url] = words
      const key = await keyOf(vkey, 'cosignature', line)
      define(name, (present) => present.has(name), line)
      witnesses.push({ name, key, url })
    } else if (word === 'group') defineGroup(words, line)
    else if (word === 'quorum' && words.length === 1 && quorum === undefined) {
      quorum = words[0] === 'none' ? () => true : rules.get(words[0] ?? '')
      if (quorum === undefined) throw refuse(line, 'the quorum is not defined before')
    } else throw refuse(line, `'${word}' cannot stand here`)
  }
  if (quorum === undefined) throw new PolicyError('the policy has no quorum line')
  return { logs, witnesses, isQuorum: quorum }
}

/** The names of the policy's witnesses that have cosigned a note. */
export async function witnessesOf(note: Note, policy: Policy, crypto: Crypto): Promise<ReadonlySet<string>> {
  const names = new Set<string>()
  for (const { name, key } of policy.witnesses) {
    if (await isSignedBy(note, key, crypto)) names.add(name)
  }
  return names
}
