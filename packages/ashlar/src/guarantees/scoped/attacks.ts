import type { Attack, Probe } from '../../contract/attack.js';
import type { Column } from '../../contract/column.js';
import type { GuardedTable } from '../../contract/guarantee.js';
import type { SqlRow } from '../../contract/sql.js';
import { everyScope, hiddenTables, identifier, identifiers, literal } from '../../model/index.js';
import { refused as aDraft, isFresh, triedBy } from '../shared/attacks.js';
import { contextChanges } from '../shared/context-attacks.js';
import { rangeOf } from './postgres.js';

/**
 * Statements by which the application would reach a row outside the scope of its session. They need a row and two
 * scopes.
 */
export function attacksOnScope(table: GuardedTable, column: Column, probe: Probe): readonly Attack[] {
  const { row, fresh, scope, otherScope, dialect } = probe;
  if (scope === undefined || otherScope === undefined) return [];
  const name = identifier(table.name);
  const own = identifier(column.name);
  const keys = table.primaryKey.columns;
  const key = keyOf(table, row);
  const moved = column.kind === 'integer' ? otherScope : literal(otherScope);
  // a row that is itself the scope gets a third one: with the scope of the existing row only its key would refuse it
  const foreign: SqlRow = keys.includes(column.name)
    ? { [column.name]: row[column.name] ?? 'NULL', ...fresh }
    : { ...fresh, [column.name]: row[column.name] ?? 'NULL' };
  const from = (scopeOf: string | null, how: string) =>
    attacks(scopeOf, how, [
      ['SELECT', `SELECT * FROM ${name} WHERE ${key}`],
      [
        'subquery',
        `SELECT (SELECT ${own} FROM ${name} WHERE ${key}) AS leaked WHERE EXISTS (SELECT 1 FROM ${name} WHERE ${key})`,
      ],
      [
        'join',
        `SELECT b.* FROM (SELECT 1 AS one) AS a JOIN ${name} AS b ON a.one = 1 WHERE ${keyOf(table, row, 'b')}`,
      ],
      ['UPDATE', `UPDATE ${name} SET ${own} = ${own} WHERE ${key}`],
      ['DELETE', `DELETE FROM ${name} WHERE ${key}`],
      ...probe.partitions.slice(0, 1).flatMap((partition): [string, string][] => [
        ['SELECT from a partition', `SELECT * FROM ${identifier(partition)} WHERE ${key}`],
        ['DELETE from a partition', `DELETE FROM ${identifier(partition)} WHERE ${key}`],
      ]),
    ]);
  const refused = (what: string, as: string, statement: string): Attack => ({
    name: what,
    as: 'app',
    statements: [statement],
    expect: 'refused',
    scope: as,
  });
  const taken = { ...row, [column.name]: moved };
  // if the scope is part of the key, rows of two scopes never collide
  const meets = !keys.includes(column.name);
  const upsert = `${insert(name, taken)} ON CONFLICT (${identifiers(keys)}) DO UPDATE SET ${own} = excluded.${own}`;
  const reads = `SELECT * FROM ${name} WHERE ${key}`;
  const verified: readonly Attack[] = probe.verifiesContext
    ? [
        ...contextChanges(scope).map(
          ([what, change]): Attack => ({
            name: what,
            as: 'app',
            statements: [change, reads],
            expect: 'refused',
            scope: otherScope,
          }),
        ),
        refused(
          'changing the scope within one SELECT',
          otherScope,
          `SELECT t.* FROM (SELECT set_config('ashlar.scope', ${literal(everyScope)}, true) OFFSET 0) AS s, ${name} AS t WHERE ${keyOf(table, row, 't')}`,
        ),
        ...attacks(otherScope, 'from another scope', [
          [
            'SELECT that asks as the owner',
            `${reads} AND (SELECT sees FROM ashlar_context(${ownerOf('ashlar_context(name)')})) = '*'`,
          ],
          ...(['low', 'high'] as const).map((end): [string, string] => [
            `SELECT that asks for the ${end} end of the range as the owner`,
            `${reads} AND ${rangeOf(column)}_${end}(${ownerOf(`${rangeOf(column)}_${end}(name)`)}) IS NOT NULL`,
          ]),
        ]),
        ...(
          [
            ['reading the keys', 'SELECT * FROM ashlar_context_keys'],
            ['removing the keys', 'DELETE FROM ashlar_context_keys'],
            ['becoming a reader of every scope', 'SELECT * FROM ashlar_every_scope'],
            [
              'signing with what anybody may know of the key',
              `SELECT set_config('ashlar.scope', ${literal(everyScope)}, true), set_config('ashlar.token', format('%s.%s.%s', s.id, (extract(epoch FROM now()) * 1000)::bigint, encode(sha256(convert_to(s.check_value || s.identity, 'UTF8')), 'hex')), true), ashlar_context(current_user) FROM ashlar_signing() AS s`,
            ],
          ] as const
        ).map(([what, statement]) => refused(what, otherScope, statement)),
      ]
    : [];
  const beside = hiddenIn(table, probe).flatMap(({ name: side }): [string, string][] => [
    [`SELECT from ${side}`, `SELECT * FROM ${identifier(side)}`],
  ]);
  return [
    ...attacks(otherScope, 'from another scope', beside),
    ...attacks(null, 'without a scope', beside),
    ...from(otherScope, 'from another scope'),
    ...from(null, 'without a scope'),
    ...verified,
    refused('INSERT into another scope', otherScope, insert(name, foreign)),
    refused('moving a row into another scope', scope, `UPDATE ${name} SET ${own} = ${moved} WHERE ${key}`),
    ...(meets ? [refused('upsert on a row of another scope', otherScope, upsert)] : []),
    ...(dialect === 'sqlite'
      ? [
          ...inAnotherName(table, probe, foreign),
          refused('SELECT past the view', otherScope, `SELECT * FROM main.${name} WHERE ${key}`),
          ...hiddenIn(table, probe).map(({ name: side }) =>
            refused(`SELECT past the view of ${side}`, otherScope, `SELECT * FROM main.${identifier(side)}`),
          ),
          ...(meets
            ? [refused('REPLACE of a row of another scope', otherScope, insert(name, taken, 'REPLACE'))]
            : []),
        ]
      : []),
  ];
}

/**
 * Statements of a program that says itself for which scope it acts: on a file the triggers alone refuse those. They are tried with a
 * row that exists, and with a new one that no other row refers to.
 */
const inAnotherName = (table: GuardedTable, probe: Probe, foreign: SqlRow): readonly Attack[] => {
  const { row, fresh, otherScope = '' } = probe;
  const name = identifier(table.name);
  const take = `UPDATE ashlar_session SET scope = ${literal(otherScope)}`;
  const [any = ''] = Object.keys(row).map(identifier);
  const [here, there] = [keyOf(table, row), isFresh(table, probe)];
  const drafts = [
    aDraft('INSERT by a writer of another scope', take, insert(name, foreign)),
    aDraft('UPDATE by a writer of another scope', take, `UPDATE ${name} SET ${any} = ${any} WHERE ${here}`),
    aDraft('DELETE by a writer of another scope', take, `DELETE FROM ${name} WHERE ${here}`),
    // only the database writes a trail
    ...(table.facts.trail
      ? []
      : [
          aDraft(
            'UPDATE of a new row by a writer of another scope',
            insert(name, fresh),
            take,
            `UPDATE ${name} SET ${any} = ${any} WHERE ${there}`,
          ),
          aDraft(
            'DELETE of a new row by a writer of another scope',
            insert(name, fresh),
            take,
            `DELETE FROM ${name} WHERE ${there}`,
          ),
        ]),
  ];
  return triedBy(['owner'], drafts);
};

const ownerOf = (signature: string): string =>
  `(SELECT pg_get_userbyid(proowner) FROM pg_proc WHERE oid = '${signature}'::regprocedure)`;

/** The hidden tables that the database has: an older one need not have those that came later. */
const hiddenIn = (table: GuardedTable, { dialect, olderVersion = Number.POSITIVE_INFINITY }: Probe) =>
  hiddenTables(table, dialect).filter(({ since }) => since <= olderVersion);

const attacks = (
  scope: string | null,
  how: string,
  statements: readonly (readonly [string, string])[],
): readonly Attack[] =>
  statements.map(([what, statement]) => ({
    name: `${what}, ${how}`,
    as: 'app',
    statements: [statement],
    expect: 'untouched',
    scope,
  }));

const keyOf = (table: GuardedTable, row: SqlRow, alias?: string): string =>
  table.primaryKey.columns
    .map((name) => `${alias ? `${alias}.` : ''}${identifier(name)} = ${row[name] ?? 'NULL'}`)
    .join(' AND ');

const insert = (table: string, row: SqlRow, verb = 'INSERT'): string =>
  `${verb} INTO ${table} (${identifiers(Object.keys(row))}) VALUES (${Object.values(row).join(', ')})`;
