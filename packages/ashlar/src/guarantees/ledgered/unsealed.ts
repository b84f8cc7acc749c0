import type { LedgerReader, Unsealed } from '../../contract/ledger.js';
import type { RunSql, SqlName } from '../../contract/sql.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier } from '../../model/index.js';
import { rowidOf } from '../../sql/sqlite-keys.js';
import { ledgerNames } from './names.js';
import { hasRowKey as hasPostgresKey, rowKeySql as postgresRowKey, stamps } from './postgres-entry.js';
import { hasRowKey as hasSqliteKey, rowKeySql as sqliteRowKey } from './sqlite-entry.js';
import { sideXid } from './stamps.js';

/** How many leaves before a position say which rows are newer: transactions do not commit in the order in which they began. */
const reach = 1_000;
/** How many rows with an unusual transaction are looked at: a restored database has many. */
const mostUnusual = 10_000;

type Parts = Pick<LedgerReader, 'mark' | 'leftOut' | 'isAhead'>;

/** The part of a reader that finds what sealing left out. */
export function unsealedReader(table: TableFacts, dialect: SqlName, run: RunSql): Parts {
  const sql = dialect === 'postgres' ? onPostgres(table) : onSqlite(table);
  return {
    mark: async () => String((await run(sql.mark))[0]?.mark),
    leftOut: async (mark, from, limit) => {
      const found =
        from === 0
          ? await run(sql.all, sql.parametersOfAll(mark, limit))
          : await run(
              sql.newer,
              sql.parametersOfNewer((await run(sql.low, [from - reach, from]))[0] ?? {}, mark, limit),
            );
      return [
        ...new Map(
          found.map(({ row_key, entries }): [string, Unsealed] => [
            String(row_key),
            { rowKey: String(row_key), lacks: Number(entries) > 0 ? 'leaf' : 'entry' },
          ]),
        ).values(),
      ];
    },
    isAhead: async () => Number((await run(sql.ahead))[0]?.ahead ?? 0) === 1,
  };
}

type Low = Readonly<Record<string, unknown>>;

interface Queries {
  readonly mark: string;
  /** Reads the whole table. */
  readonly all: string;
  parametersOfAll(mark: string, limit: number): readonly unknown[];
  /** What the leaves from one position up to another say about where newer rows begin. */
  readonly low: string;
  /** Reads newer rows, by an index. */
  readonly newer: string;
  parametersOfNewer(low: Low, mark: string, limit: number): readonly unknown[];
  readonly ahead: string;
}

/**
 * The SQL condition that a row of a transaction must have a leaf after a seal that began after the snapshot `mark`. A row is
 * visible, so its transaction has ended; a number of one that is in progress, or to come, is forged.
 */
export function isDue(xid: string, mark: string): string {
  return `(pg_visible_in_snapshot(${xid}, ${mark}) OR NOT pg_visible_in_snapshot(${xid}, pg_current_snapshot()))`;
}

/**
 * A row of a transaction that had ended in the snapshot of the mark was there when the seal began. An entry and its leaf come from
 * one statement, so no entry waits.
 */
const onPostgres = (table: TableFacts): Queries => {
  const { entries, tree, head } = ledgerNames(table);
  const [own, e, t, h] = [table.name, entries, tree, head].map(identifier);
  const key = postgresRowKey(table, 't');
  const xid = table.external ? sideXid(table) : `t.${stamps.xid}`;
  const next = 'pg_snapshot_xmax(pg_current_snapshot())';
  const due = (of: string, mark: string) => isDue(of, `${mark}::pg_snapshot`);
  const entriesOf = (of: string) => `(SELECT count(*) FROM ${e} AS e WHERE e.row_key = ${of}) AS entries`;
  const rows = `SELECT ${key} AS row_key, ${xid} AS xid FROM ${own} AS t`;
  const all: Pick<Queries, 'mark' | 'all' | 'parametersOfAll' | 'ahead'> = {
    mark: 'SELECT pg_current_snapshot()::text AS mark',
    all: `SELECT row_key, entries FROM (
        (SELECT ${key} AS row_key, ${entriesOf(key)} FROM ${own} AS t
          WHERE NOT EXISTS (SELECT FROM ${t} AS leaf WHERE leaf.row_key = ${key}) AND ${due(xid, '$1')} LIMIT $2)
        UNION ALL
        (SELECT e.row_key, 1 FROM ${e} AS e WHERE NOT EXISTS (SELECT FROM ${t} AS leaf WHERE leaf.row_key = e.row_key) LIMIT $2)
      ) AS found`,
    parametersOfAll: (mark, limit) => [mark, limit],
    ahead: `SELECT CASE WHEN pg_snapshot_xmax(watermark) > ${next} AND cluster = (SELECT system_identifier::text FROM pg_control_system()) THEN 1 ELSE 0 END AS ahead FROM ${h}`,
  };
  if (table.external)
    return {
      ...all,
      // a row that came while the trigger was off has no stamp: only the table itself knows of it
      low: 'SELECT NULL AS low WHERE $1::bigint IS DISTINCT FROM $2::bigint',
      newer: all.all,
      parametersOfNewer: (_, mark, limit) => [mark, limit],
    };
  return {
    ...all,
    low: `SELECT low::text AS lowest FROM (
        SELECT (SELECT ${xid} FROM ${own} AS t WHERE ${hasPostgresKey(table, 't', 'leaf.row_key')} LIMIT 1) AS low
        FROM ${t} AS leaf WHERE leaf.level = 0 AND leaf.position >= $1 AND leaf.position < $2
      ) AS leaves WHERE low < ${next} ORDER BY low LIMIT 1`,
    // one leaf for each row by a subquery, which no planner turns into a scan
    newer: `SELECT row_key, ${entriesOf('t.row_key')} FROM (
        ${rows} WHERE ${xid} >= $3::xid8 AND ${xid} < ${next}
        UNION ALL (${rows} WHERE ${xid} >= ${next} ORDER BY ${xid} DESC LIMIT ${mostUnusual})
        UNION ALL (${rows} WHERE ${xid} = '0' LIMIT ${mostUnusual})
      ) AS t
      WHERE (SELECT leaf.position FROM ${t} AS leaf WHERE leaf.row_key = t.row_key) IS NULL AND ${due('t.xid', '$1')} LIMIT $2`,
    parametersOfNewer: ({ lowest }, mark, limit) => [mark, limit, String(lowest ?? 0)],
  };
};

/** The trigger of a row writes its entry at once, and the numbers of entries rise: the mark is the last one. */
const onSqlite = (table: TableFacts): Queries => {
  const { entries, tree, head } = ledgerNames(table);
  const [own, e, t, h] = [table.name, entries, tree, head].map(identifier);
  const key = sqliteRowKey(table, 't');
  // a scoped table is a view of the session, which has no numbers of rows
  const rowid = table.facts.scope ? undefined : `t.${rowidOf(table)}`;
  const entriesOf = (of: string) => `(SELECT count(*) FROM ${e} AS e WHERE e.row_key = ${of}) AS entries`;
  const hasLeaf = (of: string) => `EXISTS (SELECT 1 FROM ${t} AS leaf WHERE leaf.row_key = ${of})`;
  const lacking = (rows: string, waiting: string) => `SELECT row_key, entries FROM (
      SELECT * FROM (SELECT ${key} AS row_key, ${entriesOf(key)} FROM ${own} AS t
        WHERE ${rows} AND NOT ${hasLeaf(key)}
          AND NOT EXISTS (SELECT 1 FROM ${e} AS e WHERE e.row_key = ${key} AND e.id > CAST(? AS INTEGER)) LIMIT ?)
      UNION ALL
      SELECT * FROM (SELECT e.row_key, 1 FROM ${e} AS e
        WHERE ${waiting} AND e.id <= CAST(? AS INTEGER) AND NOT ${hasLeaf('e.row_key')} LIMIT ?)
    )`;
  const last = `(SELECT e.id FROM ${e} AS e WHERE e.row_key = (SELECT leaf.row_key FROM ${t} AS leaf WHERE leaf.level = 0 ORDER BY leaf.position DESC LIMIT 1))`;
  return {
    mark: `SELECT CAST(coalesce(max(id), 0) AS TEXT) AS mark FROM ${e}`,
    all: lacking('true', 'true'),
    parametersOfAll: (mark, limit) => [mark, limit, mark, limit],
    low: `SELECT CAST(min(row_low) AS TEXT) AS row_low, CAST(min(entry_low) AS TEXT) AS entry_low FROM (
        SELECT (SELECT ${rowid ?? 'NULL'} FROM ${own} AS t WHERE ${hasSqliteKey(table, 't', 'leaf.row_key')}) AS row_low,
          (SELECT e.id FROM ${e} AS e WHERE e.row_key = leaf.row_key) AS entry_low
        FROM ${t} AS leaf WHERE leaf.level = 0 AND leaf.position >= ? AND leaf.position < ?)`,
    newer: lacking(rowid ? `${rowid} >= CAST(? AS INTEGER)` : '? IS NULL', 'e.id >= CAST(? AS INTEGER)'),
    parametersOfNewer: (low, mark, limit) => [
      String(low.row_low ?? 0),
      mark,
      limit,
      String(low.entry_low ?? 0),
      mark,
      limit,
    ],
    ahead: `SELECT coalesce(sealed <> ${last}, false) AS ahead FROM ${h}`,
  };
};
