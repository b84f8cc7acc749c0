import type { DeclaredType } from '../../../contract/adoption.js';
import type { Column } from '../../../contract/column.js';
import type { GuardedTable } from '../../../contract/guarantee.js';
import type { ExternalColumns, ExternalTables, GuardedPlace, GuardSql } from '../../../contract/guards.js';
import type { Owner } from '../../../contract/owner.js';
import type { Schema, SchemaColumn } from '../../../contract/schema.js';
import type { RunSql } from '../../../contract/sql.js';
import { foldedName, identifier, isOwn, literal, quoted } from '../../../model/index.js';
import { columnType } from './column-sql.js';

/** A type of a file says little of its values, so every column is native but one: a single key of this type is the rowid. */
const typeOf = (_schema: Schema, { type }: SchemaColumn): DeclaredType =>
  type.toUpperCase() === 'INTEGER' ? { as: 'integer' } : { as: 'native', type: type || 'ANY' };

const declaredAs = (column: Column): string => column.native ?? columnType(column);

const place = async (owner: Owner, { tables }: ExternalTables, found: Schema): Promise<void> => {
  for (const [name, columns] of Object.entries(tables)) {
    const present = await owner.run(
      `SELECT name, type FROM pragma_table_info(${literal(name)}) ORDER BY cid`,
    );
    const wanted = Object.entries(columns).map(([column, type]) => ({ name: column, type }));
    if (JSON.stringify(present) === JSON.stringify(wanted)) continue;
    if (present.length > 0) await owner.script(`DROP TABLE ${identifier(name)}`);
    const definitions = wanted.map((column) => `${identifier(column.name)} ${quotedType(column.type)}`);
    await owner.script(`CREATE TABLE ${identifier(name)} (${definitions.join(', ')})`);
    for (const { definition } of found.tables.find((each) => each.name === name)?.triggers ?? [])
      await owner.script(definition);
  }
};

// a type may be any words, with parentheses behind them
const quotedType = (type: string): string => {
  const [, words = type, rest = ''] = /^(.*?)\s*(\([^()]*\))?$/s.exec(type) ?? [];
  return `${quoted(words)}${rest}`;
};

type Row = Readonly<Record<string, unknown>>;

/** Returns why a guard cannot be put on the tool's tables of a file, one line each. */
const obstacles = async (
  run: RunSql,
  { tables: guarded }: GuardedPlace,
  tables: readonly GuardedTable[],
): Promise<readonly string[]> => {
  const external = tables.filter((table) => guarded.includes(table.name) && table.external);
  const lines: string[] = [];
  for (const table of external) lines.push(...(await ofTable(run, table)));
  return lines;
};

const ofTable = async (run: RunSql, table: GuardedTable): Promise<readonly string[]> => {
  const name = literal(table.name);
  const [kind] = await run(
    `SELECT l.type AS type, l.wr AS keyed FROM pragma_table_list l WHERE l.schema = 'main' AND l.name = ${name}`,
  );
  if (!kind) return [`there is no table ${table.name} in the file`];
  if (table.guarantees.length === 0) return [];
  if (kind.type !== 'table') return [`${table.name} is a ${kind.type} table`.replace('view table', 'view')];
  if (Number(kind.keyed) === 1)
    return [`${table.name} is WITHOUT ROWID, and its triggers tell rows apart by their rowid`];
  const columns = await run(`SELECT name, type, pk FROM pragma_table_xinfo(${name})`);
  const indexes = await run(
    `SELECT i.name, i.origin, i.partial, json_group_array(c.name) AS columns, sum(c.name IS NULL) AS computed
     FROM pragma_index_list(${name}) i JOIN pragma_index_info(i.name) c WHERE i."unique" = 1 GROUP BY i.name ORDER BY i.name`,
  );
  return [...ofColumns(table, columns), ...ofKeys(table, columns, indexes)];
};

/** A type without the letters and spaces that make no difference: `NUMERIC(10, 2)` → `numeric(10,2)`. */
const spaced = (type: string): string => foldedName(type).replaceAll(/\s*([(),])\s*/g, '$1');

const ofColumns = (table: GuardedTable, rows: readonly Row[]): readonly string[] => {
  const types = new Map(rows.map((row) => [String(row.name), String(row.type)]));
  return [
    ...Object.values(table.columns).flatMap((column) => {
      const type = types.get(column.name);
      if (type === undefined) return [`${table.name} has no column ${column.name}`];
      const declared = declaredAs(column);
      return spaced(declared) === spaced(type || 'ANY')
        ? []
        : [
            `${table.name}.${column.name} has the type ${type || 'of no name'}, and is declared as ${declared}`,
          ];
    }),
    ...[...types.keys()]
      .filter((name) => isOwn(foldedName(name)))
      .map((name) => `${table.name}.${name} has a name that Ashlar’s triggers use`),
  ];
};

const sameNames = (a: readonly string[], b: readonly string[]): boolean =>
  JSON.stringify([...a].sort()) === JSON.stringify([...b].sort());

// REPLACE deletes the row with which it shares a unique key, on the tool's connections without firing triggers
const ofKeys = (table: GuardedTable, columns: readonly Row[], indexes: readonly Row[]): readonly string[] => {
  const key = columns.filter(({ pk }) => Number(pk) > 0).map(({ name }) => String(name));
  const declared = table.primaryKey.columns;
  if (!sameNames(key, declared))
    return [
      key.length === 0
        ? `${table.name} has no primary key, by which its triggers name the rows`
        : `the primary key of ${table.name} is ${key.join(', ')}, and is declared as ${declared.join(', ')}`,
    ];
  const [only, ...others] = declared.map((name) => table.columns[name]);
  const hasIndex = indexes.some(({ origin }) => origin === 'pk');
  if (others.length === 0 && only?.kind === 'integer' && hasIndex)
    return [
      `the key ${only.name} of ${table.name} is not its rowid, so it is no z.int(): declare it as native('${declaredAs(only)}')`,
    ];
  const known = [
    declared,
    ...table.uniques.map((unique) => unique.columns),
    ...table.indexes.filter(({ unique, where }) => unique && where === undefined).map((each) => each.columns),
  ];
  return indexes.flatMap((index) => {
    const names = (JSON.parse(String(index.columns)) as (string | null)[]).filter((name) => name !== null);
    if (Number(index.computed) > 0)
      return [
        `${table.name} has the unique index ${index.name} over an expression, by which REPLACE deletes rows unseen`,
      ];
    return known.some((each) => sameNames(each, names))
      ? []
      : [
          `${table.name} has a unique key over ${names.join(', ')} (${index.name}), which the declaration lacks: unique(…)`,
        ];
  });
};

const untold: GuardSql['untold'] = async (run, tables) => {
  const lines: string[] = [];
  for (const table of tables) {
    if (!table.external || table.facts.audited === undefined) continue;
    const declared = new Set(Object.values(table.columns).map(({ name }) => name));
    for (const { name } of await run(`SELECT name FROM pragma_table_xinfo(${literal(table.name)})`))
      if (!declared.has(String(name)))
        lines.push(
          `${table.name} has the column ${name}, which is not declared: no line of its trail has it`,
        );
  }
  return lines;
};

/** How SQLite guards tables of another tool: triggers on them, and Ashlar's own tables in the same file. */
export const sqliteGuarding: GuardSql = {
  currentSchema: undefined,
  typeOf,
  columns: (table): ExternalColumns =>
    Object.fromEntries(Object.values(table.columns).map((column) => [column.name, declaredAs(column)])),
  place,
  obstacles,
  untold,
};
