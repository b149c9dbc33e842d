/** A shuffle of 0 … size − 1 that is computed, not stored, and can be undone. */
export interface Permutation {
  apply(value: number): number
  undo(value: number): number
}

/** The inverse of `value` modulo `modulus`, by Euclid's extended algorithm. */
function invertModulo(value: number, modulus: number): number {
  let [previous, current] = [modulus, value % modulus]
  let [before, after] = [0, 1]
  while (current !== 0) {
    const quotient = Math.floor(previous / current)
    ;[previous, current] = [current, previous - quotient * current]
    ;[before, after] = [after, before - quotient * after]
  }
  if (previous !== 1) throw new RangeError('the factor and the size have a common divisor')
  return ((before % modulus) + modulus) % modulus
}

/**
 * @param size below 94 million, so that products stay below 2^53.
 * @param factor coprime with `size`; RangeError where it is not.
 */
export function createPermutation(size: number, factor: number): Permutation {
  const inverse = invertModulo(factor, size)
  return {
    apply: (value) => (value * (factor % size)) % size,
    undo: (value) => (value * inverse) % size,
  }
}
