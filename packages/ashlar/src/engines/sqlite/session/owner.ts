import type { Owner } from '../../../contract/owner.js';
import type { QueryResult } from '../../../contract/transaction.js';
import { AshlarError } from '../../../errors.js';
import { reportedNow } from '../../report.js';
import { assertNoNul } from '../../row-statements.js';
import type { Connection } from '../driver/connection.js';
import { commitError } from '../driver/errors.js';
import { retryWhileBusy } from '../driver/waiting.js';
import type { FilePlace } from '../file/place.js';
import { bindable, exactNumber } from '../values/codec.js';
import type { GuaranteeHooks } from './guarantee-hooks.js';

/** The parts of the engine that the owner's statements need. */
export interface OwnerOptions {
  readonly lockTimeout: number;
  /** Makes the error for the case that another process holds a lock for longer than the timeout. */
  readonly timeoutError: () => AshlarError;
  /** A callback that is called after each statement, because the statement may have changed the schema. */
  readonly onChange: () => void;
  readonly hooks: GuaranteeHooks;
  readonly place: FilePlace;
}

interface Violation {
  readonly table: string;
  readonly parent: string;
}

/** Returns the owner's access to a database through its writing connection. Rows are not decoded. */
export function ownerOf(connection: Connection, options: OwnerOptions): Owner {
  const { database } = connection;

  const running = (sql: string, work: () => QueryResult): Record<string, unknown>[] => {
    const translated = (): QueryResult => {
      try {
        assertNoNul(sql);
        options.place.assertFile();
        return work();
      } catch (error) {
        // the names that a migration misspells are in messages about its text
        throw connection.failure(error, false);
      }
    };
    try {
      return reportedNow(connection.report, sql, translated).rows;
    } finally {
      options.onChange();
    }
  };

  const ran = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw connection.failure(error);
    }
  };

  const begin = (lockTimeout: number): Promise<void> =>
    retryWhileBusy(() => connection.tryBegin(['BEGIN IMMEDIATE']), lockTimeout, options.timeoutError);

  const commit = (): void => {
    try {
      connection.command('COMMIT');
    } catch (error) {
      throw commitError(error);
    }
  };

  return {
    run: async (sql, parameters = []) =>
      running(sql, () => {
        const statement = database.prepare<unknown[], Record<string, unknown>>(sql);
        const bound = bindable(parameters);
        if (!statement.reader) return { rows: [], changes: ran(() => statement.run(bound)).changes };
        const rows = ran(() => statement.safeIntegers(true).all(bound));
        for (const row of rows) for (const name of Object.keys(row)) row[name] = exactNumber(name, row[name]);
        return { rows, changes: statement.readonly ? 0 : rows.length };
      }),
    script: async (sql) => {
      running(sql, () => {
        database.exec(sql);
        return { rows: [], changes: 0 };
      });
    },
    atomically: async (
      work,
      { lockTimeout = options.lockTimeout, rebuild = false, otherProgram = false } = {},
    ) => {
      // this pragma has no effect inside a transaction
      if (rebuild || otherProgram) connection.command('PRAGMA foreign_keys = OFF');
      if (otherProgram) connection.command('PRAGMA recursive_triggers = OFF');
      try {
        await begin(lockTimeout);
        options.hooks.beginAsOwner(connection);
        const result = await work();
        if (rebuild) assertForeignKeys(database.pragma('foreign_key_check') as Violation[]);
        options.hooks.beforeCommit(connection);
        options.place.assertFileAndLog();
        commit();
        return result;
      } finally {
        if (connection.inTransaction) connection.command('ROLLBACK');
        if (otherProgram) connection.command('PRAGMA recursive_triggers = ON');
        if (rebuild || otherProgram) connection.command('PRAGMA foreign_keys = ON');
        if (rebuild) {
          // a failed rebuild may have left it on
          connection.command('PRAGMA legacy_alter_table = OFF');
        }
        options.onChange();
      }
    },
  };
}

const assertForeignKeys = (violations: readonly Violation[]): void => {
  if (violations.length === 0) return;
  const pairs = new Set(violations.map(({ table, parent }) => `${table} → ${parent}`));
  throw new AshlarError('migration-failed', {
    message: `${violations.length} rows would reference rows that do not exist.`,
    detail: `The foreign keys: ${[...pairs].join(', ')}.`,
    suggestion: 'Correct the rows in a step before this one.',
  });
};
