import type { Compilable } from 'kysely';
import type { QueryResult, Transaction, TransactionOptions } from '../contract/transaction.js';
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
  type UpdateOf,
} from '../model/index.js';
import type { Page, PagedQuery, PageOptions } from '../query/page.js';
import { assertParameters } from '../query/parameters.js';
import { assertInsertMany, assertWork } from './assert-call.js';
import { type Batch, Batches } from './batches.js';
import { EncryptedTables } from './encrypted-tables.js';
import type { SessionParts } from './parts.js';
import { abortedError, endedError, readOnlyError } from './session-errors.js';
import type { Statement } from './statements.js';
import type { Decrypted, SessionContext, UpsertOptions } from './types.js';
import { changeFound, planUpsert } from './upsert.js';
import { checkedRow, insertValues, isPromiseLike, notFound, updateValues } from './values.js';
import type { Where } from './where.js';

/** Runs synchronous sessions: see `db.sync`. */
export interface SyncSessions {
  /** Runs a session; commits when `work` returns, and rolls back when it throws. */
  session<R>(context: SessionContext, work: (s: SyncSession) => Immediate<R>): R;
  /** Runs a session that only reads one snapshot of the data. */
  read<R>(context: SessionContext, work: (s: SyncSession) => Immediate<R>): R;
}

/** The result of a synchronous callback: a promise is none. */
export type Immediate<R> = R extends PromiseLike<unknown> ? never : R;

/** A synchronous session, for engines that run in this thread (SQLite). The rules are those of {@link Session}. */
export class SyncSession {
  readonly #parts: SessionParts;
  readonly #transaction: Transaction;
  readonly actor: string | null;
  readonly scope: string | null;
  readonly readOnly: boolean;
  readonly #keys: DataKeys;
  #failure: { readonly error: unknown } | undefined;
  #ended = false;
  #depth = 0;

  /** @internal */
  constructor(parts: SessionParts, transaction: Transaction, { actor, scope, mode }: TransactionOptions) {
    this.#parts = parts;
    this.#transaction = transaction;
    this.actor = actor;
    this.scope = scope;
    this.readOnly = mode === 'read';
    this.#keys = new DataKeys(parts.encryption);
  }

  /**
   * Validates and inserts a row, and returns the row as stored.
   *
   * @returns the row as stored, generated values included
   * @throws AshlarError as {@link Session.insert}
   */
  insert<S extends Shape>(table: Table<string, S>, row: InsertOf<S>): RowOf<S> {
    this.#assertWritable();
    return this.#insertValues(table, insertValues(this.#parts, table, row));
  }

  /** Validates and inserts many rows; the synchronous form of {@link Session.insertMany}. */
  insertMany<S extends Shape>(table: Table<string, S>, rows: Iterable<InsertOf<S>>): number;
  insertMany<S extends Shape>(
    table: Table<string, S>,
    rows: Iterable<InsertOf<S>>,
    options: { readonly returning: true },
  ): RowOf<S>[];
  insertMany<S extends Shape>(
    table: Table<string, S>,
    rows: Iterable<InsertOf<S>>,
    options: { readonly returning?: boolean } = {},
  ): number | RowOf<S>[] {
    this.#assertWritable();
    const returning = assertInsertMany(table, rows, options);
    let count = 0;
    const returned: Record<string, unknown>[] = [];
    const batches = new Batches(this.#parts, table);
    const send = (batch: Batch | undefined): void => {
      if (!batch) return;
      if (returning) returned.push(...this.#insertReturning(table, batch));
      else this.#now((t) => t.insertMany(table, batch.columns, batch.rows));
      count += batch.rows.length;
    };
    try {
      for (const row of rows) {
        const values = batches.valuesOf(row);
        send(
          batches.add(
            table.facts.encryption ? this.#encrypted((encrypted) => encrypted.values(table, values)) : values,
          ),
        );
      }
    } catch (error) {
      // the batches sent so far cannot be undone without the session
      if (count > 0) this.#failure ??= { error };
      throw error;
    }
    send(batches.rest());
    return returning ? (returned as RowOf<S>[]) : count;
  }

  /**
   * Validates the given values and updates the row with the given primary key.
   *
   * @returns the row as stored
   * @throws AshlarError `row-not-found`, `usage` without any column, and as {@link Session.insert}
   */
  update<Of extends Table>(table: Of, key: KeyOf<Of>, update: Update<Of>): Row<Of> {
    this.#assertWritable();
    const values = updateValues(this.#parts, table, update);
    const given = keyValues(table, key);
    if (!given) throw notFound(table);
    if (table.facts.encryption)
      return checkedRow(
        table,
        this.#encrypted((encrypted) => encrypted.update(table, given, values)) as Row<Of>,
        this.#fail,
      );
    const { rows } = this.#execute(this.#parts.statements.update(table, given, values));
    if (!rows[0]) throw notFound(table);
    return checkedRow(table, rows[0] as Row<Of>, this.#fail);
  }

  /** Updates every row that meets a condition; the synchronous form of {@link Session.updateMany}. */
  updateMany<Name extends string, S extends Shape, Key extends string>(
    table: Table<Name, S, Key>,
    where: Where<Name, S>,
    update: UpdateOf<S, Key>,
  ): number {
    this.#assertWritable();
    return this.#changes(this.#parts.queries.updateMany(this.#parts, table, where, update));
  }

  /** Updates the row with the same key, or inserts it; the synchronous form of {@link Session.upsert}. */
  upsert<S extends Shape>(table: Table<string, S>, row: InsertOf<S>, options: UpsertOptions<S>): RowOf<S> {
    this.#assertWritable();
    const plan = planUpsert(this.#parts, table, row, options?.by);
    // no other transaction can write meanwhile
    const found = this.#steps((keys) => changeFound(this.#parts, keys, table, plan));
    return found ? checkedRow(table, found as RowOf<S>, this.#fail) : this.#insertValues(table, plan.insert);
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
    this.#assertWritable();
    const given = keyValues(table, key);
    if (!given) throw notFound(table);
    const { changes } = this.#execute(this.#parts.statements.delete(table, given));
    if (changes === 0) throw notFound(table);
  }

  /** Deletes every row that meets a condition; the synchronous form of {@link Session.deleteMany}. */
  deleteMany<Name extends string, S extends Shape>(table: Table<Name, S>, where: Where<Name, S>): number {
    this.#assertWritable();
    return this.#changes(this.#parts.queries.deleteMany(this.#parts, table, where));
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
    const { sql, parameters, query: node } = query.compile();
    assertParameters(parameters);
    const { queries } = this.#parts;
    const { rows } = this.#now((t) => t.execute(sql, parameters, queries.kindsOf(node)) as QueryResult);
    queries.unnest(node, rows);
    return rows as Row[];
  }

  /** Reads one page of a query that was built with `db.kysely`; the synchronous form of {@link Session.page}. */
  page<Row>(query: PagedQuery<Row>, options: PageOptions<Row>): Page<Row> {
    const plan = this.#parts.queries.page(query, options);
    return plan.page(this.all(plan.query) as Row[]);
  }

  /** Runs a nested session in a savepoint: if its callback throws, only the savepoint is rolled back. */
  session<R>(work: (s: SyncSession) => Immediate<R>): R {
    assertWork(work);
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

  #insertValues<S extends Shape>(
    table: Table<string, S>,
    values: Readonly<Record<string, unknown>>,
  ): RowOf<S> {
    if (table.facts.encryption)
      return this.#encrypted((encrypted) => encrypted.insert(table, values)) as RowOf<S>;
    return this.#execute(this.#parts.statements.insert(table, values)).rows[0] as RowOf<S>;
  }

  #insertReturning(table: Table, { columns, rows }: Batch): Record<string, unknown>[] {
    const inserted = this.#now(
      (t) => t.insertManyReturning(table, columns, rows) as Record<string, unknown>[],
    );
    return table.facts.encryption
      ? this.#encrypted((encrypted) => encrypted.decrypt(table, inserted))
      : inserted;
  }

  #changes(statement: Statement | undefined): number {
    return statement ? this.#execute(statement).changes : 0;
  }

  #assertWritable(): void {
    if (this.readOnly) throw readOnlyError();
  }

  #encrypted<R>(work: (encrypted: EncryptedTables) => Steps<R>): R {
    return this.#steps((keys) => work(new EncryptedTables(this.#parts, keys)));
  }

  #steps<R>(work: (keys: DataKeys) => Steps<R>): R {
    const steps = work(this.#keys);
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

  readonly #fail = (error: unknown): void => {
    this.#failure ??= { error };
  };

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
