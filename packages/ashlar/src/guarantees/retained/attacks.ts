import type { Attack, Probe } from '../../contract/attack.js';
import type { Retention } from '../../contract/retention.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier, identifiers, literal, writtenColumns } from '../../model/index.js';
import { markSql } from '../../sql/test-mark.js';
import {
  asReplica,
  type Draft,
  deletes,
  hasWholeKey,
  insertRow,
  isFresh,
  refused,
  replaces,
  targetOf,
  throughPartition,
  triedBy,
  triedByBoth,
  truncates,
} from '../shared/attacks.js';
import { triedByOtherPrograms } from '../shared/other-programs.js';
import { aPurgedLine, permitPurge } from '../shared/purging.js';
import { freshKey, lineOf } from '../shared/recorded-lines.js';
import { frozenColumns, purgesName } from './names.js';

/** Statements that delete a row before it expires, or make it expire earlier. */
export function retainedAttacks(table: TableFacts, probe: Probe, retention: Retention): readonly Attack[] {
  const { dialect, row } = probe;
  const target = targetOf(table, probe);
  const name = identifier(table.name);
  const written = identifiers(writtenColumns(table).map((column) => column.name));
  const permit = permitPurge(table, dialect);
  const ways: readonly Draft[] = [
    ...deletes(target),
    ...frozenColumns(table, retention).flatMap((column) => moves(table, column, probe, target.where)),
    ...truncates(probe, { ...target, partitions: [] }),
  ];
  return [
    ...triedByBoth(ways),
    ...purges(table, probe),
    ...triedBy(['owner'], recorded(table, probe, retention)),
    ...triedByOtherPrograms(withoutSession(table, probe)),
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

/** REPLACE without a session, where no delete trigger fires; a row of a table that is only retained may be changed otherwise. */
const withoutSession = (table: TableFacts, probe: Probe): readonly Draft[] =>
  replaces(table, probe)
    .filter(({ name, statements }) => /^(?:OR )?REPLACE /.test(name) && statements.length === 1)
    .map((draft) => ({ ...draft, statements: ['DELETE FROM ashlar_session', ...draft.statements] }));

/** The record of purges: a line is written without a purge, changed, or deleted. */
const purges = (table: TableFacts, probe: Probe): readonly Attack[] => {
  const lines = purgesName(table);
  const name = identifier(lines);
  const time = "'2001-01-01T00:00:00.000000Z'";
  const insert = `INSERT INTO ${name} (reason, rows, earliest, latest) VALUES ('forged', 1, ${time}, ${time})`;
  const isFile = probe.dialect === 'sqlite';
  const preparation = aPurgedLine(table, probe.dialect, insert);
  return [
    // on a server the right to write is the owner's alone
    ...triedBy(isFile ? ['app', 'owner'] : ['app'], [
      refused(`INSERT into ${lines} without a purge`, insert),
    ]),
    ...triedByBoth([
      { ...refused(`UPDATE of ${lines}`, `UPDATE ${name} SET rows = rows + 1`), preparation },
      { ...refused(`DELETE from ${lines}`, `DELETE FROM ${name}`), preparation },
      ...(isFile ? [] : [refused(`TRUNCATE of ${lines}`, `TRUNCATE ${name}`)]),
    ]),
  ];
};

// every retention ends before it, and every CHECK of a time accepts it
const longAgo = '1800-01-01T00:00:00.000';

/** The purge of a row that has expired: of an audited table, the trail says so. */
const recorded = (table: TableFacts, probe: Probe, { column }: Retention): readonly Draft[] => {
  const trail = table.facts.audited?.trail;
  const digits = table.columns[column]?.precision === 6 ? '000Z' : 'Z';
  const old = { ...probe, fresh: { ...probe.fresh, [column]: literal(`${longAgo}${digits}`) } };
  if (trail === undefined || !hasWholeKey(table, old)) return [];
  const key = freshKey(table, old);
  return [
    {
      name: 'DELETE of a row that has expired, while a purge runs',
      // a ledger accepts another time than the present one only in a test database; another rule may refuse such a row
      preparation: [
        [markSql, 'SELECT 1'],
        [insertRow(table.name, old.fresh), 'SELECT 1'],
        [permitPurge(table, probe.dialect)],
      ],
      statements: [`DELETE FROM ${identifier(table.name)} WHERE ${isFresh(table, old)}`],
      expect: 'detected',
      detect: async (run) =>
        (await lineOf({ run, table, trail, operation: 'insert', key })) === undefined
          ? 'no row that has expired can be written'
          : lineOf({ run, table, trail, operation: 'delete', key }),
    },
  ];
};

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
