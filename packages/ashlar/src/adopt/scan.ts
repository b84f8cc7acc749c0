import type { ValueFacts } from '../contract/adoption.js';
import type { SqlDialect } from '../contract/dialect.js';
import type { Owner } from '../contract/owner.js';
import type { SchemaTable } from '../contract/schema.js';
import { identifier } from '../model/index.js';

/** The rows of a table that are read for its values. */
export interface ScannedTable {
  readonly name: string;
  /** The rows of the table: estimated on PostgreSQL, counted on SQLite. */
  readonly rows: number;
  /** Whether only the first rows are read. */
  readonly isPart: boolean;
}

/** What the columns of tables store, by table and column. */
export type TableFacts = ReadonlyMap<string, ReadonlyMap<string, ValueFacts>>;

/** Tables whose values are read. */
export interface Scanning {
  readonly owner: Owner;
  readonly dialect: SqlDialect;
  readonly tables: readonly SchemaTable[];
  /** The most rows to read of each table. */
  readonly most: number;
}

/** How many rows of each table are read unless another number is given. */
export const standardRows = 100_000;

// SQLite has no more than 2,000 columns in a result
const mostMeasures = 1_500;

/** Returns the tables whose values say more than their types, with their numbers of rows. */
export async function tablesToScan({
  owner,
  dialect,
  tables,
  most,
}: Scanning): Promise<readonly ScannedTable[]> {
  const found: ScannedTable[] = [];
  for (const table of tables) {
    if (measuresOf(dialect, table).length === 0) continue;
    const [row] = await owner.run(dialect.contents.estimate(identifier(table.name)));
    const rows = Math.max(Number(row?.rows ?? 0), 0);
    found.push({ name: table.name, rows, isPart: rows > most });
  }
  return found;
}

/** Reads the values of tables: one query for each, in the order of the rows, without holding any of them. */
export async function scanTables(scanning: Scanning): Promise<TableFacts> {
  const { dialect, tables } = scanning;
  const facts = new Map<string, ReadonlyMap<string, ValueFacts>>();
  for (const table of tables) {
    const measures = measuresOf(dialect, table);
    if (measures.length > 0) facts.set(table.name, await factsOf(scanning, table, measures));
  }
  return facts;
}

interface Measure {
  readonly column: string;
  readonly name: string;
  readonly sql: string;
}

const measuresOf = ({ adoption }: SqlDialect, { columns }: SchemaTable): readonly Measure[] =>
  columns.flatMap((column) =>
    Object.entries(adoption.measures(column, identifier(column.name))).map(([name, sql]) => ({
      column: column.name,
      name,
      sql,
    })),
  );

const factsOf = async (
  { owner, most }: Scanning,
  { name }: SchemaTable,
  measures: readonly Measure[],
): Promise<ReadonlyMap<string, ValueFacts>> => {
  const facts = new Map<string, Record<string, number>>();
  for (let from = 0; from < measures.length; from += mostMeasures) {
    const part = measures.slice(from, from + mostMeasures);
    const list = part.map(({ sql }, at) => `${sql} AS m${at}`).join(', ');
    const [row] = await owner.run(
      `SELECT ${list} FROM (SELECT * FROM ${identifier(name)} LIMIT ${most}) AS read_rows`,
    );
    for (const [at, { column, name: measure }] of part.entries()) {
      const known = facts.get(column) ?? {};
      facts.set(column, { ...known, [measure]: Number(row?.[`m${at}`] ?? 0) });
    }
  }
  return facts;
};
