import { AshlarError } from '../errors.js';
import { type Checkpoint, openCheckpoint, type SignedCheckpoint } from './checkpoint.js';
import { type Entry, isLogOf, readEntry } from './entry.js';
import type { Verifier } from './keys.js';
import { leafHash } from './merkle.js';
import { verifyConsistency, verifyInclusion } from './proofs.js';
import { fromBase64, fromDecimal, fromUtf8, hashFromBase64 } from './text.js';

const proofHeader = 'c2sp.org/tlog-proof@v1';

/** A proof that an entry is in a log, which can be verified without the database. */
export interface InclusionProof {
  /** The bytes of the entry: an {@link Entry} as JSON in UTF-8. */
  readonly entry: Uint8Array;
  readonly position: number;
  readonly path: readonly Uint8Array[];
  /** The signed checkpoint of the log, as a C2SP note. */
  readonly checkpoint: string;
}

/** A proof that the log of its checkpoint begins with an earlier log, which had `from` leaves. */
export interface ConsistencyProof {
  readonly from: number;
  readonly path: readonly Uint8Array[];
  /** The later of the two signed checkpoints, as a C2SP note. */
  readonly checkpoint: string;
}

const invalid = (message: string, detail?: string): AshlarError =>
  new AshlarError('proof-invalid', { message, detail });

const withPath = (head: readonly string[], path: readonly Uint8Array[], checkpoint: string): string =>
  [...head, ...path.map((hash) => Buffer.from(hash).toString('base64')), '', checkpoint].join('\n');

/** The lines before the first blank line, and the note after it. */
const cut = (text: string): { lines: string[]; checkpoint: string } => {
  const blank = text.indexOf('\n\n');
  if (blank < 0) throw invalid('The proof is malformed: it has no blank line with a checkpoint after it.');
  return { lines: text.slice(0, blank).split('\n'), checkpoint: text.slice(blank + 2) };
};

/** The rest of a line after `word` and a space. */
const after = (word: string, line = ''): string =>
  line.startsWith(`${word} `) ? line.slice(word.length + 1) : '';

const readPath = (lines: readonly string[]): Buffer[] =>
  lines.map((line) => {
    const hash = hashFromBase64(line);
    if (hash === undefined)
      throw invalid('The proof is malformed: a line of its path is not a hash in base64.');
    return hash;
  });

const textOf = (file: string | Uint8Array): string => {
  const text = typeof file === 'string' ? file : fromUtf8(file);
  if (text === undefined) throw invalid('The proof is malformed: it is not UTF-8.');
  return text;
};

/**
 * Writes an inclusion proof as a file, in the C2SP format tlog-proof (https://c2sp.org/tlog-proof; extension
 * `.tlog-proof`), with the entry in its `extra` line:
 *
 * ```text
 * c2sp.org/tlog-proof@v1
 * extra BASE64 OF THE ENTRY'S BYTES
 * index POSITION
 * BASE64 OF A HASH          one line for each hash of the path, from the leaf's sibling upwards
 *                           a blank line
 * ORIGIN                    the signed checkpoint to its end, as it was signed
 * SIZE
 * BASE64 OF THE ROOT
 *
 * — NAME BASE64 OF THE SIGNATURE
 * ```
 */
export function formatProof({ entry, position, path, checkpoint }: InclusionProof): string {
  return withPath(
    [proofHeader, `extra ${Buffer.from(entry).toString('base64')}`, `index ${position}`],
    path,
    checkpoint,
  );
}

/**
 * Parses an inclusion proof, in the format that {@link formatProof} writes. Verifies nothing.
 *
 * @throws AshlarError `proof-invalid`
 */
export function parseProof(file: string | Uint8Array): InclusionProof {
  const { lines, checkpoint } = cut(textOf(file));
  const [header, extra, index, ...path] = lines;
  if (header !== proofHeader) throw invalid(`The proof is malformed: it does not begin with ${proofHeader}.`);
  const entry = fromBase64(after('extra', extra));
  const position = fromDecimal(after('index', index));
  if (entry === undefined || entry.length === 0 || position === undefined)
    throw invalid('The proof is malformed: it needs a line "extra" with the entry, and a line "index".');
  return Object.freeze({ entry, position, path: readPath(path), checkpoint });
}

/** The result of a valid inclusion proof: the entry, its position in the log, and the checkpoint of the log. */
export interface ProvenEntry {
  readonly entry: Entry;
  readonly position: number;
  readonly checkpoint: SignedCheckpoint;
}

/**
 * Verifies an inclusion proof without the database: a trusted key signed its checkpoint, its entry is at the stated
 * position of the tree, and the entry belongs to the log that the checkpoint names.
 *
 * @throws AshlarError `proof-invalid`, `signature-invalid`
 */
export function verifyProof(file: string | Uint8Array, verifiers: readonly Verifier[]): ProvenEntry {
  const proof = parseProof(file);
  const checkpoint = openCheckpoint(proof.checkpoint, verifiers);
  const { position } = proof;
  if (
    !verifyInclusion({
      leaf: leafHash(proof.entry),
      position,
      size: checkpoint.size,
      path: proof.path,
      root: checkpoint.root,
    })
  )
    throw invalid(
      'The inclusion proof is not valid.',
      `The entry is not at position ${position} of the log that was signed with ${checkpoint.size} entries.`,
    );
  const entry = readEntry(proof.entry);
  if (entry === undefined)
    throw invalid('The inclusion proof is valid, but its content is not an entry of a ledger.');
  if (!isLogOf(entry.log, checkpoint.origin))
    throw invalid(
      'The entry belongs to another log.',
      `The entry names ${entry.log}, the checkpoint ${checkpoint.origin}.`,
    );
  return Object.freeze({ entry, position, checkpoint });
}

/**
 * Writes a consistency proof as a file, in the form of a request to a C2SP tlog-witness
 * (https://c2sp.org/tlog-witness): a line `old SIZE`, the path, a blank line, and the later checkpoint. It can be
 * sent to a witness unchanged.
 */
export function formatConsistency({ from, path, checkpoint }: ConsistencyProof): string {
  return withPath([`old ${from}`], path, checkpoint);
}

/**
 * Parses a consistency proof, in the format that {@link formatConsistency} writes. Verifies nothing.
 *
 * @throws AshlarError `proof-invalid`
 */
export function parseConsistency(file: string | Uint8Array): ConsistencyProof {
  const { lines, checkpoint } = cut(textOf(file));
  const [old, ...path] = lines;
  const from = fromDecimal(after('old', old));
  if (from === undefined) throw invalid('The proof is malformed: it does not begin with a line "old SIZE".');
  return Object.freeze({ from, path: readPath(path), checkpoint });
}

/**
 * Verifies a consistency proof without the database: the log of its checkpoint must begin with the log of an earlier
 * checkpoint. Both must be of one log.
 *
 * @returns the later checkpoint
 * @throws AshlarError `proof-invalid`, `signature-invalid`
 */
export function verifyConsistencyFile(
  earlier: Checkpoint,
  file: string | Uint8Array,
  verifiers: readonly Verifier[],
): SignedCheckpoint {
  const proof = parseConsistency(file);
  const later = openCheckpoint(proof.checkpoint, verifiers);
  if (earlier.origin !== later.origin)
    throw invalid('The two checkpoints are of different logs.', `${earlier.origin} and ${later.origin}.`);
  const { from, path } = proof;
  if (
    from !== earlier.size ||
    !verifyConsistency({ from, to: later.size, fromRoot: earlier.root, toRoot: later.root, path })
  )
    throw invalid(
      'The consistency proof is not valid.',
      `The proof does not show that the log of ${later.size} entries begins with the log of ${earlier.size}.`,
    );
  return later;
}
