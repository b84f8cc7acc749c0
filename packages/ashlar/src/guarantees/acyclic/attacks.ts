import type { Attack, Probe } from '../../contract/attack.js';
import type { SqlRow } from '../../contract/sql.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier } from '../../model/index.js';
import {
  asReplica,
  columnsAndValues,
  type Draft,
  givenKeys,
  hasWholeKey,
  insertRow,
  isFresh,
  isRow,
  refused,
  triedBy,
  triedByBoth,
} from '../shared/attacks.js';
import { triedByOtherPrograms } from '../shared/other-programs.js';
import type { Tree } from './tree.js';

/** Statements that create a cycle of one or two rows, by INSERT, UPDATE and upsert. */
export function acyclicAttacks(table: TableFacts, probe: Probe, tree: Tree): readonly Attack[] {
  const moves = moved(table, probe, tree);
  const drafts = [...moves, ...entered(table, probe, tree), ...replaced(table, probe, tree)];
  return [
    ...triedByBoth(drafts),
    ...triedBy(['owner'], asReplica(probe, moves)),
    ...(probe.dialect === 'sqlite' ? triedByOtherPrograms(drafts) : []),
  ];
}

/** The other columns in which a row must equal its parent row. */
const alike = ({ link, parent }: Tree, above: SqlRow): SqlRow =>
  Object.fromEntries(
    link.columns.flatMap((column, at) =>
      column === parent ? [] : [[column, above[link.target.columns[at] ?? ''] ?? 'NULL']],
    ),
  );

/** A new child of the existing row, and the expression for its key. */
const childOf = (table: TableFacts, probe: Probe, tree: Tree): { insert: string; key: string } => {
  const { row, fresh } = probe;
  const child = { ...fresh, ...alike(tree, row), [tree.parent]: row[tree.id] ?? 'NULL' };
  const found = `(SELECT ${identifier(tree.id)} FROM ${identifier(table.name)} WHERE ${isFresh(table, probe)})`;
  return { insert: insertRow(table.name, child), key: fresh[tree.id] ?? found };
};

const moved = (table: TableFacts, probe: Probe, tree: Tree): readonly Draft[] => {
  const name = identifier(table.name);
  const [key, up] = [tree.id, tree.parent].map(identifier);
  const where = isRow(table.primaryKey.columns, probe.row);
  const child = childOf(table, probe, tree);
  return [
    refused('a row becomes its own parent', `UPDATE ${name} SET ${up} = ${key} WHERE ${where}`),
    refused(
      'a row moves under its own child',
      child.insert,
      `UPDATE ${name} SET ${up} = ${child.key} WHERE ${where}`,
    ),
  ];
};

const entered = (table: TableFacts, probe: Probe, tree: Tree): readonly Draft[] => {
  if (!hasWholeKey(table, probe)) return [];
  const { fresh, values, row } = probe;
  const name = identifier(table.name);
  const [key, up] = [tree.id, tree.parent].map(identifier);
  const [first = 'NULL', second = 'NULL'] = [fresh[tree.id], values[tree.id]];
  const child = childOf(table, probe, tree);
  const one = { ...fresh, [tree.parent]: second };
  const other = { ...fresh, ...elsewhere(table, probe, tree), [tree.id]: second, [tree.parent]: first };
  const upsert = columnsAndValues({ ...row, [tree.parent]: child.key }, givenKeys(table, probe));
  return [
    refused(
      'INSERT of a row that is its own parent',
      insertRow(table.name, { ...fresh, [tree.parent]: first }),
    ),
    refused(
      'INSERT of two rows, each the parent of the other',
      `INSERT INTO ${name} ${columnsAndValues(one, givenKeys(table, probe))}, (${Object.keys(one)
        .map((column) => other[column] ?? 'NULL')
        .join(', ')})`,
    ),
    refused(
      'an upsert moves a row under its own child',
      child.insert,
      `INSERT INTO ${name} ${upsert} ON CONFLICT (${key}) DO UPDATE SET ${up} = excluded.${up}`,
    ),
  ];
};

/** Distinct values for unique columns, except those in which a row must equal its parent row. */
const elsewhere = (table: TableFacts, { fresh, values }: Probe, { link }: Tree): SqlRow =>
  Object.fromEntries(
    table.uniques
      .flatMap(({ columns }) => columns)
      .filter((column) => !link.columns.includes(column) && column in fresh)
      .flatMap((column) => (values[column] === undefined ? [] : [[column, values[column]]])),
  );

const replaced = (table: TableFacts, probe: Probe, tree: Tree): readonly Draft[] => {
  if (probe.dialect !== 'sqlite' || !hasWholeKey(table, probe)) return [];
  const child = childOf(table, probe, tree);
  const under = columnsAndValues({ ...probe.row, [tree.parent]: child.key }, givenKeys(table, probe));
  return [
    refused(
      'OR REPLACE puts a row under its own child',
      child.insert,
      `INSERT OR REPLACE INTO ${identifier(table.name)} ${under}`,
    ),
  ];
};
