import type { Catalogue } from '../contract/catalogue.js';
import type { SqlDialect } from '../contract/dialect.js';
import type { Schema } from '../contract/schema.js';
import { shadowVersion } from '../engines/shadow.js';
import { cached } from '../files/cache.js';
import { version } from '../version.js';
import type { OmittedObject } from './omitted.js';
import type { StepsState } from './steps-state.js';

/** The form of the files; a change of what they hold has another number. */
const form = 2;

const kept = async (
  kind: string,
  { name, foundation }: SqlDialect,
  of: string,
  make: () => Promise<string>,
): Promise<string> => {
  const engine = await shadowVersion(name);
  const own = foundation.map(({ create }) => create);
  // a shadow of SQLite costs less than reading a file is worth
  return engine === undefined
    ? make()
    : cached(kind, JSON.stringify([form, version(), name, engine, own, of]), make);
};

/**
 * Returns what steps make of an empty database from the user's cache, where it was made before. It is not kept in the database:
 * who can change that could change what it is compared with.
 *
 * @param steps - the text that identifies the steps
 */
export async function keptState(
  dialect: SqlDialect,
  steps: string,
  make: () => Promise<StepsState>,
): Promise<StepsState> {
  return stateFrom(await kept('steps', dialect, steps, async () => stateText(await make())));
}

/** Returns the schema that statements make of an empty database, from the user's cache where it was made before. */
export async function keptSchema(
  dialect: SqlDialect,
  statements: readonly string[],
  make: () => Promise<Schema>,
): Promise<Schema> {
  const text = await kept('model', dialect, JSON.stringify(statements), async () =>
    JSON.stringify(await make()),
  );
  return JSON.parse(text) as Schema;
}

/**
 * Returns what steps make of an empty schema of a server, from the user's cache where it was made before.
 *
 * @param of - the text that identifies the server's version and the steps
 */
export async function keptCatalogue(
  dialect: SqlDialect,
  of: string,
  make: () => Promise<Catalogue>,
): Promise<Catalogue> {
  const text = await kept('printed', dialect, of, async () => JSON.stringify(await make()));
  return JSON.parse(text) as Catalogue;
}

/** Sets and maps as JSON has them. */
interface WrittenState extends Omit<StepsState, 'ownership'> {
  readonly ownership: {
    readonly made: readonly string[];
    readonly foreign: readonly string[];
    readonly unknown: readonly string[];
    readonly omitted: readonly (readonly [string, OmittedObject])[];
  };
}

const stateText = ({ ownership, ...state }: StepsState): string => {
  const { made, foreign, unknown, omitted } = ownership;
  return JSON.stringify({
    ...state,
    ownership: { made: [...made], foreign: [...foreign], unknown: [...unknown], omitted: [...omitted] },
  } satisfies WrittenState);
};

const stateFrom = (text: string): StepsState => {
  const { ownership, ...state } = JSON.parse(text) as WrittenState;
  return {
    ...state,
    ownership: {
      made: new Set(ownership.made),
      foreign: new Set(ownership.foreign),
      unknown: new Set(ownership.unknown),
      omitted: new Map(ownership.omitted),
    },
  };
};
