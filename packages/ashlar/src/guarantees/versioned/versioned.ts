import type { Probe } from '../../contract/attack.js';
import type { Column } from '../../contract/column.js';
import type { Guarantee } from '../../contract/guarantee.js';
import type { TableFacts } from '../../contract/table.js';
import { invalidTable } from '../../model/invalid-table.js';
import { columnsIn, uniqueExpressions } from '../../sql/declared-indexes.js';
import { assertOwn, list } from '../shared/declaration.js';
import { versionedAttacks } from './attacks.js';
import type { VersionedColumns } from './columns.js';
import { versionedData } from './data.js';
import { versionedOnPostgres } from './postgres.js';
import { versionedOnSqlite } from './sqlite.js';

/** The columns that identify, number and link the versions in a table. */
export interface VersionedOptions {
  /**
   * The columns that identify the object of which a row is a version: all versions of one object have equal values in
   * these columns.
   */
  readonly key: Column | readonly Column[];
  /** The column for the number of the version: 1, 2, 3, … for each key. */
  readonly version: Column;
  /** The boolean column that is true only for the newest version of a key. */
  readonly current: Column;
  /** The column for the primary key of the previous version; NULL for the first version. */
  readonly previous: Column;
}

/**
 * Guarantees that each key has one current version and an unbroken chain of versions, and that versions never change.
 *
 * A new version is inserted with the next number, `current` true, and `previous` the primary key of the current
 * version. The database sets that one to not current in the same statement; nothing else changes or deletes a version.
 *
 * @throws AshlarError `table-invalid`, when the table is declared, if a column does not suit its part
 *
 * @example
 * versioned({ key: c.code, version: c.version, current: c.is_current, previous: c.previous_version_id })
 */
export function versioned(options: VersionedOptions): Guarantee {
  const columns = (table: TableFacts): VersionedColumns => ({
    id: table.primaryKey.columns[0] ?? '',
    key: list(options.key).map((column) => column.name),
    scope: table.facts.scope?.name,
    version: options.version.name,
    current: options.current.name,
    previous: options.previous.name,
    touched: Object.values(table.columns)
      .filter((column) => column.touched)
      .map((column) => column.name),
  });
  return Object.freeze({
    kind: 'guarantee' as const,
    name: 'versioned',
    columns: list(options.key).map((column) => column?.name),
    summary: 'Each key has one current version and an unbroken chain of versions; versions never change.',
    facts: () => ({
      versions: { key: list(options.key).map((column) => column?.name), current: options.current?.name },
    }),
    frozen: ({ columns }: TableFacts) => Object.keys(columns),
    conflicts: [
      {
        fact: 'partition' as const,
        why: 'PostgreSQL enforces unique keys only within a partition, so versions would not be unique.',
        suggestion: 'Remove one of the two guarantees.',
      },
    ],
    validate: (table: TableFacts) => {
      const { key, version, current, previous } = options;
      assertOwn(table, 'versioned', [...list(key), version, current, previous]);
      assertKinds(table, options);
      assertVersionsFit(table, columns(table));
    },
    sqlite: {
      level: 'enforced' as const,
      objects: (table: TableFacts) => versionedOnSqlite(table, columns(table)),
    },
    postgres: {
      level: 'enforced' as const,
      objects: (table: TableFacts) => versionedOnPostgres(table, columns(table)),
      // FOR UPDATE needs the privilege to update a column; the triggers refuse every update of it
      rights: () => ({ withheld: ['delete' as const], updatable: [options.current.name] }),
    },
    attacks: (table: TableFacts, probe: Probe) => versionedAttacks(table, probe, columns(table)),
    data: (table: TableFacts) => versionedData(table, columns(table)),
  });
}

const assertKinds = (table: TableFacts, { key, version, current, previous }: VersionedOptions): void => {
  const keys = list(key);
  if (keys.length === 0)
    throw invalidTable(
      table.name,
      'versioned() names no key column.',
      'Name the columns that identify the versioned object, for example key: c.code.',
    );
  for (const column of [...keys, version, current]) {
    if (column.nullable)
      throw invalidTable(
        table.name,
        `${column.name} is nullable, but each version must have a value.`,
        'Remove .nullable().',
      );
  }
  if (version.kind !== 'integer')
    throw invalidTable(
      table.name,
      `${version.name} is not an integer, so it cannot number versions.`,
      'Make it z.int().min(1).',
    );
  if (current.kind !== 'boolean')
    throw invalidTable(table.name, `${current.name} is not a boolean.`, 'Make it z.boolean().default(true).');
  if (current.default === false) {
    throw invalidTable(
      table.name,
      `${current.name} is false by default, but a new version is current.`,
      'Make it .default(true).',
    );
  }
  const [id, another] = table.primaryKey.columns;
  if (!id || another)
    throw invalidTable(table.name, 'versioned needs a primary key of one column.', 'Use id().');
  if (previous.kind !== table.columns[id]?.kind || !previous.nullable) {
    throw invalidTable(
      table.name,
      `${previous.name} must be able to hold the ${id} of another row, or NULL.`,
      'Give it the type of the primary key and add .nullable().',
    );
  }
};

const assertVersionsFit = (table: TableFacts, { key }: VersionedColumns): void => {
  const overExpressions = uniqueExpressions(table).map((index) => ({
    name: index.name,
    columns: columnsIn(table, index),
  }));
  const uniques = [...table.uniques, ...table.indexes.filter((index) => index.unique), ...overExpressions];
  for (const { name, columns } of uniques) {
    if (columns.every((column) => key.includes(column))) {
      throw invalidTable(
        table.name,
        `${name} allows each ${columns.join(', ')} once, so a second version could not be inserted.`,
        'Remove this unique key: versioned enforces one current version per key.',
      );
    }
  }
};
