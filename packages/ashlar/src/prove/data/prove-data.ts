import type { Engine } from '../../contract/engine.js';
import type { SystemFacts } from '../../contract/system.js';
import { rootText } from '../../engines/refusal.js';
import { isAshlarError } from '../../errors.js';
import { everyScope, type Tables } from '../../model/index.js';
import { type Checkpoints, proveLedgers } from '../ledgers.js';
import type { LedgerReport } from '../report.js';
import { type BadRows, type Batch, type BatchRequest, checkBatch, failing } from './batch.js';
import { checksOf, type NamedCheck, type TableChecks } from './checks.js';
import { KeyedRows, type KeyedRowsInput, type KeyTextsOfRow } from './keyed-rows.js';
import { assertPosition, fingerprintOf, firstPosition } from './position.js';
import {
  type DataEstimate,
  type DataFinding,
  type DataPosition,
  type DataReport,
  mostKeys,
  rowsRead,
} from './report.js';

/** Options of {@link proveData}. */
export interface ProveDataOptions {
  /**
   * Where to go on: the position of an earlier report of the same system. Where the database or the checks are others, all rows are
   * read again. Default: at the first row.
   */
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
  const of = await fingerprintOf(engine, system, tables);
  const earlier = from?.of === of ? from : undefined;
  let position = earlier ?? firstPosition(system.name, of);
  const report = (ledgers?: readonly LedgerReport[]): DataReport =>
    reportOf(position, ledgers, { earlier, restarted: from !== undefined && !earlier });
  for (const each of tables) {
    const { name } = each.table;
    if (position.done.includes(name)) continue;
    let after = position.at?.table === name ? position.at.after : undefined;
    // rows that are written meanwhile would be read without an end
    let upTo: KeyTextsOfRow | undefined;
    const unread = await whileReadable(async () => {
      upTo = await reading(engine, each, (rows) => rows.last());
      return undefined;
    });
    for (;;) {
      if (signal?.aborted) return report();
      const mostFailing = (check: NamedCheck): number => mostKeys - keysOf(position, name, failing(check));
      const found =
        unread ??
        (await whileReadable(() =>
          reading(engine, each, (_, input) =>
            checkBatch({ ...input, ...each, after, upTo, size: batch, mostFailing }),
          ),
        ));
      const ended = found.last === undefined || found.rows < batch;
      const bad = ended ? [...found.bad, ...(await ofWholeTable(engine, each))] : found.bad;
      after = found.last ?? after;
      position = moved(position, name, { ...found, bad }, ended || after === undefined ? undefined : after);
      await onBatch?.(position);
      if (ended) break;
    }
  }
  return report(await proveLedgers(engine, system, checkpoints, true));
}

/** A finding of damage, which is of no row. */
const damaged = (what: string): BadRows => ({
  check: { guarantee: 'declaration', what: `the table is damaged: ${what}` },
  rows: 1,
  keys: [],
});

/** Calls `work`; where the engine cannot read what is stored, that is the finding, and no rows follow. */
const whileReadable = async <T>(work: () => Promise<T>): Promise<T | Batch> => {
  try {
    return await work();
  } catch (error) {
    if (!isAshlarError(error, 'database-corrupt')) throw error;
    const bad = [damaged(`its rows cannot be read, and were not all checked: ${rootText(error)}`)];
    return { bad, rows: 0, last: undefined };
  }
};

/** Errors that say nothing about the statement that failed. */
const ofTheRun = [
  'connection-lost',
  'disk-full',
  'lock-timeout',
  'session-cancelled',
  'session-ended',
  'statement-timeout',
] as const;

/** What a whole table shows: rows with the same key, and damage that no row shows, as a unique index that lacks rows. */
const ofWholeTable = async (engine: Engine, table: TableChecks): Promise<readonly BadRows[]> => {
  const { damage, indexDamage, withoutIndexes = (_, work) => work() } = engine.dialect.proving;
  const ofRows = await reading(engine, table, async (rows, { run, attempt }) => {
    /** A failure is a finding, so that the other ones are not lost. */
    const unlessItFails = async (
      work: () => Promise<readonly BadRows[]>,
      failed: (why: string) => BadRows,
    ): Promise<readonly BadRows[]> => {
      try {
        return await attempt(work);
      } catch (error) {
        if (isAshlarError(error, ...ofTheRun)) throw error;
        return [failed(rootText(error))];
      }
    };
    const found: BadRows[] = [];
    for (const check of table.atOnce) {
      const search = async () => {
        const bad = await withoutIndexes(run, () => rows.of(check.bad, mostKeys));
        return bad.rows > 0 ? [{ check, ...bad }] : [];
      };
      found.push(
        ...(await unlessItFails(search, (why) => ({ check: failing(check), why, rows: 1, keys: [] }))),
      );
    }
    if (indexDamage) {
      const compare = async () => (await indexDamage(table.table, run)).map(damaged);
      found.push(
        ...(await unlessItFails(compare, (why) => damaged(`its primary key cannot be read: ${why}`))),
      );
    }
    return found;
  });
  const ofPages = damage ? await engine.asOwner(({ run }) => run(damage(table.table.name))) : [];
  return [...ofRows, ...ofPages.map((row) => damaged(String(row.found)))];
};

/** How many keys the finding of a check has. */
const keysOf = ({ findings }: DataPosition, table: string, { guarantee, what }: BadRows['check']): number =>
  findings.find(
    (one) => one.table === table && one.guarantee === guarantee && one.what.startsWith(`${what}: `),
  )?.keys.length ?? 0;

interface Beginning {
  /** The position from which the run went on. */
  readonly earlier: DataPosition | undefined;
  readonly restarted: boolean;
}

/** @param ledgers - their reports; `undefined` where not all rows were read */
const reportOf = (
  position: DataPosition,
  ledgers: readonly LedgerReport[] | undefined,
  { earlier, restarted }: Beginning,
): DataReport => ({
  system: position.system,
  complete: ledgers !== undefined,
  ok: ledgers?.every(({ ok }) => ok) === true && position.findings.length === 0,
  rows: rowsRead(position),
  ...(earlier && { earlier: { rows: rowsRead(earlier), until: earlier.written } }),
  restarted,
  findings: position.findings,
  ledgers: ledgers ?? [],
  position,
});

/** Calls `work` in a transaction that reads every scope, and sees one snapshot. */
const reading = async <T>(
  engine: Engine,
  { table }: TableChecks,
  work: (rows: KeyedRows, input: KeyedRowsInput & Pick<BatchRequest, 'attempt'>) => Promise<T>,
): Promise<T> => {
  const { name, proving } = engine.dialect;
  const transaction = await engine.begin({ mode: 'read', actor: null, scope: everyScope, asOwner: true });
  try {
    if (proving.trustNothing !== undefined) await transaction.execute(proving.trustNothing, []);
    const input: KeyedRowsInput & Pick<BatchRequest, 'attempt'> = {
      table,
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
    };
    return await work(new KeyedRows(input), input);
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
  for (const { check, why, rows: more, keys } of bad) {
    const { guarantee, what } = check;
    // of the reasons of several rows the first is told: each may have another text
    const isSame = (one: DataFinding): boolean =>
      why === undefined ? one.what === what : one.what.startsWith(`${what}: `);
    const at = findings.findIndex((one) => one.table === table && one.guarantee === guarantee && isSame(one));
    const known = findings[at];
    const text = why === undefined ? what : `${what}: ${why}`;
    if (!known) findings.push({ table, guarantee, what: text, rows: more, keys });
    else
      findings[at] = { ...known, rows: known.rows + more, keys: [...known.keys, ...keys].slice(0, mostKeys) };
  }
  return {
    ...position,
    written: new Date().toISOString(),
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
