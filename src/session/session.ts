import type { Kysely } from 'kysely';
import { AshlarError } from '../errors.js';
import type { Column, InsertOf, PatchOf, QueryTables, RowOf, Shape, Table, Tables } from '../table/index.js';
import { currentSession, runAs } from './current.js';
import { type KyselyParts, kyselyFor } from './kysely.js';
import { keyValues, type Statements } from './statements.js';
import type { KeyOf, Session } from './types.js';
import { endedError, type UnitOfWork } from './unit-of-work.js';
import { validate } from './validate.js';

/** How many rows `insertMany` sends at a time. */
const batchSize = 1_000;

/** What the sessions of one database have in common. */
export interface SessionParts {
  readonly statements: Statements;
  readonly kysely: KyselyParts;
  /** The process's clock. */
  readonly clock: () => Date;
  /** Whether generated times come from `clock`; otherwise the database's own clock makes them. */
  readonly stampHere: boolean;
}

type Values = Record<string, unknown>;

/** A session over one level of a unit of work. */
export class ActiveSession<T extends Tables> implements Session<T> {
  readonly #parts: SessionParts;
  readonly #unit: UnitOfWork;
  #query: Kysely<QueryTables<T>> | undefined;
  #ended = false;
  #nested: Promise<unknown> = Promise.resolve();
  readonly readOnly: boolean;

  constructor(parts: SessionParts, unit: UnitOfWork, readOnly: boolean) {
    this.#parts = parts;
    this.#unit = unit;
    this.readOnly = readOnly;
  }

  get actor(): string | null {
    return this.#unit.options.actor;
  }

  get scope(): string | null {
    return this.#unit.options.scope;
  }

  get unit(): UnitOfWork {
    return this.#unit;
  }

  get query(): Kysely<QueryTables<T>> {
    this.#assertOpen();
    this.#query ??= kyselyFor<QueryTables<T>>(this.#parts.kysely, this.#unit);
    return this.#query;
  }

  now(): string {
    return this.#parts.clock().toISOString();
  }

  async insert<S extends Shape>(table: Table<string, S>, row: InsertOf<S>): Promise<RowOf<S>> {
    this.#assertWritable(table.name);
    const statement = this.#parts.statements.insert(table, this.#prepare(table, row));
    const { rows } = await this.#unit.execute(statement.sql, statement.parameters);
    return rows[0] as RowOf<S>;
  }

  async insertMany<S extends Shape>(
    table: Table<string, S>,
    rows: Iterable<InsertOf<S>> | AsyncIterable<InsertOf<S>>,
  ): Promise<number> {
    this.#assertWritable(table.name);
    let count = 0;
    let columns: readonly Column[] = [];
    let batch: (readonly unknown[])[] = [];
    const flush = async () => {
      const [sent, of] = [batch, columns];
      batch = [];
      if (sent.length > 0) count += await this.#unit.run((t) => t.insertMany(table, of, sent));
    };
    const add = (row: InsertOf<S>): Promise<void> | undefined => {
      const next = this.#parts.statements.encodeRow(table, this.#prepare(table, row));
      const sameColumns =
        next.columns.length === columns.length && next.columns.every((column, i) => column === columns[i]);
      const full = !sameColumns || batch.length === batchSize ? flush() : undefined;
      columns = next.columns;
      batch.push(next.encoded);
      return full;
    };
    if (Symbol.iterator in rows) {
      // a promise for each row would cost more than the row
      for (const row of rows) {
        const full = add(row);
        if (full) await full;
      }
    } else {
      for await (const row of rows) await add(row);
    }
    await flush();
    return count;
  }

  async patch<S extends Shape>(table: Table<string, S>, key: KeyOf<S>, patch: PatchOf<S>): Promise<RowOf<S>> {
    this.#assertWritable(table.name);
    const values = validate(table.name, table.patch, patch) as Values;
    if (Object.values(values).every((value) => value === undefined)) {
      throw new AshlarError('usage', {
        message: `The patch of ${table.name} is empty.`,
        suggestion: 'Give at least one column.',
      });
    }
    if (this.#parts.stampHere) this.#stamp(table, values, (column) => column.touched);
    const statement = this.#parts.statements.patch(table, keyValues(table, key), values);
    const { rows } = await this.#unit.execute(statement.sql, statement.parameters);
    if (!rows[0]) throw notFound(table.name);
    return rows[0] as RowOf<S>;
  }

  async get<S extends Shape>(table: Table<string, S>, key: KeyOf<S>): Promise<RowOf<S> | undefined> {
    this.#assertOpen();
    const statement = this.#parts.statements.get(table, keyValues(table, key));
    const { rows } = await this.#unit.execute(statement.sql, statement.parameters);
    return rows[0] as RowOf<S> | undefined;
  }

  async remove<S extends Shape>(table: Table<string, S>, key: KeyOf<S>): Promise<void> {
    this.#assertWritable(table.name);
    const statement = this.#parts.statements.remove(table, keyValues(table, key));
    const { changes } = await this.#unit.execute(statement.sql, statement.parameters);
    if (changes === 0) throw notFound(table.name);
  }

  session<R>(work: (s: Session<T>) => Promise<R>): Promise<R> {
    const current = currentSession();
    // called on an outer session from inside one nested in it: the savepoint belongs inside the inner one
    if (
      current instanceof ActiveSession &&
      current !== this &&
      current.unit === this.#unit &&
      !current.ended
    ) {
      return (current as ActiveSession<T>).session(work);
    }
    this.#assertOpen();
    const run = this.#nested.then(() => this.#savepoint(work));
    this.#nested = run.catch(() => undefined);
    return run;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Runs a callback in this session and refuses one that left statements behind. */
  async run<R>(work: (s: Session<T>) => Promise<R>): Promise<R> {
    const before = this.#unit.statements;
    try {
      const returned: unknown = runAs(this, () => work(this));
      if (!isPromiseLike(returned) && this.#unit.statements > before) throw notAwaited();
      const result = (await returned) as R;
      await this.#nested;
      if (this.#unit.busy) throw notAwaited();
      return result;
    } finally {
      this.#ended = true;
    }
  }

  async #savepoint<R>(work: (s: Session<T>) => Promise<R>): Promise<R> {
    this.#assertOpen();
    const savepoint = await this.#unit.savepoint();
    const inner = new ActiveSession<T>(this.#parts, this.#unit, this.readOnly);
    try {
      const result = await inner.run(work);
      const failure = this.#unit.failure;
      if (failure) throw failure.error;
      await savepoint.keep();
      return result;
    } catch (error) {
      await savepoint.undo();
      throw error;
    }
  }

  #prepare(table: Table, row: unknown): Values {
    const values = validate(table.name, table.insert, row) as Values;
    if (this.#parts.stampHere) this.#stamp(table, values, (column) => column.generated === 'now');
    return values;
  }

  #stamp(table: Table, values: Values, wanted: (column: Column) => boolean): void {
    const now = this.now();
    for (const column of Object.values(table.columns)) {
      if (wanted(column) && values[column.name] === undefined) {
        values[column.name] = column.precision === 3 ? now : now.replace('Z', '000Z');
      }
    }
  }

  #assertOpen(): void {
    if (this.#ended) throw endedError();
  }

  #assertWritable(table: string): void {
    this.#assertOpen();
    if (!this.readOnly) return;
    throw new AshlarError('session-read-only', {
      message: `This session only reads; it cannot write ${table}.`,
      suggestion: 'Use db.session(…) instead of db.read(…).',
    });
  }
}

const isPromiseLike = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as PromiseLike<unknown> | undefined)?.then === 'function';

const notFound = (table: string): AshlarError =>
  new AshlarError('row-not-found', {
    message: `${table} has no row with that key.`,
    suggestion: 'Check the key; in a scoped session, check whose row it is.',
  });

const notAwaited = (): AshlarError =>
  new AshlarError('session-not-awaited', {
    message: 'The session’s callback returned before its statements had finished.',
    detail: 'Nothing of the session was kept: what was not awaited might have been lost.',
    suggestion: 'Make the callback async and await every call in it.',
  });
