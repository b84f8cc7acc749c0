import type { Probe } from '../../contract/attack.js';
import type { Column } from '../../contract/column.js';
import type { Guarantee } from '../../contract/guarantee.js';
import type { TableFacts } from '../../contract/table.js';
import { assertOwn, list, unfit } from '../shared/declaration.js';
import { versionedAttacks } from './attacks.js';
import type { VersionedColumns } from './columns.js';
import { versionedOnPostgres } from './postgres.js';
import { versionedOnSqlite } from './sqlite.js';

/** The columns that make a table's versions. */
export interface VersionedOptions {
  /** What all versions of one thing share: a code, or several columns together. */
  readonly key: Column | readonly Column[];
  /** 1, 2, 3, … within a key. */
  readonly version: Column;
  /** True of the newest version of a key, and of no other. */
  readonly current: Column;
  /** The primary key of the version before; NULL for the first. */
  readonly previous: Column;
  /** Columns that are set to the successor's values when a version is retired. Default: those like `updatedAt()`. */
  readonly touched?: readonly Column[];
}

/**
 * One current version a key, an unbroken chain, old versions never change.
 *
 * A new version is only inserted: with the next number, `current` true and `previous` the primary key of the version
 * that is current. The database retires that one in the same statement; nothing else changes or removes a version.
 *
 * @throws AshlarError `table-invalid`, when the table is declared, if a column does not fit its part
 *
 * @example
 * versioned({ key: c.code, version: c.version, current: c.is_current, previous: c.previous_version_id })
 */
export const versioned = (options: VersionedOptions): Guarantee => {
  const columns = (table: TableFacts): VersionedColumns => ({
    id: table.primaryKey.columns[0] ?? '',
    key: list(options.key).map((column) => column.name),
    version: options.version.name,
    current: options.current.name,
    previous: options.previous.name,
    touched: (options.touched ?? Object.values(table.columns).filter((column) => column.touched)).map(
      (column) => column.name,
    ),
  });
  return Object.freeze({
    kind: 'guarantee' as const,
    name: 'versioned',
    summary: 'One current version a key, an unbroken chain, old versions never change.',
    facts: () => ({
      versions: { key: list(options.key).map((column) => column?.name), current: options.current?.name },
    }),
    conflicts: [
      {
        fact: 'partition' as const,
        why: 'PostgreSQL has unique keys only within a partition, so versions would not be unique.',
        suggestion: 'Remove one of the two guarantees.',
      },
    ],
    validate: (table: TableFacts) => {
      const { key, version, current, previous, touched = [] } = options;
      assertOwn(table, 'versioned', [...list(key), version, current, previous, ...touched]);
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
      // a row can be locked (FOR UPDATE) only by who may update a column of it; what is set there, the triggers refuse
      rights: () => ({ withheld: ['delete' as const], updatable: [options.current.name] }),
    },
    attacks: (table: TableFacts, probe: Probe) => versionedAttacks(table, probe, columns(table)),
  });
};

const assertKinds = (table: TableFacts, { key, version, current, previous }: VersionedOptions): void => {
  const keys = list(key);
  if (keys.length === 0)
    throw unfit(table, 'versioned has no key.', 'Name the column that all versions of one thing share.');
  for (const column of [...keys, version, current]) {
    if (column.nullable)
      throw unfit(table, `${column.name} is nullable, but each version has one.`, 'Remove .nullable().');
  }
  if (version.kind !== 'integer')
    throw unfit(table, `${version.name} does not count versions.`, 'Make it z.int().min(1).');
  if (current.kind !== 'boolean')
    throw unfit(table, `${current.name} is not true or false.`, 'Make it z.boolean().default(true).');
  if (current.default === false) {
    throw unfit(
      table,
      `${current.name} is false by default, but a new version is current.`,
      'Make it .default(true).',
    );
  }
  const [id, another] = table.primaryKey.columns;
  if (!id || another) throw unfit(table, 'versioned needs a primary key of one column.', 'Use id().');
  if (previous.kind !== table.columns[id]?.kind || !previous.nullable) {
    throw unfit(
      table,
      `${previous.name} cannot hold the ${id} of another row, or nothing.`,
      'Give it the type of the primary key, .nullable().',
    );
  }
};

const assertVersionsFit = (table: TableFacts, { key }: VersionedColumns): void => {
  for (const { name, columns } of [...table.uniques, ...table.indexes.filter((index) => index.unique)]) {
    if (columns.every((column) => key.includes(column))) {
      throw unfit(
        table,
        `${name} allows each ${columns.join(', ')} once, so there could be no second version.`,
        'Remove it: versioned keeps one current version a key.',
      );
    }
  }
};
