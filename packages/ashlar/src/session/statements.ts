import type { Column } from '../contract/column.js';
import type { Engine } from '../contract/engine.js';
import { quoted, rightsOf, type Table } from '../model/index.js';
import { parameter } from '../sql/parameter.js';

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

const present = (table: Table, values: Values): Column[] =>
  Object.values(table.columns).filter((column) => values[column.property] !== undefined);

/** The columns of a table in a select list or in RETURNING, each under its property. */
const all = (table: Table): string =>
  Object.values(table.columns)
    .map(({ name, property }) =>
      name === property ? quoted(name) : `${quoted(name)} as ${quoted(property)}`,
    )
    .join(', ');

/**
 * The statements that write and read single rows, each rendered once for a table and a set of columns. Values are given in
 * the application's form. The text is rendered here and not by Kysely, which a program that only uses these need not load. Every
 * name is quoted, as Kysely writes it, so that the text depends on no list of reserved words.
 */
export class Statements {
  readonly #engine: Engine;
  readonly #compiled = new WeakMap<Table, Map<string, Compiled>>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Returns an INSERT of one row, RETURNING every column. */
  insert(table: Table, values: Values): Statement {
    const columns = present(table, values);
    const compiled = this.#cached(table, `insert ${columns.map((c) => c.name).join()}`, () => {
      const names = columns.map(({ name }) => quoted(name)).join(', ');
      const places = columns.map((_, i) => this.#place(i)).join(', ');
      const given = columns.length > 0 ? `(${names}) values (${places})` : 'default values';
      return { sql: `insert into ${quoted(table.name)} ${given} returning ${all(table)}`, columns };
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
      const given = columns.map(({ name }, i) => `${quoted(name)} = ${this.#place(i)}`);
      const touched = Object.values(table.columns)
        .filter((c) => c.touched && !columns.includes(c))
        .map((c) => `${quoted(c.name)} = ${this.#engine.dialect.now(c.precision)}`);
      const set = [...given, ...touched].join(', ');
      const where = this.#equal(keys, columns.length);
      return {
        sql: `update ${quoted(table.name)} set ${set} where ${where} returning ${all(table)}`,
        columns: [...columns, ...keys],
      };
    });
    return { sql: compiled.sql, parameters: this.#encode(compiled.columns, { ...values, ...key }) };
  }

  /** Returns a SELECT of one row by its primary key. */
  get(table: Table, key: Values): Statement {
    const compiled = this.#cached(table, 'get', () => this.#select(table, this.#keyColumns(table)));
    return { sql: compiled.sql, parameters: this.#encode(compiled.columns, key) };
  }

  /**
   * Returns a SELECT of one row by the columns of a key, given by their properties. The row is locked if the application's role may lock it; a row
   * that it may not update needs no lock.
   */
  find(table: Table, by: readonly string[], values: Values): Statement {
    const columns = Object.values(table.columns).filter(({ property }) => by.includes(property));
    const compiled = this.#cached(table, `find ${columns.map((c) => c.name).join()}`, () => {
      const select = this.#select(table, columns);
      const mayLock = rightsOf(table).update.length > 0;
      return mayLock ? { ...select, sql: select.sql + this.#engine.dialect.lockRows } : select;
    });
    return { sql: compiled.sql, parameters: this.#encode(compiled.columns, values) };
  }

  /** Returns a DELETE of one row by its primary key. */
  delete(table: Table, key: Values): Statement {
    const compiled = this.#cached(table, 'delete', () => {
      const columns = this.#keyColumns(table);
      return { sql: `delete from ${quoted(table.name)} where ${this.#equal(columns)}`, columns };
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

  /** The place of a parameter. @param index - from 0 */
  #place(index: number): string {
    return parameter(this.#engine.dialect.name, index + 1);
  }

  /** The condition that columns have given values. @param before - how many parameters precede it */
  #equal(columns: readonly Column[], before = 0): string {
    return columns.map(({ name }, i) => `${quoted(name)} = ${this.#place(before + i)}`).join(' and ');
  }

  #select(table: Table, by: readonly Column[]): Compiled {
    return { sql: `select ${all(table)} from ${quoted(table.name)} where ${this.#equal(by)}`, columns: by };
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
