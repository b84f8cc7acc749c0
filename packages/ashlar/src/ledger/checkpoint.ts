import { AshlarError } from '../errors.js';
import { isSize } from './merkle.js';
import { openNote, type Signer, signNote, signRetirements, signTime, type Verifier } from './note.js';
import type { RetirementLines, SignedRetirements } from './retirement-lines.js';
import { fromDecimal, hashFromBase64 } from './text.js';

/**
 * The head of a log at one time: the size and the root hash of its tree. It is signed and kept where the database's
 * owner cannot change it.
 */
export interface Checkpoint {
  /** The name of the log. Each entry contains the same name, or its last part. */
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
}

/** A checkpoint with a valid signature, and the signed note that contains it. */
export interface SignedCheckpoint extends Checkpoint {
  readonly note: string;
  readonly signedBy: readonly Verifier[];
  /** The earliest time that a trusted signer states; missing where none states one. */
  readonly signedAt?: Date;
  /** What the trusted signers state about the retirements of the ledger; missing where they state nothing. */
  readonly retirements?: SignedRetirements;
}

/**
 * Formats a checkpoint as C2SP text (https://c2sp.org/tlog-checkpoint): origin, size and root hash, each on its own
 * line.
 *
 * @throws AshlarError `usage` for an origin, size or root that a log cannot have
 */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  if (origin === '' || origin.includes('\n') || !isSize(size) || root.length !== 32)
    throw new AshlarError('usage', {
      message: `A size of ${size} and a root of ${root.length} bytes cannot be the head of a log.`,
    });
  return `${origin}\n${size}\n${root.toString('base64')}\n`;
}

/**
 * Parses the text of a checkpoint, in the format that {@link formatCheckpoint} writes. Extension lines, which the
 * specification allows and discourages, are refused: nothing can verify them.
 *
 * @throws AshlarError `signature-invalid`
 */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin = '', size = '', root = '', end, ...more] = text.split('\n');
  const checkpoint = { origin, size: fromDecimal(size), root: hashFromBase64(root) };
  if (
    origin === '' ||
    checkpoint.size === undefined ||
    checkpoint.root === undefined ||
    end !== '' ||
    more.length > 0
  )
    throw new AshlarError('signature-invalid', {
      message: 'The checkpoint is malformed.',
      detail: 'A checkpoint must have three lines: the origin, the size and the root in base64.',
    });
  return Object.freeze({ origin, size: checkpoint.size, root: checkpoint.root });
}

/**
 * Signs a checkpoint, as a C2SP note. Only {@link signHead} should call this: it refuses a head that contradicts an
 * earlier checkpoint.
 */
export function signCheckpoint(checkpoint: Checkpoint, ...signers: readonly Signer[]): string {
  return signNote(formatCheckpoint(checkpoint), ...signers);
}

/** What the signatures of a checkpoint state besides its head. */
export interface Statement {
  /** The time of the signatures. */
  readonly at: Date;
  /** The retirements of the ledger; `undefined` where it records none. */
  readonly retirements?: RetirementLines | undefined;
}

/** Signs a checkpoint as {@link signCheckpoint} does, and states its time and the retirements of its ledger. */
export function signStatement(
  checkpoint: Checkpoint,
  { at, retirements }: Statement,
  ...signers: readonly Signer[]
): string {
  const note = signTime(signCheckpoint(checkpoint, ...signers), at, ...signers);
  return retirements ? signRetirements(note, at, retirements, ...signers) : note;
}

/**
 * Reads a signed checkpoint and verifies its signature.
 *
 * @throws AshlarError `signature-invalid`
 */
export function openCheckpoint(note: string | Uint8Array, verifiers: readonly Verifier[]): SignedCheckpoint {
  const { text, ...signed } = openNote(note, verifiers);
  const whole = typeof note === 'string' ? note : Buffer.from(note).toString();
  return Object.freeze({ ...parseCheckpoint(text), note: whole, ...signed });
}
