import type { Attack, Attacker, Probe } from '../../contract/attack.js';
import type { SqlRow } from '../../contract/sql.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier, identifiers, identityColumn, writtenColumns } from '../../model/index.js';
import { mentions } from '../../sql/code.js';
import { columnsIn, uniqueExpressions } from '../../sql/declared-indexes.js';
import { rowidKey, rowidOf, uniqueKeys } from '../../sql/sqlite-keys.js';

/** An attack, without the database role that tries it. */
export type Draft = Omit<Attack, 'as'>;

/**
 * Returns each of the attacks once for each of the given roles. The owner's names say so, because a name is unique in
 * its guarantee.
 */
export function triedBy(who: readonly Attacker[], drafts: readonly Draft[]): readonly Attack[] {
  return who.flatMap((as) =>
    drafts.map((draft) => ({
      ...draft,
      name: as === 'owner' ? `${draft.name}, by the owner` : draft.name,
      as,
    })),
  );
}

/** Returns each of the attacks twice: tried by the application's role, and by the owner. */
export function triedByBoth(drafts: readonly Draft[]): readonly Attack[] {
  return triedBy(['app', 'owner'], drafts);
}

/** Returns an attack that the database must refuse. All statements but the last prepare it. */
export function refused(name: string, ...statements: string[]): Draft {
  return {
    name,
    statements,
    expect: 'refused',
  };
}

/** The row to attack, of a declared table or of a side table. */
export interface Target {
  readonly name: string;
  /** The SQL condition that finds the row. */
  readonly where: string;
  /** An SQL assignment that changes the row and violates no rule except the guarantee. */
  readonly set: string;
  /** The assignment for ON CONFLICT DO UPDATE, if `set` would be ambiguous there. */
  readonly setOnConflict?: string;
  /** The columns of the table's primary key. */
  readonly key: readonly string[];
  /** The values of the existing row, as SQL. */
  readonly row: SqlRow;
  /** What lets an INSERT name the existing key; see {@link givenKeys}. */
  readonly givenKeys?: string;
  /** The names of the table's partitions; the first partition holds the row. */
  readonly partitions: readonly string[];
}

/** The SQL condition that finds a row by its values in the given columns. */
export function isRow(columns: readonly string[], row: SqlRow): string {
  return columns.map((name) => `${identifier(name)} = ${row[name] ?? 'NULL'}`).join(' AND ');
}

/**
 * The SQL condition that finds the new row that a probe has inserted, even if the database generated its key. It finds
 * no other row as long as nothing else is inserted.
 */
export function isFresh(table: TableFacts, { fresh }: Probe): string {
  const known = table.primaryKey.columns.filter((name) => fresh[name] !== undefined);
  if (known.length > 0) return isRow(known, fresh);
  const [counted = ''] = table.primaryKey.columns.map(identifier);
  return `${counted} = (SELECT max(${counted}) FROM ${identifier(table.name)})`;
}

/**
 * Whether the new row that a probe inserts has a value for each primary key column, so that inserting it twice is a
 * conflict.
 */
export function hasWholeKey(table: TableFacts, { fresh }: Probe): boolean {
  return table.primaryKey.columns.every((name) => fresh[name] !== undefined);
}

/** The statement that inserts a row. */
export function insertRow(table: string, row: SqlRow): string {
  return `INSERT INTO ${identifier(table)} ${columnsAndValues(row)}`;
}

/**
 * The columns and values of an INSERT: `(a, b) VALUES (1, 2)`.
 *
 * @param generated - what lets the statement name a key that the database generates; see {@link givenKeys}
 */
export function columnsAndValues(row: SqlRow, generated = ''): string {
  return `(${identifiers(Object.keys(row))})${generated} VALUES (${Object.values(row).join(', ')})`;
}

/**
 * Returns the words with which an INSERT on PostgreSQL may name a generated key, so that an attack with an existing key
 * reaches the guarantee; empty for other tables and engines.
 */
export function givenKeys(table: TableFacts, { dialect }: Pick<Probe, 'dialect'>): string {
  return dialect === 'postgres' && identityColumn(table) ? ' OVERRIDING SYSTEM VALUE' : '';
}

/** Describes the existing row of a probe as the target of attacks. `except`: columns that may be changed. */
export function targetOf(table: TableFacts, probe: Probe, except: readonly string[] = []): Target {
  const { row, values, partitions } = probe;
  return {
    givenKeys: givenKeys(table, probe),
    name: table.name,
    where: isRow(table.primaryKey.columns, row),
    ...changeOf(table, row, values, except),
    key: table.primaryKey.columns,
    row,
    partitions,
  };
}

// a column of no key: only the guarantee should refuse the change
const changeOf = (
  table: TableFacts,
  row: SqlRow,
  values: SqlRow,
  except: readonly string[],
): Pick<Target, 'set' | 'setOnConflict'> => {
  const keyed = new Set(
    [table.primaryKey, ...table.uniques, ...table.indexes.filter((index) => index.unique)]
      .concat(table.foreignKeys)
      .flatMap(({ columns }) => columns),
  );
  for (const index of uniqueExpressions(table)) for (const name of columnsIn(table, index)) keyed.add(name);
  const written = writtenColumns(table).map(({ name }) => name);
  const free = written.filter((name) => !keyed.has(name) && !except.includes(name));
  const plain = free.filter((name) => !table.columns[name]?.generated && !table.columns[name]?.nullable);
  const chosen = [...plain, ...free].find((name) => values[name] !== undefined && values[name] !== row[name]);
  if (chosen !== undefined) return { set: `${identifier(chosen)} = ${values[chosen]}` };
  const [any = ''] = written.map(identifier);
  return { set: `${any} = ${any}`, setOnConflict: `${any} = excluded.${any}` };
};

/** Statements that change a row in place. */
export function updates({
  name,
  where,
  set,
  setOnConflict = set,
  key,
  row,
  givenKeys,
}: Target): readonly Draft[] {
  const table = identifier(name);
  const [first = ''] = Object.keys(row);
  return [
    refused('UPDATE of a row', `UPDATE ${table} SET ${set} WHERE ${where}`),
    refused(
      'UPDATE that changes nothing',
      `UPDATE ${table} SET ${identifier(first)} = ${identifier(first)} WHERE ${where}`,
    ),
    refused(
      'an upsert',
      `INSERT INTO ${table} ${columnsAndValues(row, givenKeys)} ON CONFLICT (${identifiers(key)}) DO UPDATE SET ${setOnConflict}`,
    ),
  ];
}

/** Statements that delete a row. */
export function deletes({ name, where }: Target): readonly Draft[] {
  return [refused('DELETE of a row', `DELETE FROM ${identifier(name)} WHERE ${where}`)];
}

/** MERGE and WITH statements that change or delete a row on PostgreSQL; an empty list on SQLite. */
export function merges(probe: Probe, { name, where, set }: Target): readonly Draft[] {
  if (probe.dialect !== 'postgres') return [];
  const table = identifier(name);
  return [
    refused(
      'MERGE that updates',
      `MERGE INTO ${table} USING (SELECT 1) AS once ON ${where} WHEN MATCHED THEN UPDATE SET ${set}`,
    ),
    refused(
      'MERGE that deletes',
      `MERGE INTO ${table} USING (SELECT 1) AS once ON ${where} WHEN MATCHED THEN DELETE`,
    ),
    refused(
      'DELETE within WITH',
      `WITH gone AS (DELETE FROM ${table} WHERE ${where} RETURNING 1) SELECT count(*) FROM gone`,
    ),
  ];
}

/** TRUNCATE of the table and of each partition by name; an empty list on SQLite, which has no TRUNCATE. */
export function truncates(probe: Probe, { name, partitions }: Target): readonly Draft[] {
  return probe.dialect !== 'postgres'
    ? []
    : [
        refused('TRUNCATE', `TRUNCATE ${identifier(name)}`),
        refused('TRUNCATE CASCADE', `TRUNCATE ${identifier(name)} CASCADE`),
        ...partitions.map((partition) =>
          refused(`TRUNCATE of the partition ${partition}`, `TRUNCATE ${identifier(partition)}`),
        ),
      ];
}

/**
 * UPDATE and DELETE statements that reach a row by the name of its partition; an empty list if the table has no
 * partitions.
 */
export function throughPartition({ partitions, where, set }: Target): readonly Draft[] {
  return partitions
    .slice(0, 1)
    .flatMap((partition) => [
      refused('UPDATE that names the partition', `UPDATE ${identifier(partition)} SET ${set} WHERE ${where}`),
      refused('DELETE that names the partition', `DELETE FROM ${identifier(partition)} WHERE ${where}`),
    ]);
}

/** Statements that replace a row through each of its keys on SQLite; an empty list on PostgreSQL. */
export function replaces(table: TableFacts, probe: Probe, except: readonly string[] = []): readonly Draft[] {
  if (probe.dialect !== 'sqlite') return [];
  const name = identifier(table.name);
  const { row, fresh, values } = probe;
  const { where, set } = targetOf(table, probe, except);
  const rowid = rowidOf(table);
  const hasRowid = rowidKey(table).length > 0;
  const keys = uniqueKeys(table)
    .map(({ columns, expressions = [], nullsEqual = [] }) => ({
      columns: [
        ...columns,
        ...Object.keys(table.columns).filter((one) =>
          expressions.some((text) => mentions(text, one, 'sqlite')),
        ),
      ],
      nullsEqual,
    }))
    .filter(({ columns, nullsEqual }) =>
      columns.every((column) => row[column] !== 'NULL' || nullsEqual.includes(column)),
    );
  return [
    ...keys.map(({ columns }) =>
      refused(
        `OR REPLACE through ${columns.join(', ')}`,
        `INSERT OR REPLACE INTO ${name} ${columnsAndValues({ ...fresh, ...pick(row, columns) })}`,
      ),
    ),
    refused(
      'REPLACE by a SELECT',
      `REPLACE INTO ${name} (${identifiers(Object.keys(row))}) SELECT ${identifiers(Object.keys(row))} FROM ${name} WHERE ${where}`,
    ),
    refused('UPDATE OR REPLACE', `UPDATE OR REPLACE ${name} SET ${set} WHERE ${where}`),
    refused('UPDATE OR IGNORE', `UPDATE OR IGNORE ${name} SET ${set} WHERE ${where}`),
    ...(hasRowid
      ? [
          throughRowid(table, probe, where),
          refused(
            'a rowid that would stop every later insert',
            `INSERT INTO ${name} (${rowid}, ${identifiers(Object.keys(fresh))}) VALUES (-1, ${Object.values(fresh).join(', ')})`,
          ),
          refused('UPDATE of the rowid', `UPDATE ${name} SET ${rowid} = ${rowid} + 1000000 WHERE ${where}`),
        ]
      : []),
    ...table.primaryKey.columns
      .slice(0, 1)
      .filter((column) => values[column] !== undefined)
      .map((column) =>
        refused(
          'UPDATE OR REPLACE of the key',
          `UPDATE OR REPLACE ${name} SET ${identifier(column)} = ${values[column]} WHERE ${where}`,
        ),
      ),
  ];
}

const throughRowid = (table: TableFacts, { fresh, values, scope }: Probe, where: string): Draft => {
  const name = identifier(table.name);
  const rowid = rowidOf(table);
  const into = (row: SqlRow): string => `${name} (${rowid}, ${identifiers(Object.keys(row))})`;
  const attack = 'OR REPLACE through the rowid';
  if (scope === undefined) {
    const list = Object.values(fresh).join(', ');
    return refused(
      attack,
      `INSERT OR REPLACE INTO ${into(fresh)} SELECT ${rowid}, ${list} FROM ${name} WHERE ${where}`,
    );
  }
  // a session in a scope sees a view, which has no rowid: insert the row under a known rowid
  const other = {
    ...fresh,
    ...pick(
      values,
      Object.keys(fresh).filter((column) => column in values),
    ),
  };
  const at = (row: SqlRow): string => `${into(row)} VALUES (987654321, ${Object.values(row).join(', ')})`;
  return refused(attack, `INSERT INTO ${at(fresh)}`, `INSERT OR REPLACE INTO ${at(other)}`);
};

const pick = (row: SqlRow, columns: readonly string[]): SqlRow =>
  Object.fromEntries(columns.map((column) => [column, row[column] ?? 'NULL']));

/**
 * Returns the attacks, to be run in PostgreSQL's replication mode, in which ordinary triggers do not fire. The owner
 * makes them.
 */
export function asReplica(probe: Probe, drafts: readonly Draft[]): readonly Draft[] {
  return probe.dialect !== 'postgres'
    ? []
    : drafts.map((draft) => ({
        ...draft,
        name: `${draft.name}, replicating`,
        statements: ['SET LOCAL session_replication_role = replica', ...draft.statements],
      }));
}

/** All statements that would change or delete the existing row of a probe on the probe's engine. */
export function changesAndRemovals(
  table: TableFacts,
  probe: Probe,
  except: readonly string[] = [],
): readonly Attack[] {
  const target = targetOf(table, probe, except);
  const plain = (of: Target): readonly Draft[] => [
    ...updates(of),
    ...deletes(of),
    ...truncates(probe, of),
    ...throughPartition(of),
  ];
  const ways = [...merges(probe, target), ...replaces(table, probe, except)];
  return [
    ...triedBy(['app'], [...plain(fewer(target)), ...ways]),
    ...triedBy(['owner'], [...plain(target), ...ways, ...asReplica(probe, plain(fewer(target)))]),
  ];
}

/** One partition of each kind: the row's, another one, and the default. */
const fewer = (target: Target): Target => {
  const { partitions } = target;
  const chosen = [partitions[0], partitions[1], partitions.at(-1)].filter((name) => name !== undefined);
  return { ...target, partitions: [...new Set(chosen)] };
};
