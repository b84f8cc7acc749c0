import type { Column } from '../../contract/column.js';
import type { GuardedTable } from '../../contract/guarantee.js';
import type { KeyTexts } from '../../contract/key-texts.js';
import type { RunSql } from '../../contract/sql.js';
import { AshlarError } from '../../errors.js';
import { rowKeyOf } from '../../ledger/compare.js';
import { identifier } from '../../model/index.js';

/** A key of a row: each of its values as a text from which the engine makes the value again. */
export type KeyTextsOfRow = readonly string[];

/** The keys between which rows are looked at: after the first, up to and including the second. */
export interface Bounds {
  readonly after: KeyTextsOfRow | undefined;
  readonly upTo: KeyTextsOfRow | undefined;
}

/** What is needed to read the rows of a table by their keys. */
export interface KeyedRowsInput {
  readonly table: GuardedTable;
  readonly keys: KeyTexts;
  readonly run: RunSql;
  /** A placeholder of a statement. */
  parameter(n: number): string;
}

/** SQL with the values of its parameters. */
interface Condition {
  readonly where: string;
  readonly parameters: readonly string[];
}

/** The rows of a table in the order of their primary keys; `t` is the alias of a row. */
export class KeyedRows {
  readonly #input: KeyedRowsInput;
  readonly #from: string;
  readonly #names: readonly string[];
  readonly #columns: readonly Column[];
  readonly #isMissing: string;
  /** The key of a row, each value as text under a name of its own. */
  readonly key: string;
  /** The columns of the key, for ORDER BY. */
  readonly order: string;

  constructor(input: KeyedRowsInput) {
    const { table, keys } = input;
    this.#input = input;
    this.#from = `${identifier(table.name)} AS t`;
    this.#columns = table.primaryKey.columns.flatMap((name) => table.columns[name] ?? []);
    this.#names = this.#columns.map(({ name }) => `t.${identifier(name)}`);
    this.order = this.#names.join(', ');
    this.#isMissing = `(${this.#names.map((name) => keys.isMissing(name)).join(' OR ')})`;
    this.key = this.#columns
      .map((column, at) => `${keys.text(this.#names[at] ?? '', column)} AS key_${at}`)
      .join(', ');
  }

  keyOf(row: Readonly<Record<string, unknown>>): KeyTextsOfRow {
    return this.#names.map((_, at) => String(row[`key_${at}`]));
  }

  /** A key as findings show it; a part of it may be NULL. */
  shown(key: readonly unknown[]): string {
    const shown = this.#columns.map((column, at) => {
      const text = key[at] ?? null;
      return text === null ? null : this.#input.keys.shown(String(text), column);
    });
    return rowKeyOf(shown);
  }

  /**
   * The condition that a row is within bounds and has a key.
   *
   * @throws AshlarError `usage` for a text that stands for no key
   */
  within({ after, upTo }: Bounds): Condition {
    const parameters: string[] = [];
    const listed = (of: readonly string[]): string =>
      of.length === 1 ? String(of[0]) : `(${of.join(', ')})`;
    const bound = (operator: string, key: KeyTextsOfRow | undefined): readonly string[] => {
      if (!key) return [];
      const values = this.#columns.map((column, at) => {
        const place = this.#input.parameter(parameters.length + 1);
        const value = this.#input.keys.value(key[at] ?? '', column, place);
        if (!value) throw noKey(this.#input.table.name);
        parameters.push(value.parameter);
        return value.sql;
      });
      return [`${listed(this.#names)} ${operator} ${listed(values)}`];
    };
    const conditions = [...bound('>', after), ...bound('<=', upTo), `NOT ${this.#isMissing}`];
    return { where: conditions.join(' AND '), parameters };
  }

  /**
   * The last row of the first `count` rows within bounds, and how many rows that are; `undefined` if there is none.
   *
   * @throws AshlarError `database-corrupt` where no row that follows has another key
   */
  async edge({ after, upTo }: Bounds, count: number) {
    const { where, parameters } = this.within({ after, upTo });
    const found = await this.#input.run(
      `SELECT ${this.key} FROM ${this.#from} WHERE ${where} ORDER BY ${this.order} LIMIT ${count}`,
      parameters,
    );
    const last = found.at(-1);
    if (!last) return undefined;
    const key = this.keyOf(last);
    // from here the same rows would be read again, for ever
    if (after?.every((value, at) => value === key[at])) throw notInOrder(this.#input.table.name);
    return { rows: found.length, key };
  }

  /** The rows of which a part of the key is NULL: their number, and the keys of the first, at most `most`. */
  async withoutKey(most: number): Promise<{ readonly rows: number; readonly keys: readonly string[] }> {
    const [name, ...others] = this.#names;
    // NULL is at an end of the index of a single column; of several, every row has to be looked at
    const first =
      others.length > 0
        ? this.#from
        : `(SELECT * FROM ${this.#from} ORDER BY ${name} ${this.#input.keys.missingFirst} LIMIT 1) AS t`;
    const isThere = await this.#input.run(`SELECT 1 AS one FROM ${first} WHERE ${this.#isMissing} LIMIT 1`);
    if (isThere.length === 0) return { rows: 0, keys: [] };
    return this.of(`SELECT * FROM ${this.#from} WHERE ${this.#isMissing}`, most);
  }

  /** The rows that a query returns: their number, and the keys of the first, at most `most`. */
  async of(
    query: string,
    most: number,
  ): Promise<{ readonly rows: number; readonly keys: readonly string[] }> {
    const found = await this.#input.run(
      `SELECT ${this.key}, count(*) OVER () AS in_all FROM (${query}) AS t ORDER BY ${this.order} LIMIT ${most}`,
    );
    const keys = found.map((row) => this.shown(this.#names.map((_, at) => row[`key_${at}`])));
    return { rows: Number(found[0]?.in_all ?? 0), keys };
  }

  /** The key of the last row; `undefined` without one. */
  async last(): Promise<KeyTextsOfRow | undefined> {
    const { where, parameters } = this.within({ after: undefined, upTo: undefined });
    const order = this.#names.map((name) => `${name} DESC`).join(', ');
    const [row] = await this.#input.run(
      `SELECT ${this.key} FROM ${this.#from} WHERE ${where} ORDER BY ${order} LIMIT 1`,
      parameters,
    );
    return row && this.keyOf(row);
  }

  /** The keys within bounds that more than one row has. */
  async doubled(bounds: Bounds): Promise<readonly KeyTextsOfRow[]> {
    const { where, parameters } = this.within(bounds);
    const found = await this.#input.run(
      `SELECT ${this.key} FROM ${this.#from} WHERE ${where} GROUP BY ${this.order} HAVING count(*) > 1 ORDER BY ${this.order}`,
      parameters,
    );
    return found.map((row) => this.keyOf(row));
  }
}

const noKey = (table: string): AshlarError =>
  new AshlarError('usage', {
    message: `The position to go on from has no key of ${table}.`,
    suggestion: 'Begin without a position.',
  });

const notInOrder = (table: string): AshlarError =>
  new AshlarError('database-corrupt', {
    message: `The rows of ${table} cannot be read in the order of their keys.`,
    detail: 'The rows after a key end with the same key.',
    suggestion: 'Rebuild the indexes of the table, and check the database for damage.',
    facts: { table },
  });
