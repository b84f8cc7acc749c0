import type { TableFacts } from '../contract/table.js';
import { AshlarError } from '../errors.js';
import { type DataKey, newWrappedKey, openWrappedKey } from './data-key.js';
import type { KeyringSql, StoredKey } from './keyring-sql.js';
import type { MasterKeys } from './master-keys.js';
import type { Steps } from './steps.js';

/** What the sessions of one database need for encryption. */
export interface Encryption {
  /** @throws AshlarError `key-missing`, `key-invalid` */
  readonly masters: () => MasterKeys;
  readonly sql: KeyringSql;
}

/** The keys of one scope, as the keyring had them; unwrapped when they are first used. */
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

// a session that goes through the rows of everybody must not hold the keys of everybody
const mostScopes = 1_000;

/**
 * The data keys that one session has used. None outlives it: the next session reads the keyring again, so a key that
 * was shredded by another process is not used by it. One of a nested session also sees those of the outer one, but not
 * the reverse: a key that was made in a savepoint may be undone with it.
 */
export class DataKeys {
  readonly #encryption: Encryption;
  readonly #outer: DataKeys | undefined;
  readonly #scopes = new Map<string, ScopeKeys>();

  constructor(encryption: Encryption, outer?: DataKeys) {
    this.#encryption = encryption;
    this.#outer = outer;
  }

  /** The key that encrypts for a scope; made when there is none. @throws AshlarError `scope-shredded`, `key-missing`, `key-wrong` */
  *forEncryption(keys: TableFacts, scope: string): Steps<DataKey> {
    const { masters, sql } = this.#encryption;
    let found = this.#find(keys, scope) ?? (yield* this.#read(keys, scope));
    if (found.newest === undefined) {
      const made = newWrappedKey(masters(), { keyring: keys.name, scope, version: 1 });
      yield sql.add(keys, scope, 1, made);
      found = yield* this.#read(keys, scope);
    }
    const key = found.key(masters(), keys.name, scope, found.newest ?? 0);
    // only rights that hide the row just written could bring this about
    if (!key) throw withoutKey(keys, scope);
    return key;
  }

  /** The key of a version; `undefined` when the scope has none. @throws AshlarError as `forEncryption` */
  *forDecryption(keys: TableFacts, scope: string, version: number): Steps<DataKey | undefined> {
    let found = this.#find(keys, scope) ?? (yield* this.#read(keys, scope));
    // rotated since this session first looked
    if (!found.has(version)) found = yield* this.#read(keys, scope);
    return found.key(this.#encryption.masters(), keys.name, scope, version);
  }

  /** The keys of all versions, newest first. @throws AshlarError as `forEncryption` */
  *all(keys: TableFacts, scope: string): Steps<readonly DataKey[]> {
    const found = yield* this.#read(keys, scope);
    return found.versions
      .map((version) => found.key(this.#encryption.masters(), keys.name, scope, version))
      .filter((key) => key !== undefined)
      .reverse();
  }

  /** Forgets every key, because what was done in a savepoint was undone. */
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
    suggestion: 'Check that this role may read and insert rows there.',
  });

const shreddedError = (keys: TableFacts, scope: string, at: string | null): AshlarError =>
  new AshlarError('scope-shredded', {
    message: `The data of the scope ${scope} was shredded.`,
    detail: `Its key in ${keys.name} was erased${at === null ? '' : ` at ${at}`}; nothing can decrypt it any more.`,
    suggestion: 'A scope that was shredded is never used again: give a new one another name.',
  });
