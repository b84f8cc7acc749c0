import type { Column } from '../../contract/column.js';
import type { SqlName, SqlRow } from '../../contract/sql.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier, literal } from '../../model/index.js';
import { objectName } from '../../sql/object-name.js';
import { arrayJson, utc } from '../../sql/postgres-row-json.js';
import { sqliteDecimalText } from '../../sql/sqlite-decimal.js';
import { keyColumns, type LedgerNames, ledgerNames } from './names.js';
import { keyTypes, rowKeySql as postgresRowKey, stamps } from './postgres-entry.js';
import { rowKeySql as sqliteRowKey } from './sqlite-entry.js';
import { sideXid } from './stamps.js';
import { isDue } from './unsealed.js';

/** The SQL in which the dialects differ when a ledger is read. */
interface Dialect {
  parameter(n: number): string;
  rowKey(table: TableFacts, row: string): string;
  /** A column of the row `t`, in the form in which it is compared with the entry. */
  value(column: Column): string;
  /** The condition that a row `t` should be sealed: the most recently committed rows may not be yet. */
  due(head: string, table: TableFacts): string;
  /** A query that returns a row if the table exists that is its first parameter. */
  readonly exists: string;
  /** A stored time as text. */
  time(name: string, precision: 3 | 6): string;
  readonly now: string;
  /** A JSON column as text, so that no codec decodes it. */
  jsonText(name: string): string;
  /** The number of bytes of an entry, without reading it where the engine can. */
  bytesOf(entry: string): string;
  /** A query that returns a row if the guard of entries does not ask for a record of a purge, as that of version 1. */
  purgesUnrecorded(names: LedgerNames): string;
  /** The join of `wanted` with a table by its key, in which `wanted` is the outer loop. */
  readonly join: string;
  /** A relation `wanted`: the records of a JSON array of arrays, which is the first parameter. */
  wanted(columns: readonly { readonly name: string; readonly type: string }[]): string;
}

const dialects: Readonly<Record<SqlName, Dialect>> = {
  postgres: {
    parameter: (n) => `$${n}`,
    rowKey: postgresRowKey,
    value: ({ name, kind, codec, precision, native, element }) => {
      const column = `t.${identifier(name)}`;
      if (native !== undefined) return `${column}::text`;
      if (kind === 'json' || kind === 'bigint' || kind === 'decimal') return `${column}::text`;
      if (element) return `(${arrayJson(column, element)})::text`;
      if (kind === 'bytes') return `encode(${column}, 'hex')`;
      // an expression, so that the codec of the column does not decode it
      if (codec) return kind === 'timestamp' ? utc(column, precision) : `coalesce(${column}, NULL)`;
      return column;
    },
    due: (head, table) => {
      const xid = table.external ? sideXid(table) : `t.${stamps.xid}`;
      return `coalesce((SELECT ${isDue(xid, 'watermark')} FROM ${head}), true)`;
    },
    bytesOf: (entry) => `octet_length(${entry})`,
    purgesUnrecorded: ({ leave, retirements }) =>
      `SELECT 1 AS found FROM pg_proc WHERE oid = to_regproc(${literal(identifier(leave))}) AND strpos(prosrc, ${literal(retirements)}) = 0`,
    exists: 'SELECT 1 AS found WHERE to_regclass(quote_ident($1)) IS NOT NULL',
    time: utc,
    now: `SELECT ${utc('clock_timestamp()', 3)} AS now`,
    jsonText: (name) => `${name}::text`,
    join: 'JOIN',
    wanted: (columns) => {
      const values = columns.map(({ name, type }, at) => `(item ->> ${at})::${type} AS ${name}`).join(', ');
      return `(SELECT ${values} FROM json_array_elements($1::json) AS item OFFSET 0) AS wanted`;
    },
  },
  sqlite: {
    parameter: () => '?',
    rowKey: sqliteRowKey,
    value: ({ name, kind, digits, codec }) => {
      const column = `t.${identifier(name)}`;
      if (digits) return `iif(${column} IS NULL, NULL, ${sqliteDecimalText(column, digits)})`;
      // an expression, so that the session does not decode it as a JSON column
      if (kind === 'json' || kind === 'array') return `${column} || ''`;
      // the driver rounds integers beyond 2^53
      if (kind === 'bigint') return `CAST(${column} AS TEXT)`;
      // SQLite's hex(NULL) is ''
      if (kind === 'bytes') return `iif(${column} IS NULL, NULL, lower(hex(${column})))`;
      // a boolean that is 2 is a difference, and no error
      if (kind === 'boolean') return `coalesce(${column}, NULL)`;
      return codec ? `coalesce(${column}, NULL)` : column;
    },
    due: () => 'true',
    bytesOf: (entry) => `length(CAST(${entry} AS BLOB))`,
    purgesUnrecorded: ({ entries, retirements }) =>
      `SELECT 1 AS found FROM main.sqlite_schema WHERE type = 'trigger' AND name = ${literal(objectName(entries, 'append_only_delete'))} AND instr(sql, ${literal(retirements)}) = 0`,
    exists: "SELECT 1 AS found FROM main.sqlite_schema WHERE type = 'table' AND name = ?",
    time: (name) => name,
    now: "SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS now",
    jsonText: (name) => `${name} || ''`,
    join: 'CROSS JOIN',
    wanted: (columns) => {
      const values = columns.map(({ name }, at) => `json_extract(value, '$[${at}]') AS ${name}`).join(', ');
      return `(SELECT ${values} FROM json_each(?)) AS wanted`;
    },
  },
};

/** An SQL expression for the key of a row, as text; `row` is the alias of the row. */
export function rowKeySql(table: TableFacts, name: SqlName, row: string): string {
  return dialects[name].rowKey(table, row);
}

/** An SQL query that returns the key of a row as text, computed from the row's values, which are given as SQL. */
export function keySql(table: TableFacts, name: SqlName, row: SqlRow): string {
  const values = keyColumns(table).map((column) => {
    const literal = row[column.name] ?? 'NULL';
    const typed = name === 'postgres' ? `${literal}::${keyTypes[column.kind]}` : literal;
    return `${typed} AS ${identifier(column.name)}`;
  });
  return `SELECT ${dialects[name].rowKey(table, 't')} AS row_key FROM (SELECT ${values.join(', ')}) AS t`;
}

/** The SQL condition that a row `t` has no leaf, although the head says that it was sealed. */
export function hasNoLeaf(table: TableFacts, name: SqlName): string {
  const { tree, head } = ledgerNames(table);
  const { rowKey, due } = dialects[name];
  return `NOT EXISTS (SELECT 1 FROM ${identifier(tree)} leaf WHERE leaf.row_key = ${rowKey(table, 't')}) AND ${due(identifier(head), table)}`;
}

/** The bytes of entries that are held in memory at a time, plus one entry. */
const mostBytes = 16_000_000;

/** Returns all SQL queries that read a ledger. A lookup that must use an index is a subquery, never a join. */
export function ledgerQueries(table: TableFacts, name: SqlName) {
  const names = ledgerNames(table);
  const own = identifier(table.name);
  const [entries, tree, blocks, head] = [names.entries, names.tree, names.blocks, names.head].map(identifier);
  const { parameter: p, rowKey, value, exists, jsonText, join, time, now, wanted, bytesOf } = dialects[name];
  const retirements = identifier(names.retirements);
  const line = `SELECT number, first_position, last_position, ${time('cutoff', 6)} AS cutoff, ${time('retired_at', 3)} AS retired_at`;
  const { retention } = table.facts;
  const key = rowKey(table, 't');
  const keys = keyColumns(table).map((column, at) => ({
    column: identifier(column.name),
    name: `key_${at}`,
    type: keyTypes[column.kind] ?? 'text',
  }));
  const values = Object.values(table.columns).map(
    (column) => `${value(column)} AS ${identifier(column.name)}`,
  );
  const entryOf = (leaf: string) =>
    `(SELECT entry FROM ${entries} e WHERE e.row_key = ${leaf}.row_key) AS entry`;
  // an entry is read only if those before it are not too large together
  const sizedLeaves = `SELECT leaf.*, sum((SELECT ${bytesOf('e.entry')} FROM ${entries} e WHERE e.row_key = leaf.row_key)) OVER (ORDER BY leaf.position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes FROM (SELECT position, hash, row_key FROM ${tree} WHERE level = 0 AND position >= ${p(1)} ORDER BY position LIMIT ${p(2)}) AS leaf`;
  const runs = ['line', 'first_position', 'last_position'].map((column) => ({
    name: column,
    type: 'bigint',
  }));
  const subtree = ['level', 'low', 'high'].map((column) => ({ name: column, type: 'bigint' }));
  return {
    head: `SELECT size, frontier, first_provable FROM ${head}`,
    leaves: `SELECT leaf.position, leaf.hash, leaf.row_key, ${entryOf('leaf')} FROM (${sizedLeaves}) AS leaf WHERE coalesce(leaf.bytes, 0) < ${mostBytes} ORDER BY leaf.position`,
    leafOf: `SELECT leaf.position, leaf.hash, leaf.row_key, ${entryOf('leaf')} FROM ${tree} leaf WHERE leaf.row_key = ${p(1)}`,
    nodes: `SELECT position, hash FROM ${tree} WHERE level = ${p(1)} AND position >= ${p(2)} AND position < ${p(3)} ORDER BY position`,
    subtrees: `SELECT wanted.level, wanted.low, node.hash FROM ${wanted(subtree)} ${join} ${tree} node ON node.level = wanted.level AND node.position >= wanted.low AND node.position < wanted.high ORDER BY wanted.level, wanted.low, node.position`,
    blocks: `SELECT size, root, sealed_at FROM ${blocks} WHERE size > ${p(1)} ORDER BY size LIMIT ${p(2)}`,
    lastBlock: `SELECT size, root, sealed_at FROM ${blocks} ORDER BY size DESC LIMIT 1`,
    exists,
    now,
    // two queries: in one, PostgreSQL may compare the position with each line before it
    lastBegun: `SELECT max(first_position) AS begun FROM ${retirements} WHERE first_position <= ${p(1)}`,
    retirements: `${line} FROM ${retirements} WHERE first_position >= ${p(1)} AND last_position >= ${p(2)} ORDER BY first_position LIMIT ${p(3)}`,
    retirementTotals: `SELECT count(*) AS lines, sum(last_position - first_position + 1) AS retired, max(last_position) + 1 AS after, min(CASE WHEN first_position <= before THEN first_position END) AS misfit FROM (SELECT first_position, last_position, lag(last_position) OVER (ORDER BY first_position) AS before FROM ${retirements}) AS runs`,
    purgesUnrecorded: dialects[name].purgesUnrecorded(names),
    rowKeys: `SELECT wanted.line, leaf.row_key FROM ${wanted(runs)} ${join} ${tree} leaf ON leaf.level = 0 AND leaf.position >= wanted.first_position AND leaf.position <= wanted.last_position ORDER BY wanted.line, leaf.position`,
    retirementLines: `${line} FROM ${retirements} WHERE number > ${p(1)} ORDER BY number LIMIT ${p(2)}`,
    holds:
      retention?.holds === undefined
        ? undefined
        : `SELECT ${jsonText('row_key')} AS row_key, table_name, scope, placed_at, released_at FROM ${identifier(retention.holds)} WHERE table_name IS NULL OR table_name = ${literal(table.name)}`,
    rows: `SELECT ${key} AS _row_key, ${values.join(', ')} FROM ${wanted(keys)} ${join} ${own} t ON ${keys.map((each) => `t.${each.column} = wanted.${each.name}`).join(' AND ')}`,
    rowCount: `SELECT count(*) AS rows FROM ${own}`,
    entryOf: `SELECT row_key, entry FROM ${entries} WHERE row_key = ${p(1)}`,
    unsealed: `SELECT count(*) AS unsealed FROM ${own} t WHERE NOT EXISTS (SELECT 1 FROM ${tree} leaf WHERE leaf.row_key = ${key})`,
  };
}
