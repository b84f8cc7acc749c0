import type { Isolation } from '../contract/transaction.js';
import { type DataKeys, decryptRow, encryptValues, type Steps } from '../encryption/index.js';
import { markRetryable } from '../engines/retryable.js';
import { AshlarError } from '../errors.js';
import { assertTable, identityColumn, propertiesOf, type Table } from '../model/index.js';
import type { SessionParts } from './parts.js';
import type { Statement } from './statements.js';
import { insertValues, updateValues } from './values.js';

type Values = Readonly<Record<string, unknown>>;
type Row = Record<string, unknown>;

/**
 * How often an upsert looks for the row again after another transaction has inserted one with the same key. Each time,
 * the other transaction has committed, so one more look is normally enough.
 */
const upsertAttempts = 5;

/** The parts of an upsert: it changes the row that `find` returns, or inserts one. */
export interface Upsert {
  /** The columns of the key by which the row is found, by their properties. */
  readonly by: readonly string[];
  readonly find: Statement;
  readonly insert: Values;
  /** The values that an existing row gets; `undefined` if the caller gave the columns of the key only. */
  readonly update: Values | undefined;
}

/**
 * Checks the row and the key of an upsert.
 *
 * @param by - the columns of a unique key or of the primary key, or its only column, by their properties
 * @throws AshlarError `value-invalid`, `value-unstorable`; `usage` if `by` is no key of the table, or has no value
 */
export function planUpsert(
  parts: SessionParts,
  table: Table,
  row: unknown,
  by: string | readonly string[] | undefined,
): Upsert {
  assertTable(table);
  const columns = [by ?? []].flat() as readonly string[];
  assertKey(table, columns);
  const given = row as Values;
  const insert = insertValues(parts, table, row);
  const empty = columns.find((name) => given[name] === undefined || given[name] === null);
  if (empty !== undefined) {
    throw new AshlarError('usage', {
      message: `An upsert of ${table.name} needs a value for ${empty}.`,
      detail: 'The row to update is found by the columns in by.',
      suggestion: `Give ${columns.join(', ')}, or use s.insert(…).`,
    });
  }
  const kept = new Set([...columns, ...table.key]);
  const changed = Object.entries(given).filter(([name, value]) => value !== undefined && !kept.has(name));
  return {
    by: columns,
    find: parts.statements.find(table, columns, insert),
    insert,
    update: changed.length === 0 ? undefined : updateValues(parts, table, Object.fromEntries(changed)),
  };
}

/** Updates the row that an upsert finds. @returns the row, decrypted; `undefined` if there is none */
export function* changeFound(
  parts: SessionParts,
  keys: DataKeys,
  table: Table,
  { find, update }: Upsert,
): Steps<Row | undefined> {
  const [stored] = yield find;
  if (!stored) return undefined;
  const changed = update ? yield* change(parts, keys, table, stored, update) : stored;
  return changed && table.facts.encryption ? yield* decryptRow(keys, table, changed) : changed;
}

function* change(
  parts: SessionParts,
  keys: DataKeys,
  table: Table,
  stored: Row,
  update: Values,
): Steps<Row | undefined> {
  const values = table.facts.encryption ? yield* encryptValues(keys, table, update, stored) : update;
  const key = Object.fromEntries(table.key.map((name) => [name, stored[name]]));
  const [row] = yield parts.statements.update(table, key, values);
  return row;
}

/**
 * Whether an upsert whose insert failed looks for the row again: another transaction may have inserted it. A transaction
 * that sees one snapshot never finds that row. Its error is then marked as a serialization failure, so that the session
 * runs again from its beginning.
 */
export function looksAgain(
  error: unknown,
  { by }: Upsert,
  isolation: Isolation | undefined,
  attempt: number,
): boolean {
  if (!(error instanceof AshlarError) || error.code !== 'unique-violation') return false;
  if (isolation === undefined || isolation === 'read committed') return attempt < upsertAttempts;
  const { columns = [] } = error.facts;
  if (columns.length === by.length && by.every((name) => columns.includes(name))) markRetryable(error);
  return false;
}

const assertKey = (table: Table, by: readonly string[]): void => {
  const keys = [
    // a generated key is the key of no row that the caller could insert
    ...(identityColumn(table) ? [] : [table.primaryKey.columns]),
    ...table.uniques.map(({ columns }) => columns),
    ...table.indexes.flatMap(({ unique, where, columns }) =>
      unique && where === undefined ? [columns] : [],
    ),
  ].map((columns) => propertiesOf(table, columns));
  const isKey = keys.some((key) => key.length === by.length && key.every((name) => by.includes(name)));
  if (isKey) return;
  throw new AshlarError('usage', {
    message: `An upsert of ${table.name} cannot find its row by ${by.join(', ') || 'no column'}.`,
    detail:
      keys.length > 0
        ? `The keys of the table: ${keys.map((key) => `(${key.join(', ')})`).join(', ')}.`
        : 'The table has no key whose values the caller gives.',
    suggestion: 'Pass the columns of a key in by, or declare one with unique(…).',
  });
};
