import type {
  Block,
  Hold,
  KeyedEntry,
  Leaf,
  LedgerReader,
  Retirement,
  StoredRow,
  Subtree,
} from '../../contract/ledger.js';
import type { RunSql, SqlName } from '../../contract/sql.js';
import type { TableFacts } from '../../contract/table.js';
import { AshlarError } from '../../errors.js';
import { rootOf } from '../../ledger/merkle.js';
import { ledgerNames } from './names.js';
import { ledgerQueries } from './queries.js';
import { unsealedReader } from './unsealed.js';

type Row = Readonly<Record<string, unknown>>;

// text on SQLite, bytea on PostgreSQL: the same bytes
const bytes = (value: unknown): Uint8Array =>
  typeof value === 'string' ? Buffer.from(value) : (value as Uint8Array);

const leafOf = ({ position, hash, row_key, entry }: Row): Leaf => ({
  position: Number(position),
  hash: bytes(hash),
  rowKey: String(row_key),
  entry: entry === null ? undefined : bytes(entry),
});

const entryOf = ({ row_key, entry }: Row): KeyedEntry => ({ rowKey: String(row_key), entry: bytes(entry) });

const retirementOf = ({ number, first_position, last_position, cutoff, retired_at }: Row): Retirement => ({
  number: Number(number),
  first: Number(first_position),
  last: Number(last_position),
  cutoff: cutoff === null ? null : String(cutoff),
  retiredAt: String(retired_at),
});

const holdOf = ({ row_key, table_name, scope, placed_at, released_at }: Row): Hold => ({
  rowKey: row_key === null ? null : JSON.parse(String(row_key)),
  namesTable: table_name !== null,
  scope: scope === null ? null : String(scope),
  placedAt: String(placed_at),
  releasedAt: released_at === null ? null : String(released_at),
});

const blockOf = ({ size, root, sealed_at }: Row): Block => ({
  size: Number(size),
  root: bytes(root),
  sealedAt: String(sealed_at),
});

/**
 * Every eighth height is stored: the stored level below a subtree's height, and how many of its hashes form the
 * subtree.
 */
const stored = ({ height, index }: Subtree) => {
  const level = Math.floor(height / 8);
  const count = 2 ** (height - 8 * level);
  return { level, low: index * count, high: (index + 1) * count };
};

/**
 * Returns a reader for the ledger of a table; the reader runs its queries through `run`.
 *
 * @throws AshlarError `usage` where the table has no ledger
 */
export function ledgerReader(table: TableFacts, dialect: SqlName, run: RunSql): LedgerReader {
  const log = table.facts.ledger?.log;
  if (log === undefined) {
    throw new AshlarError('usage', {
      message: `The table ${table.name} has no ledger.`,
      suggestion: 'Declare it with ledgered().',
    });
  }
  const sql = ledgerQueries(table, dialect);
  const recordsRetirements = async (): Promise<boolean> =>
    table.facts.retention !== undefined &&
    (await run(sql.exists, [ledgerNames(table).retirements])).length > 0;
  // begins with the last line that begins before the position: the lines do not overlap
  const linesFrom = async (position: number, limit: number): Promise<readonly Retirement[]> => {
    const [{ begun } = {}] = await run(sql.lastBegun, [position]);
    const from = begun == null ? position : Number(begun);
    return (await run(sql.retirements, [from, position, limit])).map(retirementOf);
  };
  return {
    ...unsealedReader(table, dialect, run),
    table,
    dialect,
    log,
    head: async () => {
      const [head] = await run(sql.head);
      return (
        head && {
          size: Number(head.size),
          frontier: bytes(head.frontier),
          firstProvable: Number(head.first_provable),
        }
      );
    },
    leaves: async (from, limit) => (await run(sql.leaves, [from, limit])).map(leafOf),
    leafOf: async (rowKey) => (await run(sql.leafOf, [rowKey])).map(leafOf)[0],
    nodes: async (level, from, to) =>
      (await run(sql.nodes, [level, from, to])).map(({ position, hash }) => ({
        position: Number(position),
        hash: bytes(hash),
      })),
    subtrees: async (wanted) => {
      const ranges = wanted.map(stored);
      const found = await run(sql.subtrees, [
        JSON.stringify(ranges.map(({ level, low, high }) => [level, low, high])),
      ]);
      const hashes = new Map<string, Uint8Array[]>();
      for (const { level, low, hash } of found) {
        const range = `${level} ${low}`;
        hashes.set(range, [...(hashes.get(range) ?? []), bytes(hash)]);
      }
      return ranges.map(({ level, low, high }) => {
        const part = hashes.get(`${level} ${low}`) ?? [];
        if (part.length === high - low) return rootOf(part);
        throw new AshlarError('ledger-tampered', {
          message: `The tree of the ledger ${log} lacks hashes.`,
          detail: `Level ${level}, positions ${low} to ${high - 1}: found ${part.length} of ${high - low} hashes.`,
        });
      });
    },
    blocks: async (above, limit) => (await run(sql.blocks, [above, limit])).map(blockOf),
    lastBlock: async () => (await run(sql.lastBlock)).map(blockOf)[0],
    now: async () => String((await run(sql.now))[0]?.now),
    retirementTotals: async () => {
      if (!(await recordsRetirements())) return undefined;
      const [{ lines, retired, after, misfit } = {}] = await run(sql.retirementTotals);
      const first = misfit == null ? undefined : Number(misfit);
      const [line] = first === undefined ? [] : await linesFrom(first, 1);
      return {
        count: Number(lines),
        retired: Number(retired ?? 0),
        end: Number(after ?? 0),
        misfit: line && { first: line.first, last: line.last },
      };
    },
    purgesUnrecorded: async () => (await run(sql.purgesUnrecorded)).length > 0,
    rowKeys: async (runs) => {
      // forged lines may have the same positions
      const wanted = runs.map(({ first, last }, at) => [at, first, last]);
      const found = await run(sql.rowKeys, [JSON.stringify(wanted)]);
      const keys = runs.map((): string[] => []);
      for (const { line, row_key } of found) keys[Number(line)]?.push(String(row_key));
      return keys;
    },
    retirementLines: async (after, limit) =>
      (await recordsRetirements()) ? (await run(sql.retirementLines, [after, limit])).map(retirementOf) : [],
    retirements: async (from, limit) => {
      if (!table.facts.retention) return [];
      if (!(await recordsRetirements())) return undefined;
      return linesFrom(from, limit);
    },
    holds: async () => (sql.holds === undefined ? [] : (await run(sql.holds)).map(holdOf)),
    rows: async (keys) => {
      const found = await run(sql.rows, [JSON.stringify(keys)]);
      const rows = new Map<string, StoredRow[]>();
      for (const row of found) {
        const key = String(row._row_key);
        const same = rows.get(key);
        if (same) same.push(row);
        else rows.set(key, [row]);
      }
      return rows;
    },
    rowCount: async () => Number((await run(sql.rowCount))[0]?.rows),
    entryOf: async (rowKey) => (await run(sql.entryOf, [rowKey])).map(entryOf)[0],
    unsealed: async () => Number((await run(sql.unsealed))[0]?.unsealed),
  };
}
