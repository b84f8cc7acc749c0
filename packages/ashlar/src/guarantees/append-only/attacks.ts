import type { Attack, Probe } from '../../contract/attack.js';
import type { ForeignKey, TableFacts } from '../../contract/table.js';
import { identifier, identifiers } from '../../model/index.js';
import {
  changesAndRemovals,
  type Draft,
  insertRow,
  isFresh,
  isRow,
  refused,
  triedBy,
  triedByBoth,
} from '../shared/attacks.js';
import { clockForgeries } from '../shared/forgeries.js';
import { replacedByOtherPrograms } from '../shared/other-programs.js';
import type { AppendOnlyRules } from './rules.js';
import type { Stamp } from './stamp.js';

/** Statements that change, delete or replace a row. */
export function appendOnlyAttacks(
  table: TableFacts,
  probe: Probe,
  { parents, stamps, clocks }: AppendOnlyRules,
): readonly Attack[] {
  return [
    ...changesAndRemovals(
      table,
      probe,
      stamps.map(({ name }) => name),
    ),
    ...replacedByOtherPrograms(
      table,
      probe,
      stamps.map(({ name }) => name),
    ),
    ...triedBy(['app'], clockForgeries(table, probe, clocks)),
    ...triedByBoth(stamps.flatMap((stamp) => stampAttacks(table, probe, stamp))),
    ...triedByBoth(parents.flatMap((parent) => parentAttacks(table, probe, parent))),
    ...triedBy(
      ['owner'],
      parents.flatMap((parent) => parentTruncation(probe, parent)),
    ),
  ];
}

const stampAttacks = (
  table: TableFacts,
  probe: Probe,
  { name: stamp, blank, only }: Stamp,
): readonly Draft[] => {
  const { fresh, values } = probe;
  const value = only ?? values[stamp];
  if (value === undefined) return [];
  const name = identifier(table.name);
  const where = isFresh(table, probe);
  const stamped = [
    insertRow(table.name, { ...fresh, [stamp]: blank }),
    `UPDATE ${name} SET ${identifier(stamp)} = ${value} WHERE ${where}`,
  ];
  const [other] = Object.keys(fresh).filter(
    (column) =>
      column !== stamp && !table.primaryKey.columns.includes(column) && values[column] !== undefined,
  );
  return [
    refused(
      `stamping ${stamp} again`,
      ...stamped,
      `UPDATE ${name} SET ${identifier(stamp)} = ${identifier(stamp)} WHERE ${where}`,
    ),
    refused(
      `taking ${stamp} back`,
      ...stamped,
      `UPDATE ${name} SET ${identifier(stamp)} = ${blank} WHERE ${where}`,
    ),
    refused(`DELETE of a row whose ${stamp} is set`, ...stamped, `DELETE FROM ${name} WHERE ${where}`),
    ...(other === undefined
      ? []
      : [
          refused(
            `changing ${other} in the UPDATE that sets ${stamp}`,
            insertRow(table.name, { ...fresh, [stamp]: blank }),
            `UPDATE ${name} SET ${identifier(stamp)} = ${value}, ${identifier(other)} = ${values[other]} WHERE ${where}`,
          ),
        ]),
  ];
};

const replacing = (table: string, columns: readonly string[] | undefined, where: string): string => {
  const [name, list] = [identifier(table), columns && identifiers(columns)];
  return `REPLACE INTO ${name}${list ? ` (${list})` : ''} SELECT ${list ?? '*'} FROM ${name} WHERE ${where}`;
};

/** Statements that delete or orphan a row through its parent, without deleting the parent. */
const parentAttacks = (
  table: TableFacts,
  probe: Probe,
  { columns, target }: ForeignKey,
): readonly Draft[] => {
  const { dialect, row } = probe;
  if (columns.some((name) => row[name] === 'NULL')) return [];
  const name = identifier(table.name);
  const above = target.columns
    .map((column, at) => `${identifier(column)} = ${row[columns[at] ?? '']}`)
    .join(' AND ');
  const orphaned = columns.filter((column) => table.columns[column]?.nullable);
  return [
    ...orphaned.map((column) =>
      refused(
        `UPDATE that sets the foreign key column ${column} to NULL`,
        `UPDATE ${name} SET ${identifier(column)} = NULL WHERE ${isRow(table.primaryKey.columns, row)}`,
      ),
    ),
    ...(dialect === 'sqlite'
      ? [
          refused(
            `REPLACE of the parent row in ${target.table}`,
            replacing(target.table, probe.written?.(target.table), above),
          ),
        ]
      : []),
  ];
};

const parentTruncation = ({ dialect }: Probe, { target }: ForeignKey): readonly Draft[] =>
  dialect === 'postgres'
    ? [refused(`TRUNCATE CASCADE of ${target.table}`, `TRUNCATE ${identifier(target.table)} CASCADE`)]
    : [];
