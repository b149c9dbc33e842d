import type { SandboxRequest } from './operation.ts'

/** What a submission has to name; `?` ends the name of a member that may be absent. */
export type MemberKinds = Readonly<Record<string, 'text' | 'integer' | 'object' | 'list'>>

export type Claim = Readonly<Record<string, unknown>>

function isOfKind(value: unknown, kind: MemberKinds[string]): boolean {
  if (kind === 'text') return typeof value === 'string' && value !== ''
  if (kind === 'integer') return typeof value === 'number' && Number.isSafeInteger(value)
  if (kind === 'list') return Array.isArray(value)
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @returns the named members of a request, or `undefined` where one is missing or of another kind. */
export function claimIn(request: SandboxRequest, members: MemberKinds): Claim | undefined {
  const claim: Record<string, unknown> = {}
  for (const [member, kind] of Object.entries(members)) {
    const name = member.replace(/\?$/, '')
    const value = request.body[name]
    if (value === undefined && name !== member) continue
    if (!isOfKind(value, kind)) return undefined
    claim[name] = value
  }
  return claim
}
