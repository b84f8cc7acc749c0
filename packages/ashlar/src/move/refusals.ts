import type { Schema } from '../contract/schema.js';
import { AshlarError } from '../errors.js';
import { failuresOf, type ProveReport } from '../prove/report.js';

/** The error for a move that cannot be made, with each reason. */
export function moveRefused(reasons: readonly string[]): AshlarError {
  return new AshlarError('move-refused', {
    message: 'This move cannot be made.',
    detail: reasons.join('\n'),
    suggestion: 'Nothing was written. Correct what is listed, then run the command again.',
  });
}

/** The error for tables of the target with rows that are not those of the source. */
export function notEmpty(full: readonly string[]): AshlarError {
  return new AshlarError('move-target-not-empty', {
    message: 'The target already has rows.',
    detail: `Tables with rows: ${full.join(', ')}. They are not those of the source. None was removed.`,
    suggestion: 'Give another database, or another schema with ?schema=NAME.',
    facts: { ...(full[0] ? { table: full[0] } : {}) },
  });
}

/**
 * Throws if tables do not have the keys, indexes, triggers and row level security that they had before they were loaded.
 *
 * @throws AshlarError `move-differs`
 */
export function assertRestored(described: Schema, found: Schema, names: readonly string[]): void {
  for (const name of names) {
    const [wanted, now] = [described, found].map(({ tables }) =>
      JSON.stringify(tables.find((table) => table.name === name)),
    );
    if (wanted === now) continue;
    throw new AshlarError('move-differs', {
      message: `The objects of ${name} are not those that its steps make.`,
      detail: 'Its keys, indexes, triggers or row level security were not all restored.',
      suggestion: 'Run the same command again; if that does not help, start again with --discard.',
      facts: { table: name },
    });
  }
}

/** The error for guarantees that do not hold in the target. */
export function guaranteeBroken(failed: readonly ProveReport[]): AshlarError {
  return new AshlarError('guarantee-broken', {
    message: `A guarantee does not hold in the target: ${failed.map(({ system }) => system).join(', ')}.`,
    detail: failed.flatMap(failuresOf).join('\n'),
    suggestion: 'Correct what is listed, then run the same command again.',
  });
}

/** The error for a source that did not stay as it was while it was moved. */
export function sourceChanged(): AshlarError {
  return new AshlarError('move-source-changed', {
    message: 'Somebody wrote to the source while it was moved.',
    detail: 'The target has the rows of the moment at which the move began to read, and stays marked.',
    suggestion: 'Stop the writers, then run the same command again: it loads the tables that differ.',
  });
}
