import { mkdir, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { TreeReader } from '../contract/ledger.js';
import { AshlarError } from '../errors.js';
import { fileFailure, onFile } from '../files/failure.js';
import { readWhole } from '../files/read.js';
import { writeAtomically } from '../files/write.js';
import { type Checkpoint, openCheckpoint, type SignedCheckpoint, signStatement } from './checkpoint.js';
import { minute } from './clocks.js';
import { requireContinuation } from './continuation.js';
import type { Signer, Verifier } from './keys.js';
import { withSignatures } from './note.js';
import { treeRoot } from './proofs.js';
import { type RetirementLines, sameLines } from './retirement-lines.js';

const extension = '.checkpoint';

/** A signed checkpoint with the name of its file. */
export interface KeptCheckpoint extends SignedCheckpoint {
  readonly file: string;
}

const isFolder = async (path: string): Promise<boolean> => {
  try {
    return (await stat(path)).isDirectory();
  } catch (cause) {
    throw new AshlarError('usage', { message: `The checkpoints at ${path} cannot be read.`, cause });
  }
};

const readOne = async (file: string, verifiers: readonly Verifier[]): Promise<KeptCheckpoint> => {
  const note = await readWhole(file).catch((error: unknown) => {
    throw fileFailure(file, error);
  });
  try {
    return Object.freeze({ ...openCheckpoint(note, verifiers), file });
  } catch (cause) {
    if (!(cause instanceof AshlarError)) throw cause;
    throw new AshlarError(cause.code, {
      message: `${basename(file)}: ${cause.message}`,
      detail: cause.detail,
      cause,
    });
  }
};

/**
 * Reads signed checkpoints from one file, or from every file `*.checkpoint` in a folder, and returns them by
 * ascending size, of the same size by ascending number of retirements. Each must be signed by one of the verifiers: none is
 * skipped, because it may be the one that shows a loss.
 *
 * @throws AshlarError `signature-invalid`, `usage`, `file-failed`
 */
export async function readCheckpoints(
  path: string,
  verifiers: readonly Verifier[],
): Promise<readonly KeptCheckpoint[]> {
  const files = (await isFolder(path))
    ? (await readdir(path)).filter((name) => name.endsWith(extension)).map((name) => join(path, name))
    : [path];
  const read: KeptCheckpoint[] = [];
  for (const file of files.sort()) read.push(await readOne(file, verifiers));
  const time = ({ signedAt }: SignedCheckpoint): number => signedAt?.getTime() ?? 0;
  const lines = ({ retirements }: SignedCheckpoint): number => retirements?.count ?? 0;
  return read.sort((a, b) => a.size - b.size || lines(a) - lines(b) || time(a) - time(b));
}

const isDatedLater = ({ file, signedAt }: KeptCheckpoint, at: Date): AshlarError =>
  new AshlarError('clocks-differ', {
    message: `${basename(file)} is dated ${signedAt?.toISOString()}, which is later than ${at.toISOString()}, the time by this machine's clock.`,
    detail: 'A checkpoint is evidence of its time: the times of those of one ledger must rise.',
    suggestion:
      'Correct the clock. If it was ahead when that checkpoint was signed, sign with --clock-was-ahead (clockWasAhead): its time then counts no longer.',
  });

/** A request to sign the head of a log as a checkpoint. */
export interface SigningRequest {
  /** The folder for the checkpoints of this log; it is created if it does not exist. One folder for each log. */
  readonly folder: string;
  readonly signer: Signer;
  /** The former key as a second signer, for the first checkpoint that a new key signs. */
  readonly cosigner?: Signer | undefined;
  /** The former public keys, whose checkpoints of this log are still trusted after a change of the key. */
  readonly former?: readonly Verifier[];
  readonly head: Checkpoint;
  /** Reads the stored hashes of the current log. */
  readonly reader: TreeReader;
  /** The retirements of the log; `undefined` where it records none. */
  readonly retirements?: RetirementLines | undefined;
  /** The time that the signature states. Default: the present time of this process. */
  readonly at?: Date;
  /** Whether to sign although the newest checkpoint is dated later: a wrong clock has dated it. */
  readonly clockWasAhead?: boolean;
}

/**
 * Signs the head of a log as a checkpoint and stores it as `SIZE.checkpoint`, if the log continues every checkpoint
 * in the folder. A head that is already signed gives the same note again, unless more rows were retired since. No signature is
 * ever lost, because its time is evidence: another key adds its signatures to the note, and a checkpoint of the same size with
 * other retirements becomes `SIZE-2.checkpoint`. Only one process may use a folder at a time.
 *
 * @returns the signed checkpoint: a note that states when it was signed
 * @throws AshlarError `ledger-conflict` where the log is smaller than a signed one or has another history, or the head is
 *   not the head of the tree; `clocks-differ` where the newest checkpoint is dated later; `signature-invalid` where a checkpoint in
 *   the folder lacks a signature of a known key
 */
export async function signHead(request: SigningRequest): Promise<string> {
  const { folder, signer, cosigner, former = [], head, reader, retirements, at = new Date() } = request;
  const signers = cosigner ? [signer, cosigner] : [signer];
  await onFile(folder, () => mkdir(folder, { recursive: true }));
  const kept = await readCheckpoints(folder, [...signers, ...former]);
  // The newest is enough: it was signed only after it was shown to continue the earlier ones.
  const newest = kept.at(-1);
  if (newest !== undefined) await requireContinuation(newest, head, reader);
  if (!(await treeRoot(reader, head.size)).equals(head.root))
    throw new AshlarError('ledger-conflict', {
      message: `The head of the ledger ${head.origin} is not the root of its tree.`,
      detail: `The head and the tree differ at ${head.size} entries.`,
    });
  // an earlier release stated no time
  const same = kept.filter(
    (one) => one.size === head.size && one.root.equals(head.root) && sameLines(one.retirements, retirements),
  );
  const signed = same.find((one) => one.signedAt && signers.every((each) => one.signedBy.includes(each)));
  if (signed !== undefined) return signed.note;
  if (newest?.signedAt && !request.clockWasAhead && at.getTime() < newest.signedAt.getTime() - minute)
    throw isDatedLater(newest, at);
  const own = signStatement(head, { at, retirements }, ...signers);
  for (const { file, note: earlier } of same) {
    const note = withSignatures(own, earlier);
    if (note === undefined) continue;
    await onFile(file, () => writeAtomically(file, note, 0o666));
    return note;
  }
  const names = new Set(await readdir(folder));
  let name = `${head.size}${extension}`;
  for (let another = 2; names.has(name); another++) name = `${head.size}-${another}${extension}`;
  // a checkpoint is public
  const path = join(folder, name);
  await onFile(path, () => writeAtomically(path, own, 0o666));
  return own;
}
