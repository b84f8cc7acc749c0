import type { InsertOf, KeyOf, Row, RowOf, Shape, Table, Tables, Update, UpdateOf } from '../model/index.js';
import { assertOptions, assertRows } from './assert-call.js';
import type { Rows, Session, SessionContext, UpsertOptions } from './types.js';
import type { Where } from './where.js';

/** The writes of a database that are one statement each. */
export abstract class SingleWrites<T extends Tables> {
  /** @internal Runs `work` in the session around the call, or in a session of its own: what `prepare` returns, if given. */
  protected abstract once<R>(
    context: SessionContext,
    work: (s: Session<T>) => Promise<R>,
    prepare?: () => Promise<(s: Session<T>) => Promise<R>>,
  ): Promise<R>;

  /**
   * Inserts a row, as {@link Session.insert}, in a session of its own. Inside a session of this database it is a
   * statement of that session; this applies to every method that writes.
   *
   * @param context - the actor and the scope; inside a session they can be left out
   * @throws AshlarError as {@link Session.insert} and `db.session`
   *
   * @example
   * const note = await db.insert(notes, { body: 'a' }, { actor: 'user:42' });
   */
  insert<S extends Shape>(
    table: Table<string, S>,
    row: InsertOf<S>,
    context: SessionContext = {},
  ): Promise<RowOf<S>> {
    return this.once(context, (s) => s.insert(table, row));
  }

  /**
   * Inserts many rows, as {@link Session.insertMany}, in a session of its own. The rows are then read into memory first,
   * because that session may have to be run again.
   *
   * @param options - the actor, the scope and `returning`
   * @throws AshlarError as {@link Session.insertMany} and `db.session`
   */
  insertMany<S extends Shape>(
    table: Table<string, S>,
    rows: Rows<S>,
    options: SessionContext & { readonly returning: true },
  ): Promise<RowOf<S>[]>;
  insertMany<S extends Shape>(
    table: Table<string, S>,
    rows: Rows<S>,
    context?: SessionContext,
  ): Promise<number>;
  insertMany<S extends Shape>(
    table: Table<string, S>,
    rows: Rows<S>,
    options: SessionContext & { readonly returning?: true } = {},
  ): Promise<number | RowOf<S>[]> {
    const { returning, ...rest } = options ?? {};
    // options that are no object are refused with the other calls
    const context = typeof options === 'object' && options !== null ? rest : options;
    const insert = (s: Session<T>, given: Rows<S>): Promise<number | RowOf<S>[]> =>
      returning ? s.insertMany(table, given, { returning }) : s.insertMany(table, given);
    const readRows = async () => {
      assertRows(rows);
      const given: InsertOf<S>[] = [];
      for await (const row of rows) given.push(row);
      return (s: Session<T>) => insert(s, given);
    };
    return this.once(context, (s) => insert(s, rows), readRows);
  }

  /**
   * Updates the row with the given primary key, as {@link Session.update}, in a session of its own.
   *
   * @throws AshlarError as {@link Session.update} and `db.session`
   */
  update<Of extends Table>(
    table: Of,
    key: KeyOf<Of>,
    update: Update<Of>,
    context: SessionContext = {},
  ): Promise<Row<Of>> {
    return this.once(context, (s) => s.update(table, key, update));
  }

  /**
   * Updates every row that meets a condition, as {@link Session.updateMany}, in a session of its own.
   *
   * @returns the number of rows that were updated
   * @throws AshlarError as {@link Session.updateMany} and `db.session`
   */
  updateMany<Name extends string, S extends Shape, Key extends string>(
    table: Table<Name, S, Key>,
    where: Where<Name, S>,
    update: UpdateOf<S, Key>,
    context: SessionContext = {},
  ): Promise<number> {
    return this.once(context, (s) => s.updateMany(table, where, update));
  }

  /**
   * Updates the row with the same key, or inserts it, as {@link Session.upsert}, in a session of its own.
   *
   * @param options - `by`, the actor and the scope
   * @throws AshlarError as {@link Session.upsert} and `db.session`
   *
   * @example
   * await db.upsert(settings, { name: 'theme', value: 'dark' }, { by: 'name', actor: 'user:42' });
   */
  async upsert<S extends Shape>(
    table: Table<string, S>,
    row: InsertOf<S>,
    options: UpsertOptions<S> & SessionContext,
  ): Promise<RowOf<S>> {
    assertOptions(options);
    const { by, ...context } = options;
    return this.once(context, (s) => s.upsert(table, row, { by }));
  }

  /**
   * Deletes the row with the given primary key, as {@link Session.delete}, in a session of its own.
   *
   * @throws AshlarError as {@link Session.delete} and `db.session`
   */
  delete<Of extends Table>(table: Of, key: KeyOf<Of>, context: SessionContext = {}): Promise<void> {
    return this.once(context, (s) => s.delete(table, key));
  }

  /**
   * Deletes every row that meets a condition, as {@link Session.deleteMany}, in a session of its own.
   *
   * @returns the number of rows that were deleted
   * @throws AshlarError as {@link Session.deleteMany} and `db.session`
   */
  deleteMany<Name extends string, S extends Shape>(
    table: Table<Name, S>,
    where: Where<Name, S>,
    context: SessionContext = {},
  ): Promise<number> {
    return this.once(context, (s) => s.deleteMany(table, where));
  }
}
