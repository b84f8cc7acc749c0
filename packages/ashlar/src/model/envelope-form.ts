/** The outer form of every ciphertext in a column: its first byte, and its minimum length in bytes. */
export const envelopeForm = Object.freeze({ firstByte: 1, minBytes: 45 });
