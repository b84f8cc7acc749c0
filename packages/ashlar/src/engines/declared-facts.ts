import type { GuardedTable } from '../contract/guarantee.js';
import type { ForeignKey, TableFacts } from '../contract/table.js';
import type { ErrorFacts } from '../errors.js';
import { identityColumn, propertiesOf, sideTables } from '../model/index.js';
import { mentions } from '../sql/code.js';
import { columnsIn, uniqueExpressions } from '../sql/declared-indexes.js';
import { indexedColumns } from '../sql/index-object.js';

/** A key that allows each value once, and the name that facts of errors give it. */
export interface NamedKey {
  readonly name: string;
  readonly columns: readonly string[];
  /** Whether the key is over expressions, which name the columns. */
  readonly hasExpressions?: boolean;
}

/** What an engine reports about a violation: the names that its message has, those of the database. */
export interface Reported {
  readonly table?: string | undefined;
  readonly constraint?: string | undefined;
  readonly columns?: readonly string[] | undefined;
}

/** Leaves out what is not known. */
const facts = (given: { readonly [K in keyof ErrorFacts]: ErrorFacts[K] | undefined }): ErrorFacts =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));

const keysOfTables = new WeakMap<GuardedTable, readonly NamedKey[]>();

/** All keys of a table that allow each value once, those that guarantees add included: the primary key is the first. */
export function uniqueKeysOf(table: GuardedTable): readonly NamedKey[] {
  const known = keysOfTables.get(table);
  if (known) return known;
  const objects = table.guarantees.flatMap(({ postgres, sqlite }) => {
    const kept = postgres.level === 'refused' ? sqlite : postgres;
    return kept.level === 'refused' ? [] : kept.objects(table);
  });
  const added = objects.flatMap(({ type, name, sql }) => {
    const columns = type === 'index' ? indexedColumns(sql) : undefined;
    return columns ? [{ name, columns }] : [];
  });
  const unique = table.indexes.filter((index) => index.unique);
  const overExpressions = uniqueExpressions(table).map((index) => ({
    name: index.name,
    columns: columnsIn(table, index),
    hasExpressions: true,
  }));
  const keys = [table.primaryKey, ...table.uniques, ...unique, ...overExpressions, ...added];
  keysOfTables.set(table, keys);
  return keys;
}

/** Returns whether a key has exactly the given columns, without expressions. */
export function isOver({ columns: own, hasExpressions }: NamedKey, columns: readonly string[]): boolean {
  return !hasExpressions && sameColumns(own, columns);
}

const sameColumns = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((name) => other.includes(name));

/**
 * The registered tables. From what an engine reports of a violation it derives the facts of the error, so that they are
 * the same on every engine: the names that the tables declare, never those of a partition, and the properties of columns.
 */
export class DeclaredFacts {
  readonly #tables = new Map<string, GuardedTable>();

  register(tables: readonly GuardedTable[]): void {
    for (const table of tables) this.#tables.set(table.name, table);
  }

  /** All registered tables. */
  get tables(): readonly GuardedTable[] {
    return [...this.#tables.values()];
  }

  /** Returns the registered table that a relation is, or that it is a partition of. */
  table(relation: string | undefined): GuardedTable | undefined {
    if (relation === undefined) return undefined;
    const known = this.#tables.get(relation);
    if (known) return known;
    // audit_logs_2026_11, audit_logs_2028_01_2028_03, audit_logs_default
    const partitioned = this.#tables.get(relation.replace(/(_\d{4}_\d{2}){1,2}(_aside)?$|_default$/, ''));
    return partitioned?.facts.partition ? partitioned : undefined;
  }

  /** Returns the name of the only registered table that has a unique key of this name. */
  tableOfKey(key: string): string | undefined {
    return only(this.tables.filter((table) => uniqueKeysOf(table).some(({ name }) => name === key)))?.name;
  }

  /** The facts of a row that has the unique key of another row. */
  unique({ table: relation, constraint, columns }: Reported): ErrorFacts {
    const table = this.table(relation);
    const keys = table ? uniqueKeysOf(table) : [];
    const byName = keys.find(({ name }) => name === constraint);
    const byColumns = columns ? keys.filter((key) => isOver(key, columns)) : [];
    // PostgreSQL names the key of a partition after the partition
    const derived = keys.find((key) =>
      ['pkey', ...['key', 'idx'].map((suffix) => `${key.columns.join('_')}_${suffix}`)]
        .map((suffix) => `${relation}_${suffix}`)
        .some((name, at) => name === constraint && (at > 0 || key === keys[0])),
    );
    const nothing = constraint === undefined && columns === undefined;
    const key = byName ?? only(byColumns) ?? derived ?? (nothing ? only(keys) : undefined);
    if (table && key)
      return { table: table.name, columns: propertiesOf(table, key.columns), constraint: key.name };
    return facts({ ...about(table, relation, byColumns[0]?.columns ?? columns), constraint });
  }

  /** The facts of a foreign key that a statement violates; those of the table that declares it. */
  foreignKey({ table: relation, constraint, columns }: Reported): ErrorFacts {
    const found = this.#foreignKey({ table: relation, constraint, columns });
    if (found) {
      const { table, key } = found;
      return { table: table.name, columns: propertiesOf(table, key.columns), constraint: key.name };
    }
    return facts({ ...about(this.table(relation), relation, columns), constraint });
  }

  /** The table that a declared foreign key refers to. */
  target(reported: Reported): string | undefined {
    return this.#foreignKey(reported)?.key.target.table;
  }

  /**
   * The facts of a CHECK that refused a row. Of a table's CHECK the columns are those that its condition names.
   *
   * @param likely - the table that the statement writes to, in case several tables have a CHECK of this name
   */
  check({ table: relation, constraint }: Reported, likely?: string): ErrorFacts {
    const given = this.table(relation);
    const declaring = (given ? [given] : this.tables).filter((table) => checkedColumns(table, constraint));
    const table = declaring.find(({ name }) => name === likely) ?? only(declaring);
    const columns = table && checkedColumns(table, constraint);
    return facts({ ...about(table ?? given, relation, columns), constraint });
  }

  /** The facts of a required column without a value. */
  notNull({ table: relation, columns }: Reported): ErrorFacts {
    return facts(about(this.table(relation), relation, columns));
  }

  /**
   * The facts of a statement that a guarantee refused; the columns are those that the guarantee is declared over.
   *
   * @param text - what the guarantee says. It begins with `table.column` where a table has a guarantee twice
   */
  guarantee(guarantee: string, relation: string | undefined, text: string): ErrorFacts {
    const table = this.table(relation);
    const declared = table?.guarantees.filter(({ name }) => name === guarantee) ?? [];
    const begins = (column: string): boolean => text.startsWith(`${table?.name}.${column} `);
    const said = declared.filter(({ columns = [] }) => columns.some(begins));
    // "Status" begins "Status Old"
    const longest = Math.max(0, ...said.flatMap(({ columns = [] }) => columns.filter(begins).map(lengthOf)));
    const meant = said.filter(({ columns = [] }) =>
      columns.some((column) => begins(column) && column.length === longest),
    );
    const columns = (only(meant) ?? only(declared))?.columns;
    const generated = guarantee === 'autoincrement' && table ? identityColumn(table) : undefined;
    return facts({
      ...about(table, relation, generated ? [generated.name] : columns),
      guarantee,
    });
  }

  /**
   * Returns what a guarantee says, without a status that its lifecycle does not declare: PostgreSQL repeats the statuses
   * of the rows, and one that is not declared may be any text.
   */
  withoutValues(guarantee: string, relation: string | undefined, text: string): string {
    const [, column, statuses = ''] = /^\w+\.(.+?) cannot (?:begin as|go from) (.*)$/s.exec(text) ?? [];
    if (guarantee !== 'lifecycle' || column === undefined) return text;
    const table = this.table(relation);
    const declared = table?.columns[column]?.rules.oneOf?.map(String) ?? [];
    const known = declared.flatMap((from) => [from, ...declared.map((to) => `${from} to ${to}`)]);
    return known.includes(statuses) ? text : `${table?.name ?? relation}.${column} has no such status`;
  }

  /** The facts of a write to a side table that a guarantee adds; `undefined` if the relation is none. */
  sideTable(relation: string | undefined): ErrorFacts | undefined {
    const side = this.tables
      .flatMap((table) => sideTables(table, 'postgres'))
      .find(({ name }) => name === relation);
    return side && { table: side.name, guarantee: side.guarantee };
  }

  #foreignKey({
    table: relation,
    constraint,
    columns = [],
  }: Reported): { readonly table: TableFacts; readonly key: ForeignKey } | undefined {
    const given = this.table(relation);
    const isMeant = (key: ForeignKey): boolean =>
      constraint === undefined ? sameColumns(key.columns, columns) : key.name === constraint;
    return only(
      (given ? [given] : this.tables).flatMap((table) =>
        table.foreignKeys.filter(isMeant).map((key) => ({ table, key })),
      ),
    );
  }
}

/** The table and the properties of its columns; the names as they are where the table is not registered. */
const about = (
  table: GuardedTable | undefined,
  relation: string | undefined,
  columns: readonly string[] | undefined,
): { table: string | undefined; columns: readonly string[] | undefined } => ({
  table: table?.name ?? relation,
  columns: table && columns ? propertiesOf(table, columns) : columns,
});

const lengthOf = ({ length }: string): number => length;

const only = <T>(list: readonly T[]): T | undefined => (list.length === 1 ? list[0] : undefined);

const checkedColumns = (
  table: GuardedTable,
  constraint: string | undefined,
): readonly string[] | undefined => {
  const names = Object.keys(table.columns);
  const column = names.find((name) => constraint === `${table.name}_${name}_check`);
  if (column !== undefined) return [column];
  const check = table.checks.find(({ name }) => name === constraint);
  return check && names.filter((name) => mentions(check.sql.postgres, name, 'postgres'));
};
