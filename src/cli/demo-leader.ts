import type { Approver } from '../model/approver.ts'
import type { RegistryDocuments } from '../registry/documents.ts'
import type { DemoFolder } from './demo-folder.ts'
import { makeCertificate } from './self-made-certificate.ts'

/** A leader who signs decisions in a demo: nobody, with a certificate that is made when the demo starts and goes with it. */
export interface DemoLeader {
  /** PEM of the authority that the gateway trusts. */
  readonly rootFile: string
  readonly certificateFile: string
  readonly keyFile: string
  /** SHA-256 of the certificate (DER), base64url. */
  readonly thumbprint: string
}

/** Id of the leader's office in the demo's registry. */
export const DEMO_APPROVER = 'pd-demo'

const HOUR_MS = 3_600_000
const LIFETIME_MS = 30 * 24 * HOUR_MS
const AUTHORITY = 'Gốc chứng thư thử / synthetic root'

export function makeDemoLeader(folder: DemoFolder, nowMs: number): DemoLeader {
  const span = { notBeforeMs: nowMs - HOUR_MS, notAfterMs: nowMs + LIFETIME_MS }
  const root = makeCertificate({ name: AUTHORITY, use: 'authority', ...span })
  const issuer = { name: AUTHORITY, privateKey: root.privateKey }
  const own = makeCertificate({ name: 'Lãnh đạo (mô phỏng)', use: 'signer', issuer, ...span })
  return {
    rootFile: folder.writeSecret('leader-root.pem', root.certificate),
    certificateFile: folder.writeSecret('leader.pem', own.certificate),
    keyFile: folder.writeSecret('leader.key', own.key),
    thumbprint: own.thumbprint,
  }
}

/** @returns the leader's office: it decides on applications of every class for every agency's services. */
export function approverOf(
  { thumbprint }: DemoLeader,
  { applicationClasses, legalBases }: RegistryDocuments,
): Approver {
  return {
    kind: 'Approver',
    id: DEMO_APPROVER,
    title: { vi: 'Lãnh đạo phê duyệt (mô phỏng)', en: 'Approving director (synthetic)' },
    agencies: 'all',
    classes: applicationClasses.map(({ id }) => id),
    certificates: [thumbprint],
    legalBases: legalBases.slice(0, 1).map(({ id }) => id),
    validity: { from: '2026-01-01' },
    state: 'active',
  }
}
