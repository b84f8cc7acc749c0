import type { Catalogue } from '../../contract/catalogue.js';
import type { SqlDialect } from '../../contract/dialect.js';
import type { Engine } from '../../contract/engine.js';
import type { Owner } from '../../contract/owner.js';
import { createFoundation, earlierFoundation } from '../../engines/foundation.js';
import { rootText } from '../../engines/refusal.js';
import { type CodeToken, isName, nameOf } from '../../sql/code.js';
import type { SqlStatement } from '../../sql/statements.js';
import { historySql } from '../history-sql.js';
import { keptCatalogue } from '../kept-states.js';
import { withoutOmitted } from '../omitted.js';
import type { Step } from '../steps.js';
import type { StepsState } from '../steps-state.js';
import { compareCatalogues } from './compare.js';
import { lineOf } from './words.js';

/** What is expected of a database, as its own server prints it. */
export interface Printed {
  readonly expected: StepsState;
  /** Why the server did not print it, so that expressions are compared loosely; `undefined` if it did. */
  readonly loose: string | undefined;
}

/** What steps make of an empty database, and what was found in the real one. */
export interface Expectation {
  readonly steps: readonly Step[];
  /** The version of Ashlar's own objects that the steps run on. */
  readonly version: number;
  readonly expected: StepsState;
  readonly found: Catalogue;
}

/** The reasons of this process, by what was asked for: a step that cannot be run is not tried again. */
const reasons = new Map<string, string>();

/**
 * Returns what steps make of an empty database as the server of `engine` prints it. Another major version prints the same
 * expression in another way: then the steps run in a schema of that server, in a transaction that is rolled back.
 */
export async function asPrintedBy(
  engine: Engine,
  { steps, version, expected, found }: Expectation,
): Promise<Printed> {
  const { dialect, scratch } = engine;
  const { printing } = dialect;
  if (!printing || expected.catalogue.major === found.major) return { expected, loose: undefined };
  const earlier = earlierFoundation(dialect, version);
  const key = JSON.stringify([
    found.version,
    earlier ?? null,
    steps.map(({ name, checksum }) => [name, checksum]),
  ]);
  // their tables are in another schema, which a scratch schema beside them could not stand for
  let loose = steps.some(({ tables }) => tables)
    ? 'the steps of a guard name tables of its tool'
    : scratch
      ? reasons.get(key)
      : 'this connection makes no schema to run them in';
  if (scratch && loose === undefined) {
    try {
      const printed = await keptCatalogue(dialect, key, () =>
        engine.asOwner(async (owner) => {
          const statements = statementsOf(steps);
          await assertApart(owner, statements);
          const made = await scratch(owner, (within) => makeIn(within, dialect, earlier, statements));
          await assertUnchanged(owner, dialect, expected.catalogue, made);
          return made;
        }),
      );
      return { expected: { ...expected, catalogue: joined(dialect, expected.catalogue, printed) }, loose };
    } catch (error) {
      loose = rootText(error);
      if (error instanceof TypeError) reasons.set(key, loose);
    }
  }
  return {
    expected,
    loose: `this server is PostgreSQL ${found.major}, and the steps ran in version ${expected.catalogue.major} only (${loose}): expressions were compared loosely`,
  };
}

/**
 * Throws if event triggers, which run with each statement of the steps too, made something else of them. What they made would
 * be kept as what is expected, even when they are gone.
 */
const assertUnchanged = async (
  owner: Owner,
  { printing }: SqlDialect,
  expected: Catalogue,
  made: Catalogue,
): Promise<void> => {
  const [event] = await owner.run('SELECT evtname FROM pg_catalog.pg_event_trigger LIMIT 1');
  if (!event) return;
  const parts = expected.parts.filter(({ outside }) => outside !== true);
  const [difference] = compareCatalogues({ ...expected, parts }, made, printing);
  if (difference) throw new TypeError(`the database has event triggers, and there ${lineOf(difference)}`);
};

/** What the server printed, with what belongs to the whole database, which a schema cannot show. */
const joined = ({ printing }: SqlDialect, expected: Catalogue, printed: Catalogue): Catalogue => {
  const { parts } = printing?.inSchema(expected, printed) ?? expected;
  return { ...printed, parts: [...printed.parts, ...parts.filter(({ outside }) => outside)] };
};

const statementsOf = (steps: readonly Step[]): readonly SqlStatement[] =>
  steps.flatMap(({ up }) => (up.kind === 'code' ? [] : withoutOmitted(up).statements));

const makeIn = async (
  owner: Owner,
  dialect: SqlDialect,
  earlier: readonly string[] | undefined,
  statements: readonly SqlStatement[],
): Promise<void> => {
  if (earlier === undefined) await createFoundation(owner, dialect);
  else for (const statement of earlier) await owner.script(statement);
  for (const statement of statements) await owner.script(inTransaction(statement));
  const { exists, create } = historySql[dialect.name];
  if ((await owner.run(exists)).length === 0) await owner.script(create);
};

/** The statement without CONCURRENTLY, which no transaction allows and an empty table does not need. */
const inTransaction = ({ sql, tokens }: SqlStatement): string => {
  const word = tokens.find((token) => token.word === 'CONCURRENTLY');
  // offsets are those of the file
  const base = (tokens.at(-1)?.end ?? 0) - sql.length;
  return word ? sql.slice(0, word.start - base) + sql.slice(word.end - base) : sql;
};

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/));

/** Statements that end a transaction, or whose effect is that of the session or the server. */
const ofSession = words(
  `BEGIN START COMMIT END ROLLBACK ABORT SAVEPOINT RELEASE PREPARE VACUUM CLUSTER CHECKPOINT LISTEN NOTIFY SET RESET DISCARD LOAD
  REASSIGN IMPORT SECURITY`,
);
/** Objects that no schema has. */
const ofDatabase = words(
  'PUBLICATION SUBSCRIPTION EVENT ROLE USER GROUP DATABASE SYSTEM TABLESPACE SCHEMA SERVER OWNED FOREIGN',
);

const isApart = ([first, second, third]: readonly CodeToken[]): boolean =>
  !ofSession.has(first?.word ?? '') &&
  !ofDatabase.has((first?.word === 'COMMENT' ? third : second)?.word ?? '');

/**
 * Throws if a statement could reach what is there already: another schema, or the database itself. It would lock that, although
 * nothing of it lasts.
 */
const assertApart = async (owner: Owner, statements: readonly SqlStatement[]): Promise<void> => {
  const rows = await owner.run(
    "SELECT nspname::text AS name FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'",
  );
  const schemas = new Set(rows.map(({ name }) => String(name).toLowerCase()));
  for (const { tokens, code } of statements) {
    if (!isApart(tokens) || tokens.some((_, at) => namesSchema(tokens, at, schemas)))
      throw new TypeError(`a step reaches beyond its schema: ${code.slice(0, 60)}`);
  }
};

const namesSchema = (tokens: readonly CodeToken[], at: number, schemas: ReadonlySet<string>): boolean => {
  const token = tokens[at];
  if (!token) return false;
  if (isName(token)) return tokens[at + 1]?.text === '.' && schemas.has(nameOf(token).toLowerCase());
  return (
    token.kind === 'string' &&
    [...token.text.matchAll(/([\w$]+|"(?:[^"]|"")+")\s*\./g)].some(([, name = '']) =>
      schemas.has(name.replaceAll('"', '').toLowerCase()),
    )
  );
};
