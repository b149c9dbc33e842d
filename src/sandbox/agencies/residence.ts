import type { Claim } from '../claim.ts'
import type { Country } from '../country.ts'
import { cancelling, entryLookUp, filing } from '../declare.ts'
import type { SandboxOperation } from '../operation.ts'
import { SYNTHETIC_PREFIX } from '../person-number.ts'
import { createRegister, type Entry } from '../register.ts'

/** Sequences from here up are above those of the people whom the sandbox draws. */
const NEW_BORN = 900_000

/** A synthetic personal id for somebody born in this century. */
function newPersonalId({ sex, birthDate }: Claim, issueNumber: string): string {
  const sequence = NEW_BORN + (Number(issueNumber.slice(-5)) % 100_000)
  return `${SYNTHETIC_PREFIX}${sex === 'female' ? 3 : 2}${String(birthDate).slice(2, 4)}${sequence}`
}

/**
 * The operations of `services/G01/cu-tru/cap-so.v1.yaml`: personal ids for the new-born, registrations of residence
 * and their removal for the deceased, which linked procedures ask for one after the other, and their cancellation.
 */
export function createResidenceAgency(_: Country, now: () => Date): readonly SandboxOperation[] {
  const issues = {
    register: createRegister<Claim>({
      now,
      prefix: 'CSDD',
      matterOf: ({ birthRegistrationNumber }) => String(birthRegistrationNumber),
    }),
    numberName: 'issueNumber',
    subject: 'birthRegistrationNumber',
    addTo: ({ number, claim }: Entry<Claim>) => ({ personalId: newPersonalId(claim, number) }),
  }
  const residences = {
    register: createRegister<Claim>({
      now,
      prefix: 'DKCT',
      matterOf: ({ personalId }) => String(personalId),
      supersedes: true,
    }),
    numberName: 'residenceNumber',
    subject: 'personalId',
  }
  const removals = {
    register: createRegister<Claim>({ now, prefix: 'XTT', matterOf: ({ personalId }) => String(personalId) }),
    numberName: 'removalNumber',
    subject: 'personalId',
  }

  return [
    filing('/cap-so-dinh-danh', {
      ...issues,
      members: {
        birthRegistrationNumber: 'text',
        childFullName: 'text',
        sex: 'text',
        birthDate: 'text',
        motherPersonalId: 'text',
      },
    }),
    entryLookUp('/cap-so-dinh-danh/tra-cuu', issues),
    filing('/thuong-tru', {
      ...residences,
      members: { personalId: 'text', headPersonalId: 'text', address: 'object', 'dossierCode?': 'text' },
    }),
    entryLookUp('/thuong-tru/tra-cuu', residences),
    filing('/xoa-thuong-tru', {
      ...removals,
      members: { personalId: 'text', deathRegistrationNumber: 'text', 'dossierCode?': 'text' },
    }),
    entryLookUp('/xoa-thuong-tru/tra-cuu', removals),
    cancelling('/huy', {
      now,
      prefix: 'HUYCT',
      subject: 'number',
      registers: [issues.register, residences.register, removals.register],
    }),
  ]
}
