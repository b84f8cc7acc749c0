import type { Attack, Probe } from '../../contract/attack.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier, literal } from '../../model/index.js';
import { isEntered } from '../ledgered/entered.js';
import {
  asReplica,
  type Draft,
  hasWholeKey,
  insertRow,
  isFresh,
  isRow,
  refused,
  targetOf,
  triedBy,
  triedByBoth,
  truncates,
} from '../shared/attacks.js';
import { changeActor, takeOtherContext } from '../shared/context-attacks.js';
import { freshKey, lineOf, type Operation, rowKey } from '../shared/recorded-lines.js';
import type { AuditedRules } from './rules.js';

/**
 * Statements that insert rows into an audit trail directly; only triggers may do so. Updates and deletes of its lines
 * are attacks on append-only.
 */
export function trailAttacks(trail: TableFacts, { dialect, row }: Probe): readonly Attack[] {
  const { id: _id, at: _at, ...line } = row;
  const forged = { ...line, actor: literal('somebody else') };
  return [
    ...triedByBoth([refused('INSERT into the trail with another actor', insertRow(trail.name, forged))]),
    ...triedBy(
      ['app'],
      [
        refused('INSERT into the trail with another time', insertRow(trail.name, { ...row, id: '1000000' })),
        // on a file only the actor and the time of a line are enforced: see `weaker`
        ...(dialect === 'postgres'
          ? [refused('INSERT into the trail without a change of a table', insertRow(trail.name, line))]
          : []),
      ],
    ),
  ];
}

/**
 * Statements that change a row; the database must either refuse each statement or record its change in the audit trail.
 */
export function auditedAttacks(table: TableFacts, probe: Probe, { trail }: AuditedRules): readonly Attack[] {
  const { dialect, fresh, partitions, row } = probe;
  const name = identifier(table.name);
  const target = targetOf(table, probe);
  const key = freshKey(table, probe);
  const where = isFresh(table, probe);
  const insert = insertRow(table.name, fresh);
  const told = (of: string, operation: Operation, tells: string, ...statements: string[]): Draft => ({
    name: of,
    statements,
    expect: 'detected',
    detect: (run) => lineOf({ run, table, trail: trail.name, operation, key: tells }),
  });
  const inserted = told('INSERT of a row', 'insert', key, insert);
  const ways = [
    inserted,
    told('UPDATE of a row', 'update', key, insert, `UPDATE ${name} SET ${target.set} WHERE ${where}`),
    ...(hasWholeKey(table, probe)
      ? [told('DELETE of a row', 'delete', key, insert, `DELETE FROM ${name} WHERE ${where}`)]
      : []),
    ...truncates(probe, { ...target, partitions: [] }),
  ];
  const foreign = 'DELETE FROM ashlar_session';
  return [
    ...triedByBoth(ways),
    ...triedBy(
      ['app'],
      probe.verifiesContext ? [refused('changing the actor of the session', changeActor, insert)] : [],
    ),
    ...inTwoContexts(table, probe),
    ...triedBy(
      ['owner'],
      [
        ...truncates(probe, target).slice(2),
        ...asReplica(probe, [inserted]),
        ...entered(table, probe, trail, { insert, key }),
        ...partitions
          .slice(0, 1)
          .map((partition) =>
            told(
              'UPDATE that names the partition',
              'update',
              rowKey(table, probe),
              `UPDATE ${identifier(partition)} SET ${target.set} WHERE ${target.where}`,
            ),
          ),
        ...(dialect === 'sqlite'
          ? [
              refused('INSERT by a writer without a session', foreign, insert),
              refused(
                'DELETE by a writer without a session',
                foreign,
                `DELETE FROM ${name} WHERE ${isRow(table.primaryKey.columns, row)}`,
              ),
            ]
          : []),
      ],
    ),
  ];
}

/** A trail with a ledger: the line of a change has its entry, which on PostgreSQL a stamp in the line leads to. */
const entered = (
  table: TableFacts,
  { dialect }: Probe,
  trail: TableFacts,
  { insert, key }: { readonly insert: string; readonly key: string },
): readonly Draft[] =>
  trail.facts.ledger
    ? [
        {
          name: 'INSERT of a row, without an entry for the line of the trail',
          statements: [insert],
          expect: 'detected',
          detect: async (run) => {
            const lines = await run(
              `SELECT 1 AS found FROM ${identifier(trail.name)} AS t WHERE table_name = ${literal(table.name)} AND operation = 'insert' AND ${key} AND ${isEntered(trail, dialect)}`,
            );
            return lines.length > 0 ? `the line in ${trail.name} is part of its ledger` : undefined;
          },
        },
      ]
    : [];

/**
 * Statements that SQL gives two contexts, each of them valid: it writes in one scope, and the line of the trail would have the
 * other, or the row would be in it.
 */
const inTwoContexts = (table: TableFacts, probe: Probe): readonly Attack[] => {
  const { dialect, fresh, row, scope, otherScope } = probe;
  const column = table.facts.scope;
  if (dialect !== 'postgres' || !column || scope === undefined || otherScope === undefined) return [];
  const name = identifier(table.name);
  const own = identifier(column.name);
  const where = isRow(table.primaryKey.columns, row);
  const take = takeOtherContext(probe);
  const moved = column.kind === 'integer' ? otherScope : literal(otherScope);
  return (
    [
      ['INSERT, and then another scope', `${insertRow(table.name, fresh)} RETURNING ${take}`],
      [
        'UPDATE, and then another scope',
        `WITH changed AS (UPDATE ${name} SET ${own} = ${own} WHERE ${where} RETURNING 1) SELECT ${take} FROM changed`,
      ],
      [
        'DELETE, and then another scope',
        `WITH gone AS (DELETE FROM ${name} WHERE ${where} RETURNING 1) SELECT ${take} FROM gone`,
      ],
      [
        'moving a row while the scope changes',
        `UPDATE ${name} SET ${own} = CASE WHEN (${take}) IS NULL THEN ${own} ELSE ${moved} END WHERE ${where}`,
      ],
    ] as const
  ).map(([what, statement]) => ({
    name: what,
    as: 'app',
    statements: [statement],
    expect: 'refused',
    scope,
  }));
};
