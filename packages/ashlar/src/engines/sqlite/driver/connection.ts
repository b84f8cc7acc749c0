import type { QueryResult } from '../../../contract/transaction.js';
import { AshlarError } from '../../../errors.js';
import { everyScope } from '../../../model/index.js';
import { boundFunctions, type ScopedTables } from '../scope/scoped-tables.js';
import { assertStatementAllowed } from '../scope/statement-gate.js';
import { withinScope } from '../scope/within-scope.js';
import { bindable } from '../values/codec.js';
import type { DriverDatabase, DriverStatement } from './driver.js';
import { isBusy, sqliteError } from './errors.js';
import { Kept } from './kept.js';
import { type DecodeRow, type Origins, rowDecoder } from './row-decoder.js';

type Row = Record<string, unknown>;

interface Prepared {
  readonly statement: DriverStatement;
  readonly reads: boolean;
  readonly writes: boolean;
  /** `null` until the statement has run once. */
  decode: DecodeRow | undefined | null;
}

/** Told each statement's text and duration. */
export type Watch = (sql: string, milliseconds: number) => void;

const keptStatements = 500;

/** One connection, keyed and set up, with the statements it keeps. */
export class Connection {
  /** The driver's own connection, for what needs no session: the schema's owner. */
  readonly database: DriverDatabase;
  readonly #origins: Origins;
  readonly #watch: Watch | undefined;
  readonly #scoped: ScopedTables;
  readonly #kept = new Kept<Prepared>(keptStatements);
  // apart from a session's: they may name what a session may not
  readonly #ownKept = new Kept<DriverStatement>(keptStatements);
  readonly #commands = new Map<string, DriverStatement>();
  readonly #streams = new Set<OpenStream>();
  #scope: string | null = null;
  #views: readonly string[] | undefined;
  #viewsVersion = 0;

  constructor(
    database: DriverDatabase,
    { origins, scoped, watch }: { origins: Origins; scoped: ScopedTables; watch: Watch | undefined },
  ) {
    this.database = database;
    this.#origins = origins;
    this.#scoped = scoped;
    this.#watch = watch;
  }

  /** Whether a transaction is open. SQLite ends one by itself when the disk is full or the file fails. */
  get inTransaction(): boolean {
    return this.database.inTransaction;
  }

  /** Keeps what sessions run from now on to the rows of one scope; `null` reaches none. Throws what the driver throws. */
  enter(scope: string | null): void {
    if (this.#viewsVersion !== this.#scoped.version) this.#standBefore();
    this.#scope = scope;
  }

  /** Takes away the views that stand before scoped tables: what the schema's owner names are the tables themselves. */
  openTables(): void {
    for (const view of this.#views ?? []) this.database.exec(`DROP VIEW IF EXISTS temp.${view}`);
    this.#views &&= [];
    this.#viewsVersion = 0;
  }

  /** Runs one statement of a session. */
  run(sql: string, parameters: readonly unknown[]): QueryResult {
    const bound = bindable(parameters);
    if (this.#streams.size > 0) this.#drainStreams();
    return this.#watch ? this.#watched(sql, () => this.#run(sql, bound)) : this.#run(sql, bound);
  }

  #run(sql: string, bound: readonly unknown[]): QueryResult {
    try {
      const prepared = this.#kept.get(sql) ?? this.#prepare(sql);
      const { statement, reads, writes } = prepared;
      if (!reads) return { rows: [], changes: statement.run(bound).changes };
      const rows = statement.all(bound);
      const decode = prepared.decode === null ? this.#decoder(prepared) : prepared.decode;
      if (decode) for (const row of rows) decode(row);
      return { rows, changes: writes ? rows.length : 0 };
    } catch (error) {
      throw sqliteError(error);
    }
  }

  /** Runs one INSERT for each row. */
  runMany(sql: string, rows: readonly (readonly unknown[])[]): number {
    if (this.#streams.size > 0) this.#drainStreams();
    const insertAll = () => {
      try {
        const { statement } = this.#kept.get(sql) ?? this.#prepare(sql);
        for (const row of rows) statement.run(bindable(row));
        return rows.length;
      } catch (error) {
        throw sqliteError(error);
      }
    };
    return this.#watch ? this.#watched(sql, insertAll) : insertAll();
  }

  /**
   * Rows one by one. While rows are being read SQLite's driver runs nothing else on the connection; so another
   * statement first takes the rest of them into memory.
   */
  *stream(sql: string, parameters: readonly unknown[]): Generator<Row> {
    const bound = bindable(parameters);
    // a kept statement may be in use; one that iterates is its own
    const prepared = this.#guard(() => this.#prepare(sql, false));
    const { statement, reads } = prepared;
    if (!reads) {
      this.run(sql, parameters);
      return;
    }
    if (this.#streams.size > 0) this.#drainStreams();
    const stream = new OpenStream(this.#guard(() => statement.iterate(bound)));
    this.#streams.add(stream);
    try {
      for (;;) {
        const row = this.#guard(() => stream.next());
        if (!row) return;
        const decode = prepared.decode === null ? this.#decoder(prepared) : prepared.decode;
        decode?.(row);
        yield row;
      }
    } finally {
      stream.close();
      this.#streams.delete(stream);
    }
  }

  /**
   * Runs a statement of Ashlar's own inside a transaction, in every scope: kept, its rows undecoded. One that writes to a
   * scoped table names it with `main.`. Throws what the driver throws.
   */
  internal(sql: string, parameters: readonly unknown[] = []): Row[] {
    const scope = this.#scope;
    this.#scope = everyScope;
    try {
      let statement = this.#ownKept.get(sql);
      if (!statement) {
        statement = this.database.prepare<unknown[], Row>(sql);
        this.#ownKept.set(sql, statement);
      }
      if (statement.reader) return statement.all(bindable(parameters));
      statement.run(bindable(parameters));
      return [];
    } finally {
      this.#scope = scope;
    }
  }

  /** Runs a fixed statement of the engine's own: BEGIN, COMMIT, SAVEPOINT, PRAGMA. Throws what the driver throws. */
  command(sql: string): void {
    if (this.#streams.size > 0) this.#drainStreams();
    let statement = this.#commands.get(sql);
    if (!statement) {
      statement = this.database.prepare<unknown[], Row>(sql);
      this.#commands.set(sql, statement);
    }
    if (statement.reader) statement.all();
    else statement.run();
  }

  /**
   * Runs the commands that open a transaction, of a session where a scope is given, else of the owner.
   *
   * @returns `false` when another process holds the lock
   */
  tryBegin(commands: readonly string[], scope?: string | null): boolean {
    try {
      if (scope !== undefined) this.enter(scope);
      for (const sql of commands) this.command(sql);
      return true;
    } catch (error) {
      if (this.inTransaction) this.command('ROLLBACK');
      if (isBusy(error)) return false;
      throw sqliteError(error);
    }
  }

  /** Forgets kept statements, because the schema or what is known of columns has changed. */
  forgetStatements(): void {
    this.#kept.clear();
    this.#ownKept.clear();
  }

  /** Ends streams that nobody will finish, so that the transaction can end. */
  closeStreams(): void {
    for (const stream of this.#streams) stream.close();
    this.#streams.clear();
  }

  close(): void {
    this.closeStreams();
    this.forgetStatements();
    this.#commands.clear();
    this.database.close();
  }

  #prepare(sql: string, keep = true): Prepared {
    assertStatementAllowed(sql);
    const statement = this.database.prepare<unknown[], Row>(withinScope(sql, this.#scoped));
    const prepared: Prepared = {
      statement,
      reads: statement.reader,
      writes: !statement.readonly,
      decode: null,
    };
    if (keep) this.#kept.set(sql, prepared);
    return prepared;
  }

  #standBefore(): void {
    const views = this.#scoped.views;
    const readsOnly = this.database.pragma('query_only', { simple: true }) === 1;
    if (readsOnly) this.database.pragma('query_only = OFF');
    try {
      if (!this.#views) {
        // hoisted out of loops, and used to seek in an index, only where they are deterministic: within a statement they are
        for (const { name, run } of boundFunctions(() => this.#scope))
          this.database.function(name, { deterministic: true }, run);
      }
      this.openTables();
      this.#views = views.map(({ name }) => name);
      for (const { sql } of views) this.database.exec(sql);
    } finally {
      if (readsOnly) this.database.pragma('query_only = ON');
    }
    this.#viewsVersion = this.#scoped.version;
  }

  // SQLite notices that another connection has changed the schema only when a statement runs: the columns are right then
  #decoder(prepared: Prepared): DecodeRow | undefined {
    prepared.decode = rowDecoder(prepared.statement.columns(), this.#origins);
    return prepared.decode;
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw sqliteError(error);
    }
  }

  #watched<T>(sql: string, work: () => T): T {
    const start = performance.now();
    try {
      return work();
    } finally {
      this.#watch?.(sql, performance.now() - start);
    }
  }

  #drainStreams(): void {
    for (const stream of this.#streams) stream.drain();
  }
}

/** A statement being read, which can be read to its end ahead of its reader. */
class OpenStream {
  readonly #rows: IterableIterator<Row>;
  #ahead: Iterator<Row> | undefined;
  #closed = false;

  constructor(rows: IterableIterator<Row>) {
    this.#rows = rows;
  }

  next(): Row | undefined {
    if (this.#closed) {
      throw new AshlarError('session-ended', { message: 'The rows of a session were read after it ended.' });
    }
    const { done, value } = (this.#ahead ?? this.#rows).next();
    return done ? undefined : value;
  }

  drain(): void {
    this.#ahead ??= [...this.#rows].values();
  }

  close(): void {
    this.#closed = true;
    if (!this.#ahead) this.#rows.return?.();
  }
}
