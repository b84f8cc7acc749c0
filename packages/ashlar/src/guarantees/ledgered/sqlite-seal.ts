import type { RunNow } from '../../contract/sql.js';
import type { TableFacts } from '../../contract/table.js';
import { Frontier, leafHash, rootOf } from '../../ledger/merkle.js';
import { identifier, literal } from '../../model/index.js';
import { ledgerNames } from './names.js';
import { entrySql, rowKeySql } from './sqlite-entry.js';

interface Head {
  readonly size: number;
  readonly frontier: Uint8Array;
}

interface Fresh {
  readonly id: number;
  readonly row_key: string;
  readonly entry: string;
}

/** The number of hashes of one level under one stored hash of the next. */
const run = 256;

const statements = (table: TableFacts, log: string) => {
  const own = identifier(table.name);
  const names = ledgerNames(table);
  const [entries, tree, blocks, head] = [names.entries, names.tree, names.blocks, names.head].map(
    (name) => `main.${identifier(name)}`,
  );
  return {
    exists: `SELECT 1 AS found FROM main.sqlite_schema WHERE type = 'table' AND name = ${literal(names.head)}`,
    fresh: `SELECT id, row_key, entry FROM ${entries} WHERE id > coalesce((SELECT sealed FROM ${head}), 0) ORDER BY id LIMIT 1000`,
    head: `SELECT size, frontier FROM ${head}`,
    // the rows that are older than the ledger
    adopt: `INSERT INTO ${entries} (row_key, entry) SELECT ${rowKeySql(table, 't')}, ${entrySql(table, log, 't', 'before').join(' ')} FROM main.${own} t WHERE NOT EXISTS (SELECT 1 FROM ${entries} e WHERE e.row_key = ${rowKeySql(table, 't')})`,
    columns: `SELECT name FROM pragma_table_info(${literal(table.name)})`,
    begin: `INSERT INTO ${head} (id, size, frontier, sealed) VALUES (1, 0, x'', 0)`,
    leaf: `INSERT INTO ${tree} (level, position, hash, row_key) VALUES (0, ?, ?, ?)`,
    node: `INSERT INTO ${tree} (level, position, hash) VALUES (?, ?, ?)`,
    below: `SELECT hash FROM ${tree} WHERE level = ? AND position BETWEEN ? AND ? ORDER BY position`,
    block: `INSERT INTO ${blocks} (size, root) VALUES (?, ?)`,
    move: `UPDATE ${head} SET size = ?, frontier = ?, sealed = ?`,
  };
};

/**
 * Returns a function that seals the rows of a transaction before its COMMIT; the function is fast if the transaction
 * inserted no row.
 */
export function sealOnSqlite(table: TableFacts, log: string): (now: RunNow) => void {
  const sql = statements(table, log);
  let exists = false;
  return (now) => {
    // a database that is not initialised has no ledger; a ledger seen once is rarely dropped, so do not look for it again
    if (!exists && now(sql.exists).length === 0) return;
    if (!exists && now(sql.head).length === 0) {
      // between two steps of a migration the table may still lack declared columns
      const columns = new Set(now(sql.columns).map(({ name }) => name));
      if (!Object.keys(table.columns).every((name) => columns.has(name))) return;
      now(sql.begin);
      now(sql.adopt);
    }
    exists = true;
    let fresh = readUnsealed(now, sql);
    exists = fresh !== undefined;
    if (!fresh || fresh.length === 0) return;
    const frontier = openFrontier(now, sql);
    while (fresh.length > 0) {
      for (const { row_key, entry } of fresh) append({ now, sql, frontier, key: row_key, entry });
      const sealed = fresh.at(-1)?.id;
      now(sql.block, [frontier.size, frontier.root()]);
      now(sql.move, [frontier.size, frontier.encode(), sealed]);
      fresh = now(sql.fresh) as unknown as readonly Fresh[];
    }
  };
}

type Statements = ReturnType<typeof statements>;

/** The entries that are not sealed yet; `undefined` where a migration has dropped the ledger. */
const readUnsealed = (now: RunNow, sql: Statements): readonly Fresh[] | undefined => {
  try {
    return now(sql.fresh) as unknown as readonly Fresh[];
  } catch (error) {
    if (/^no such table/.test((error as Error).message)) return undefined;
    throw error;
  }
};

const openFrontier = (now: RunNow, sql: Statements): Frontier => {
  const [head] = now(sql.head) as unknown as readonly Head[];
  return Frontier.decode(head?.size ?? 0, head?.frontier ?? new Uint8Array());
};

interface NewLeaf {
  readonly now: RunNow;
  readonly sql: Statements;
  readonly frontier: Frontier;
  readonly key: string;
  readonly entry: string;
}

const append = ({ now, sql, frontier, key, entry }: NewLeaf): void => {
  const hash = leafHash(Buffer.from(entry));
  now(sql.leaf, [frontier.size, hash, key]);
  frontier.append(hash);
  for (let level = 1, full = frontier.size; full % run === 0; level += 1) {
    full /= run;
    const below = now(sql.below, [level - 1, (full - 1) * run, full * run - 1]);
    now(sql.node, [level, full - 1, rootOf(below.map((row) => row.hash as Uint8Array))]);
  }
};
