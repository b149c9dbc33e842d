/** Public keys that look like keys and must not be let in. None has a private half anyone needs. */

const ODD_PRIMES = [
  3n,
  5n,
  7n,
  11n,
  13n,
  17n,
  19n,
  23n,
  29n,
  31n,
  37n,
  41n,
  43n,
  47n,
  53n,
  59n,
  61n,
  67n,
  71n,
  73n,
  79n,
  83n,
  89n,
  97n,
  101n,
  103n,
  107n,
  109n,
  113n,
  127n,
  131n,
  137n,
  139n,
  149n,
  151n,
  157n,
  163n,
  167n,
]

function toBase64url(value: bigint): string {
  const hex = value.toString(16)
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').toString('base64url')
}

/** A 2048-bit modulus with the fingerprint of CVE-2017-15361: a power of 65537 modulo each small prime. */
export function rocaModulus(): string {
  const product = ODD_PRIMES.reduce((all, prime) => all * prime, 1n)
  let residue = 1n
  for (let step = 0; step < 1_000_003; step += 997) residue = (residue * 65_537n) % product
  let modulus = residue + (2n ** 2047n / product + 1n) * product
  if (modulus % 2n === 0n) modulus += product
  return toBase64url(modulus)
}

/** y-coordinates (little-endian, hex) of the points of small order on edwards25519 (RFC 7748 §6, libsodium). */
export const SMALL_ORDER_POINTS = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
] as const
