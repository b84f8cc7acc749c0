import type { Engine } from '../../contract/engine.js';
import type { SystemFacts } from '../../contract/system.js';
import { AshlarError } from '../../errors.js';
import { everyScope, type Tables } from '../../model/index.js';
import { type Checkpoints, proveLedgers } from '../ledgers.js';
import type { LedgerReport } from '../report.js';
import { type Batch, checkBatch } from './batch.js';
import { checksOf, type TableChecks } from './checks.js';
import {
  type DataEstimate,
  type DataFinding,
  type DataPosition,
  type DataReport,
  mostKeys,
} from './report.js';

/** Options of {@link proveData}. */
export interface ProveDataOptions {
  /** Where to go on: the position of an earlier report of the same system. Default: at the first row. */
  readonly from?: DataPosition | undefined;
  /** The signed checkpoints against which the ledgers are verified. Default: none. */
  readonly checkpoints?: Checkpoints | undefined;
  /** Stops after the batch that is being read; the report then says where to go on. */
  readonly signal?: AbortSignal | undefined;
  /** The number of rows that are read and checked by one statement. Default 2,000. */
  readonly batch?: number | undefined;
  /** Called once, before any row is read: what there is to read, table by table. */
  readonly onEstimate?: ((estimate: readonly DataEstimate[]) => void) | undefined;
  /** Called after each batch with the position so far, which can be kept to go on from. */
  readonly onBatch?: ((position: DataPosition) => void | Promise<void>) | undefined;
}

/**
 * Reads all rows of a system as the owner, and finds those that the database should have refused: rows that break a foreign key,
 * a CHECK or a guarantee. Each guarantee brings its own checks. At the end it verifies all entries of each ledger. Changes
 * nothing, except that ledgers are sealed.
 *
 * Tables are read in the order of their primary keys, in batches, each in a transaction of its own: other sessions wait for
 * nothing, and memory stays small. It can stop after each batch and go on later.
 *
 * @param engine - the database, opened as the owner of the schema
 * @throws AshlarError `usage` for a position of another system; what reading the database throws
 *
 * @example
 * const report = await proveData(engine, shop);
 * if (!report.ok) console.error(findingsOf(report).join('\n'));
 */
export async function proveData(
  engine: Engine,
  system: SystemFacts<Tables>,
  { from, checkpoints, signal, batch = 2_000, onEstimate, onBatch }: ProveDataOptions = {},
): Promise<DataReport> {
  assertPosition(system, from);
  engine.register(Object.values(system.tables), Object.values(system.views ?? {}));
  const tables = checksOf(system, engine.dialect);
  if (onEstimate) onEstimate(await estimate(engine, tables));
  let position: DataPosition = from ?? {
    form: 'ashlar/data-position/v1',
    system: system.name,
    read: {},
    done: [],
    findings: [],
  };
  for (const each of tables) {
    const { name } = each.table;
    if (position.done.includes(name)) continue;
    let after = position.at?.table === name ? position.at.after : undefined;
    for (;;) {
      if (signal?.aborted) return reportOf(position, undefined);
      const found = await readBatch(engine, each, after, batch);
      const ended = found.last === undefined || found.rows < batch;
      after = found.last ?? after;
      position = moved(position, name, found, ended || after === undefined ? undefined : after);
      await onBatch?.(position);
      if (ended) break;
    }
  }
  return reportOf(position, await proveLedgers(engine, system, checkpoints, true));
}

/** @param ledgers - their reports; `undefined` where not all rows were read */
const reportOf = (position: DataPosition, ledgers: readonly LedgerReport[] | undefined): DataReport => ({
  system: position.system,
  complete: ledgers !== undefined,
  ok: ledgers?.every(({ ok }) => ok) === true && position.findings.length === 0,
  rows: Object.values(position.read).reduce((sum, rows) => sum + rows, 0),
  findings: position.findings,
  ledgers: ledgers ?? [],
  position,
});

const readBatch = async (
  engine: Engine,
  table: TableChecks,
  after: readonly string[] | undefined,
  size: number,
): Promise<Batch> => {
  const { name, proving } = engine.dialect;
  const transaction = await engine.begin({ mode: 'read', actor: null, scope: everyScope, asOwner: true });
  try {
    if (proving.trustNothing !== undefined) await transaction.execute(proving.trustNothing, []);
    return await checkBatch({
      ...table,
      keys: proving.keys,
      parameter: (n) => (name === 'sqlite' ? '?' : `$${n}`),
      run: async (sql, parameters = []) => (await transaction.execute(sql, parameters)).rows,
      // a statement that fails must leave the transaction usable
      attempt: async (work) => {
        await transaction.savepoint('ashlar_data');
        try {
          return await work();
        } catch (error) {
          await transaction.rollbackTo('ashlar_data');
          throw error;
        } finally {
          await transaction.release('ashlar_data');
        }
      },
      after,
      size,
    });
  } finally {
    await transaction.rollback();
  }
};

const moved = (
  { at: _, ...position }: DataPosition,
  table: string,
  { rows, bad }: Batch,
  after: readonly string[] | undefined,
): DataPosition => {
  const findings: DataFinding[] = [...position.findings];
  for (const { check, rows: more, keys } of bad) {
    const { guarantee, what } = check;
    const at = findings.findIndex(
      (one) => one.table === table && one.guarantee === guarantee && one.what === what,
    );
    const known = findings[at];
    if (!known) findings.push({ table, guarantee, what, rows: more, keys });
    else
      findings[at] = { ...known, rows: known.rows + more, keys: [...known.keys, ...keys].slice(0, mostKeys) };
  }
  return {
    ...position,
    read: { ...position.read, [table]: (position.read[table] ?? 0) + rows },
    findings,
    ...(after === undefined ? { done: [...position.done, table] } : { at: { table, after } }),
  };
};

const estimate = (engine: Engine, tables: readonly TableChecks[]): Promise<readonly DataEstimate[]> =>
  engine.asOwner(async (owner) => {
    const found: DataEstimate[] = [];
    for (const { table, checks } of tables) {
      const [row] = await owner.run(engine.dialect.proving.rowsOf(table.name));
      found.push({ table: table.name, rows: Number(row?.rows), checks: checks.length });
    }
    return found;
  });

const assertPosition = (system: SystemFacts, from: DataPosition | undefined): void => {
  if (!from) return;
  const known = Object.values(system.tables).find(({ name }) => name === from.at?.table);
  const fits = !from.at || known?.primaryKey.columns.length === from.at.after.length;
  if (from.form === 'ashlar/data-position/v1' && from.system === system.name && fits) return;
  throw new AshlarError('usage', {
    message: `The position to go on from does not belong to the system ${system.name}.`,
    suggestion: 'Begin without a position.',
  });
};
