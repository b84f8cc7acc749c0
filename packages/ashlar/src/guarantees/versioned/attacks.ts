import type { Attack, Probe } from '../../contract/attack.js';
import type { SqlRow } from '../../contract/sql.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier, literal } from '../../model/index.js';
import {
  asReplica,
  type Draft,
  deletes,
  insertRow,
  merges,
  refused,
  replaces,
  targetOf,
  triedBy,
  triedByBoth,
  truncates,
  updates,
} from '../shared/attacks.js';
import { replacedByOtherPrograms } from '../shared/other-programs.js';
import { freshKey, lineOf } from '../shared/recorded-lines.js';
import type { VersionedColumns } from './columns.js';

/** Statements that change a version, fork or break a chain, or leave a key without a current version or with two. */
export function versionedAttacks(
  table: TableFacts,
  probe: Probe,
  columns: VersionedColumns,
): readonly Attack[] {
  const target = targetOf(table, probe);
  const plain = [...updates(target), ...deletes(target), ...truncates(probe, target)];
  const chained = [...edits(table, probe, columns), ...links(table, probe, columns)];
  return [
    ...triedByBoth([...plain, ...chained, ...merges(probe, target), ...replaces(table, probe)]),
    ...triedBy(['owner'], asReplica(probe, [...plain, ...edits(table, probe, columns)])),
    ...replacedByOtherPrograms(table, probe),
    ...triedBy(['app'], recorded(table, probe, columns)),
  ];
}

/** A new key with two versions; the second is current. */
interface Chain {
  readonly begun: readonly string[];
  /** Finds a version of the chain. */
  readonly where: (version: number) => string;
  /** The primary key of a version, as an expression. */
  readonly idOf: (version: number) => string;
  /** A further version with the given predecessor. */
  readonly follow: (version: number, previous: string, changes?: SqlRow) => string;
}

const chainOf = (table: TableFacts, { fresh, values }: Probe, columns: VersionedColumns): Chain => {
  const { id, key, version, current, previous } = columns;
  const { [id]: first, ...rest } = fresh;
  const name = identifier(table.name);
  const ofKey = key.map((column) => `${identifier(column)} = ${fresh[column]}`).join(' AND ');
  const where = (number: number): string => `${ofKey} AND ${identifier(version)} = ${number}`;
  const idOf = (number: number): string => `(SELECT ${identifier(id)} FROM ${name} WHERE ${where(number)})`;
  // a generated key is left to the database
  const another = first === undefined ? {} : { [id]: values[id] ?? first };
  // columns that must be unique among all versions, not only within the chain
  const own = table.uniques
    .filter((unique) => !unique.columns.includes(version))
    .flatMap((unique) => unique.columns);
  const elsewhere = Object.fromEntries(
    own
      .filter((column) => !key.includes(column))
      .flatMap((column) => (values[column] === undefined ? [] : [[column, values[column]]])),
  );
  const follow = (number: number, before: string, changes: SqlRow = {}): string =>
    insertRow(table.name, {
      ...rest,
      ...elsewhere,
      ...another,
      [version]: String(number),
      [current]: 'true',
      [previous]: before,
      ...changes,
    });
  const begin = insertRow(table.name, { ...fresh, [version]: '1', [current]: 'true', [previous]: 'NULL' });
  return { begun: [begin, follow(2, idOf(1))], where, idOf, follow };
};

/** Changes of the chain's versions in place. */
const edits = (table: TableFacts, probe: Probe, columns: VersionedColumns): readonly Draft[] => {
  const { begun, where } = chainOf(table, probe, columns);
  const name = identifier(table.name);
  const [current, version, previous] = [columns.current, columns.version, columns.previous].map(identifier);
  const { set } = targetOf(table, { ...probe, row: probe.fresh });
  const edit = (what: string, change: string, number: number): Draft =>
    refused(what, ...begun, `UPDATE ${name} SET ${change} WHERE ${where(number)}`);
  return [
    edit('an old version is edited', set, 1),
    edit('the current version is edited', set, 2),
    edit('an old version is set to current, so that two are current', `${current} = true`, 1),
    edit('the current version is set to not current, so that none is', `${current} = false`, 2),
    edit('a version is renumbered', `${version} = 7`, 2),
    edit('the link of a version to its predecessor is removed', `${previous} = NULL`, 2),
    {
      name: 'a successor leaves its predecessor current',
      statements: [...begun, `SELECT 1 FROM ${name} WHERE ${where(1)} AND ${current}`],
      expect: 'untouched',
    },
    refused('an old version is deleted', ...begun, `DELETE FROM ${name} WHERE ${where(1)}`),
    refused('the current version is deleted', ...begun, `DELETE FROM ${name} WHERE ${where(2)}`),
  ];
};

/** Versions that do not follow the current one. */
const links = (table: TableFacts, probe: Probe, columns: VersionedColumns): readonly Draft[] => {
  const { begun, idOf, follow } = chainOf(table, probe, columns);
  const [begin = ''] = begun;
  // one version only, so that the second's key is still free
  const after = (what: string, ...statements: string[]): Draft => refused(what, begin, ...statements);
  const strange = probe.row[columns.id] ?? 'NULL';
  return [
    after('a new version skips a number', follow(3, idOf(1))),
    after('a second version without a predecessor', follow(2, 'NULL')),
    after('another version with the number 1', follow(1, 'NULL')),
    after('a new version whose predecessor has another key', follow(2, strange)),
    ...(columns.scope === undefined || columns.key.includes(columns.scope) || probe.otherScope === undefined
      ? []
      : [
          after(
            'a new version in another scope than its predecessor',
            follow(2, idOf(1), { [columns.scope]: literal(probe.otherScope) }),
          ),
        ]),
    after('a new version that is not current', follow(2, idOf(1), { [columns.current]: 'false' })),
    ...(probe.fresh[columns.id] === undefined
      ? []
      : [after('a new version that is its own predecessor', follow(2, probe.values[columns.id] ?? 'NULL'))]),
  ];
};

/** A successor makes its predecessor an old version: of an audited table, the trail says so. */
const recorded = (table: TableFacts, probe: Probe, columns: VersionedColumns): readonly Draft[] => {
  const trail = table.facts.audited?.trail;
  if (trail === undefined || probe.fresh[columns.id] === undefined) return [];
  const { begun } = chainOf(table, probe, columns);
  return [
    {
      name: 'a version becomes an old one',
      statements: begun,
      expect: 'detected',
      detect: (run) => lineOf({ run, table, trail, operation: 'update', key: freshKey(table, probe) }),
    },
  ];
};
