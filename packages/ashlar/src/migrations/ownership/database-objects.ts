import type { Engine } from '../../contract/engine.js';
import type { Owner } from '../../contract/owner.js';
import type { Schema, SchemaTable } from '../../contract/schema.js';
import type { SqlName } from '../../contract/sql.js';
import { rootText } from '../../engines/refusal.js';
import { AshlarError } from '../../errors.js';
import { codeOf, isName, mentions, nameOf, namesIn, stringOf } from '../../sql/code.js';
import { compareHistory } from '../compare-history.js';
import { readHistory } from '../history.js';
import type { ObjectKeeper } from '../run-step.js';
import type { Step, StepBody } from '../steps.js';
import { blocked } from './blocked.js';
import { brokenBody } from './bodies.js';
import { type FollowedObject, FollowedObjects } from './followed-objects.js';
import { type KeyedObject, nameOnly, objectKey, objectsOf } from './keys.js';
import { foreignKeys } from './made-by-steps.js';
import { isNamedBy } from './named-by.js';
import { otherTables } from './other-tables.js';
import { suspects } from './suspects.js';

/** A database in which steps run. */
export interface KeptDatabase {
  readonly engine: Engine;
  readonly owner: Owner;
  /** The name of the system. */
  readonly system: string;
  /** All steps of the system. */
  readonly steps: readonly Step[];
}

/**
 * Keeps the objects that exist in a database only: no step makes them. A step that would lose one is refused. Where SQLite
 * drops an index or a trigger because its table is replaced, it is made again.
 */
export class DatabaseObjects implements ObjectKeeper {
  readonly #database: KeptDatabase;
  /** The steps whose objects are known. */
  readonly #ran = new Set<string>();
  /** The objects that no step made, before those that have run here. */
  #foreign: ReadonlySet<string> | undefined;

  constructor(database: KeptDatabase) {
    this.#database = database;
  }

  /**
   * Runs one direction of a step in the open transaction.
   *
   * @throws AshlarError `migration-blocked` if the step would lose, break or change what such an object is about, or lose rows
   *   or columns of a table that no step made
   */
  async around(
    step: Step,
    body: StepBody,
    owner: Owner,
    run: (owner: Owner) => Promise<void>,
  ): Promise<void> {
    const { engine } = this.#database;
    const { dialect } = engine;
    const before = await engine.introspect(owner);
    const broken = new Set(await dialect.findBroken(owner));
    const foreign = await this.#foreignKeys(before);
    const isOther = (table: string): boolean => foreign.has(objectKey('table', table));
    const own = objectsOf(before).filter(
      (object) =>
        object.type !== 'table' &&
        foreign.has(object.key) &&
        // those of tables that no step made belong to another program
        (object.table === undefined || !isOther(object.table)) &&
        (body.kind === 'code' || !isNamedBy(body.statements, object)),
    );
    const others = await otherTables(owner, dialect, before, body, isOther);
    const followed = new FollowedObjects(dialect, () => engine.introspect(owner), before, own);
    try {
      await run(followed.following(owner));
    } catch (error) {
      throw withSuspects(error, followed, dialect.name);
    }
    await followed.settle();
    const after = await engine.introspect(owner);
    const lost = await others.lossIn(after);
    if (lost !== undefined) throw refused(step.name, lost);
    for (const object of followed.objects) await this.#keep(step.name, object, followed.schema, after);
    const written = functionsIn(body);
    const isText = ({ key, type, name }: KeyedObject): boolean =>
      followed.objects.some(({ now }) => now.key === key) &&
      !(type === 'function' && written.has(nameOnly(name)));
    const text = brokenBody(before, after, followed.tables, isText);
    if (text) throw refused(step.name, `changes ${text.names}, which the ${text.object.key} names.`);
    const found = (await dialect.findBroken(owner)).filter((each) => !broken.has(each));
    if (found.length > 0) throw refused(step.name, `would break an object: ${found.join('; ')}.`);
    if (!this.#ran.delete(step.name)) this.#ran.add(step.name);
  }

  // what appears while steps run here is theirs; another process may have run some meanwhile
  async #foreignKeys(schema: Schema): Promise<ReadonlySet<string>> {
    const { engine, owner, system, steps } = this.#database;
    const history = (await readHistory(owner, engine.dialect)).filter((row) => row.system === system);
    const pending = new Set(compareHistory(steps, history).pending);
    const applied = steps.filter((step) => !pending.has(step));
    const isKnown = applied.length === this.#ran.size && applied.every(({ name }) => this.#ran.has(name));
    if (this.#foreign && isKnown) return this.#foreign;
    this.#foreign = await foreignKeys(engine.dialect, applied, schema);
    this.#ran.clear();
    for (const { name } of applied) this.#ran.add(name);
    return this.#foreign;
  }

  async #keep(
    step: string,
    { before: former, now }: FollowedObject,
    before: Schema,
    after: Schema,
  ): Promise<void> {
    const { engine, owner } = this.#database;
    const { name: dialect } = engine.dialect;
    const tableOf = (schema: Schema, table: string | undefined): SchemaTable | undefined =>
      schema.tables.find(({ name }) => name === table);
    // a step may rename a table away, and make another of its name
    const object = tableOf(after, now.table) || !tableOf(after, former.table) ? now : former;
    const { key, type, table, definition } = object;
    const isThere = objectsOf(after).some((each) => each.key === key);
    const was = tableOf(before, now.table);
    const is = tableOf(after, table);
    // what hangs on a table goes with it
    if (was && !is) return;
    if (was && is && type !== 'column') {
      const named = namesOf(object, dialect);
      const changed = was.columns.find(
        (column) =>
          named.has(column.name.toLowerCase()) &&
          is.columns.find(({ name }) => name === column.name)?.type !== column.type,
      );
      if (changed) throw refused(step, `changes ${table}.${changed.name}, which the ${key} names.`);
    }
    const retyped = type === 'virtual table' ? retypedColumn(object, before, after) : undefined;
    if (retyped) throw refused(step, `changes ${retyped}, by which the ${key} finds its rows and words.`);
    if (isThere) return;
    if (dialect !== 'sqlite' || (type !== 'index' && type !== 'trigger'))
      throw refused(step, `would drop the ${former.key}.`);
    try {
      await owner.script(definition);
    } catch (error) {
      if (!(error instanceof AshlarError)) throw error;
      throw refused(
        step,
        `replaces ${table}, and the ${former.key} cannot be made again: ${rootText(error)}`,
      );
    }
  }
}

/** Adds the objects that may have kept a step from running. */
const withSuspects = (
  error: unknown,
  { objects, schema, statement }: FollowedObjects,
  dialect: SqlName,
): unknown => {
  if (!(error instanceof AshlarError) || error.code !== 'migration-failed') return error;
  const current = objects.map(({ now }) => now);
  const found = suspects(current, { sql: statement, dialect, schema });
  if (found.length === 0) return error;
  const { code, message, detail, suggestion, facts, cause } = error;
  const more = `The statement names what these are about, which no step made: ${found.join(', ')}.`;
  return new AshlarError(code, {
    message,
    detail: `${detail ?? ''}\n${more}`.trim(),
    suggestion,
    facts,
    cause,
  });
};

/** The functions that a step writes, in lower case. */
const functionsIn = (body: StepBody): ReadonlySet<string> =>
  new Set(
    body.kind === 'code'
      ? []
      : body.statements.flatMap(({ tokens }) => {
          const at = tokens.findIndex(({ word }) => word === 'FUNCTION' || word === 'PROCEDURE');
          if (tokens[0]?.word !== 'CREATE' || at < 0) return [];
          const name = tokens[at + 2]?.text === '.' ? tokens[at + 3] : tokens[at + 1];
          return name ? [nameOf(name).toLowerCase()] : [];
        }),
  );

/** The column of another type that a virtual table indexes, or that holds the numbers by which it names the rows of a table. */
const retypedColumn = (object: KeyedObject, before: Schema, after: Schema): string | undefined => {
  const words = new Set([
    ...namesIn(object.definition, 'sqlite').map((name) => name.toLowerCase()),
    ...stringsIn(object.definition),
  ]);
  for (const was of before.tables) {
    const is = after.tables.find(({ name }) => name === was.name);
    if (!is || !words.has(was.name.toLowerCase())) continue;
    const isKey = (name: string): boolean =>
      was.constraints.some(
        ({ definition }) => /^PRIMARY KEY\b/i.test(definition) && mentions(definition, name, 'sqlite'),
      );
    const found = was.columns.find(({ name, type }) => {
      const now = is.columns.find((column) => column.name === name);
      return now !== undefined && now.type !== type && (words.has(name.toLowerCase()) || isKey(name));
    });
    if (found) return `${was.name}.${found.name}`;
  }
  return undefined;
};

const stringsIn = (sql: string): readonly string[] =>
  codeOf(sql, 'sqlite').flatMap((token) => (token.kind === 'string' ? [stringOf(token).toLowerCase()] : []));

/** The names in the definition of an object, in lower case, but for its own and that of its table. */
const namesOf = ({ name, table, definition }: KeyedObject, dialect: SqlName): ReadonlySet<string> => {
  const tokens = codeOf(definition, dialect);
  const isCreate = tokens[0]?.word === 'CREATE';
  const own = isCreate ? tokens.findIndex((token) => isName(token) && nameOf(token) === name) : -1;
  const on = isCreate
    ? tokens.findIndex((token, at) => token.word === 'ON' && isTable(tokens.slice(at + 1), table))
    : -1;
  return new Set(
    tokens.flatMap((token, at) =>
      !isName(token) || at === own || (on >= 0 && at === on + tableLength(tokens.slice(on + 1)))
        ? []
        : [nameOf(token).toLowerCase()],
    ),
  );
};

type Tokens = ReturnType<typeof codeOf>;

/** How many tokens the name of a table has, which may be qualified. */
const tableLength = (tokens: Tokens): number => (tokens[1]?.text === '.' ? 3 : 1);

const isTable = (tokens: Tokens, table: string | undefined): boolean => {
  const last = tokens[tableLength(tokens) - 1];
  return last !== undefined && isName(last) && nameOf(last).toLowerCase() === table?.toLowerCase();
};

const refused = (step: string, what: string): AshlarError =>
  blocked(
    `Step ${step} ${what}`,
    'No step makes the object: it was made in this database by hand. The step was rolled back.',
    'Drop the object, run ashlar up, and make it again; or put it into a step.',
  );
