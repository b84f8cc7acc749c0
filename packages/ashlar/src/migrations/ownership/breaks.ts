import type { SqlDialect } from '../../contract/dialect.js';
import type { Schema } from '../../contract/schema.js';
import { AshlarError } from '../../errors.js';
import { folded, mentions } from '../../sql/code.js';
import type { Retype } from '../retypes.js';
import { blocked } from './blocked.js';
import { brokenBody } from './bodies.js';
import { type KeyedObject, objectsOf } from './keys.js';

const suggestion =
  'Change or drop the object in a step of your own before this one (ashlar migrate new --empty), and make it again in a step after it.';

/** The schemas before and after a step that keeps objects which no generated step made. */
export interface KeepingStep {
  readonly dialect: SqlDialect;
  readonly before: Schema;
  readonly after: Schema;
  readonly kept: ReadonlySet<string>;
  /**
   * Whether the step takes over tables of another program: it gives a column the type in which Ashlar stores the same value, and
   * makes what names the column again.
   */
  readonly adopts?: boolean;
}

/** Returns the error of a step that does not run, while there are such objects. */
export function cannotRunWith(kept: ReadonlySet<string>, detail: string, cause: unknown): AshlarError {
  return blocked(
    `The step cannot run with the objects that no generated step made: ${[...kept].join(', ')}.`,
    detail,
    suggestion,
    cause,
  );
}

/** Returns the error of a step after which such an object does not work. */
export function wouldBreak(broken: string): AshlarError {
  return blocked('The step would break an object that no generated step made.', broken, suggestion);
}

/** Throws if such an object is gone or differs in the schema that a step made. @throws AshlarError `migration-blocked` */
export function assertNoneLost({ dialect, after, kept }: KeepingStep, made: Schema): void {
  const text = (definition: string): string => folded(definition, dialect.name);
  const found = new Map(objectsOf(made).map(({ key, definition }) => [key, text(definition)]));
  const lost = objectsOf(after).filter(
    ({ key, definition }) => kept.has(key) && found.get(key) !== text(definition),
  );
  if (lost.length === 0) return;
  throw blocked(
    'The step would drop or change an object that no generated step made.',
    `Missing after the step: ${lost.map(({ key }) => key).join('; ')}.`,
    suggestion,
  );
}

const unaffected: ReadonlySet<string> = new Set(['table', 'index', 'constraint', 'function', 'statistics']);

/**
 * Throws if a kept view, trigger, policy, computed column or full-text index names a column whose kind a step changes: to
 * make it again, the step would have to drop it first, with its rights.
 *
 * @throws AshlarError `conversion-blocked`
 */
export function assertNoneConverted(
  { dialect, before, kept, adopts = false }: KeepingStep,
  retypes: readonly Retype[],
): void {
  const names = (definition: string, name: string): boolean => mentions(definition, name, dialect.name);
  for (const { key, type, table, name, definition } of objectsOf(before)) {
    if (!kept.has(key) || unaffected.has(type) || (adopts && type !== 'virtual table')) continue;
    const retype = retypes.find(
      (each) =>
        names(definition, each.former) &&
        (table === each.table ? !(type === 'column' && name === each.former) : names(definition, each.table)),
    );
    if (!retype) continue;
    throw new AshlarError('conversion-blocked', {
      message: `${retype.table}.${retype.column} cannot change its kind: the ${key} names it, which no generated step made.`,
      detail: 'A generated step does not make such an object again.',
      suggestion,
      facts: { table: retype.table, columns: [retype.column] },
    });
  }
}

/**
 * Throws if a function or a trigger, kept or declared, names a table or column that a step renames, drops or converts: PostgreSQL reads
 * the body of most functions only when it runs them.
 *
 * @param original - the schema before the step and its renames
 * @param tables - the renamed tables: former → current
 * @param isDeclared - whether the model declares an object by hand
 * @throws AshlarError `migration-blocked`
 */
export function assertBodiesFit(
  { after, kept, adopts = false }: KeepingStep,
  original: Schema,
  tables: ReadonlyMap<string, string>,
  isDeclared: (object: KeyedObject) => boolean,
): void {
  const isConcerned = (object: KeyedObject): boolean => kept.has(object.key) || isDeclared(object);
  const found = brokenBody(original, after, tables, isConcerned, !adopts);
  if (!found) return;
  const { object, names } = found;
  const detail = `It names ${names}, which the step renames, drops or converts. PostgreSQL would find out only when it runs.`;
  throw kept.has(object.key)
    ? blocked(`The step would break the ${object.key}, which no generated step made.`, detail, suggestion)
    : blocked(
        `The step would break the declared ${object.key}.`,
        detail,
        'Change its declaration together with the table.',
      );
}
