import { type Attack, identifier, type Probe, type SqlRow, type Table } from '../../table/index.js';
import type { Retention } from '../shared/retention.js';
import { frozenColumns } from './names.js';

/** Ways to let a row leave before its time, and to make its time come sooner. */
export const retainedAttacks = (
  table: Table,
  { dialect, row, partitions }: Probe,
  retention: Retention,
): readonly Attack[] => {
  const name = identifier(table.name);
  const where = isRow(table, row);
  const attack = (of: string, as: Attack['as'], ...statements: string[]): Attack => ({
    name: as === 'owner' ? `${of}, by the owner` : of,
    as,
    statements,
    expect: 'refused',
  });
  const both = (of: string, ...statements: string[]): readonly Attack[] =>
    (['app', 'owner'] as const).map((as) => attack(of, as, ...statements));
  const permit =
    dialect === 'postgres'
      ? [`SELECT set_config('ashlar.retiring', '${table.name}', true)`]
      : [`INSERT INTO ashlar_retirement (table_name) VALUES ('${table.name}')`];
  return [
    ...both('DELETE of a row', `DELETE FROM ${name} WHERE ${where}`),
    // the probe's row was made just now, or is not due for another reason: its time decides, whoever asks
    ...(isRecent(row[retention.column])
      ? [
          attack(
            'DELETE of a row before its time, under a permit',
            'owner',
            ...permit,
            `DELETE FROM ${name} WHERE ${where}`,
          ),
        ]
      : []),
    ...frozenColumns(table, retention).flatMap((column) => moves(table, column, row, both)),
    ...(dialect === 'postgres'
      ? [
          ...both('TRUNCATE', `TRUNCATE ${name}`),
          ...partitions.map((each) =>
            attack(`TRUNCATE of the partition ${each}`, 'owner', `TRUNCATE ${identifier(each)}`),
          ),
          attack(
            'DELETE of a row where replicating',
            'owner',
            'SET LOCAL session_replication_role = replica',
            `DELETE FROM ${name} WHERE ${where}`,
          ),
        ]
      : [
          attack(
            'REPLACE of a row by a writer without a session',
            'owner',
            'DELETE FROM ashlar_session',
            `REPLACE INTO ${name} SELECT * FROM ${name} WHERE ${where}`,
          ),
        ]),
  ];
};

const isRow = (table: Table, row: SqlRow): string =>
  table.primaryKey.columns.map((name) => `${identifier(name)} = ${row[name] ?? 'NULL'}`).join(' AND ');

const day = 86_400_000;

const isRecent = (moment: string | undefined): boolean => {
  const time = Date.parse(moment?.replaceAll("'", '') ?? '');
  return time > Date.now() - day;
};

/** Values of other times and keys; only for kinds where one is easily made. */
const others: Partial<Record<string, (table: Table, column: string) => string>> = {
  timestamp: (table, column) =>
    table.columns[column]?.precision === 6 ? "'1999-12-31T23:59:59.999000Z'" : "'1999-12-31T23:59:59.999Z'",
  uuid: () => "'00000000-0000-7000-8000-00000000abcd'",
  integer: () => '999999999',
};

const moves = (
  table: Table,
  column: string,
  row: SqlRow,
  both: (of: string, ...statements: string[]) => readonly Attack[],
): readonly Attack[] => {
  const value = others[table.columns[column]?.kind ?? '']?.(table, column);
  if (value === undefined || row[column] === 'NULL') return [];
  return both(
    `changing ${column}`,
    `UPDATE ${identifier(table.name)} SET ${identifier(column)} = ${value} WHERE ${isRow(table, row)}`,
  );
};
