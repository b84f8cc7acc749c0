import { DummyDriver, type ExpressionBuilder, Kysely, sql } from 'kysely';
import type { Column } from '../contract/column.js';
import type { Engine } from '../contract/engine.js';
import { AshlarError } from '../errors.js';
import { rightsOf, type Table } from '../model/index.js';

/** SQL text with its parameters, encoded for the engine. */
export interface Statement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

// by properties
type Values = Readonly<Record<string, unknown>>;

interface Compiled {
  readonly sql: string;
  readonly columns: readonly Column[];
}

type AnyTables = Record<string, Record<string, unknown>>;

const present = (table: Table, values: Values): Column[] =>
  Object.values(table.columns).filter((column) => values[column.property] !== undefined);

/** The columns of a table in a select list or in RETURNING, each under its property. */
const all = (table: Table) => (eb: ExpressionBuilder<AnyTables, string>) =>
  Object.values(table.columns).map(({ name, property }) =>
    name === property ? name : eb.ref(name).as(property),
  );

/**
 * Compiles the statements that write and read single rows, once for each table and set of columns. Values are given in
 * the application's form.
 */
export class Statements {
  readonly #engine: Engine;
  readonly #kysely: Kysely<AnyTables>;
  readonly #compiled = new WeakMap<Table, Map<string, Compiled>>();

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#kysely = new Kysely<AnyTables>({
      dialect: {
        createAdapter: engine.kysely.adapter,
        createQueryCompiler: engine.kysely.compiler,
        createDriver: () => new DummyDriver(),
        createIntrospector: () => {
          throw new AshlarError('usage', {
            message: 'Kysely cannot introspect this database.',
            suggestion: 'Use `ashlar status` or engine.introspect().',
          });
        },
      },
    });
  }

  /** Returns an INSERT of one row, RETURNING every column. */
  insert(table: Table, values: Values): Statement {
    const columns = present(table, values);
    const compiled = this.#cached(table, `insert ${columns.map((c) => c.name).join()}`, () => {
      const insert = this.#kysely.insertInto(table.name);
      const filled = columns.length
        ? insert.values(Object.fromEntries(columns.map((c) => [c.name, null])))
        : insert.defaultValues();
      return { sql: filled.returning(all(table)).compile().sql, columns };
    });
    return { sql: compiled.sql, parameters: this.#encode(compiled.columns, values) };
  }

  /**
   * Returns an UPDATE of one row by its primary key, RETURNING every column. Columns that each update touches are set
   * to the current time.
   */
  update(table: Table, key: Values, values: Values): Statement {
    const columns = present(table, values);
    const compiled = this.#cached(table, `update ${columns.map((c) => c.name).join()}`, () => {
      const keys = this.#keyColumns(table);
      const given = columns.map((c) => [c.name, null] as const);
      const touched = Object.values(table.columns)
        .filter((c) => c.touched && !columns.includes(c))
        .map((c) => [c.name, sql.raw(this.#engine.dialect.now(c.precision))] as const);
      let update = this.#kysely.updateTable(table.name).set(Object.fromEntries([...given, ...touched]));
      for (const column of keys) update = update.where(column.name, '=', '');
      return {
        sql: update.returning(all(table)).compile().sql,
        columns: [...columns, ...keys],
      };
    });
    return { sql: compiled.sql, parameters: this.#encode(compiled.columns, { ...values, ...key }) };
  }

  /** Returns a SELECT of one row by its primary key. */
  get(table: Table, key: Values): Statement {
    const compiled = this.#cached(table, 'get', () => {
      const columns = this.#keyColumns(table);
      let select = this.#kysely.selectFrom(table.name).select(all(table));
      for (const column of columns) select = select.where(column.name, '=', '');
      return { sql: select.compile().sql, columns };
    });
    return { sql: compiled.sql, parameters: this.#encode(compiled.columns, key) };
  }

  /**
   * Returns a SELECT of one row by the columns of a key, given by their properties. The row is locked if the application's role may lock it; a row
   * that it may not update needs no lock.
   */
  find(table: Table, by: readonly string[], values: Values): Statement {
    const columns = Object.values(table.columns).filter(({ property }) => by.includes(property));
    const compiled = this.#cached(table, `find ${columns.map((c) => c.name).join()}`, () => {
      let select = this.#kysely.selectFrom(table.name).select(all(table));
      for (const column of columns) select = select.where(column.name, '=', '');
      const locked = rightsOf(table).update.length > 0 ? select.forUpdate() : select;
      return { sql: locked.compile().sql, columns };
    });
    return { sql: compiled.sql, parameters: this.#encode(compiled.columns, values) };
  }

  /** Returns a DELETE of one row by its primary key. */
  delete(table: Table, key: Values): Statement {
    const compiled = this.#cached(table, 'delete', () => {
      const columns = this.#keyColumns(table);
      let deletion = this.#kysely.deleteFrom(table.name);
      for (const column of columns) deletion = deletion.where(column.name, '=', '');
      return { sql: deletion.compile().sql, columns };
    });
    return { sql: compiled.sql, parameters: this.#encode(compiled.columns, key) };
  }

  /** Returns the columns for which a row has a value, and the encoded values in the same order. */
  encodeRow(table: Table, values: Values): { columns: readonly Column[]; encoded: readonly unknown[] } {
    const columns = present(table, values);
    return { columns, encoded: this.#encode(columns, values) };
  }

  #keyColumns(table: Table): Column[] {
    return Object.values(table.columns).filter((column) => table.primaryKey.columns.includes(column.name));
  }

  #encode(columns: readonly Column[], values: Values): unknown[] {
    return columns.map((column) => {
      const value = values[column.property];
      return this.#engine.encode(column, column.codec ? column.codec.encode(value) : value);
    });
  }

  #cached(table: Table, name: string, compile: () => Compiled): Compiled {
    let statements = this.#compiled.get(table);
    if (!statements) {
      statements = new Map();
      this.#compiled.set(table, statements);
    }
    let compiled = statements.get(name);
    if (!compiled) {
      compiled = compile();
      statements.set(name, compiled);
    }
    return compiled;
  }
}
