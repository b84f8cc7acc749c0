import type { SqlDialect } from '../../contract/dialect.js';
import type { Owner } from '../../contract/owner.js';
import { identifier } from '../../model/index.js';

/** A column of a table that stores rows. */
export interface StoredColumn {
  readonly name: string;
  /** What remains of the column when it is renamed; `undefined` where the engine has nothing of the kind. */
  readonly id: string | undefined;
  /** The default as SQL, if it is the same for each row. */
  readonly standard: string | undefined;
  readonly computed: boolean;
}

/** A table that stores rows. */
export interface StoredTable {
  readonly name: string;
  readonly id: string;
  readonly storage: string;
  /** The table as FROM takes it. */
  readonly source: string;
  readonly columns: readonly StoredColumn[];
}

/** Reads which tables of the schema store rows. Reads the catalogue only. */
export async function readTables(owner: Owner, { contents }: SqlDialect): Promise<readonly StoredTable[]> {
  const tables = new Map<string, StoredTable & { readonly columns: StoredColumn[] }>();
  for (const row of await owner.run(contents.tables)) {
    const name = String(row.table);
    const table = tables.get(name) ?? {
      name,
      id: String(row.id),
      storage: String(row.storage),
      source: String(row.source),
      columns: [],
    };
    tables.set(name, table);
    if (row.column === null) continue;
    const standard = row.standard === null ? undefined : String(row.standard);
    table.columns.push({
      name: String(row.column),
      id: row.column_id === null ? undefined : String(row.column_id),
      // a call may have an effect: nextval
      standard: standard?.includes('(') ? undefined : standard,
      computed: row.computed === true || row.computed === 1,
    });
  }
  return [...tables.values()];
}

/** The names that tables had before and that a step gave them, in the order of its statements. */
export type TableRenames = readonly (readonly [from: string, to: string])[];

/** Finds what became of a table: the table itself, under its name or a new one, or another of the same name. */
export function successorOf(
  before: StoredTable,
  after: readonly StoredTable[],
  renames: TableRenames,
): StoredTable | undefined {
  const byName = before.id === before.name;
  const renamed = renames.reduce(
    (name, [from, to]) => (name.toLowerCase() === from.toLowerCase() ? to : name),
    before.name,
  );
  return (
    after.find(({ id, name }) =>
      byName ? name.toLowerCase() === renamed.toLowerCase() : id === before.id,
    ) ?? after.find(({ name }) => name === before.name)
  );
}

/** Finds a column in the table that its own table became; `undefined` if it is gone by name. */
export function sameColumn(
  column: StoredColumn,
  from: StoredTable,
  to: StoredTable,
): StoredColumn | undefined {
  const isSame = from.id === to.id && column.id !== undefined;
  return to.columns.find(({ name, id }) => (isSame ? id === column.id : name === column.name));
}

/** The numbers of rows and values of a table at one moment. */
export interface TableCount {
  readonly rows: number;
  readonly columns: ReadonlyMap<string, ColumnCount>;
}

interface ColumnCount {
  /** The rows that have a value. */
  readonly filled: number;
  /** The rows whose value is not the default. */
  readonly own: number | undefined;
  readonly fingerprint: string | undefined;
}

/** PostgreSQL returns at most 1,664 columns, SQLite 2,000. */
const columnsAtOnce = 400;

/**
 * Counts the rows and values of a table; reads all of it.
 *
 * @param closely - the columns of which the own values are counted, and whose values are described in one text
 */
export async function countTable(
  owner: Owner,
  { contents }: SqlDialect,
  { source, columns }: StoredTable,
  closely: (column: StoredColumn) => boolean,
): Promise<TableCount> {
  const counted = columns.filter(({ computed }) => !computed);
  const counts = new Map<string, ColumnCount>();
  let rows = 0;
  for (let from = 0; from === 0 || from < counted.length; from += columnsAtOnce) {
    const some = counted.slice(from, from + columnsAtOnce);
    const expressions = some.flatMap((column, at) => {
      const name = identifier(column.name);
      const filled = `count(${name}) AS f${at}`;
      if (!closely(column)) return [filled];
      const differs = `${contents.text(name)} IS DISTINCT FROM ${contents.text(column.standard ?? 'NULL')}`;
      return [
        filled,
        `count(*) FILTER (WHERE ${differs}) AS o${at}`,
        `${contents.fingerprint(name)} AS p${at}`,
      ];
    });
    const [row = {}] = await owner.run(
      `SELECT ${['count(*) AS n', ...expressions].join(', ')} FROM ${source}`,
    );
    rows = Number(row.n);
    for (const [at, { name }] of some.entries()) {
      counts.set(name, {
        filled: Number(row[`f${at}`]),
        own: row[`o${at}`] === undefined ? undefined : Number(row[`o${at}`]),
        fingerprint: row[`p${at}`] === undefined ? undefined : String(row[`p${at}`]),
      });
    }
  }
  return { rows, columns: counts };
}
