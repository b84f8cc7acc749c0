import type { ResultKinds } from '../../../contract/answers.js';
import type { QueryResult } from '../../../contract/transaction.js';
import type { AshlarError } from '../../../errors.js';
import { everyScope } from '../../../model/index.js';
import { type Report, reportedNow, Usage } from '../../report.js';
import { OtherReaders } from '../scope/other-readers.js';
import { ProgramGate } from '../scope/program-gate.js';
import { ScopeViews } from '../scope/scope-views.js';
import type { ScopedTables } from '../scope/scoped-tables.js';
import { assertStatementAllowed, headOf } from '../scope/statement-gate.js';
import type { SystemTables } from '../scope/system-tables.js';
import { withinScope, writtenTable } from '../scope/within-scope.js';
import { clockFunction, clockTime, type TouchedTables } from '../touched/touched-tables.js';
import { withTouched } from '../touched/with-touched.js';
import { bindable } from '../values/codec.js';
import { BoundedCache } from './bounded-cache.js';
import type { DriverDatabase, DriverStatement } from './driver.js';
import { isBusy } from './errors.js';
import type { Failures } from './failures.js';
import { OpenStream } from './open-stream.js';
import { type Decoded, madeRows, makerOf, type Origins, undecoded } from './row-decoder.js';

type Row = Record<string, unknown>;

interface Prepared extends Decoded {
  readonly reads: boolean;
  readonly writes: boolean;
}

const cachedStatements = 500;

/** What all connections to one database share. */
export interface ConnectionParts {
  readonly origins: Origins;
  readonly failures: Failures;
  readonly tables: SystemTables;
  readonly scoped: ScopedTables;
  readonly touched: TouchedTables;
  readonly report: Report | undefined;
}

/** The scope of a session, and the time of its clock if it has one of its own, as ISO 8601 with milliseconds. */
export interface SessionBounds {
  readonly scope: string | null;
  readonly now?: string | undefined;
}

/** One open connection to a SQLite database, with its cache of prepared statements. */
export class Connection {
  /** The driver's own connection; the owner's statements use it directly, because they run outside sessions. */
  readonly database: DriverDatabase;
  readonly #origins: Origins;
  readonly #failures: Failures;
  /** Reports the statements of the connection; `undefined` if there is no listener. */
  readonly report: Report | undefined;
  readonly #scoped: ScopedTables;
  readonly #touched: TouchedTables;
  readonly #otherReaders: OtherReaders;
  readonly #gate: ProgramGate;
  readonly #views: ScopeViews;
  readonly #sessionStatements = new BoundedCache<Prepared>(cachedStatements);
  // separate, because they may name tables that a session may not
  readonly #internalStatements = new BoundedCache<DriverStatement>(cachedStatements);
  readonly #commands = new Map<string, DriverStatement>();
  readonly #streams = new Set<OpenStream>();
  #scope: string | null = null;
  #now: string | null = null;
  #hasClock = false;

  constructor(database: DriverDatabase, parts: ConnectionParts) {
    const { origins, failures, tables, scoped, touched, report } = parts;
    this.database = database;
    this.#origins = origins;
    this.#failures = failures;
    this.#scoped = scoped;
    this.#touched = touched;
    this.#otherReaders = new OtherReaders(database, scoped);
    this.#gate = new ProgramGate(database, { tables, scoped }, () => this.#sessionStatements.clear());
    this.#views = new ScopeViews(database, scoped, () => this.#scope);
    this.report = report;
  }

  /**
   * Whether a transaction is open on this connection. SQLite rolls one back by itself when the disk is full or the file
   * fails.
   */
  get inTransaction(): boolean {
    return this.database.inTransaction;
  }

  /**
   * Limits the following statements of sessions to the rows of one scope; if the scope is `null`, they reach no row of
   * a scoped table.
   *
   * @throws the driver's errors
   */
  enter({ scope, now }: SessionBounds): void {
    this.#views.create();
    this.#scope = scope;
    this.#now = now ?? null;
  }

  /** Drops the views that shadow scoped tables, so that the owner's statements reach the tables themselves. */
  dropScopeViews(): void {
    this.#views.drop();
  }

  /** Runs one statement of a session. @throws AshlarError, as `sqliteError` translates */
  run(sql: string, parameters: readonly unknown[], kinds?: ResultKinds): QueryResult {
    const bound = bindable(parameters);
    if (this.#streams.size > 0) this.#drainStreams();
    return this.report
      ? reportedNow(this.report, sql, () => this.#run(sql, bound, kinds))
      : this.#run(sql, bound, kinds);
  }

  #run(sql: string, bound: readonly unknown[], kinds: ResultKinds | undefined): QueryResult {
    let prepared: Prepared | undefined;
    try {
      prepared = this.#sessionStatements.get(sql) ?? this.#prepare(sql);
      const { statement, reads, writes } = prepared;
      if (!reads) return { rows: [], changes: statement.run(bound).changes };
      const rows = madeRows(prepared, statement.all(bound), this.#origins, kinds);
      return { rows, changes: writes ? rows.length : 0 };
    } catch (error) {
      throw this.#failed(error, sql, prepared, bound);
    }
  }

  /** Runs one statement of a session that reads. @returns its first row @throws AshlarError, as `sqliteError` translates */
  first(sql: string, parameters: readonly unknown[]): Row | undefined {
    const prepared = this.#sessionStatements.get(sql);
    // one that writes has to run to its end
    if (!prepared?.reads || prepared.writes || this.report || this.#streams.size > 0)
      return this.run(sql, parameters).rows[0];
    const bound = bindable(parameters);
    try {
      const values = prepared.statement.get(bound);
      return values && makerOf(prepared, values, this.#origins)(values);
    } catch (error) {
      throw this.#failed(error, sql, prepared, bound);
    }
  }

  /** Runs an INSERT once for each row. @returns the rows of its RETURNING, if it has one @throws AshlarError, as `sqliteError` translates */
  runMany(sql: string, rows: readonly (readonly unknown[])[]): QueryResult {
    if (this.#streams.size > 0) this.#drainStreams();
    const insertAll = (): QueryResult => {
      let prepared: Prepared | undefined;
      let bound: readonly unknown[] = [];
      try {
        prepared = this.#sessionStatements.get(sql) ?? this.#prepare(sql);
        const { statement, reads } = prepared;
        const returned: unknown[] = [];
        for (const row of rows) {
          bound = bindable(row);
          if (reads) returned.push(...statement.all(bound));
          else statement.run(bound);
        }
        return { rows: madeRows(prepared, returned, this.#origins), changes: rows.length };
      } catch (error) {
        throw this.#failed(error, sql, prepared, bound);
      }
    };
    return this.report ? reportedNow(this.report, sql, insertAll) : insertAll();
  }

  /**
   * Runs one statement of a session, and yields its rows as they are read. The driver runs no other statement on a
   * connection while rows are being read, so another statement first reads the rest of them into memory.
   *
   * @throws AshlarError, as `sqliteError` translates
   */
  *stream(sql: string, parameters: readonly unknown[], kinds?: ResultKinds): Generator<Row> {
    const bound = bindable(parameters);
    // not cached: another stream of the same text may be open
    const prepared = this.#translated(() => this.#prepare(sql, false), false);
    const { statement, reads } = prepared;
    if (!reads) {
      this.run(sql, parameters);
      return;
    }
    if (this.#streams.size > 0) this.#drainStreams();
    const usage = new Usage(this.report, sql);
    const during = <T>(work: () => T): T => usage.duringNow(() => this.#translated(work, true));
    const stream = new OpenStream(during(() => statement.iterate(bound)));
    this.#streams.add(stream);
    try {
      for (;;) {
        const values = during(() => stream.next());
        if (!values) return;
        usage.rows++;
        yield makerOf(prepared, values, this.#origins, kinds)(values);
      }
    } finally {
      stream.close();
      this.#streams.delete(stream);
      usage.end();
    }
  }

  /**
   * Runs one of Ashlar's own statements inside the open transaction; the statement reaches the rows of every scope. It
   * is cached, and its rows are not decoded. A statement that writes to a scoped table must qualify it with `main.`.
   *
   * @throws the driver's errors
   */
  internal(sql: string, parameters: readonly unknown[] = []): Row[] {
    const scope = this.#scope;
    this.#scope = everyScope;
    try {
      let statement = this.#internalStatements.get(sql);
      if (!statement) {
        statement = this.database.prepare<unknown[], Row>(sql);
        this.#internalStatements.set(sql, statement);
      }
      if (statement.reader) return statement.all(bindable(parameters));
      statement.run(bindable(parameters));
      return [];
    } finally {
      this.#scope = scope;
    }
  }

  /** Runs a fixed statement of the engine, such as BEGIN, COMMIT, SAVEPOINT or PRAGMA. @throws the driver's errors */
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
   * Opens a transaction with the given commands; the transaction belongs to a session if `session` is given, otherwise
   * to the owner.
   *
   * @returns `false` when another process holds the lock
   * @throws AshlarError, as `sqliteError` translates
   */
  tryBegin(commands: readonly string[], session?: SessionBounds): boolean {
    try {
      if (session) this.enter(session);
      for (const sql of commands) this.command(sql);
      // the statements that are kept were checked with the schema of their time
      if (session) this.#gate.refresh();
      return true;
    } catch (error) {
      if (this.inTransaction) this.command('ROLLBACK');
      if (isBusy(error)) return false;
      throw this.failure(error);
    }
  }

  /**
   * Empties the statement caches; called when a change of the schema or of the registered tables has made them invalid.
   */
  forgetStatements(): void {
    this.#sessionStatements.clear();
    this.#internalStatements.clear();
  }

  /** Ends the unfinished streams of the open transaction, so that the transaction can end. */
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

  #prepare(sql: string, cache = true): Prepared {
    assertStatementAllowed(sql);
    this.#otherReaders.assertNone(sql, writtenTable(sql));
    const touched = withTouched(sql, this.#touched);
    if (touched !== sql) this.#createClock();
    const text = withinScope(touched, this.#scoped);
    const { start, explained } = headOf(text);
    this.#gate.assertCalls(text);
    const statement = this.database.prepare<unknown[], unknown[]>(text.slice(start));
    this.#gate.assertAllowed(text.slice(explained));
    if (this.#origins.readsExactly && statement.reader) statement.safeIntegers(true);
    const prepared: Prepared = {
      ...undecoded(statement),
      reads: statement.reader,
      writes: !statement.readonly,
    };
    if (cache) this.#sessionStatements.set(sql, prepared);
    return prepared;
  }

  #createClock(): void {
    if (this.#hasClock) return;
    this.#hasClock = true;
    // deterministic within a statement, which then calls it once
    this.database.function(clockFunction, { deterministic: true }, (precision) =>
      clockTime(this.#now, precision),
    );
  }

  /**
   * Translates an error of the driver into an AshlarError with the facts that its message has.
   *
   * @param ran - whether statements failed while they ran, so that the message may have values of rows
   */
  failure(error: unknown, ran = true): AshlarError {
    return this.#failures.translated(error, { database: this.database, ran });
  }

  /** Translates the error of a COMMIT; the transaction must not have been rolled back yet. */
  commitFailure(error: unknown): AshlarError {
    return this.#failures.atCommit(error, this.database);
  }

  #failed(
    error: unknown,
    sql: string,
    prepared: Prepared | undefined,
    bound: readonly unknown[],
  ): AshlarError {
    if (!prepared) return this.#failures.ofText(error, sql, this.database);
    const { statement, reads } = prepared;
    const again = () => (reads ? statement.all(bound) : statement.run(bound));
    return this.#failures.translated(error, {
      database: this.database,
      ran: true,
      statement: { sql, again },
    });
  }

  #translated<T>(work: () => T, ran: boolean): T {
    try {
      return work();
    } catch (error) {
      throw this.failure(error, ran);
    }
  }

  #drainStreams(): void {
    for (const stream of this.#streams) stream.drain();
  }
}
