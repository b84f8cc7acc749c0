import { type Dialect, DummyDriver, Kysely, sql } from 'kysely';
import type { TableFacts } from '../contract/table.js';
import type { WrappedKey } from './data-key.js';
import type { Query } from './steps.js';

/** A data key as a row of a keyring stores it. */
export interface StoredKey {
  readonly version: number;
  readonly wrapped: Uint8Array | null;
  readonly master_version: number;
  readonly shredded_at: string | null;
}

/**
 * The SQL statements that read and write keyrings, for one SQL dialect. The text of the frequent one is compiled
 * once.
 */
export class KeyringSql {
  readonly #kysely: Kysely<unknown>;
  readonly #read = new WeakMap<TableFacts, string>();

  constructor(dialect: Dialect) {
    this.#kysely = new Kysely({ dialect: { ...dialect, createDriver: () => new DummyDriver() } });
  }

  /** Reads all keys of a scope, the oldest first. */
  read(keys: TableFacts, scope: string): Query {
    let text = this.#read.get(keys);
    if (text === undefined) {
      text = sql`select version, wrapped, master_version, shredded_at from ${sql.table(keys.name)}
        where scope = ${scope} order by version`.compile(this.#kysely).sql;
      this.#read.set(keys, text);
    }
    return { sql: text, parameters: [scope] };
  }

  /** Adds a key, unless the keyring already has a key of this scope and version. */
  add(keys: TableFacts, scope: string, version: number, { wrapped, master_version }: WrappedKey): Query {
    const table = sql.table(keys.name);
    // ON CONFLICT alone would run into the trigger against INSERT OR REPLACE
    return sql`insert into ${table} (scope, version, wrapped, master_version)
      select ${scope}, ${version}, ${wrapped}, ${master_version}
      where not exists (select 1 from ${table} where scope = ${scope} and version = ${version})
      on conflict do nothing`.compile(this.#kysely);
  }
}
