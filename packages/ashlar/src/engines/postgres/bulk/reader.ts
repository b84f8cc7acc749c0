import { createHash } from 'node:crypto';
import type {
  BadValue,
  BulkColumn,
  BulkReader,
  BulkRow,
  BulkTable,
  Checksum,
  Place,
  RowBatch,
  RowForm,
  SequencePosition,
} from '../../../contract/bulk.js';
import type { ColumnKind } from '../../../contract/column.js';
import type { SqlName } from '../../../contract/sql.js';
import type { Transaction } from '../../../contract/transaction.js';
import { identifier, literal } from '../../../model/index.js';
import { rowKeyText } from '../../bulk/row-key.js';
import { lineWriter } from '../../bulk/row-line.js';
import { sumText } from '../../bulk/row-sum.js';
import { beyondDouble, exactJson, exactJsonText, isBeyondDouble } from '../../exact-json.js';
import { jsonbText } from '../../json-text.js';
import { checksumSql } from './checksum-sql.js';
import { readSequences } from './generators.js';
import { valueSql } from './value-sql.js';

const mostRows = 500;
/** The most rows that are asked for at once of a table some of whose values are large: the next ones may all be. */
const mostWideRows = 32;
const mostBytes = 262_144;

/** SQL for a value of a key, from its text. */
const keyValues: Readonly<Record<ColumnKind, (text: string) => string>> = {
  text: (text) => text,
  integer: (text) => `${text}::bigint`,
  bigint: (text) => `${text}::bigint`,
  decimal: (text) => `${text}::numeric`,
  real: (text) => `${text}::float8`,
  boolean: (text) => `${text}::int::boolean`,
  uuid: (text) => `${text}::uuid`,
  timestamp: (text) => `${text}::timestamptz`,
  date: (text) => `${text}::date`,
  inet: (text) => `${text}::inet`,
  json: (text) => `${text}::jsonb`,
  // no key has one
  array: (text) => text,
  bytes: (text) => `decode(${text}, 'hex')`,
};

type Begin = () => Promise<Transaction>;

/**
 * Opens a reader, which holds a transaction until it is closed.
 *
 * @param begin - begins a transaction of the owner that reads every scope under one snapshot
 * @param to - SQLite stores JSON as a session writes it, and lines are of what is stored there
 */
export async function openBulkReader(begin: Begin, to: SqlName): Promise<BulkReader> {
  const transaction = await begin();
  try {
    await transaction.execute('SET LOCAL idle_in_transaction_session_timeout = 0', []);
    return new PostgresBulkReader(begin, transaction, await identityOf(transaction), to === 'sqlite');
  } catch (error) {
    await transaction.rollback();
    throw error;
  }
}

class PostgresBulkReader implements BulkReader {
  readonly identity: string;
  // the places are keys, which no change of the layout moves
  readonly layout = '';
  readonly #begin: Begin;
  readonly #restates: boolean;
  #transaction: Transaction | undefined;

  /** @param restates - whether lines have JSON in the form in which it is stored on SQLite */
  constructor(begin: Begin, transaction: Transaction, identity: string, restates: boolean) {
    this.#restates = restates;
    this.#begin = begin;
    this.#transaction = transaction;
    this.identity = identity;
  }

  get #open(): Transaction {
    if (!this.#transaction) throw new TypeError('the reader is closed');
    return this.#transaction;
  }

  readonly run: BulkReader['run'] = async (sql, parameters = []) =>
    (await this.#open.execute(sql, parameters)).rows;

  async *rows(
    table: BulkTable,
    start: Place | undefined,
    form: RowForm,
    onBad: (bad: BadValue) => void,
  ): AsyncGenerator<RowBatch> {
    const { name, columns, primaryKey } = table;
    const lineOf = lineWriter(columns);
    const key = primaryKey.map((wanted) => columns.findIndex((column) => column.name === wanted));
    const values = columns.map((column, at) => `${valueSql(column)} AS c${at}`).join(', ');
    const keyed = primaryKey.map(identifier).join(', ');
    const behind = start === undefined ? '' : ` WHERE (${keyed}) > (${keySql(columns, key, start)})`;
    const query = `SELECT ${values} FROM ${identifier(name)}${behind} ORDER BY ${keyed}`;
    const isJson = columns.map(({ kind }) => this.#restates && kind === 'json');
    const isReal = columns.map(({ kind }) => kind === 'real');
    let rows: BulkRow[] = [];
    let lines: string[] = [];
    let size = 0;
    const batch = (): RowBatch => {
      const last = rows.at(-1) ?? [];
      const made = { rows, lines, size, place: JSON.stringify(key.map((at) => last[at])) };
      rows = [];
      lines = [];
      size = 0;
      return made;
    };
    const most = (await this.#hasLargeValues(name)) ? mostWideRows : mostRows;
    // the first row says how many may be asked for
    let largest: number | undefined;
    const chunk = (): number =>
      largest === undefined ? 1 : Math.max(1, Math.min(most, Math.floor(mostBytes / largest)));
    for await (const found of this.#open.stream(query, [], chunk)) {
      const row = columns.map((_, at) => {
        const value = found[`c${at}`] as string | null;
        if (value === null) return null;
        if (isReal[at]) return Number(value);
        return isJson[at] ? jsonbText(exactJson(value)) : value;
      });
      const beyond = columns.filter((_, at) => isJson[at] && isBeyondDouble(String(row[at])));
      for (const column of beyond)
        onBad({ table: name, key: rowKeyText(table, row), column: column.name, why: beyondDouble });
      if (beyond.length > 0) continue;
      const line = lineOf(row);
      rows.push(
        form === 'stored'
          ? row.map((value, at) => (isJson[at] && value !== null ? exactJsonText(String(value)) : value))
          : row,
      );
      lines.push(line);
      size += line.length;
      largest = Math.max(line.length, largest ?? 1);
      if (size >= mostBytes) yield batch();
    }
    if (rows.length > 0) yield batch();
  }

  // what is larger than a part of a page is kept beside the table
  async #hasLargeValues(table: string): Promise<boolean> {
    const [row] = await this.run(
      `SELECT EXISTS (SELECT FROM pg_partition_tree(${literal(identifier(table))}::regclass) t JOIN pg_class c ON c.oid = t.relid
        WHERE c.reltoastrelid <> 0 AND pg_relation_size(c.reltoastrelid) > 0) AS large`,
    );
    return row?.large === true;
  }

  sequences(): Promise<ReadonlyMap<string, SequencePosition | undefined>> {
    return readSequences(this.run);
  }

  async generators(tables: readonly BulkTable[]): Promise<ReadonlyMap<string, bigint>> {
    const next = new Map<string, bigint>();
    for (const table of tables) {
      const column = table.columns.find(({ generated }) => generated === 'identity');
      if (column) next.set(table.name, await this.#next(table, column));
    }
    return next;
  }

  async #next({ name }: BulkTable, column: BulkColumn): Promise<bigint> {
    if (column.lastNumber !== undefined) {
      const [row] = await this.run(`SELECT (${column.lastNumber})::text AS last`);
      return BigInt(String(row?.last ?? 0)) + 1n;
    }
    const [sequence] = await this.run(
      `SELECT pg_get_serial_sequence(${literal(identifier(name))}, ${literal(column.name)}) AS name`,
    );
    const [largest] = await this.run(
      `SELECT coalesce(max(${identifier(column.name)}), 0)::text AS last FROM ${identifier(name)}`,
    );
    const [given] = await this.run(
      `SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END::text AS last FROM ${sequence?.name}`,
    );
    const [one, other] = [largest, given].map((row) => BigInt(String(row?.last)));
    return ((one ?? 0n) > (other ?? 0n) ? (one ?? 0n) : (other ?? 0n)) + 1n;
  }

  async months(table: string, column: string): Promise<readonly string[]> {
    const rows = await this.run(
      `SELECT DISTINCT to_char(${identifier(column)} AT TIME ZONE 'UTC', 'YYYY-MM') AS month FROM ${identifier(table)} ORDER BY 1`,
    );
    return rows.map(({ month }) => String(month));
  }

  async changed(tables: readonly BulkTable[], known: ReadonlyMap<string, Checksum>): Promise<boolean> {
    const earlier = new Map(known);
    // of these the known sums are of other lines than the server's
    for (const table of this.#restates ? tables.filter(hasJson) : []) {
      const [sum] = await this.run(checksumSql(table));
      earlier.set(table.name, { rows: Number(sum?.rows), sum: sumText(BigInt(String(sum?.sum))) });
    }
    await this.close();
    this.#transaction = await this.#begin();
    for (const table of tables) {
      const [now] = await this.run(checksumSql(table));
      const before = earlier.get(table.name);
      if (Number(now?.rows) !== before?.rows || sumText(BigInt(String(now?.sum))) !== before?.sum)
        return true;
    }
    return (await identityOf(this.#transaction)) !== this.identity;
  }

  async close(): Promise<void> {
    const transaction = this.#transaction;
    this.#transaction = undefined;
    await transaction?.rollback();
  }
}

const hasJson = ({ columns }: BulkTable): boolean => columns.some(({ kind }) => kind === 'json');

const keySql = (columns: readonly BulkColumn[], key: readonly number[], place: Place): string =>
  (JSON.parse(place) as readonly (string | number)[])
    .map((value, at) => {
      const column = columns[key[at] ?? 0];
      return keyValues[column?.kind ?? 'text'](literal(String(value)));
    })
    .join(', ');

/** The history with its times: no two databases share them. */
const identityOf = async (transaction: Transaction): Promise<string> => {
  const [found] = (
    await transaction.execute("SELECT to_regclass('ashlar_migrations') IS NOT NULL AS found", [])
  ).rows;
  const { rows } = found?.found
    ? await transaction.execute(
        'SELECT system, step, checksum, applied_at::text AS at, applied_by FROM ashlar_migrations ORDER BY system, step',
        [],
      )
    : { rows: [] };
  return createHash('sha256').update(JSON.stringify(rows)).digest('hex');
};
