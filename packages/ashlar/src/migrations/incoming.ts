import type { Foundation } from '../contract/dialect.js';
import type { Engine } from '../contract/engine.js';
import { AshlarError } from '../errors.js';
import { literal } from '../model/index.js';
import { ownSystem } from './own-system.js';

/**
 * The row of the history that marks a database as the target of an unfinished move. An older release reads it as a
 * version of Ashlar's own objects that it does not know, and refuses the database.
 */
export const incomingRow = { system: ownSystem, step: '9999_incoming', checksum: 'oldest:9999' } as const;

/** The table of a move's progress: it exists only while a move runs, and no version of Ashlar's own objects has it. */
export const incomingTable = 'ashlar_incoming';

/** The condition of SQL that finds {@link incomingRow} in the history. */
export const incomingCondition = `system = ${literal(incomingRow.system)} AND step = ${literal(incomingRow.step)}`;

/** Returns the foundation of a release for which a marked database is usable: only a move passes it. */
export function forIncoming({ foundation, foundationVersions }: Foundation): Foundation {
  return { foundation, foundationVersions, allowsIncoming: true };
}

/** The error for a database that is the target of an unfinished move. */
export function databaseIncoming(): AshlarError {
  return new AshlarError('database-incoming', {
    message: 'A move into this database has not ended.',
    detail:
      'Until its last transaction, rows or the objects that guard them are missing. Nothing was changed.',
    suggestion:
      'Run the same `ashlar move` again: it goes on where it stopped. `ashlar move … --discard` gives the move up.',
  });
}

/**
 * Throws if the database is the target of an unfinished move. A database whose history cannot be read is let through: what
 * runs next reports it.
 *
 * @throws AshlarError `database-incoming`
 */
export async function assertNotIncoming(engine: Engine): Promise<void> {
  if (engine.connectedRole?.initialised === false) return;
  let found: boolean;
  try {
    const { rows } = await engine.read(
      `SELECT 1 AS found FROM ashlar_migrations WHERE ${incomingCondition}`,
      [],
    );
    found = rows.length > 0;
  } catch (error) {
    if (error instanceof AshlarError) return;
    throw error;
  }
  if (found) throw databaseIncoming();
}
