import type { Engine } from '../../contract/engine.js';
import type { Owner } from '../../contract/owner.js';
import type { Schema } from '../../contract/schema.js';
import { AshlarError } from '../../errors.js';
import { mentions, namesIn } from '../../sql/code.js';
import type { Step } from '../steps.js';
import { blocked } from './blocked.js';
import { type KeyedObject, objectsOf } from './keys.js';

/**
 * Keeps the objects that exist in a database only: no step makes them. A step that would lose one is refused. Where SQLite
 * drops an index or a trigger because its table is replaced, it is made again.
 */
export class DatabaseObjects {
  readonly #engine: Engine;
  readonly #owner: Owner;
  readonly #steps: readonly Step[];
  #mentioned: ReadonlySet<string> | undefined;

  constructor(engine: Engine, owner: Owner, steps: readonly Step[]) {
    this.#engine = engine;
    this.#owner = owner;
    this.#steps = steps;
  }

  /**
   * Runs a step in the open transaction.
   *
   * @throws AshlarError `migration-blocked` if the step would lose, break or change what such an object is about
   */
  async around(step: string, run: () => Promise<void>): Promise<void> {
    const { dialect } = this.#engine;
    const before = await this.#engine.introspect(this.#owner);
    const broken = new Set(await dialect.findBroken(this.#owner));
    const own = this.#unmentioned(before);
    await run();
    if (own.length > 0) {
      const after = await this.#engine.introspect(this.#owner);
      for (const object of own) await this.#keep(step, object, before, after);
    }
    const found = (await dialect.findBroken(this.#owner)).filter((each) => !broken.has(each));
    if (found.length > 0) throw refused(step, `would break an object: ${found.join('; ')}.`);
  }

  /** The objects whose names stand in no step; those of tables that no step mentions belong to another program. */
  #unmentioned(schema: Schema): readonly KeyedObject[] {
    this.#mentioned ??= new Set(
      this.#steps.flatMap(({ up }) =>
        up.kind === 'sql'
          ? namesIn(up.text, this.#engine.dialect.name).map((name) => name.toLowerCase())
          : [],
      ),
    );
    const known = this.#mentioned;
    return objectsOf(schema).filter(
      ({ type, name, table }) =>
        type !== 'table' &&
        !known.has(nameOnly(name)) &&
        !isNamedByServer(name, table) &&
        (table === undefined || known.has(table.toLowerCase())),
    );
  }

  async #keep(step: string, object: KeyedObject, before: Schema, after: Schema): Promise<void> {
    const { dialect } = this.#engine;
    const { key, type, table, definition } = object;
    const isThere = objectsOf(after).some((each) => each.key === key);
    const was = before.tables.find(({ name }) => name === table);
    const is = after.tables.find(({ name }) => name === table);
    // what hangs on a table goes with it
    if (was && !is) return;
    if (was && is && type !== 'column') {
      const changed = was.columns.find(
        (column) =>
          mentions(definition, column.name, dialect.name) &&
          JSON.stringify(is.columns.find(({ name }) => name === column.name)) !== JSON.stringify(column),
      );
      if (changed) throw refused(step, `changes ${table}.${changed.name}, which the ${key} names.`);
    }
    if (isThere) return;
    if (dialect.name !== 'sqlite' || (type !== 'index' && type !== 'trigger'))
      throw refused(step, `would drop the ${key}.`);
    try {
      await this.#owner.script(definition);
    } catch (error) {
      if (!(error instanceof AshlarError)) throw error;
      throw refused(step, `replaces ${table}, and the ${key} cannot be made again: ${error.message}`);
    }
  }
}

// of PRIMARY KEY, UNIQUE, REFERENCES and CHECK without a name in a step, and of CREATE INDEX ON
const isNamedByServer = (name: string, table: string | undefined): boolean =>
  table !== undefined &&
  name.startsWith(`${table}_`) &&
  /_(pkey|key|fkey|check|excl|not_null|idx)\d*$/.test(name);

const nameOnly = (name: string): string => name.replace(/\(.*$/s, '').replaceAll('"', '').toLowerCase();

const refused = (step: string, what: string): AshlarError =>
  blocked(
    `Step ${step} ${what}`,
    'No step makes the object: it was made in this database by hand. The step was rolled back.',
    'Drop the object, run ashlar up, and make it again; or put it into a step.',
  );
