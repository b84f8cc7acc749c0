import type { SqlName } from '../contract/sql.js';
import type { TableFacts } from '../contract/table.js';
import { identifier } from '../model/index.js';
import { parameter } from '../sql/parameter.js';
import type { WrappedKey } from './data-key.js';
import type { Query } from './steps.js';

/** A data key as a row of a keyring stores it. */
export interface StoredKey {
  readonly version: number;
  readonly wrapped: Uint8Array | null;
  readonly master_version: number;
  readonly shredded_at: string | null;
}

/** The SQL statements that read and write keyrings, for one SQL dialect. The text of the frequent one is kept. */
export class KeyringSql {
  readonly #dialect: SqlName;
  readonly #read = new WeakMap<TableFacts, string>();

  constructor(dialect: SqlName) {
    this.#dialect = dialect;
  }

  /** Reads all keys of a scope, the oldest first. */
  read(keys: TableFacts, scope: string): Query {
    let text = this.#read.get(keys);
    if (text === undefined) {
      text =
        `select version, wrapped, master_version, shredded_at from ${identifier(keys.name)} ` +
        `where scope = ${parameter(this.#dialect, 1)} order by version`;
      this.#read.set(keys, text);
    }
    return { sql: text, parameters: [scope] };
  }

  /** Adds a key, unless the keyring already has a key of this scope and version. */
  add(keys: TableFacts, scope: string, version: number, { wrapped, master_version }: WrappedKey): Query {
    const table = identifier(keys.name);
    const at = (position: number): string => parameter(this.#dialect, position);
    return {
      // ON CONFLICT alone would run into the trigger against INSERT OR REPLACE
      sql:
        `insert into ${table} (scope, version, wrapped, master_version) select ${at(1)}, ${at(2)}, ${at(3)}, ${at(4)} ` +
        `where not exists (select 1 from ${table} where scope = ${at(5)} and version = ${at(6)}) on conflict do nothing`,
      parameters: [scope, version, wrapped, master_version, scope, version],
    };
  }
}
