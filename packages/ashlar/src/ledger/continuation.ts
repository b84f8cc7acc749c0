import type { TreeReader } from '../contract/ledger.js';
import { AshlarError } from '../errors.js';
import type { Checkpoint } from './checkpoint.js';
import { consistencyProof, verifyConsistency } from './proofs.js';

const conflict = (message: string, detail: string): AshlarError =>
  new AshlarError('ledger-conflict', {
    message,
    detail,
    suggestion:
      'A backup was restored, history was rewritten, or another database has the same name. Keep both, and find out which.',
  });

/**
 * Throws unless the current log continues an earlier one: it is not smaller, and begins with all entries of the
 * earlier log.
 *
 * @param reader - the hashes of the current log
 * @throws AshlarError `ledger-conflict`
 */
export async function requireContinuation(
  before: Checkpoint,
  now: Checkpoint,
  reader: TreeReader,
): Promise<void> {
  if (before.origin !== now.origin)
    throw conflict(
      'The checkpoint belongs to another ledger.',
      `The ledger is ${now.origin}; the earlier checkpoint is of ${before.origin}.`,
    );
  if (before.size > now.size)
    throw conflict(
      `The ledger ${now.origin} has lost entries.`,
      `The ledger has ${now.size} entries; an earlier checkpoint has ${before.size}.`,
    );
  const path = await consistencyProof(reader, before.size, now.size);
  if (!verifyConsistency({ from: before.size, to: now.size, fromRoot: before.root, toRoot: now.root, path }))
    throw conflict(
      `Signed entries of the ledger ${now.origin} were changed.`,
      `The first ${before.size} entries of the ledger differ from the entries of the earlier checkpoint.`,
    );
}
