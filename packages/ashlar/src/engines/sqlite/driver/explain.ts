import type { GuardedTable } from '../../../contract/guarantee.js';
import { isOver, uniqueKeysOf } from '../../declared-facts.js';
import type { DriverDatabase } from './driver.js';
import { type Failed, isReplacement, isUnnamedForeignKey, reportedKey, sqliteCode } from './errors.js';
import { foreignKeyWitnesses, uniqueWitnesses, type Witness, witnessSql } from './witnesses.js';

/**
 * Finds the constraint that a statement violated where SQLite does not name it: a foreign key whose parent row was to be
 * deleted or changed; a unique key where a guarantee refused the row first, or where several keys have the same columns.
 * Runs the statement again in a savepoint, with temporary triggers that name each constraint which could be meant.
 *
 * @param again - runs the failed statement
 * @returns the error with the name of the constraint; `error` itself if it has the name or none is found
 */
export function explained(
  database: DriverDatabase,
  error: unknown,
  failed: Failed,
  again: () => unknown,
): unknown {
  const witnesses = witnessesOf(error, failed);
  if (witnesses.length === 0 || !database.inTransaction) return error;
  const names = witnesses.map((_, at) => `ashlar_witness_${at}`);
  database.exec('SAVEPOINT ashlar_explain');
  let found: unknown;
  try {
    database.exec(witnesses.map((witness, at) => witnessSql(witness, names[at] ?? '')).join(';\n'));
    again();
  } catch (named) {
    found = named;
  }
  // without an error the statement has changed rows now
  if (found === undefined) database.exec('ROLLBACK TO ashlar_explain');
  else database.exec(names.map((name) => `DROP TRIGGER IF EXISTS temp.${name}`).join(';\n'));
  database.exec('RELEASE ashlar_explain');
  return isWitness(found, witnesses) ? found : error;
}

const isWitness = (error: unknown, witnesses: readonly Witness[]): boolean =>
  error instanceof Error && witnesses.some(({ text }) => text === error.message);

const witnessesOf = (error: unknown, failed: Failed): readonly Witness[] => {
  const { declared, refusals, target } = failed;
  const message = error instanceof Error ? error.message : '';
  switch (sqliteCode(error)) {
    case 'SQLITE_CONSTRAINT_FOREIGNKEY':
    case 'SQLITE_CONSTRAINT_TRIGGER': {
      if (isUnnamedForeignKey(message)) return foreignKeyWitnesses(declared.tables);
      const table = isReplacement(message) ? declared.table(refusals.table(message, target)) : undefined;
      return table ? witnessesOfReplacement(table) : [];
    }
    case 'SQLITE_CONSTRAINT_UNIQUE': {
      const { table, columns = [] } = reportedKey(message, failed);
      const known = declared.table(table);
      return known && isAmbiguous(known, columns) ? uniqueWitnesses(known) : [];
    }
    default:
      return [];
  }
};

// most append-only tables have no other key than the primary key, which needs no search
const witnessesOfReplacement = (table: GuardedTable): readonly Witness[] => {
  const witnesses = uniqueWitnesses(table);
  return new Set(witnesses.map(({ text }) => text)).size > 1 ? witnesses : [];
};

const isAmbiguous = (table: GuardedTable, columns: readonly string[]): boolean =>
  uniqueKeysOf(table).filter((key) => isOver(key, columns)).length > 1;
