import { type Kysely, sql } from 'kysely';
import { AshlarError } from '../errors.js';
import { storedValue, type Table } from '../model/index.js';
import type { SessionParts } from './parts.js';
import type { Statement } from './statements.js';
import { updateValues } from './values.js';
import { type AnyTables, conditionOf } from './where.js';

/**
 * Returns the statement that updates every row that meets a condition; `undefined` if no row can meet it.
 *
 * @throws AshlarError `value-invalid`, `value-unstorable`; `usage` when no column is given, for an encrypted column, and
 *   for a condition that {@link conditionOf} refuses
 */
export function updateManyStatement(
  parts: SessionParts,
  table: Table,
  where: unknown,
  update: unknown,
): Statement | undefined {
  const { engine, builder } = parts;
  const values = updateValues(parts, table, update);
  refuseEncrypted(table, values);
  const condition = conditionOf(engine, table, where);
  if (condition === 'none') return undefined;
  // fragments of SQL, which the builder leaves as they are: these values have been checked and encoded. It adds the
  // columns that every update sets to the current time
  const assigned = Object.values(table.columns).flatMap((column) => {
    const value = values[column.name];
    return value === undefined
      ? []
      : [[column.name, sql`${engine.encode(column, storedValue(column, value))}`] as const];
  });
  const all = tableIn(builder).updateTable(table.name).set(Object.fromEntries(assigned));
  return (condition ? all.where(condition) : all).compile();
}

/**
 * Returns the statement that deletes every row that meets a condition; `undefined` if no row can meet it.
 *
 * @throws AshlarError `usage`, `value-invalid` for a condition that {@link conditionOf} refuses
 */
export function deleteManyStatement(
  { engine, builder }: SessionParts,
  table: Table,
  where: unknown,
): Statement | undefined {
  const condition = conditionOf(engine, table, where);
  if (condition === 'none') return undefined;
  const all = tableIn(builder).deleteFrom(table.name);
  return (condition ? all.where(condition) : all).compile();
}

const tableIn = (builder: Kysely<unknown>): Kysely<AnyTables> => builder as Kysely<AnyTables>;

const refuseEncrypted = (table: Table, values: Readonly<Record<string, unknown>>): void => {
  const { columns = [], blindIndexes = [] } = table.facts.encryption ?? {};
  const written = [...columns, ...blindIndexes.map(({ into }) => into)].find(
    ({ name }) => values[name] !== undefined,
  );
  if (!written) return;
  throw new AshlarError('usage', {
    message: `updateMany cannot set ${table.name}.${written.name}, which is encrypted.`,
    detail: 'A ciphertext is bound to one row, so each row needs its own.',
    suggestion: 'Update the rows one by one with s.update(…).',
  });
};
