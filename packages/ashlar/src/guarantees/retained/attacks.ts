import type { Attack, Probe } from '../../contract/attack.js';
import type { Retention } from '../../contract/retention.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier, identifiers, literal, writtenColumns } from '../../model/index.js';
import {
  asReplica,
  type Draft,
  deletes,
  refused,
  targetOf,
  throughPartition,
  triedBy,
  triedByBoth,
  truncates,
} from '../shared/attacks.js';
import { purgingSetting } from '../shared/purging.js';
import { frozenColumns } from './names.js';

/** Statements that delete a row before it expires, or make it expire earlier. */
export function retainedAttacks(table: TableFacts, probe: Probe, retention: Retention): readonly Attack[] {
  const { dialect, row } = probe;
  const target = targetOf(table, probe);
  const name = identifier(table.name);
  const written = identifiers(writtenColumns(table).map((column) => column.name));
  const permit =
    dialect === 'postgres'
      ? `SELECT set_config('${purgingSetting}', ${literal(table.name)}, true)`
      : `INSERT INTO ashlar_purge (table_name) VALUES (${literal(table.name)})`;
  const ways: readonly Draft[] = [
    ...deletes(target),
    ...frozenColumns(table, retention).flatMap((column) => moves(table, column, probe, target.where)),
    ...truncates(probe, { ...target, partitions: [] }),
  ];
  return [
    ...triedByBoth(ways),
    ...triedBy(
      ['owner'],
      [
        ...truncates(probe, target).slice(2),
        ...throughPartition(target).filter(({ name: way }) => way.startsWith('DELETE')),
        ...asReplica(probe, deletes(target)),
        // an expired row may be deleted this way
        ...(isRecent(row[retention.column])
          ? [
              refused(
                'DELETE of a row before it expires, while a purge runs',
                permit,
                `DELETE FROM ${name} WHERE ${target.where}`,
              ),
            ]
          : []),
        ...(dialect === 'sqlite'
          ? [
              refused(
                'REPLACE of a row by a writer without a session',
                'DELETE FROM ashlar_session',
                `REPLACE INTO ${name} (${written}) SELECT ${written} FROM ${name} WHERE ${target.where}`,
              ),
            ]
          : []),
      ],
    ),
  ];
}

const day = 86_400_000;

const isRecent = (moment: string | undefined): boolean =>
  Date.parse(moment?.replaceAll("'", '') ?? '') > Date.now() - day;

const moves = (
  table: TableFacts,
  column: string,
  { row, values }: Probe,
  where: string,
): readonly Draft[] => {
  const value = values[column];
  if (value === undefined || value === row[column] || row[column] === 'NULL') return [];
  return [
    refused(
      `changing ${column}`,
      `UPDATE ${identifier(table.name)} SET ${identifier(column)} = ${value} WHERE ${where}`,
    ),
  ];
};
