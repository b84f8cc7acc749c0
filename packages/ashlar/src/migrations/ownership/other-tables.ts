import type { SqlDialect } from '../../contract/dialect.js';
import type { Owner } from '../../contract/owner.js';
import type { Schema, SchemaTable } from '../../contract/schema.js';
import { isName, nameOf, referredTables } from '../../sql/code.js';
import type { SqlStatement } from '../../sql/statements.js';
import { readTables, type StoredTable } from '../losses/contents.js';
import { Reader } from '../reader.js';
import type { StepBody } from '../steps.js';

/** The tables of a database that no step made and that a step does not name, as they were before it. */
export interface OtherTables {
  /**
   * Returns what the step does to one of them, as a clause after "the step"; `undefined` if each has its columns, its rows and
   * the tables that it refers to.
   *
   * @param after - the schema after the step
   */
  lossIn(after: Schema): Promise<string | undefined>;
}

/**
 * Describes these tables before a step. Rows are counted only before a step that changes rows: another one has no way to the
 * rows of a table that it does not name.
 *
 * @param isOther - whether no step made the table
 */
export async function otherTables(
  owner: Owner,
  dialect: SqlDialect,
  before: Schema,
  body: StepBody,
  isOther: (table: string) => boolean,
): Promise<OtherTables> {
  // what a function does cannot be read
  if (body.kind === 'code') return { lossIn: async () => undefined };
  const named = namesIn(body.statements);
  const tables = before.tables.filter(({ name }) => isOther(name) && !named.has(name.toLowerCase()));
  const counts =
    tables.length > 0 && body.statements.some(changesRows)
      ? await rowsOf(owner, dialect, tables)
      : new Map<string, number>();
  return {
    lossIn: async (after) => {
      for (const table of tables) {
        const loss = partLost(table, before, after, dialect);
        if (loss !== undefined) return loss;
      }
      const left = counts.size > 0 ? await rowsOf(owner, dialect, tables) : counts;
      for (const [name, rows] of counts) {
        const lost = rows - (left.get(name) ?? 0);
        if (lost > 0) return `would delete ${lost} row${lost === 1 ? '' : 's'} of the table ${name}.`;
      }
      return undefined;
    },
  };
}

const partLost = (
  table: SchemaTable,
  before: Schema,
  after: Schema,
  dialect: SqlDialect,
): string | undefined => {
  const now = after.tables.find(({ name }) => name === table.name);
  if (!now) return `would drop the table ${table.name}.`;
  const columns = new Set(now.columns.map(({ name }) => name));
  const column = table.columns.find(({ name }) => !columns.has(name));
  if (column) return `would drop the column ${table.name}.${column.name}.`;
  const exists = (schema: Schema, name: string): boolean => schema.tables.some((each) => each.name === name);
  const parent = parentsOf(now, dialect).find((name) => exists(before, name) && !exists(after, name));
  return parent === undefined
    ? undefined
    : `would drop ${parent}, to which a foreign key of the table ${table.name} refers.`;
};

const parentsOf = ({ columns, constraints }: SchemaTable, { name }: SqlDialect): readonly string[] =>
  [...columns.map(({ rest }) => rest), ...constraints.map(({ definition }) => definition)].flatMap((text) =>
    referredTables(text, name),
  );

const namesIn = (statements: readonly SqlStatement[]): ReadonlySet<string> =>
  new Set(
    statements.flatMap(({ tokens }) =>
      tokens.flatMap((token) => (isName(token) ? [nameOf(token).toLowerCase()] : [])),
    ),
  );

const changing: ReadonlySet<string> = new Set([
  'DELETE',
  'UPDATE',
  'REPLACE',
  'MERGE',
  'TRUNCATE',
  'DO',
  'CALL',
]);

// a SELECT may call a function that changes rows, and an INSERT run a trigger that does; but not one that fills a new table
const changesRows = ({ tokens }: SqlStatement, _: number, all: readonly SqlStatement[]): boolean => {
  const [first] = tokens;
  if (first?.word === 'CREATE' || first?.word === 'ALTER') return false;
  if (first?.word === 'SELECT' || tokens.some(({ word }) => changing.has(word))) return true;
  const reader = new Reader(tokens);
  if (!reader.take('INSERT', 'INTO')) return tokens.some(({ word }) => word === 'INSERT');
  const target = reader.table();
  return !all.some((other) => {
    const create = new Reader(other.tokens);
    return create.take('CREATE', 'TABLE') && create.table() === target;
  });
};

const rowsOf = async (
  owner: Owner,
  dialect: SqlDialect,
  tables: readonly SchemaTable[],
): Promise<ReadonlyMap<string, number>> => {
  const stored = new Map<string, StoredTable>();
  for (const table of await readTables(owner, dialect)) stored.set(table.name, table);
  const counts = new Map<string, number>();
  for (const { name } of tables) {
    const found = stored.get(name);
    if (!found) continue;
    const [row] = await owner.run(`SELECT count(*) AS n FROM ${found.source}`);
    counts.set(name, Number(row?.n));
  }
  return counts;
};
