import type { Compilable } from 'kysely';
import type { QueryResult, Transaction } from '../contract/transaction.js';
import { DataKeys, resultOf, runStepsNow, type Steps } from '../encryption/index.js';
import { AshlarError } from '../errors.js';
import {
  type InsertOf,
  type KeyOf,
  keyValues,
  type Row,
  type RowOf,
  type Shape,
  type Table,
  type Update,
} from '../model/index.js';
import { EncryptedTables } from './encrypted-tables.js';
import type { SessionParts } from './parts.js';
import type { Statement } from './statements.js';
import type { Decrypted } from './types.js';
import { abortedError, endedError } from './unit-of-work.js';
import { insertValues, isPromiseLike, notFound, updateValues } from './values.js';

/** A synchronous session, for engines that run in this thread (SQLite). The rules are those of {@link Session}. */
export class SyncSession {
  readonly #parts: SessionParts;
  readonly #transaction: Transaction;
  readonly actor: string | null;
  readonly scope: string | null;
  readonly #keys: DataKeys;
  #failure: { readonly error: unknown } | undefined;
  #ended = false;
  #depth = 0;

  /** @internal */
  constructor(parts: SessionParts, transaction: Transaction, actor: string | null, scope: string | null) {
    this.#parts = parts;
    this.#transaction = transaction;
    this.actor = actor;
    this.scope = scope;
    this.#keys = new DataKeys(parts.encryption);
  }

  /**
   * Validates and inserts a row, and returns the row as stored.
   *
   * @returns the row as stored, generated values included
   * @throws AshlarError as {@link Session.insert}
   */
  insert<S extends Shape>(table: Table<string, S>, row: InsertOf<S>): RowOf<S> {
    const values = insertValues(this.#parts, table, row);
    if (table.facts.encryption)
      return this.#encrypted((encrypted) => encrypted.insert(table, values)) as RowOf<S>;
    return this.#execute(this.#parts.statements.insert(table, values)).rows[0] as RowOf<S>;
  }

  /**
   * Validates the given values and updates the row with the given primary key.
   *
   * @returns the row as stored
   * @throws AshlarError `row-not-found`, `usage` without any column, and as {@link Session.insert}
   */
  update<Of extends Table>(table: Of, key: KeyOf<Of>, update: Update<Of>): Row<Of> {
    const values = updateValues(this.#parts, table, update);
    const given = keyValues(table, key);
    if (!given) throw notFound(table);
    if (table.facts.encryption)
      return this.#encrypted((encrypted) => encrypted.update(table, given, values)) as Row<Of>;
    const { rows } = this.#execute(this.#parts.statements.update(table, given, values));
    if (!rows[0]) throw notFound(table);
    return rows[0] as Row<Of>;
  }

  /** Returns the row with the given primary key, or `undefined` if there is none. */
  get<Of extends Table>(table: Of, key: KeyOf<Of>): Row<Of> | undefined {
    const given = keyValues(table, key);
    if (!given) return undefined;
    if (table.facts.encryption)
      return this.#encrypted((encrypted) => encrypted.get(table, given)) as Row<Of> | undefined;
    return this.#execute(this.#parts.statements.get(table, given)).rows[0] as Row<Of> | undefined;
  }

  /** Deletes the row with the given primary key. @throws AshlarError `row-not-found`, and what the database refuses */
  delete<Of extends Table>(table: Of, key: KeyOf<Of>): void {
    const given = keyValues(table, key);
    if (!given) throw notFound(table);
    const { changes } = this.#execute(this.#parts.statements.delete(table, given));
    if (changes === 0) throw notFound(table);
  }

  /** Decrypts the encrypted columns of rows that a query returned; the synchronous form of {@link Session.decrypt}. */
  decrypt<S extends Shape, R extends Readonly<Record<string, unknown>>>(
    table: Table<string, S>,
    rows: readonly R[],
  ): Decrypted<S, R>[] {
    return this.#encrypted((encrypted) => encrypted.decrypt(table, rows)) as Decrypted<S, R>[];
  }

  /** Returns the values to search for in a blind index; the synchronous form of {@link Session.blindIndex}. */
  blindIndex<S extends Shape, C extends keyof S & string>(
    table: Table<string, S>,
    column: C,
    scope: string,
    value: Exclude<RowOf<S>[C], null>,
  ): Uint8Array<ArrayBuffer>[] {
    return this.#encrypted((encrypted) => encrypted.blindIndex(table, column, scope, value));
  }

  /** Runs a Kysely query (built with `db.kysely`) and returns its rows. */
  all<Row>(query: Compilable<Row>): Row[] {
    const { sql, parameters } = query.compile();
    return this.#execute({ sql, parameters }).rows as Row[];
  }

  /** Runs a nested session in a savepoint: if its callback throws, only the savepoint is rolled back. */
  session<R>(work: (s: SyncSession) => R): R {
    const name = `ashlar_${++this.#depth}`;
    this.#now((t) => t.savepoint(name));
    try {
      const result = work(this);
      if (this.#failure) throw this.#failure.error;
      if (isPromiseLike(result)) throw returnedPromise();
      this.#now((t) => t.release(name));
      return result;
    } catch (error) {
      this.#failure = undefined;
      this.#now((t) => t.rollbackTo(name));
      // a data key created in the savepoint no longer exists
      this.#keys.forget();
      this.#now((t) => t.release(name));
      throw error;
    } finally {
      this.#depth--;
    }
  }

  /** Runs the session’s callback; commits when the callback returns, and rolls back when it throws. */
  run<R>(work: (s: SyncSession) => R): R {
    let result: R;
    try {
      result = work(this);
      if (this.#failure) throw abortedError(this.#failure.error);
      if (isPromiseLike(result)) throw returnedPromise();
    } catch (error) {
      this.#ended = true;
      this.#transaction.rollback();
      throw error;
    }
    this.#ended = true;
    this.#transaction.commit();
    return result;
  }

  #encrypted<R>(work: (encrypted: EncryptedTables) => Steps<R>): R {
    const steps = work(new EncryptedTables(this.#parts, this.#keys));
    return resultOf(
      this.#now((transaction) =>
        runStepsNow(
          steps,
          ({ sql, parameters }) => (transaction.execute(sql, parameters) as QueryResult).rows,
        ),
      ),
    );
  }

  #execute({ sql, parameters }: Statement): QueryResult {
    return this.#now((transaction) => transaction.execute(sql, parameters) as QueryResult);
  }

  #now<R>(work: (transaction: Transaction) => R): R {
    if (this.#ended) throw endedError();
    if (this.#failure) throw abortedError(this.#failure.error);
    try {
      return work(this.#transaction);
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }
}

const returnedPromise = (): AshlarError =>
  new AshlarError('usage', {
    message: 'The callback of a synchronous session returned a promise.',
    suggestion: 'Use db.session(…) for asynchronous work.',
  });
