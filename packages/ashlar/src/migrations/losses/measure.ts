import type { ChangedRows } from '../../contract/contents.js';
import type { SqlDialect } from '../../contract/dialect.js';
import type { Owner } from '../../contract/owner.js';
import {
  countTable,
  readTables,
  type StoredColumn,
  type StoredTable,
  sameColumn,
  successorOf,
  type TableCount,
} from './contents.js';
import { watched } from './watched.js';

/** Rows or values that a step loses. */
export interface DataLoss {
  readonly table: string;
  /** The column whose values are lost; `undefined` where rows are lost. */
  readonly column?: string;
  /** The number of lost rows, or of rows whose value is lost. */
  readonly rows: number;
  /** How they are lost. `unchecked`: a statement outside a transaction may do so, and nothing can find out before it runs. */
  readonly how: 'table dropped' | 'column dropped' | 'deleted' | 'emptied' | 'overwritten' | 'unchecked';
}

/** The tables whose rows or values a step touches: name → the columns that it drops. `all` if this is not known. */
export type Touched = ReadonlyMap<string, ReadonlySet<string>> | 'all';

/** A measurement of a step in its transaction: begun before the step, and ended after it. */
export interface Measurement {
  /** The owner's connection to run the step with, which counts changed rows. */
  readonly owner: Owner;
  /** Returns what was lost since the measurement began. */
  end(): Promise<readonly DataLoss[]>;
}

/** Runs a step up to a savepoint and returns to it, to find out which tables it touches. */
export async function probe(
  owner: Owner,
  dialect: SqlDialect,
  run: (owner: Owner) => Promise<void>,
): Promise<Touched> {
  const before = await readTables(owner, dialect);
  const watching = await watched(owner, dialect, before);
  await owner.script('SAVEPOINT ashlar_probe');
  await run(watching.owner);
  const changed = await watching.watch.changed();
  const others = await watching.watch.others();
  const after = await readTables(owner, dialect);
  // FTS5 writes at a savepoint what it still holds of a new index; without one, the rollback leaves it unable to go on
  await owner.script('SAVEPOINT ashlar_written');
  await owner.script('RELEASE SAVEPOINT ashlar_written');
  await owner.script('ROLLBACK TO SAVEPOINT ashlar_probe');
  await owner.script('RELEASE SAVEPOINT ashlar_probe');
  const touched = new Map<string, ReadonlySet<string>>();
  for (const table of before) {
    const now = successorOf(table, after, watching.renames);
    const gone = now ? table.columns.filter((column) => !sameColumn(column, table, now)) : [];
    const isTouched =
      others || gone.length > 0 || now?.storage !== table.storage || changedIn(changed, table) !== undefined;
    if (isTouched) touched.set(table.name, new Set(gone.map(({ name }) => name)));
  }
  return touched;
}

/**
 * Counts the rows and values of the tables that a step touches, before it runs.
 *
 * @param lock - whether to keep other sessions from changing these tables until the transaction ends
 */
export async function measure(
  owner: Owner,
  dialect: SqlDialect,
  touched: Touched,
  lock: boolean,
): Promise<Measurement> {
  const before = (await readTables(owner, dialect)).filter(
    ({ name }) => touched === 'all' || touched.has(name),
  );
  if (lock) {
    for (const { source } of before) {
      const statement = dialect.contents.lock(source);
      if (statement !== undefined) await owner.script(statement);
    }
  }
  const closely =
    ({ name }: StoredTable) =>
    (column: StoredColumn): boolean =>
      touched === 'all' || touched.get(name)?.has(column.name) === true;
  const counts = new Map<StoredTable, TableCount>();
  for (const table of before) counts.set(table, await countTable(owner, dialect, table, closely(table)));
  const { owner: connection, watch, renames } = await watched(owner, dialect, before);
  return {
    owner: connection,
    end: async () => {
      const changed = await watch.changed();
      const after = await readTables(owner, dialect);
      const losses: DataLoss[] = [];
      for (const [table, count] of counts) {
        const now = successorOf(table, after, renames);
        losses.push(
          ...(await lossesOf({ owner, dialect, table, count, now, changed: changedIn(changed, table) })),
        );
      }
      return losses;
    },
  };
}

interface Comparison {
  readonly owner: Owner;
  readonly dialect: SqlDialect;
  readonly table: StoredTable;
  readonly count: TableCount;
  /** What became of the table; `undefined` if it is gone. */
  readonly now: StoredTable | undefined;
  readonly changed: ChangedRows | undefined;
}

const changedIn = (all: ReadonlyMap<string, ChangedRows>, { id }: StoredTable): ChangedRows | undefined => {
  const changed = all.get(id);
  return changed && changed.updated + changed.deleted > 0 ? changed : undefined;
};

const lossesOf = async ({ owner, dialect, table, count, now, changed }: Comparison): Promise<DataLoss[]> => {
  if (count.rows === 0) return [];
  if (!now) return [{ table: table.name, rows: count.rows, how: 'table dropped' }];
  const isNew = (column: StoredColumn): boolean =>
    !table.columns.some((each) => sameColumn(each, table, now) === column);
  const left = await countTable(owner, dialect, now, isNew);
  const deleted = Math.max(count.rows - left.rows, changed?.deleted ?? 0);
  const columns = table.columns.flatMap((column) => columnLoss(column, table, count, now, left));
  const overwritten = columns.length === 0 ? (changed?.updated ?? 0) : 0;
  return [
    ...(deleted > 0 ? [{ table: table.name, rows: deleted, how: 'deleted' } as const] : []),
    ...columns,
    ...(overwritten > 0 ? [{ table: table.name, rows: overwritten, how: 'overwritten' } as const] : []),
  ];
};

const columnLoss = (
  column: StoredColumn,
  table: StoredTable,
  count: TableCount,
  now: StoredTable,
  left: TableCount,
): readonly DataLoss[] => {
  const had = count.columns.get(column.name);
  if (!had) return [];
  const same = sameColumn(column, table, now);
  if (same) {
    // values of deleted rows are reported with the rows
    const emptied =
      had.filled - (left.columns.get(same.name)?.filled ?? had.filled) - Math.max(count.rows - left.rows, 0);
    return emptied > 0 ? [{ table: table.name, column: column.name, rows: emptied, how: 'emptied' }] : [];
  }
  const isCopied = [...left.columns.values()].some(
    ({ fingerprint }) => fingerprint !== undefined && fingerprint === had.fingerprint,
  );
  const rows = had.own ?? had.filled;
  return isCopied || rows === 0
    ? []
    : [{ table: table.name, column: column.name, rows, how: 'column dropped' }];
};
