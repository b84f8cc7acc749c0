import type { SqlDialect } from '../../contract/dialect.js';
import type { Schema } from '../../contract/schema.js';
import { AshlarError } from '../../errors.js';
import { isName, nameOf, namesIn } from '../../sql/code.js';
import { stateOfSteps } from '../shadow.js';
import type { Step } from '../steps.js';
import { afterRenames, type KeyedObject, keysOf, nameOnly, objectsOf } from './keys.js';

/**
 * Returns the keys of the objects of a database that no step made. What steps make is known from running them in a shadow; as
 * long as the directives of the steps name every object, they are not run.
 *
 * Without a shadow, as on a server where PGlite is not installed, an object counts as made if its name stands in a step.
 *
 * @param applied - the steps that have run in the database
 * @param schema - the schema of the database
 */
export async function foreignKeys(
  dialect: SqlDialect,
  applied: readonly Step[],
  schema: Schema,
): Promise<ReadonlySet<string>> {
  const objects = objectsOf(schema);
  const isStated = statedBy(dialect, applied);
  if (applied.length > 0 && objects.every(isStated)) return new Set();
  const made = await keysOfSteps(dialect, applied);
  const isMade = made ? ({ key }: KeyedObject) => made.has(key) : namedIn(dialect, applied);
  return new Set(objects.filter((object) => !isMade(object)).map(({ key }) => key));
}

const keysOfSteps = async (
  dialect: SqlDialect,
  applied: readonly Step[],
): Promise<ReadonlySet<string> | undefined> => {
  if (applied.length === 0) return new Set();
  try {
    return keysOf((await stateOfSteps(dialect, applied)).schema);
  } catch (error) {
    // a server has extensions and settings that PGlite lacks
    if (dialect.name === 'postgres' && error instanceof AshlarError) return undefined;
    throw error;
  }
};

/** Whether the directives of steps name an object, and no step can have dropped it since. */
const statedBy = (dialect: SqlDialect, applied: readonly Step[]): ((object: KeyedObject) => boolean) => {
  let keys: readonly string[] = [];
  const dropped = new Set<string>();
  for (const { up } of applied) {
    if (up.kind === 'code') continue;
    const { makes = [], renames = new Map<string, string>() } = up.ownership ?? {};
    keys = [...keys.map((key) => afterRenames(key, renames)), ...makes];
    for (const { tokens } of up.statements) {
      const [first] = tokens;
      // the text of a block is not read
      if (first?.word === 'DO') return () => false;
      if (tokens.some(({ word }) => word === 'DROP'))
        for (const token of tokens) if (isName(token)) dropped.add(nameOf(token).toLowerCase());
    }
  }
  const stated = new Set(keys);
  return ({ key, name, definition }) =>
    stated.has(key) &&
    ![name, ...namesIn(definition, dialect.name)].some((each) => dropped.has(each.toLowerCase()));
};

const namedIn = (dialect: SqlDialect, applied: readonly Step[]): ((object: KeyedObject) => boolean) => {
  const names = new Set(
    applied.flatMap(({ up }) =>
      up.kind === 'sql' ? namesIn(up.text, dialect.name).map((name) => name.toLowerCase()) : [],
    ),
  );
  return ({ name, table }) => names.has(nameOnly(name)) || isNamedByServer(name, table);
};

// of PRIMARY KEY, UNIQUE, REFERENCES and CHECK without a name in a step, and of CREATE INDEX ON
const isNamedByServer = (name: string, table: string | undefined): boolean =>
  table !== undefined &&
  name.startsWith(`${table}_`) &&
  /_(pkey|key|fkey|check|excl|not_null|idx)\d*$/.test(name);
