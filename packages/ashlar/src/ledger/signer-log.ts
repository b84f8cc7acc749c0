import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { TreeReader } from '../contract/ledger.js';
import { AshlarError } from '../errors.js';
import { writeAtomically } from '../files/write.js';
import { type Checkpoint, openCheckpoint, type SignedCheckpoint, signCheckpoint } from './checkpoint.js';
import { requireContinuation } from './continuation.js';
import type { Signer, Verifier } from './keys.js';
import { treeRoot } from './proofs.js';

const extension = '.checkpoint';

/** A signed checkpoint, and the file it was read from. */
export interface KeptCheckpoint extends SignedCheckpoint {
  readonly file: string;
}

const isFolder = async (path: string): Promise<boolean> => {
  try {
    return (await stat(path)).isDirectory();
  } catch (cause) {
    throw new AshlarError('usage', { message: `No checkpoints can be read at ${path}.`, cause });
  }
};

const readOne = async (file: string, verifiers: readonly Verifier[]): Promise<KeptCheckpoint> => {
  const note = await readFile(file);
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
 * Reads one file, or every `*.checkpoint` in a folder, smallest first. All of them must be signed by one of the verifiers:
 * none is passed over, because the one that is left out may be the one that shows what was lost.
 *
 * @throws AshlarError signature-invalid, usage
 */
export const readCheckpoints = async (
  path: string,
  verifiers: readonly Verifier[],
): Promise<readonly KeptCheckpoint[]> => {
  const files = (await isFolder(path))
    ? (await readdir(path)).filter((name) => name.endsWith(extension)).map((name) => join(path, name))
    : [path];
  const read: KeptCheckpoint[] = [];
  for (const file of files.sort()) read.push(await readOne(file, verifiers));
  return read.sort((a, b) => a.size - b.size);
};

/** What a signer is asked to sign. */
export interface SigningRequest {
  /** Where this signer keeps what it signed for this log. Made where it is missing; one folder for each log. */
  readonly folder: string;
  readonly signer: Signer;
  /** Signs besides: the former key, on the first checkpoint of a new one. */
  readonly cosigner?: Signer | undefined;
  /** Verifiers of keys that signed for this log in former times, so that a key can be changed. */
  readonly former?: readonly Verifier[];
  readonly head: Checkpoint;
  /** The hashes of the log as it is now. */
  readonly reader: TreeReader;
}

/**
 * Signs a head as a checkpoint, if it continues everything that this signer signed before, and keeps it as
 * `SIZE.checkpoint` before handing it out. A head that was signed already gives the same note again. One folder is for
 * one signer at a time.
 *
 * @returns the signed checkpoint, a note
 * @throws AshlarError ledger-conflict, where the log is smaller than one that was signed, or has another history, or the
 *   head is not that of the tree
 * @throws AshlarError signature-invalid, where something in the folder was not signed by this signer or a former one
 */
export const signHead = async (request: SigningRequest): Promise<string> => {
  const { folder, signer, cosigner, former = [], head, reader } = request;
  const signers = cosigner ? [signer, cosigner] : [signer];
  await mkdir(folder, { recursive: true });
  const kept = await readCheckpoints(folder, [...signers, ...former]);
  // The newest stands for all: it was signed only once it was proven to continue those before it.
  const newest = kept.at(-1);
  if (newest !== undefined) await requireContinuation(newest, head, reader);
  if (!(await treeRoot(reader, head.size)).equals(head.root))
    throw new AshlarError('ledger-conflict', {
      message: `The head of the ledger ${head.origin} is not the root of its tree.`,
      detail: `At ${head.size} entries they differ.`,
    });
  const same = kept.find(
    (one) => one.size === head.size && signers.every((each) => one.signedBy.includes(each)),
  );
  if (same !== undefined) return same.note;
  const note = signCheckpoint(head, ...signers);
  // a checkpoint is public
  await writeAtomically(join(folder, `${head.size}${extension}`), note, 0o666);
  return note;
};
