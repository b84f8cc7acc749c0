/** The first byte and the minimum length in bytes of every ciphertext in an encrypted column. */
export const envelopeForm = Object.freeze({ firstByte: 1, minBytes: 45 });
