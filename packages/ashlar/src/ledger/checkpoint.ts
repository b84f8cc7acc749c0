import { AshlarError } from '../errors.js';
import { isSize } from './merkle.js';
import { openNote, type Signer, signNote, type Verifier } from './note.js';
import { fromDecimal, hashFromBase64 } from './text.js';

/** The head of a log at some moment: what is signed, and kept where the database's owner cannot reach. */
export interface Checkpoint {
  /** Which log: the name that stands in each of its entries too. */
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
}

/** A checkpoint whose signature holds, and the note that it was read from. */
export interface SignedCheckpoint extends Checkpoint {
  readonly note: string;
  readonly signedBy: readonly Verifier[];
}

/**
 * The text of a C2SP checkpoint (https://c2sp.org/tlog-checkpoint): origin, size and root, each on its line.
 *
 * @throws AshlarError usage, for an origin, size or root that no log has
 */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  if (origin === '' || origin.includes('\n') || !isSize(size) || root.length !== 32)
    throw new AshlarError('usage', { message: `${size} and ${root.length} bytes are not a head of a log.` });
  return `${origin}\n${size}\n${root.toString('base64')}\n`;
}

/**
 * Reads what {@link formatCheckpoint} writes. Extension lines, which the specification allows and advises against, are
 * refused: nothing can check them.
 *
 * @throws AshlarError signature-invalid
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
      detail: 'It has three lines: the origin, the size and the root in base64.',
    });
  return Object.freeze({ origin, size: checkpoint.size, root: checkpoint.root });
}

/** The checkpoint as a signed note. Only {@link signHead} should sign: it refuses what contradicts an earlier one. */
export function signCheckpoint(checkpoint: Checkpoint, ...signers: readonly Signer[]): string {
  return signNote(formatCheckpoint(checkpoint), ...signers);
}

/**
 * Reads a signed checkpoint and checks its signature.
 *
 * @throws AshlarError signature-invalid
 */
export function openCheckpoint(note: string | Uint8Array, verifiers: readonly Verifier[]): SignedCheckpoint {
  const { text, signedBy } = openNote(note, verifiers);
  const whole = typeof note === 'string' ? note : Buffer.from(note).toString();
  return Object.freeze({ ...parseCheckpoint(text), note: whole, signedBy });
}
