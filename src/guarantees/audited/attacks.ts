import {
  type Attack,
  identifier,
  identifiers,
  literal,
  type Probe,
  type RunSql,
  type SqlRow,
  type Table,
} from '../../table/index.js';
import type { AuditedRules } from './audited.js';

type Operation = 'insert' | 'update' | 'delete';

const insertRow = (table: string, row: SqlRow): string =>
  `INSERT INTO ${identifier(table)} (${identifiers(Object.keys(row))}) VALUES (${Object.values(row).join(', ')})`;

/** Ways to write into a trail what no trigger wrote. That its lines are changed or removed is append-only's to refuse. */
export const trailAttacks = (trail: Table, { dialect, row }: Probe): readonly Attack[] => {
  const { id: _id, at: _at, ...line } = row;
  const forged = { ...line, actor: literal('somebody else') };
  const attack = (name: string, as: Attack['as'], values: SqlRow): Attack => ({
    name,
    as,
    statements: [insertRow(trail.name, values)],
    expect: 'refused',
  });
  return [
    attack('a line in the name of another', 'app', forged),
    attack('a line in the name of another, by the owner', 'owner', forged),
    attack('a line of another time', 'app', { ...row, id: '1000000' }),
    // on a file only the name and the time of a line are proven: see `weaker`
    ...(dialect === 'postgres' ? [attack('a line of no change', 'app', line)] : []),
  ];
};

/** Ways to change a row: each must be refused, or leave its line in the trail. */
export const auditedAttacks = (table: Table, probe: Probe, { trail }: AuditedRules): readonly Attack[] => {
  const { dialect, fresh, partitions, row } = probe;
  const name = identifier(table.name);
  const [any = ''] = Object.keys(table.columns).map(identifier);
  const insert = insertRow(table.name, fresh);
  const update = `UPDATE ${name} SET ${any} = ${any} WHERE ${isFresh(table, fresh)}`;
  const remove = `DELETE FROM ${name} WHERE ${isFresh(table, fresh)}`;
  const detected = (
    of: string,
    as: Attack['as'],
    operation: Operation,
    key: string,
    ...statements: string[]
  ): Attack => ({
    name: as === 'owner' ? `${of}, by the owner` : of,
    as,
    statements,
    expect: 'detected',
    detect: (run) => lineOf(run, table, trail, operation, key),
  });
  const refused = (of: string, as: Attack['as'], ...statements: string[]): Attack => ({
    name: as === 'owner' ? `${of}, by the owner` : of,
    as,
    statements,
    expect: 'refused',
  });
  const key = freshKey(table, fresh);
  const by = (as: Attack['as']): readonly Attack[] => [
    detected('INSERT of a row', as, 'insert', key, insert),
    detected('UPDATE that changes nothing', as, 'update', key, insert, update),
    ...(hasWholeKey(table, fresh) ? [detected('DELETE of a row', as, 'delete', key, insert, remove)] : []),
  ];
  const [partition] = partitions;
  return [
    ...by('app'),
    ...by('owner'),
    ...(dialect === 'sqlite'
      ? [
          refused('INSERT by a writer without a session', 'owner', 'DELETE FROM ashlar_session', insert),
          refused(
            'DELETE by a writer without a session',
            'owner',
            'DELETE FROM ashlar_session',
            `DELETE FROM ${name} WHERE ${isRow(table, row)}`,
          ),
        ]
      : [
          refused('TRUNCATE', 'app', `TRUNCATE ${name}`),
          refused('TRUNCATE', 'owner', `TRUNCATE ${name}`),
          ...partitions.map((each) =>
            refused(`TRUNCATE of the partition ${each}`, 'owner', `TRUNCATE ${identifier(each)}`),
          ),
          detected(
            'INSERT where replicating',
            'owner',
            'insert',
            key,
            'SET LOCAL session_replication_role = replica',
            insert,
          ),
        ]),
    ...(partition === undefined
      ? []
      : [
          detected(
            'UPDATE in the partition',
            'owner',
            'update',
            keyIs(table.primaryKey.columns.map((column) => [column, row[column] ?? 'NULL'])),
            `UPDATE ${identifier(partition)} SET ${any} = ${any} WHERE ${isRow(table, row)}`,
          ),
        ]),
  ];
};

const isRow = (table: Table, row: SqlRow): string =>
  table.primaryKey.columns.map((name) => `${identifier(name)} = ${row[name] ?? 'NULL'}`).join(' AND ');

const hasWholeKey = (table: Table, fresh: SqlRow): boolean =>
  table.primaryKey.columns.every((name) => fresh[name] !== undefined);

const newest = (table: Table): string => {
  const [counted = ''] = table.primaryKey.columns.map(identifier);
  return `(SELECT max(${counted}) FROM ${identifier(table.name)})`;
};

// a key that the database counts is the greatest of all until something else is inserted
const isFresh = (table: Table, fresh: SqlRow): string => {
  if (hasWholeKey(table, fresh)) return isRow(table, fresh);
  const [counted = ''] = table.primaryKey.columns.map(identifier);
  return `${counted} = ${newest(table)}`;
};

const freshKey = (table: Table, fresh: SqlRow): string =>
  keyIs(
    hasWholeKey(table, fresh)
      ? table.primaryKey.columns.map((name) => [name, fresh[name] ?? 'NULL'])
      : table.primaryKey.columns.slice(0, 1).map((name) => [name, newest(table)]),
  );

const keyIs = (values: readonly (readonly [name: string, sql: string])[]): string =>
  values
    .map(([name, sql]) => `CAST(row_key ->> ${literal(name)} AS text) = CAST(${sql} AS text)`)
    .join(' AND ');

const lineOf = async (
  run: RunSql,
  table: Table,
  trail: Table,
  operation: Operation,
  key: string,
): Promise<string | undefined> => {
  const lines = await run(
    `SELECT id FROM ${identifier(trail.name)} WHERE table_name = ${literal(table.name)} AND operation = ${literal(operation)} AND ${key}`,
  );
  return lines.length > 0 ? `the trail ${trail.name} tells of the ${operation}` : undefined;
};
