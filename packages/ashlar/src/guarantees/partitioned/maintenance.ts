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

/** What is to be kept in months. */
export interface MonthlyTable {
  readonly table: GuardedTable;
  readonly column: string;
  /** Months ahead of the current one. */
  readonly ahead: number;
}

/** While a lock is waited for, inserts wait behind it: so briefly (milliseconds), and often. */
export const lockTimeout = 200;
const attempts = 40;
const rounds = 5;
const day = 86_400_000;
const notice = 60 * day;

// rows of a later time than this, ten years ahead, are taken for mistakes and stay in the default partition
const farthest = 120;

/**
 * Makes the partitions that a table needs: a default one, the months from the current one to `ahead`, and places for
 * rows that the default one has caught; and makes again what partitions lack of their guarantees. Each step is a short
 * transaction of its own, so that inserts go on meanwhile. Idempotent, and safe in several processes at once.
 *
 * @throws AshlarError `lock-timeout` when other transactions kept a lock at every attempt; `partition-conflict`
 */
export const maintainPartitions = async (
  { table, column, ahead }: MonthlyTable,
  tools: MaintenanceTools,
): Promise<MaintenanceReport> => {
  const done: string[] = [];
  const current = monthOf(tools.now);
  const last = current + ahead;
  const reach = current + Math.max(ahead, farthest);

  /** One step, alone among all processes that maintain this table, on what the catalogue says then. */
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
  const look = <T>(work: (run: RunSql, catalogue: Catalogue) => Promise<T>): Promise<T> =>
    tools.atomically(async (run) => work(run, await readCatalogue(run, table)));

  const ensureDefault = (): Promise<void> =>
    step(async (run, catalogue) =>
      catalogue.default === undefined
        ? [`${table.name}: partition ${await makeDefault(run, table)} made`]
        : [],
    );
  const caught = (): Promise<boolean> =>
    look(async (run, catalogue) =>
      catalogue.default === undefined
        ? false
        : (await countByMonth(run, catalogue.default, column, reach)).size > 0,
    );
  const ensureMonth = (month: Month): Promise<void> =>
    step(async (run, catalogue) =>
      covers(table, catalogue, month)
        ? []
        : [`${table.name}: partition ${await makeMonth(run, table, column, month)} made`],
    );

  if ((await look(async (_, catalogue) => catalogue.default)) === undefined) await ensureDefault();
  for (let round = 1; ; round++) {
    if (await caught())
      await step((run, catalogue) =>
        rotateDefault({ run, table, column, catalogue, until: { last, reach } }),
      );
    try {
      const now = await look(async (_, catalogue) => catalogue);
      for (const month of monthsBetween(current, last))
        if (!covers(table, now, month)) await ensureMonth(month);
      break;
    } catch (error) {
      // a row of that month came to the default partition just now
      if (!isCode(error, 'check-violation') || round === rounds) throw error;
    }
  }
  for (const { text, sql } of await look((run, catalogue) => findRepairs(run, table, catalogue))) {
    await step(async (run, catalogue) => {
      const still = (await findRepairs(run, table, catalogue)).some((repair) => repair.sql === sql);
      if (!still) return [];
      await run(sql);
      return [text];
    });
  }
  return { done, goodUntil: await look(async (_, catalogue) => goodUntil(catalogue, current)) };
};

/** Waits until no other process changes the partitions of a table, and keeps others waiting until the transaction ends. */
export const alone = async (run: RunSql, table: GuardedTable): Promise<void> => {
  await run(
    `SELECT pg_advisory_xact_lock(hashtextextended('ashlar.partitions', $1::text::regclass::oid::int8))::text`,
    [identifier(table.name)],
  );
};

/**
 * Whether a month has partitions for all of it.
 *
 * @throws AshlarError `partition-conflict` when one holds a part of it
 */
export const covers = (table: GuardedTable, { ranges }: Catalogue, month: Month): boolean => {
  const [from, to] = [startTime(month), startTime(month + 1)];
  const touching = ranges.filter((range) => range.from < to && range.to > from);
  let reached = from;
  for (const range of touching) if (range.from <= reached) reached = Math.max(reached, range.to);
  if (reached >= to) return true;
  const [odd] = touching;
  if (odd === undefined) return false;
  throw new AshlarError('partition-conflict', {
    message: `The partition ${odd.name} of ${table.name} holds a part of a month.`,
    detail: 'It was not made by Ashlar, and the rest of its month has no partition.',
    suggestion: 'Make a partition for the rest of the month by hand.',
  });
};

const goodUntil = ({ ranges }: Catalogue, current: Month): Date | undefined => {
  let end = startTime(current);
  for (const range of ranges) if (range.from <= end && range.to > end) end = range.to;
  return Number.isFinite(end) ? new Date(end - notice) : undefined;
};

const isCode = (error: unknown, code: string): boolean => error instanceof AshlarError && error.code === code;

const deadlock = '40P01';

/** Tries again while other transactions keep a lock. @throws AshlarError `lock-timeout` when they do at every attempt */
export const persistently = async <T>(work: () => Promise<T>): Promise<T> => {
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
};
