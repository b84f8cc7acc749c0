import { type Kysely, sql } from 'kysely';
import { AshlarError } from '../errors.js';
import { assertTable, rightsOf, storedValue, type Table } from '../model/index.js';
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
  const { engine } = parts;
  const { builder } = parts.queries;
  const values = updateValues(parts, table, update);
  refuseEncrypted(table, values);
  const condition = conditionOf(engine, table, where);
  assertRight(parts, table, 'update');
  if (condition === 'none') return undefined;
  // fragments of SQL, which the builder leaves as they are: these values have been checked and encoded. It adds the
  // columns that every update sets to the current time
  const assigned = Object.values(table.columns).flatMap((column) => {
    const value = values[column.property];
    return value === undefined
      ? []
      : [[column.property, sql`${engine.encode(column, storedValue(column, value))}`] as const];
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
  parts: SessionParts,
  table: Table,
  where: unknown,
): Statement | undefined {
  const { engine } = parts;
  const { builder } = parts.queries;
  assertTable(table);
  const condition = conditionOf(engine, table, where);
  assertRight(parts, table, 'delete');
  if (condition === 'none') return undefined;
  const all = tableIn(builder).deleteFrom(table.name);
  return (condition ? all.where(condition) : all).compile();
}

// SQLite would change no row, and say so, where a server refuses the statement itself
const assertRight = (
  { engine: { connectedRole }, actsAsOwner }: SessionParts,
  table: Table,
  right: 'update' | 'delete',
): void => {
  if (actsAsOwner || (connectedRole?.canChangeSchema && connectedRole.sessionRole === undefined)) return;
  if (rightsOf(table)[right].length > 0) return;
  const withholding = table.guarantees.filter(
    ({ postgres }) => postgres.level !== 'refused' && postgres.rights?.(table).withheld?.includes(right),
  );
  throw new AshlarError('guarantee-violated', {
    message: `A session may not ${right} rows of ${table.name}.`,
    detail: `The guarantees of the table withhold this right: ${withholding.map(({ name }) => name).join(', ')}.`,
    facts: { table: table.name, ...(withholding[0] ? { guarantee: withholding[0].name } : {}) },
  });
};

const tableIn = (builder: Kysely<unknown>): Kysely<AnyTables> => builder as Kysely<AnyTables>;

const refuseEncrypted = (table: Table, values: Readonly<Record<string, unknown>>): void => {
  const { columns = [], blindIndexes = [] } = table.facts.encryption ?? {};
  const written = [...columns, ...blindIndexes.map(({ into }) => into)].find(
    ({ property }) => values[property] !== undefined,
  );
  if (!written) return;
  throw new AshlarError('usage', {
    message: `updateMany cannot set ${table.name}.${written.property}, which is encrypted.`,
    detail: 'A ciphertext is bound to one row, so each row needs its own.',
    suggestion: 'Update the rows one by one with s.update(…).',
  });
};
