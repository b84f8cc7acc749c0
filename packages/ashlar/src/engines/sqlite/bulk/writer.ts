import type { BadValue, BulkLoad, BulkTable, BulkWriter } from '../../../contract/bulk.js';
import type { Owner } from '../../../contract/owner.js';
import type { Schema, SchemaTable } from '../../../contract/schema.js';
import { AshlarError, isAshlarError } from '../../../errors.js';
import { identifier } from '../../../model/index.js';
import { inTarget } from '../../bulk/in-target.js';
import { refusedObject, rowsRefused } from '../../bulk/refused-object.js';
import { RefusedRow } from '../../bulk/refused-row.js';
import { RowSum } from '../../bulk/row-sum.js';
import type { Connection } from '../driver/connection.js';
import { introspect } from '../schema/introspect.js';
import { refilling } from '../schema/refill.js';
import { setGenerators } from './generators.js';
import { readRows } from './rows.js';
import { storedValue } from './stored.js';

/** Returns the writer that loads rows by a prepared INSERT; foreign keys are off while it exists. */
export function bulkWriter(base: Owner, connection: Connection): BulkWriter {
  const { database } = connection;
  const owner: Owner = {
    ...base,
    atomically: (work, options) => {
      // it has no effect inside a transaction, and a step that replaces a table turns it on again
      connection.command('PRAGMA foreign_keys = OFF');
      return base.atomically(work, options);
    },
  };
  const tablesOf = ({ tables }: Schema, names: readonly string[]): readonly SchemaTable[] =>
    tables.filter(({ name }) => names.includes(name));
  return {
    owner,
    // a file has no rights
    hide: async () => undefined,
    lift: async (names) => {
      for (const { triggers, indexes } of tablesOf(await introspect(owner.run), names)) {
        for (const { name } of triggers) await owner.script(`DROP TRIGGER ${identifier(name)}`);
        for (const { name } of indexes) await owner.script(`DROP INDEX ${identifier(name)}`);
      }
    },
    form: () => 'stored',
    load: async (table) => loading(table, connection),
    empty: async (names) => {
      for (const name of names) await owner.run(`DELETE FROM ${identifier(name)}`);
    },
    restore: async (described, names, onObject) => {
      const found = new Map(
        tablesOf(await introspect(owner.run), names).map((table) => [table.name, table] as const),
      );
      const works = [
        ...tablesOf(described, names).flatMap((table) => missing(table, found.get(table.name))),
        ...refilling(described, names).map((sql) => ({ table: '', object: '', sql })),
      ];
      for (const [at, { table, object, sql }] of works.entries()) {
        try {
          await owner.atomically(() => owner.script(sql));
        } catch (error) {
          throw refusedObject(error, table, object);
        }
        onObject(at + 1, works.length);
      }
      for (const name of names) {
        const [orphan] = database.pragma(`foreign_key_check(${identifier(name)})`) as readonly Orphan[];
        if (orphan) throw rowsRefused(true, name, `the foreign key to ${orphan.parent}`);
      }
    },
    checksum: async (table) => {
      const sum = new RowSum();
      const unread = ({ table: of, key, column, why }: BadValue): never => {
        throw new AshlarError('move-value', {
          message: `The target cannot hold a value of ${of} as its column is declared.`,
          detail: `${key}${column === undefined ? '' : `, ${column}`}: ${why}`,
          suggestion: 'Correct the row in the source, then run the same command again.',
          facts: { table: of },
        });
      };
      for await (const { lines } of readRows(database, inTarget(table), undefined, 'lines', unread))
        sum.add(lines);
      return sum.value;
    },
    setGenerators: (tables, next) => setGenerators(owner, tables, next),
    // a file has no sequences but those of keys
    setSequences: async () => [],
  };
}

interface Orphan {
  readonly parent: string;
}

const missing = (
  { name, indexes, triggers }: SchemaTable,
  found: SchemaTable | undefined,
): readonly { readonly table: string; readonly object: string; readonly sql: string }[] => {
  const present = new Set([...(found?.indexes ?? []), ...(found?.triggers ?? [])].map((each) => each.name));
  return [...indexes, ...triggers]
    .filter((object) => !present.has(object.name))
    .map((object) => ({ table: name, object: object.name, sql: object.definition }));
};

const loading = ({ name, columns }: BulkTable, connection: Connection): BulkLoad => {
  const names = columns.map((column) => identifier(column.name)).join(', ');
  const insert = connection.database.prepare<unknown[], unknown>(
    `INSERT INTO ${identifier(name)} (${names}) VALUES (${columns.map(() => '?').join(', ')})`,
  );
  const store = columns.map(storedValue);
  let at = 0;
  return {
    write: async ({ rows }) => {
      for (const row of rows) {
        try {
          insert.run(row.map((value, position) => store[position]?.(value)));
        } catch (error) {
          throw refusedRow(at, connection.failure(error));
        }
        at++;
      }
    },
    end: async () => undefined,
    abort: async () => undefined,
  };
};

const aboutRow = ['check-violation', 'not-null-violation', 'unique-violation', 'guarantee-violated'] as const;

const refusedRow = (at: number, error: unknown): unknown => {
  const code = aboutRow.find((each) => isAshlarError(error, each as never));
  if (code === undefined || !isAshlarError(error)) return error;
  const { constraint, columns } = error.facts ?? {};
  return new RefusedRow(at, `${constraint ?? columns?.join(', ') ?? ''} (${code})`.trim(), constraint);
};
