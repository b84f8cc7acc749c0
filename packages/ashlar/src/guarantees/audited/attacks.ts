import type { Attack, Probe } from '../../contract/attack.js';
import type { RunSql } from '../../contract/sql.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier, literal } from '../../model/index.js';
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
import type { AuditedRules } from './rules.js';

type Operation = 'insert' | 'update' | 'delete';

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
    detect: (run) => lineOf({ run, table, trail, operation, key: tells }),
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
        ...partitions
          .slice(0, 1)
          .map((partition) =>
            told(
              'UPDATE that names the partition',
              'update',
              keyIs(
                plainly(table, table.primaryKey.columns).map((column) => [column, row[column] ?? 'NULL']),
              ),
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

/** The condition that finds the lines of the probe's fresh row in a trail, by the known columns of its key. */
const freshKey = (table: TableFacts, { fresh }: Probe): string => {
  const known = table.primaryKey.columns.filter((name) => fresh[name] !== undefined);
  if (known.length > 0) return keyIs(plainly(table, known).map((name) => [name, fresh[name] ?? 'NULL']));
  // a generated key is the greatest until another row is inserted
  return keyIs(
    table.primaryKey.columns.map((name) => [
      name,
      `(SELECT max(${identifier(name)}) FROM ${identifier(table.name)})`,
    ]),
  );
};

/** The columns whose SQL literals are also the text of their JSON; all columns if there are none. */
const plainly = (table: TableFacts, names: readonly string[]): readonly string[] => {
  const plain = names.filter((name) =>
    ['text', 'integer', 'bigint', 'uuid'].includes(table.columns[name]?.kind ?? ''),
  );
  return plain.length > 0 ? plain : names;
};

const keyIs = (values: readonly (readonly [name: string, sql: string])[]): string =>
  values
    .map(([name, sql]) => `CAST(row_key ->> ${literal(name)} AS text) = CAST(${sql} AS text)`)
    .join(' AND ');

interface SoughtLine {
  readonly run: RunSql;
  readonly table: TableFacts;
  readonly trail: TableFacts;
  readonly operation: Operation;
  readonly key: string;
}

const lineOf = async ({ run, table, trail, operation, key }: SoughtLine): Promise<string | undefined> => {
  const lines = await run(
    `SELECT id FROM ${identifier(trail.name)} WHERE table_name = ${literal(table.name)} AND operation = ${literal(operation)} AND ${key}`,
  );
  return lines.length > 0 ? `the trail ${trail.name} records the ${operation}` : undefined;
};
