import type { Secret } from '../settings/secret.js';
import { openCheckpoint, type SignedCheckpoint } from './checkpoint.js';
import { openHandover } from './handover.js';
import { newSigner, parseVerifierKey } from './keys.js';
import { type ProvenEntry, verifyConsistencyFile, verifyProof } from './proof-file.js';

/** A new key pair of a ledger's signer, both as text. */
export interface LedgerKey {
  /** The private key, which signs checkpoints: `LEDGER_KEY`. Keep it away from the database. */
  readonly key: Secret;
  /** The public key, which verifies checkpoints and may be published: `LEDGER_PUBLIC_KEY`. */
  readonly publicKey: string;
}

/**
 * Creates a key that signs checkpoints.
 *
 * @param name - whose key it is; part of the key. By convention a host name with a path: `example.com/shop`
 * @throws AshlarError `usage` for an empty name, or one with white space or plus signs
 */
export function newLedgerKey(name: string): LedgerKey {
  const { privateKey, verifierKey } = newSigner(name);
  return { key: privateKey, publicKey: verifierKey };
}

/**
 * Reads a signed checkpoint and verifies its signature. Needs no database.
 *
 * @param publicKeys - the public keys of the trusted signers, as text; one of them must have signed
 * @throws AshlarError `signature-invalid`; `settings-invalid` for a malformed key
 */
export function readCheckpoint(note: string | Uint8Array, publicKeys: readonly string[]): SignedCheckpoint {
  return openCheckpoint(note, publicKeys.map(parseVerifierKey));
}

/**
 * Verifies an inclusion proof: a trusted key signed its checkpoint, its entry is in the tree at the stated position, and
 * the entry belongs to the ledger that the checkpoint names. Needs no database.
 *
 * @param publicKeys - the public keys of the trusted signers, as text
 * @returns the row as the ledger recorded it, with its position and the checkpoint
 * @throws AshlarError `proof-invalid`, `signature-invalid`; `settings-invalid` for a malformed key
 *
 * @example
 * const { entry } = verifyInclusionProof(await readFile('payment.tlog-proof'), [publicKey]);
 * console.log(entry.row);
 */
export function verifyInclusionProof(proof: string | Uint8Array, publicKeys: readonly string[]): ProvenEntry {
  return verifyProof(proof, publicKeys.map(parseVerifierKey));
}

/**
 * Verifies a consistency proof: the ledger of its checkpoint begins with all entries of an earlier checkpoint. Needs no
 * database.
 *
 * @param earlier - the earlier signed checkpoint, as its holder kept it
 * @param publicKeys - the public keys of the trusted signers of both checkpoints, as text
 * @returns the later checkpoint
 * @throws AshlarError `proof-invalid`, `signature-invalid`; `settings-invalid` for a malformed key
 */
export function verifyConsistencyProof(
  earlier: string | Uint8Array,
  proof: string | Uint8Array,
  publicKeys: readonly string[],
): SignedCheckpoint {
  const verifiers = publicKeys.map(parseVerifierKey);
  return verifyConsistencyFile(openCheckpoint(earlier, verifiers), proof, verifiers);
}

/**
 * Verifies a handover, by which the holder of a trusted key named a new one, and returns the new public key.
 *
 * @param publicKeys - the public keys that are trusted so far, as text
 * @throws AshlarError `signature-invalid` where the text is not a handover, or lacks the signature of a trusted key or of
 *   the new key; `settings-invalid` for a malformed key
 */
export function acceptHandover(handover: string | Uint8Array, publicKeys: readonly string[]): string {
  return openHandover(handover, publicKeys.map(parseVerifierKey)).verifierKey;
}
