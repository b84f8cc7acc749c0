import type { Probe } from '../../contract/attack.js';
import type { Column } from '../../contract/column.js';
import type { Guarantee } from '../../contract/guarantee.js';
import type { Rights } from '../../contract/rights.js';
import type { ForeignKey, TableFacts } from '../../contract/table.js';
import { invalidTable } from '../../model/invalid-table.js';
import { assertOwn, list } from '../shared/declaration.js';
import { appendOnlyAttacks } from './attacks.js';
import { appendOnlyOnPostgres, guardPartition } from './postgres.js';
import type { AppendOnlyRules } from './rules.js';
import { appendOnlyOnSqlite } from './sqlite.js';
import { stampOf } from './stamp.js';

/** The changes that an append-only table allows. */
export interface AppendOnlyOptions {
  /**
   * The columns of foreign keys with `onDelete: 'cascade'`: when the parent of a row is deleted, the row is deleted
   * too. While the parent exists, no row can be deleted and the parent cannot be replaced (on SQLite not even by an
   * upsert on its key).
   */
  readonly cascade?: Column | readonly Column[];
  /**
   * Columns that may be set once after the insert, from NULL to a value or from false to true; for example, a column
   * for the time at which a consent was withdrawn.
   */
  readonly stampOnce?: Column | readonly Column[];
}

/**
 * Guarantees that no row is changed or deleted after its insert.
 *
 * @param options - the exceptions: with which parents rows are deleted, which columns are set once
 * @throws AshlarError `table-invalid`, when the table is declared, if a column does not suit its option
 *
 * @example
 * table('audit_logs', { id: id(), message: z.string(), created_at: createdAt() }, () => [appendOnly()]);
 */
export function appendOnly(options: AppendOnlyOptions = {}): Guarantee {
  const cascade = list(options.cascade);
  const stamps = list(options.stampOnce).flatMap((column) => stampOf(column) ?? []);
  const rules = (table: TableFacts): AppendOnlyRules => ({
    parents: [...new Set(cascade.map((column) => parentKey(table, column)))],
    stamps,
    clocks: clocks(table),
  });
  return Object.freeze({
    kind: 'guarantee' as const,
    name: 'append-only',
    summary: 'A row is never changed or deleted after its insert.',
    facts: () => ({
      appendOnly: { strict: cascade.length === 0 && list(options.stampOnce).length === 0 },
    }),
    frozen: ({ columns }: TableFacts) => Object.keys(columns),
    conflicts: [
      {
        fact: 'versions' as const,
        why: 'The insert of a new version sets the previous version to not current, which append-only refuses.',
        suggestion: 'Remove appendOnly: versioned refuses every other change of a version.',
      },
    ],
    validate: (table: TableFacts) => {
      assertOwn(table, 'appendOnly({ cascade })', cascade);
      assertOwn(table, 'appendOnly({ stampOnce })', list(options.stampOnce));
      for (const column of list(options.stampOnce)) assertStamp(table, column);
      if (stamps.length > 0) assertUntouched(table);
      rules(table);
    },
    sqlite: {
      level: 'enforced' as const,
      objects: (table: TableFacts) => appendOnlyOnSqlite(table, rules(table)),
    },
    postgres: {
      level: 'enforced' as const,
      objects: (table: TableFacts) => appendOnlyOnPostgres(table, rules(table)),
      onPartition: guardPartition,
      rights: (table: TableFacts) =>
        rightsLeft(
          table,
          stamps.map(({ name }) => name),
        ),
    },
    attacks: (table: TableFacts, probe: Probe) => appendOnlyAttacks(table, probe, rules(table)),
  });
}

const rightsLeft = (table: TableFacts, stamps: readonly string[]): Rights => ({
  withheld: stamps.length > 0 ? ['delete'] : ['update', 'delete'],
  ...(stamps.length > 0 ? { updatable: stamps } : {}),
  // only the database's clock says when a row was written
  notInsertable: clocks(table),
});

const clocks = (table: TableFacts): readonly string[] =>
  Object.values(table.columns)
    .filter((column) => column.generated === 'now' && !column.touched)
    .map((column) => column.name);

const assertStamp = (table: TableFacts, column: Column): void => {
  if (stampOf(column)) return;
  throw invalidTable(
    table.name,
    `${column.name} is in stampOnce, but is not empty in a new row.`,
    `Make it nullable, without a default: ${column.name}: timestamp().nullable(); or z.boolean().default(false).`,
  );
};

// the update that sets a stamp would also set it, and append-only refuses that
const assertUntouched = (table: TableFacts): void => {
  const touched = Object.values(table.columns).find((column) => column.touched);
  if (!touched) return;
  throw invalidTable(
    table.name,
    `${touched.name} changes with every update, but stampOnce allows changes of its own columns only.`,
    `Remove updatedAt(): the column in stampOnce can be a timestamp().nullable() that says when it was set.`,
  );
};

const parentKey = (table: TableFacts, column: Column): ForeignKey => {
  const key = table.foreignKeys.find(
    (each) => each.columns.includes(column.name) && each.onDelete === 'cascade',
  );
  if (key) return key;
  throw invalidTable(
    table.name,
    `${column.name} has no foreign key with onDelete: 'cascade'.`,
    `Add references(c.${column.name}, parent.columns.id, { onDelete: 'cascade' }).`,
  );
};
