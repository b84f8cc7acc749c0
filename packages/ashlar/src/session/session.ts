import type { Kysely } from 'kysely';
import { DataKeys, resultOf, runSteps, type Steps } from '../encryption/index.js';
import { keyValues, type Table } from '../model/index.js';
import type { InsertOf, RowOf, Shape, UpdateOf } from '../model/shape.js';
import type { KeyOf, QueryTables, Row, Tables, Update } from '../model/types.js';
import type { Page, PagedQuery, PageOptions } from '../query/page.js';
import { assertInsertMany, assertLockName, assertWork } from './assert-call.js';
import { type Batch, Batches } from './batches.js';
import { countCalls } from './calls.js';
import { currentSession, runInSession } from './current.js';
import { EncryptedTables } from './encrypted-tables.js';
import type { SessionParts } from './parts.js';
import { endedError, readOnlyError } from './session-errors.js';
import type { Statement } from './statements.js';
import type { Decrypted, Rows, Session, SessionOptions, UpsertOptions } from './types.js';
import type { Level, UnitOfWork } from './unit-of-work.js';
import { changeFound, looksAgain, planUpsert } from './upsert.js';
import { checkedRow, insertValues, notFound, updateValues } from './values.js';
import type { Where } from './where.js';

type Values = Record<string, unknown>;

/** An asynchronous session, which runs in one level (transaction or savepoint) of a unit of work. */
export class ActiveSession<T extends Tables> implements Session<T> {
  readonly #parts: SessionParts;
  #keys: DataKeys | undefined;
  #query: Kysely<QueryTables<T>> | undefined;
  #ended = false;
  #nested: Promise<unknown> | undefined;
  readonly level: Level;
  readonly readOnly: boolean;
  /** The session in which this session is nested; `undefined` for the outermost session. */
  readonly parent: ActiveSession<T> | undefined;

  constructor(parts: SessionParts, level: Level, readOnly: boolean, parent?: ActiveSession<T>) {
    this.#parts = parts;
    this.level = level;
    this.readOnly = readOnly;
    this.parent = parent;
  }

  get actor(): string | null {
    return this.unit.options.actor;
  }

  get scope(): string | null {
    return this.unit.options.scope;
  }

  /** Returns the value of an option with which the outermost session was opened. */
  option(name: keyof SessionOptions): unknown {
    return name === 'signal' ? this.unit.signal : this.unit.options[name];
  }

  get unit(): UnitOfWork {
    return this.level.unit;
  }

  get query(): Kysely<QueryTables<T>> {
    this.#assertOpen();
    this.#query ??= this.#parts.queries.in<QueryTables<T>>(this.level, this.readOnly);
    return this.#query;
  }

  now(): string {
    return this.#parts.clock().toISOString();
  }

  async insert<S extends Shape>(table: Table<string, S>, row: InsertOf<S>): Promise<RowOf<S>> {
    this.#assertWritable();
    return this.#insertValues(table, insertValues(this.#parts, table, row));
  }

  insertMany<S extends Shape>(table: Table<string, S>, rows: Rows<S>): Promise<number>;
  insertMany<S extends Shape>(
    table: Table<string, S>,
    rows: Rows<S>,
    options: { readonly returning: true },
  ): Promise<RowOf<S>[]>;
  async insertMany<S extends Shape>(
    table: Table<string, S>,
    rows: Rows<S>,
    options: { readonly returning?: boolean } = {},
  ): Promise<number | RowOf<S>[]> {
    this.#assertWritable();
    const returning = assertInsertMany(table, rows, options);
    let count = 0;
    const returned: Values[] = [];
    const batches = new Batches(this.#parts, table);
    const send = async (batch: Batch): Promise<void> => {
      if (returning) returned.push(...(await this.#insertReturning(table, batch)));
      else await this.level.run((t) => t.insertMany(table, batch.columns, batch.rows));
      count += batch.rows.length;
    };
    const push = (values: Values): Promise<void> | undefined => {
      const full = batches.add(values);
      return full && send(full);
    };
    const add = (row: InsertOf<S>): Promise<void> | undefined => {
      const values = batches.valuesOf(row);
      return table.facts.encryption
        ? this.#encrypted((encrypted) => encrypted.values(table, values)).then(push)
        : push(values);
    };
    try {
      if (Symbol.iterator in rows) {
        // awaiting each row would cost more than the row itself
        for (const row of rows) {
          const full = add(row);
          if (full) await full;
        }
      } else {
        for await (const row of rows) await add(row);
      }
    } catch (error) {
      // the batches sent so far cannot be undone without the session
      if (count > 0) this.level.fail(error);
      throw error;
    }
    const rest = batches.rest();
    if (rest) await send(rest);
    return returning ? (returned as RowOf<S>[]) : count;
  }

  async update<Of extends Table>(table: Of, key: KeyOf<Of>, update: Update<Of>): Promise<Row<Of>> {
    this.#assertWritable();
    const values = updateValues(this.#parts, table, update);
    const given = keyValues(table, key);
    if (!given) throw notFound(table);
    const [row] = table.facts.encryption
      ? [await this.#encrypted((encrypted) => encrypted.update(table, given, values))]
      : await this.#rows(this.#parts.statements.update(table, given, values));
    if (!row) throw notFound(table);
    return checkedRow(table, row as Row<Of>, this.#fail);
  }

  async updateMany<Name extends string, S extends Shape, Key extends string>(
    table: Table<Name, S, Key>,
    where: Where<Name, S>,
    update: UpdateOf<S, Key>,
  ): Promise<number> {
    this.#assertWritable();
    return this.#changes(this.#parts.queries.updateMany(this.#parts, table, where, update));
  }

  async upsert<S extends Shape>(
    table: Table<string, S>,
    row: InsertOf<S>,
    options: UpsertOptions<S>,
  ): Promise<RowOf<S>> {
    this.#assertWritable();
    const plan = planUpsert(this.#parts, table, row, options?.by);
    for (let attempt = 1; ; attempt++) {
      const found = await this.#steps((keys) => changeFound(this.#parts, keys, table, plan));
      if (found) return checkedRow(table, found as RowOf<S>, this.#fail);
      try {
        return await this.nest((s) => (s as ActiveSession<T>).#insertValues(table, plan.insert), false);
      } catch (error) {
        if (looksAgain(error, plan, this.unit.options.isolation, attempt)) continue;
        this.level.fail(error);
        throw error;
      }
    }
  }

  async get<Of extends Table>(table: Of, key: KeyOf<Of>): Promise<Row<Of> | undefined> {
    this.#assertOpen();
    const given = keyValues(table, key);
    if (!given) return undefined;
    if (table.facts.encryption)
      return this.#encrypted((s) => s.get(table, given)) as Promise<Row<Of> | undefined>;
    return (await this.#rows(this.#parts.statements.get(table, given)))[0] as Row<Of> | undefined;
  }

  async page<Row>(query: PagedQuery<Row>, options: PageOptions<Row>): Promise<Page<Row>> {
    this.#assertOpen();
    const plan = this.#parts.queries.page(query, options);
    return plan.page((await this.query.executeQuery(plan.query)).rows as Row[]);
  }

  async delete<Of extends Table>(table: Of, key: KeyOf<Of>): Promise<void> {
    this.#assertWritable();
    const given = keyValues(table, key);
    if (!given) throw notFound(table);
    const statement = this.#parts.statements.delete(table, given);
    const { changes } = await this.level.execute(statement.sql, statement.parameters);
    if (changes === 0) throw notFound(table);
  }

  async deleteMany<Name extends string, S extends Shape>(
    table: Table<Name, S>,
    where: Where<Name, S>,
  ): Promise<number> {
    this.#assertWritable();
    return this.#changes(this.#parts.queries.deleteMany(this.#parts, table, where));
  }

  async decrypt<S extends Shape, R extends Readonly<Record<string, unknown>>>(
    table: Table<string, S>,
    rows: readonly R[],
  ): Promise<Decrypted<S, R>[]> {
    this.#assertOpen();
    return this.#encrypted((encrypted) => encrypted.decrypt(table, rows)) as Promise<Decrypted<S, R>[]>;
  }

  async blindIndex<S extends Shape, C extends keyof S & string>(
    table: Table<string, S>,
    column: C,
    scope: string,
    value: Exclude<RowOf<S>[C], null>,
  ): Promise<Uint8Array<ArrayBuffer>[]> {
    this.#assertOpen();
    return this.#encrypted((encrypted) => encrypted.blindIndex(table, column, scope, value));
  }

  async lock(name: string): Promise<void> {
    this.#assertWritable();
    await this.level.run((transaction) => transaction.lock(assertLockName(name)));
  }

  session<R>(work: (s: Session<T>) => Promise<R>): Promise<R> {
    return this.nest(work, this.readOnly);
  }

  /** Runs a nested session; if `readOnly` is true, every write in it is refused. */
  async nest<R>(work: (s: Session<T>) => Promise<R>, readOnly: boolean): Promise<R> {
    const current = currentSession();
    // called on an outer session by code of a session nested in it: the savepoint belongs in the inner one
    if (current instanceof ActiveSession && current !== this && current.isInside(this)) {
      return (current as ActiveSession<T>).nest(work, readOnly);
    }
    this.#assertOpen();
    const before = this.#nested;
    const inTurn = async (): Promise<R> => {
      if (before) await this.unit.waitFor(before);
      return this.#savepoint(assertWork(work), readOnly);
    };
    const run = inTurn();
    const ended = run
      .catch(() => undefined)
      .then(() => {
        if (this.#nested === ended) this.#nested = undefined;
      });
    this.#nested = ended;
    return run;
  }

  /** Counts a call of this session until its result is handed over. */
  call<R>(work: () => Promise<R>): Promise<R> {
    return this.level.call(work);
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Returns whether this session is open and nested, at any depth, in `outer`. */
  isInside(outer: object): boolean {
    if (this.#ended) return false;
    for (let session = this.parent; session; session = session.parent) if (session === outer) return true;
    return false;
  }

  /**
   * Runs a callback in this session.
   *
   * @throws AshlarError `session-not-awaited` when calls are still running at its end, or one was not waited for; and
   *   what `work` throws
   */
  async run<R>(work: (s: Session<T>) => Promise<R>): Promise<R> {
    const { calls } = this.level;
    try {
      const result = await runInSession(this, () => work(this));
      calls.assertAwaited();
      return result;
    } finally {
      calls.end();
      this.#ended = true;
    }
  }

  async #savepoint<R>(work: (s: Session<T>) => Promise<R>, readOnly: boolean): Promise<R> {
    this.#assertOpen();
    const { level, keep, undo } = await this.level.savepoint(readOnly);
    const inner = new ActiveSession<T>(this.#parts, level, readOnly, this);
    try {
      const result = await inner.run(work);
      if (level.failure) throw level.failure.error;
      await keep();
      return result;
    } catch (error) {
      await undo();
      throw error;
    }
  }

  get #dataKeys(): DataKeys {
    this.#keys ??= new DataKeys(this.#parts.encryption, this.parent ? this.parent.#dataKeys : undefined);
    return this.#keys;
  }

  async #insertValues<S extends Shape>(table: Table<string, S>, values: Values): Promise<RowOf<S>> {
    if (table.facts.encryption)
      return this.#encrypted((encrypted) => encrypted.insert(table, values)) as Promise<RowOf<S>>;
    return (await this.#rows(this.#parts.statements.insert(table, values)))[0] as RowOf<S>;
  }

  async #insertReturning(table: Table, { columns, rows }: Batch): Promise<Values[]> {
    const inserted = await this.level.run((t) => t.insertManyReturning(table, columns, rows));
    return table.facts.encryption ? this.#encrypted((e) => e.decrypt(table, inserted)) : inserted;
  }

  readonly #fail = (error: unknown): void => this.level.fail(error);

  async #rows({ sql, parameters }: Statement): Promise<Values[]> {
    return (await this.level.execute(sql, parameters)).rows;
  }

  async #changes(statement: Statement | undefined): Promise<number> {
    return statement ? (await this.level.execute(statement.sql, statement.parameters)).changes : 0;
  }

  async #encrypted<R>(work: (encrypted: EncryptedTables) => Steps<R>): Promise<R> {
    return this.#steps((keys) => work(new EncryptedTables(this.#parts, keys)));
  }

  // a failed statement aborts the session; a value that cannot be decrypted does not
  async #steps<R>(work: (keys: DataKeys) => Steps<R>): Promise<R> {
    const steps = work(this.#dataKeys);
    return resultOf(
      await this.level.run((transaction) =>
        runSteps(steps, async ({ sql, parameters }) => (await transaction.execute(sql, parameters)).rows),
      ),
    );
  }

  #assertOpen(): void {
    if (this.#ended) throw endedError();
  }

  #assertWritable(): void {
    this.#assertOpen();
    if (this.readOnly) throw readOnlyError();
  }
}

countCalls(ActiveSession.prototype, ['run']);
