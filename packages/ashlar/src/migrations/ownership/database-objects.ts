import type { Engine } from '../../contract/engine.js';
import type { Owner } from '../../contract/owner.js';
import type { Schema } from '../../contract/schema.js';
import type { SqlName } from '../../contract/sql.js';
import { AshlarError } from '../../errors.js';
import { codeOf, isName, mentions, nameOf, namesIn, stringOf } from '../../sql/code.js';
import { compareHistory } from '../compare-history.js';
import { readHistory } from '../history.js';
import type { ObjectKeeper } from '../run-step.js';
import type { Step, StepBody } from '../steps.js';
import { blocked } from './blocked.js';
import { type KeyedObject, objectKey, objectsOf } from './keys.js';
import { foreignKeys } from './made-by-steps.js';
import { isNamedBy } from './named-by.js';

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
   * @throws AshlarError `migration-blocked` if the step would lose, break or change what such an object is about
   */
  async around(step: Step, body: StepBody, run: () => Promise<void>): Promise<void> {
    const { engine, owner } = this.#database;
    const { dialect } = engine;
    const before = await engine.introspect(owner);
    const broken = new Set(await dialect.findBroken(owner));
    const own = (await this.#foreignIn(before)).filter(
      (object) => body.kind === 'code' || !isNamedBy(body.statements, object),
    );
    await run();
    if (own.length > 0) {
      const after = await engine.introspect(owner);
      for (const object of own) await this.#keep(step.name, object, before, after);
    }
    const found = (await dialect.findBroken(owner)).filter((each) => !broken.has(each));
    if (found.length > 0) throw refused(step.name, `would break an object: ${found.join('; ')}.`);
    if (!this.#ran.delete(step.name)) this.#ran.add(step.name);
  }

  /** The objects that no step made; those of tables that no step made belong to another program. */
  async #foreignIn(schema: Schema): Promise<readonly KeyedObject[]> {
    const foreign = await this.#foreignKeys(schema);
    return objectsOf(schema).filter(
      ({ key, type, table }) =>
        type !== 'table' &&
        foreign.has(key) &&
        (table === undefined || !foreign.has(objectKey('table', table))),
    );
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

  async #keep(step: string, object: KeyedObject, before: Schema, after: Schema): Promise<void> {
    const { engine, owner } = this.#database;
    const { name: dialect } = engine.dialect;
    const { key, type, table, definition } = object;
    const isThere = objectsOf(after).some((each) => each.key === key);
    const was = before.tables.find(({ name }) => name === table);
    const is = after.tables.find(({ name }) => name === table);
    // what hangs on a table goes with it
    if (was && !is) return;
    if (was && is && type !== 'column') {
      const named = namesOf(object, dialect);
      const changed = was.columns.find(
        (column) =>
          named.has(column.name.toLowerCase()) &&
          JSON.stringify(is.columns.find(({ name }) => name === column.name)) !== JSON.stringify(column),
      );
      if (changed) throw refused(step, `changes ${table}.${changed.name}, which the ${key} names.`);
    }
    const retyped = type === 'virtual table' ? retypedColumn(object, before, after) : undefined;
    if (retyped) throw refused(step, `changes ${retyped}, by which the ${key} finds its rows and words.`);
    if (isThere) return;
    if (dialect !== 'sqlite' || (type !== 'index' && type !== 'trigger'))
      throw refused(step, `would drop the ${key}.`);
    try {
      await owner.script(definition);
    } catch (error) {
      if (!(error instanceof AshlarError)) throw error;
      throw refused(step, `replaces ${table}, and the ${key} cannot be made again: ${error.message}`);
    }
  }
}

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
