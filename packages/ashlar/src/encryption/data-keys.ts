import type { TableFacts } from '../contract/table.js';
import { AshlarError } from '../errors.js';
import { type DataKey, newWrappedKey, openWrappedKey } from './data-key.js';
import type { KeyringSql, StoredKey } from './keyring-sql.js';
import type { MasterKeys } from './master-keys.js';
import type { Steps } from './steps.js';

/**
 * The master keys, and the SQL statements for keyrings, with which the sessions of a database encrypt and decrypt.
 */
export interface Encryption {
  /** @throws AshlarError `key-missing`, `key-invalid` */
  readonly masters: () => MasterKeys;
  readonly sql: KeyringSql;
}

/** The keys of one scope, as read from the keyring. Each is unwrapped when it is first used. */
class ScopeKeys {
  readonly #stored: ReadonlyMap<number, StoredKey>;
  readonly #open = new Map<number, DataKey>();
  readonly newest: number | undefined;

  constructor(rows: readonly StoredKey[]) {
    this.#stored = new Map(rows.map((row) => [row.version, row]));
    this.newest = rows.at(-1)?.version;
  }

  get versions(): readonly number[] {
    return [...this.#stored.keys()];
  }

  has(version: number): boolean {
    return this.#stored.has(version);
  }

  key(masters: MasterKeys, keyring: string, scope: string, version: number): DataKey | undefined {
    const open = this.#open.get(version);
    if (open) return open;
    const { wrapped, master_version } = this.#stored.get(version) ?? { wrapped: null, master_version: 0 };
    if (!wrapped) return undefined;
    const key = openWrappedKey(masters, { keyring, scope, version }, { wrapped, master_version });
    this.#open.set(version, key);
    return key;
  }
}

// a session that reads the rows of every scope must not keep every key in memory
const mostScopes = 1_000;

/**
 * The data keys of a session: each key is read and unwrapped when it is first needed, and kept until the session
 * ends. They end with it: the next session reads the keyring again, so it does not use a key that another process has
 * shredded. A nested session also sees the keys of the outer one, but not the reverse: a key that was created in a
 * savepoint may be rolled back.
 */
export class DataKeys {
  readonly #encryption: Encryption;
  readonly #outer: DataKeys | undefined;
  readonly #scopes = new Map<string, ScopeKeys>();

  constructor(encryption: Encryption, outer?: DataKeys) {
    this.#encryption = encryption;
    this.#outer = outer;
  }

  /**
   * Returns the data key that encrypts new values of a scope; creates the key if the scope has none.
   *
   * @throws AshlarError `scope-shredded`, `key-missing`, `key-wrong`
   */
  *forEncryption(keys: TableFacts, scope: string): Steps<DataKey> {
    const { masters, sql } = this.#encryption;
    let found = this.#find(keys, scope) ?? (yield* this.#read(keys, scope));
    if (found.newest === undefined) {
      const made = newWrappedKey(masters(), { keyring: keys.name, scope, version: 1 });
      yield sql.add(keys, scope, 1, made);
      found = yield* this.#read(keys, scope);
    }
    const key = found.key(masters(), keys.name, scope, found.newest ?? 0);
    // possible only where rights or policies hide the row that was just written
    if (!key) throw withoutKey(keys, scope);
    return key;
  }

  /**
   * Returns the data key of a scope that has this version; `undefined` if there is none.
   *
   * @throws AshlarError as `forEncryption`
   */
  *forDecryption(keys: TableFacts, scope: string, version: number): Steps<DataKey | undefined> {
    let found = this.#find(keys, scope) ?? (yield* this.#read(keys, scope));
    // the key was rotated after this session read the keyring
    if (!found.has(version)) found = yield* this.#read(keys, scope);
    return found.key(this.#encryption.masters(), keys.name, scope, version);
  }

  /** Returns the data keys of all versions of a scope, the newest first. @throws AshlarError as `forEncryption` */
  *all(keys: TableFacts, scope: string): Steps<readonly DataKey[]> {
    const found = yield* this.#read(keys, scope);
    return found.versions
      .map((version) => found.key(this.#encryption.masters(), keys.name, scope, version))
      .filter((key) => key !== undefined)
      .reverse();
  }

  /** Forgets all keys; called when a savepoint is rolled back, because keys may have been created since it. */
  forget(): void {
    this.#scopes.clear();
  }

  #find(keys: TableFacts, scope: string): ScopeKeys | undefined {
    const found = this.#scopes.get(`${keys.name}\0${scope}`);
    return found ?? (this.#outer ? this.#outer.#find(keys, scope) : undefined);
  }

  *#read(keys: TableFacts, scope: string): Steps<ScopeKeys> {
    const rows = (yield this.#encryption.sql.read(keys, scope)) as unknown as readonly StoredKey[];
    const shredded = rows.find((row) => row.shredded_at !== null);
    if (shredded) throw shreddedError(keys, scope, shredded.shredded_at);
    const found = new ScopeKeys(rows);
    if (found.newest !== undefined) this.#keep(`${keys.name}\0${scope}`, found);
    return found;
  }

  #keep(name: string, found: ScopeKeys): void {
    const [oldest] = this.#scopes.keys();
    if (this.#scopes.size >= mostScopes && oldest !== undefined) this.#scopes.delete(oldest);
    this.#scopes.set(name, found);
  }
}

const withoutKey = (keys: TableFacts, scope: string): AshlarError =>
  new AshlarError('key-missing', {
    message: `The scope ${scope} has no data key in ${keys.name}.`,
    suggestion: 'Check that this role may read the keyring and insert into it.',
  });

const shreddedError = (keys: TableFacts, scope: string, at: string | null): AshlarError =>
  new AshlarError('scope-shredded', {
    message: `The data of the scope ${scope} was shredded.`,
    detail: `Its key in ${keys.name} was shredded${at === null ? '' : ` at ${at}`}. Nothing can decrypt the data.`,
    suggestion: 'A shredded scope cannot be used again. Give a new scope another name.',
  });
