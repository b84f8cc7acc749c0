import { setTimeout as pause } from 'node:timers/promises';
import type { GuardedTable, MaintenanceReport, MaintenanceTools } from '../../contract/guarantee.js';
import type { RunSql } from '../../contract/sql.js';
import { AshlarError } from '../../errors.js';
import { identifier } from '../../model/index.js';
import { type Catalogue, countByMonth, readCatalogue } from './catalogue.js';
import { makeMonth } from './making.js';
import { type Month, monthOf, monthsBetween, startTime } from './months.js';
import { findRepairs } from './repair.js';
import { makeDefault, rotateDefault } from './rotation.js';

/** A table that is partitioned by month. */
export interface MonthlyTable {
  readonly table: GuardedTable;
  readonly column: string;
  /** The number of months after the current month for which partitions are created in advance. */
  readonly ahead: number;
}

/**
 * How long one attempt waits for a lock, in milliseconds. Inserts queue behind a waiting lock request, so each attempt
 * is short, and there are many.
 */
export const lockTimeout = 200;
const attempts = 40;
const rounds = 5;
const day = 86_400_000;
const notice = 60 * day;

// rows more than ten years ahead are regarded as errors and stay in the default partition
export const farthest = 120;

/**
 * Creates the missing partitions of a table: the default partition, one for the current month, one for each of the next
 * `ahead` months, and those for the months of rows in the default partition. Restores the objects of guarantees that
 * partitions lack. Each step is a short transaction of its own, so that inserts continue between them. Idempotent;
 * several processes may run it concurrently.
 *
 * @throws AshlarError `lock-timeout` when other transactions held a lock at every attempt; `partition-conflict`
 */
export async function maintainPartitions(
  { table, column, ahead }: MonthlyTable,
  tools: MaintenanceTools,
): Promise<MaintenanceReport> {
  const done: string[] = [];
  const current = monthOf(tools.now);
  const last = current + ahead;
  const reach = current + Math.max(ahead, farthest);

  /** Runs one step on the current catalogue; no other process maintains this table at the same time. */
  const step = async (
    work: (run: RunSql, catalogue: Catalogue) => Promise<readonly string[]>,
  ): Promise<void> => {
    const lines = await persistently(() =>
      tools.atomically(
        async (run) => {
          await alone(run, table);
          return work(run, await readCatalogue(run, table));
        },
        { lockTimeout },
      ),
    );
    done.push(...lines);
  };
  const inspect = <T>(work: (run: RunSql, catalogue: Catalogue) => Promise<T>): Promise<T> =>
    tools.atomically(async (run) => work(run, await readCatalogue(run, table)));

  const ensureDefault = (): Promise<void> =>
    step(async (run, catalogue) =>
      catalogue.default === undefined
        ? [`${table.name}: partition ${await makeDefault(run, table)} created`]
        : [],
    );
  const caught = (): Promise<boolean> =>
    inspect(async (run, catalogue) =>
      catalogue.default === undefined
        ? false
        : (await countByMonth(run, catalogue.default, column, reach)).size > 0,
    );
  const ensureMonth = (month: Month): Promise<void> =>
    step(async (run, catalogue) =>
      covers(table, catalogue, month)
        ? []
        : [`${table.name}: partition ${await makeMonth(run, table, column, month)} created`],
    );

  if ((await inspect(async (_, catalogue) => catalogue.default)) === undefined) await ensureDefault();
  for (let round = 1; ; round++) {
    if (await caught())
      await step((run, catalogue) =>
        rotateDefault({ run, table, column, catalogue, until: { last, reach } }),
      );
    try {
      const now = await inspect(async (_, catalogue) => catalogue);
      for (const month of monthsBetween(current, last))
        if (!covers(table, now, month)) await ensureMonth(month);
      break;
    } catch (error) {
      // a row of that month has just arrived in the default partition
      if (!isCode(error, 'check-violation') || round === rounds) throw error;
    }
  }
  for (const { text, sql } of await inspect((run, catalogue) => findRepairs(run, table, catalogue))) {
    await step(async (run, catalogue) => {
      const still = (await findRepairs(run, table, catalogue)).some((repair) => repair.sql === sql);
      if (!still) return [];
      await run(sql);
      return [text];
    });
  }
  return { done, goodUntil: await inspect(async (_, catalogue) => goodUntil(catalogue, current)) };
}

/**
 * Locks the partitions of a table, so that only this process can change them until the transaction ends; waits for the
 * lock.
 */
export async function alone(run: RunSql, table: GuardedTable): Promise<void> {
  await run(
    `SELECT pg_advisory_xact_lock(hashtextextended('ashlar.partitions', $1::text::regclass::oid::int8))::text`,
    [identifier(table.name)],
  );
}

/**
 * Whether the partitions of a table cover a whole month.
 *
 * @throws AshlarError `partition-conflict` when they cover only a part of it
 */
export function covers(table: GuardedTable, { ranges }: Catalogue, month: Month): boolean {
  const [from, to] = [startTime(month), startTime(month + 1)];
  const touching = ranges.filter((range) => range.from < to && range.to > from);
  let reached = from;
  for (const range of touching) if (range.from <= reached) reached = Math.max(reached, range.to);
  if (reached >= to) return true;
  const [odd] = touching;
  if (odd === undefined) return false;
  throw new AshlarError('partition-conflict', {
    message: `The partition ${odd.name} of ${table.name} covers only a part of a month.`,
    detail: 'The partition was not created by Ashlar, and the rest of the month has no partition.',
    suggestion: 'Create a partition for the rest of the month manually.',
  });
}

const goodUntil = ({ ranges }: Catalogue, current: Month): Date | undefined => {
  let end = startTime(current);
  for (const range of ranges) if (range.from <= end && range.to > end) end = range.to;
  return Number.isFinite(end) ? new Date(end - notice) : undefined;
};

const isCode = (error: unknown, code: string): boolean => error instanceof AshlarError && error.code === code;

const deadlock = '40P01';

/**
 * Runs `work`, and repeats it if other transactions hold a lock that it needs.
 *
 * @throws AshlarError `lock-timeout` when they do at every attempt
 */
export async function persistently<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const cause =
        error instanceof AshlarError ? (error.cause as { code?: unknown } | undefined) : undefined;
      const passes = isCode(error, 'lock-timeout') || cause?.code === deadlock;
      if (!passes || attempt === attempts) throw error;
      await pause(50 + Math.random() * 100);
    }
  }
}
