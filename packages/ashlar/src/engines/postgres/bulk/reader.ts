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
} from '../../../contract/bulk.js';
import type { ColumnKind } from '../../../contract/column.js';
import type { Transaction } from '../../../contract/transaction.js';
import { identifier, literal } from '../../../model/index.js';
import { lineWriter } from '../../bulk/row-line.js';
import { sumText } from '../../bulk/row-sum.js';
import { checksumSql } from './checksum-sql.js';
import { valueSql } from './value-sql.js';

const mostRows = 500;
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
 */
export async function openBulkReader(begin: Begin): Promise<BulkReader> {
  const transaction = await begin();
  try {
    await transaction.execute('SET LOCAL idle_in_transaction_session_timeout = 0', []);
    return new PostgresBulkReader(begin, transaction, await identityOf(transaction));
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
  #transaction: Transaction | undefined;

  constructor(begin: Begin, transaction: Transaction, identity: string) {
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
    { name, columns, primaryKey }: BulkTable,
    start: Place | undefined,
    form: RowForm,
    _onBad: (bad: BadValue) => void,
  ): AsyncGenerator<RowBatch> {
    const lineOf = lineWriter(columns);
    const key = primaryKey.map((wanted) => columns.findIndex((column) => column.name === wanted));
    const values = columns.map((column, at) => `${valueSql(column)} AS c${at}`).join(', ');
    const keyed = primaryKey.map(identifier).join(', ');
    const behind = start === undefined ? '' : ` WHERE (${keyed}) > (${keySql(columns, key, start)})`;
    const query = `SELECT ${values} FROM ${identifier(name)}${behind} ORDER BY ${keyed}`;
    const isJson = columns.map(({ kind }) => form === 'stored' && kind === 'json');
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
    for await (const found of this.#open.stream(query, [], mostRows)) {
      const row = columns.map((_, at) => {
        const value = found[`c${at}`] as string | null;
        return value !== null && isReal[at] ? Number(value) : value;
      });
      const line = lineOf(row);
      rows.push(
        form === 'stored'
          ? row.map((value, at) =>
              isJson[at] && value !== null ? JSON.stringify(JSON.parse(String(value))) : value,
            )
          : row,
      );
      lines.push(line);
      size += line.length;
      if (size >= mostBytes) yield batch();
    }
    if (rows.length > 0) yield batch();
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
    await this.close();
    this.#transaction = await this.#begin();
    for (const table of tables) {
      const [now] = await this.run(checksumSql(table));
      const before = known.get(table.name);
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
