import type { SqlDialect } from '../../contract/dialect.js';
import type { Owner } from '../../contract/owner.js';
import type { Schema } from '../../contract/schema.js';
import { codeOf } from '../../sql/code.js';
import { type Rename, renameIn } from '../renamed-by.js';
import { afterRenames, functionName, type KeyedObject, objectKey, objectsOf } from './keys.js';

/** An object of a database: as it was before a step, and under the names and with the text that renames of the step give it. */
export interface FollowedObject {
  readonly before: KeyedObject;
  readonly now: KeyedObject;
}

/**
 * Follows objects through the renames of a step while its statements run. The engine itself renames what names a table or a
 * column, so after each group of renames its description is read again.
 */
export class FollowedObjects {
  readonly #dialect: SqlDialect;
  readonly #introspect: () => Promise<Schema>;
  #schema: Schema;
  #objects: readonly FollowedObject[];
  #pending: Rename[] = [];
  #tables: ReadonlyMap<string, string>;
  #statement = '';

  /**
   * @param introspect - describes the database now
   * @param schema - the schema before the step
   * @param objects - the objects to follow
   */
  constructor(
    dialect: SqlDialect,
    introspect: () => Promise<Schema>,
    schema: Schema,
    objects: readonly KeyedObject[],
  ) {
    this.#dialect = dialect;
    this.#introspect = introspect;
    this.#schema = schema;
    this.#objects = objects.map((object) => ({ before: object, now: object }));
    this.#tables = new Map(schema.tables.map(({ name }) => [name, name]));
  }

  /** The schema before the step, with what renames have changed since. */
  get schema(): Schema {
    return this.#schema;
  }

  get objects(): readonly FollowedObject[] {
    return this.#objects;
  }

  /** The names that the tables before the step have now: former → current. */
  get tables(): ReadonlyMap<string, string> {
    return this.#tables;
  }

  /** The statement that ran last, or failed. */
  get statement(): string {
    return this.#statement;
  }

  /** Returns an owner whose statements are followed. */
  following(owner: Owner): Owner {
    const followed = async <T>(sql: string, run: () => Promise<T>): Promise<T> => {
      const rename = renameIn(codeOf(sql, this.#dialect.name));
      // the next statement may drop what the renames have changed
      if (!rename) await this.settle();
      this.#statement = sql;
      const result = await run();
      if (rename && this.#concerns(rename)) this.#pending.push(rename);
      return result;
    };
    return {
      ...owner,
      run: (sql, parameters) => followed(sql, () => owner.run(sql, parameters)),
      script: (sql) => followed(sql, () => owner.script(sql)),
    };
  }

  /** Reads what the last renames have changed; to be called after the step. */
  async settle(): Promise<void> {
    if (this.#pending.length === 0) return;
    const renames = this.#pending;
    this.#pending = [];
    const found = await this.#introspect();
    const keys = new Map(renames.map((each) => [keyOf(each, 'from'), keyOf(each, 'to')]));
    const byKey = new Map(objectsOf(found).map((object) => [object.key, object]));
    const nameOf = (name: string): string => renamedTable(name, renames);
    this.#objects = this.#objects.map(({ before, now }) => {
      const key = afterRenames(now.key, keys);
      const table = now.table === undefined ? undefined : nameOf(now.table);
      return { before, now: byKey.get(key) ?? withNewArguments(now, byKey) ?? { ...now, key, table } };
    });
    this.#tables = new Map([...this.#tables].map(([former, now]) => [former, nameOf(now)]));
    const names = new Set(found.tables.map(({ name }) => name));
    this.#schema = {
      ...found,
      // what the step has dropped before stays in the comparison
      tables: [
        ...found.tables,
        ...this.#schema.tables.flatMap((table) => {
          const name = nameOf(table.name);
          return names.has(name) ? [] : [{ ...table, name }];
        }),
      ],
    };
  }

  #concerns({ table, column }: Rename): boolean {
    const named = [...this.#tables.values()].map((name) => renamedTable(name, this.#pending));
    return column === undefined ? named.some((name) => isSame(name, table.from)) : true;
  }
}

/** A function of which an argument has the type of a renamed table is known by that name. */
const withNewArguments = (
  { type, name, definition }: KeyedObject,
  found: ReadonlyMap<string, KeyedObject>,
): KeyedObject | undefined => {
  if (type !== 'function') return undefined;
  const body = (text: string): string => text.slice(text.indexOf('\n'));
  return [...found.values()].find(
    (other) =>
      other.type === type &&
      functionName(other.name) === functionName(name) &&
      body(other.definition) === body(definition),
  );
};

const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

const renamedTable = (name: string, renames: readonly Rename[]): string =>
  renames.reduce(
    (now, { table, column }) => (column === undefined && isSame(now, table.from) ? table.to : now),
    name,
  );

const keyOf = ({ table, column }: Rename, which: 'from' | 'to'): string =>
  column === undefined ? objectKey('table', table[which]) : objectKey('column', column[which], table[which]);
