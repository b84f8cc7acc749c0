import type { Probe } from '../../contract/attack.js';
import type { RunSql } from '../../contract/sql.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier, literal } from '../../model/index.js';

/** What a line of an audit trail records. */
export type Operation = 'insert' | 'update' | 'delete';

/** The condition that finds the lines of the probe's fresh row in a trail, by the known columns of its key. */
export function freshKey(table: TableFacts, { fresh }: Probe): string {
  const known = table.primaryKey.columns.filter((name) => fresh[name] !== undefined);
  if (known.length > 0) return keyIs(plainly(table, known).map((name) => [name, fresh[name] ?? 'NULL']));
  // a generated key is the greatest until another row is inserted
  return keyIs(
    table.primaryKey.columns.map((name) => [
      name,
      `(SELECT max(${identifier(name)}) FROM ${identifier(table.name)})`,
    ]),
  );
}

/** The condition that finds the lines of the probe's existing row in a trail. */
export function rowKey(table: TableFacts, { row }: Probe): string {
  return keyIs(plainly(table, table.primaryKey.columns).map((column) => [column, row[column] ?? 'NULL']));
}

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
  /** The name of the trail. */
  readonly trail: string;
  readonly operation: Operation;
  /** The condition that finds the lines of the row. */
  readonly key: string;
}

/** Says that a trail has a line of a change; `undefined` if it has none. */
export async function lineOf({ run, table, trail, operation, key }: SoughtLine): Promise<string | undefined> {
  const lines = await run(
    `SELECT id FROM ${identifier(trail)} WHERE table_name = ${literal(table.name)} AND operation = ${literal(operation)} AND ${key}`,
  );
  return lines.length > 0 ? `the trail ${trail} records the ${operation}` : undefined;
}
