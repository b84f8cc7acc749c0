import type { Kysely } from 'kysely';
import type { Column } from '../contract/column.js';
import { DataKeys, resultOf, runSteps, type Steps } from '../encryption/index.js';
import { AshlarError } from '../errors.js';
import {
  type InsertOf,
  type KeyOf,
  keyValues,
  type QueryTables,
  type Row,
  type RowOf,
  type Shape,
  type Table,
  type Tables,
  type Update,
} from '../model/index.js';
import { currentSession, runInSession } from './current.js';
import { EncryptedTables } from './encrypted-tables.js';
import { kyselyFor, readOnlyError } from './kysely.js';
import type { SessionParts } from './parts.js';
import type { Decrypted, Session } from './types.js';
import { endedError, type Level, type UnitOfWork } from './unit-of-work.js';
import { insertValues, isPromiseLike, notFound, updateValues } from './values.js';

/** How many rows `insertMany` sends in one statement. */
const batchSize = 1_000;

/** An asynchronous session, which runs in one level (transaction or savepoint) of a unit of work. */
export class ActiveSession<T extends Tables> implements Session<T> {
  readonly #parts: SessionParts;
  #keys: DataKeys | undefined;
  #query: Kysely<QueryTables<T>> | undefined;
  #ended = false;
  #nested: Promise<unknown> = Promise.resolve();
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

  get unit(): UnitOfWork {
    return this.level.unit;
  }

  get query(): Kysely<QueryTables<T>> {
    this.#assertOpen();
    this.#query ??= kyselyFor<QueryTables<T>>(this.#parts.kysely, this.level, this.readOnly);
    return this.#query;
  }

  now(): string {
    return this.#parts.clock().toISOString();
  }

  async insert<S extends Shape>(table: Table<string, S>, row: InsertOf<S>): Promise<RowOf<S>> {
    this.#assertWritable();
    const values = insertValues(this.#parts, table, row);
    if (table.facts.encryption)
      return this.#encrypted((encrypted) => encrypted.insert(table, values)) as Promise<RowOf<S>>;
    const statement = this.#parts.statements.insert(table, values);
    const { rows } = await this.level.execute(statement.sql, statement.parameters);
    return rows[0] as RowOf<S>;
  }

  async insertMany<S extends Shape>(
    table: Table<string, S>,
    rows: Iterable<InsertOf<S>> | AsyncIterable<InsertOf<S>>,
  ): Promise<number> {
    this.#assertWritable();
    let count = 0;
    let columns: readonly Column[] = [];
    let batch: (readonly unknown[])[] = [];
    const flush = async () => {
      const [sent, of] = [batch, columns];
      batch = [];
      if (sent.length > 0) count += await this.level.run((t) => t.insertMany(table, of, sent));
    };
    const push = (values: Readonly<Record<string, unknown>>): Promise<void> | undefined => {
      const next = this.#parts.statements.encodeRow(table, values);
      const sameColumns =
        next.columns.length === columns.length && next.columns.every((column, i) => column === columns[i]);
      const full = !sameColumns || batch.length === batchSize ? flush() : undefined;
      columns = next.columns;
      batch.push(next.encoded);
      return full;
    };
    const add = (row: InsertOf<S>): Promise<void> | undefined => {
      const values = insertValues(this.#parts, table, row);
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
    await flush();
    return count;
  }

  async update<Of extends Table>(table: Of, key: KeyOf<Of>, update: Update<Of>): Promise<Row<Of>> {
    this.#assertWritable();
    const values = updateValues(this.#parts, table, update);
    const given = keyValues(table, key);
    if (!given) throw notFound(table);
    if (table.facts.encryption)
      return this.#encrypted((encrypted) => encrypted.update(table, given, values)) as Promise<Row<Of>>;
    const statement = this.#parts.statements.update(table, given, values);
    const { rows } = await this.level.execute(statement.sql, statement.parameters);
    if (!rows[0]) throw notFound(table);
    return rows[0] as Row<Of>;
  }

  async get<Of extends Table>(table: Of, key: KeyOf<Of>): Promise<Row<Of> | undefined> {
    this.#assertOpen();
    const given = keyValues(table, key);
    if (!given) return undefined;
    if (table.facts.encryption)
      return this.#encrypted((s) => s.get(table, given)) as Promise<Row<Of> | undefined>;
    const statement = this.#parts.statements.get(table, given);
    const { rows } = await this.level.execute(statement.sql, statement.parameters);
    return rows[0] as Row<Of> | undefined;
  }

  async delete<Of extends Table>(table: Of, key: KeyOf<Of>): Promise<void> {
    this.#assertWritable();
    const given = keyValues(table, key);
    if (!given) throw notFound(table);
    const statement = this.#parts.statements.delete(table, given);
    const { changes } = await this.level.execute(statement.sql, statement.parameters);
    if (changes === 0) throw notFound(table);
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
    await this.level.run((transaction) => transaction.lock(name));
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
    const run = this.#nested.then(() => this.#savepoint(work, readOnly));
    this.#nested = run.catch(() => undefined);
    return run;
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
   * @throws AshlarError `session-not-awaited` when statements are still running at its end; and what `work` throws
   */
  async run<R>(work: (s: Session<T>) => Promise<R>): Promise<R> {
    const before = this.level.statements;
    try {
      const returned: unknown = runInSession(this, () => work(this));
      if (!isPromiseLike(returned) && this.level.statements > before) throw notAwaited();
      const result = (await returned) as R;
      await this.#nested;
      if (this.level.busy) throw notAwaited();
      return result;
    } finally {
      this.#ended = true;
    }
  }

  async #savepoint<R>(work: (s: Session<T>) => Promise<R>, readOnly: boolean): Promise<R> {
    this.#assertOpen();
    const { level, keep, undo } = await this.level.savepoint();
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

  // a failed statement aborts the session; a value that cannot be decrypted does not
  async #encrypted<R>(work: (encrypted: EncryptedTables) => Steps<R>): Promise<R> {
    const steps = work(new EncryptedTables(this.#parts, this.#dataKeys));
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

const notAwaited = (): AshlarError =>
  new AshlarError('session-not-awaited', {
    message: 'The session’s callback returned before its statements had finished.',
    detail: 'The session was rolled back: statements that are not awaited could be lost.',
    suggestion: 'Make the callback async, and await every call in it.',
  });
