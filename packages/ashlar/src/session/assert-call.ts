import { AshlarError } from '../errors.js';
import { assertTable, type Table } from '../model/index.js';
import { isStorableText } from '../model/storable.js';

const usage = (message: string, suggestion: string): AshlarError =>
  new AshlarError('usage', { message, suggestion });

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

/**
 * Throws if a call of `insertMany` names no table, has no list of rows, or options that are not an object.
 *
 * @returns whether the rows are returned
 * @throws AshlarError `usage`
 */
export function assertInsertMany(
  table: Table,
  rows: unknown,
  options: { readonly returning?: boolean },
): boolean {
  assertTable(table);
  assertRows(rows);
  assertOptions(options);
  return options.returning ?? false;
}

/** Throws if a value holds no rows that can be read one after the other. @throws AshlarError `usage` */
export function assertRows(rows: unknown): void {
  if (isObject(rows) && (Symbol.iterator in (rows as object) || Symbol.asyncIterator in (rows as object)))
    return;
  throw usage('The rows to insert are not a list.', 'Pass an array, or another iterable, of rows.');
}

/** Returns the callback of a session. @throws AshlarError `usage` if it is not a function */
export function assertWork<Work>(work: Work): Work {
  if (typeof work === 'function') return work;
  throw usage('A session needs a callback.', 'Pass one: db.session(async (s) => { … }).');
}

/** Throws if options, or a context, are not an object. @throws AshlarError `usage` */
export function assertOptions(options: unknown): void {
  if (isObject(options)) return;
  throw usage('The options are not an object.', "Pass one: { actor: 'user:42' }, or leave it out.");
}

/** Returns the options and the callback of a session. @throws AshlarError `usage` */
export function sessionCall<Options, Work>(
  given: readonly [Work] | readonly [Options, Work],
): readonly [Options | Record<string, never>, Work] {
  const [options, work] = given.length === 1 ? [{}, given[0]] : given;
  assertOptions(options);
  assertWork(work);
  return [options, work];
}

/** Throws if a list of rows that a query returned is not an array of objects. @throws AshlarError `usage` */
export function assertRowList(rows: unknown): void {
  if (Array.isArray(rows) && rows.every(isObject)) return;
  throw usage('The rows are not an array of objects.', 'Pass the rows as a query has returned them.');
}

/** Returns the name of a lock. @throws AshlarError `usage` if it is not a string, `value-unstorable` */
export function assertLockName(name: unknown): string {
  if (typeof name !== 'string')
    throw usage('The name of a lock is not a string.', "Pass one: s.lock('report').");
  assertText('name of a lock', name);
  return name;
}

/**
 * Throws if a text has characters that no database stores.
 *
 * @param what - what the text is, for the message
 * @throws AshlarError `value-unstorable`
 */
export function assertText(what: string, value: string): void {
  if (isStorableText(value)) return;
  throw new AshlarError('value-unstorable', {
    message: `Invalid ${what}: it contains NUL or a lone surrogate, which no database stores.`,
    suggestion: 'Check where the value comes from.',
  });
}
