import type { TreeReader } from '../contract/ledger.js';
import { AshlarError } from '../errors.js';
import type { Checkpoint } from './checkpoint.js';
import { consistencyProof, verifyConsistency } from './proofs.js';

const conflict = (message: string, detail: string): AshlarError =>
  new AshlarError('ledger-conflict', {
    message,
    detail,
    suggestion:
      'A restored backup, a history written anew, or another database under the same name. Keep both, and find out which.',
  });

/**
 * Makes sure that the log as it is now continues what it was: no smaller, and the earlier entries are the first of its
 * own. The reader gives the hashes of the log as it is now.
 *
 * @throws AshlarError ledger-conflict
 */
export async function requireContinuation(
  before: Checkpoint,
  now: Checkpoint,
  reader: TreeReader,
): Promise<void> {
  if (before.origin !== now.origin)
    throw conflict(
      'The ledger is another one.',
      `It is ${now.origin}; the earlier checkpoint is of ${before.origin}.`,
    );
  if (before.size > now.size)
    throw conflict(
      `The ledger ${now.origin} has lost entries.`,
      `It has ${now.size}; an earlier checkpoint has ${before.size}.`,
    );
  const path = await consistencyProof(reader, before.size, now.size);
  if (!verifyConsistency(before.size, now.size, before.root, now.root, path))
    throw conflict(
      `The ledger ${now.origin} was changed in what is long since signed.`,
      `Its first ${before.size} entries are not those of the earlier checkpoint.`,
    );
}
