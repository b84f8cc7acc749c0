import type { TableFacts } from '../contract/table.js';
import { AshlarError } from '../errors.js';
import { type DataKey, type KeyName, newWrappedKey, openWrappedKey } from './data-key.js';
import type { KeyringSql, StoredKey } from './keyring-sql.js';
import type { MasterKeys } from './master-keys.js';
import type { Steps } from './steps.js';

/** The master keys and keyring statements that the sessions of one database share. */
export interface Encryption {
  /** @throws AshlarError `key-missing`, `key-invalid` */
  readonly masters: () => MasterKeys;
  readonly sql: KeyringSql;
}

/** The keys of one scope, as read from the keyring. Each is unwrapped on first use. */
class ScopeKeys {
  readonly #stored: ReadonlyMap<number, StoredKey>;
  readonly #unwrapped = new Map<number, DataKey>();
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

  key(masters: MasterKeys, name: KeyName): DataKey | undefined {
    const { version } = name;
    const unwrapped = this.#unwrapped.get(version);
    if (unwrapped) return unwrapped;
    const { wrapped, master_version } = this.#stored.get(version) ?? { wrapped: null, master_version: 0 };
    if (!wrapped) return undefined;
    const key = openWrappedKey(masters, name, { wrapped, master_version });
    this.#unwrapped.set(version, key);
    return key;
  }
}

// bounds memory in a session that reads the rows of all scopes
const mostScopes = 1_000;

/**
 * The data keys that one session has used. They end with the session: the next one reads the keyring again, so it does
 * not use a key that another process has shredded. A nested session also uses the keys of the outer session, but not the
 * reverse: a key created in a savepoint may be rolled back with it.
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
   * The newest key of a scope, with which to encrypt. A scope without a key gets one.
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
    const key = found.key(masters(), { keyring: keys.name, scope, version: found.newest ?? 0 });
    // possible only when the role may not read the row it has just inserted
    if (!key) throw noDataKey(keys, scope);
    return key;
  }

  /** The key of a version; `undefined` when the scope does not have it. @throws AshlarError as `forEncryption` */
  *forDecryption(keys: TableFacts, scope: string, version: number): Steps<DataKey | undefined> {
    let found = this.#find(keys, scope) ?? (yield* this.#read(keys, scope));
    // another process may have rotated the key since this session read the keyring
    if (!found.has(version)) found = yield* this.#read(keys, scope);
    return found.key(this.#encryption.masters(), { keyring: keys.name, scope, version });
  }

  /** The keys of all versions, newest first. @throws AshlarError as `forEncryption` */
  *all(keys: TableFacts, scope: string): Steps<readonly DataKey[]> {
    const found = yield* this.#read(keys, scope);
    return found.versions
      .map((version) => found.key(this.#encryption.masters(), { keyring: keys.name, scope, version }))
      .filter((key) => key !== undefined)
      .reverse();
  }

  /** Forgets every key: after a savepoint was rolled back, in which keys may have been created. */
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

const noDataKey = (keys: TableFacts, scope: string): AshlarError =>
  new AshlarError('key-missing', {
    message: `The scope ${scope} has no data key in ${keys.name}.`,
    suggestion: 'Check that this role may select and insert rows of the keyring.',
  });

const shreddedError = (keys: TableFacts, scope: string, at: string | null): AshlarError =>
  new AshlarError('scope-shredded', {
    message: `The scope ${scope} was shredded.`,
    detail: `Its data keys in ${keys.name} were erased${at === null ? '' : ` at ${at}`}, so its data cannot be decrypted.`,
    suggestion: 'Use another name for new data: a shredded scope gets no new key.',
  });
