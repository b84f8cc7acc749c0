import {
  identifier,
  literal,
  type Retired,
  type RetirementReport,
  type RetirementTools,
  type RunSql,
  type Table,
} from '../../model/index.js';
import { type RangePartition, readCatalogue, value } from '../partitioned/catalogue.js';
import { alone, lockTimeout, persistently } from '../partitioned/maintenance.js';
import type { Retention } from '../shared/retention.js';
import { retiringSetting } from '../shared/retiring.js';
import { postgresConditions } from './postgres.js';
import { leavings, type RetirementSql, recordSql, retireByRange, ripe } from './range.js';

/** Retirement as Postgres says it. */
const postgresRetirement: RetirementSql = {
  dialect: 'postgres',
  conditions: postgresConditions,
  name: identifier,
  moment: ({ now, dryRun }) => {
    const given = `${literal(now.toISOString())}::timestamptz`;
    return dryRun ? given : `least(${given}, now())`;
  },
  open: (table) => [`SELECT set_config(${literal(retiringSetting)}, ${literal(table)}, true)`],
  close: () => [`SELECT set_config(${literal(retiringSetting)}, '', true)`],
};

/**
 * Lets the due rows of a table of Postgres leave: a month that is due as a whole, and in which nothing is held, with its
 * partition; all else by range.
 *
 * @throws AshlarError `lock-timeout` when other transactions kept a lock at every attempt
 */
export const retireOnPostgres = async (
  table: Table,
  retention: Retention,
  tools: RetirementTools,
): Promise<RetirementReport> => {
  const months: Retired[] = [];
  const partitions = await tools.atomically((run) => duePartitions(run, table, retention, tools));
  for (const partition of partitions) {
    const gone = await retirePartition(table, retention, partition, tools);
    if (gone) months.push(gone);
  }
  const rest = await retireByRange(table, retention, postgresRetirement, tools);
  return { ...rest, retired: [...months.filter(({ rows }) => rows > 0), ...rest.retired] };
};

const duePartitions = async (
  run: RunSql,
  table: Table,
  retention: Retention,
  tools: RetirementTools,
): Promise<readonly RangePartition[]> => {
  const key = await value(run, 'SELECT pg_get_partkeydef($1::text::regclass)', [identifier(table.name)]);
  if (key !== `RANGE (${identifier(retention.column)})` || tools.dryRun) return [];
  const { due } = postgresConditions(table, retention);
  const { ranges } = await readCatalogue(run, table);
  const bounded = ranges.filter(({ from, to }) => Number.isFinite(from) && Number.isFinite(to));
  const found: RangePartition[] = [];
  for (const range of bounded) {
    const end = `(SELECT ${literal(new Date(range.to).toISOString())}::timestamptz AS ${identifier(retention.column)}) AS edge`;
    const [row] = await run(`SELECT ${due('edge', postgresRetirement.moment(tools))} AS due FROM ${end}`);
    if (row?.due === true) found.push(range);
  }
  return found;
};

/** Takes one partition away with all its rows; `undefined` where it must stay, because something in it must. */
const retirePartition = (
  table: Table,
  retention: Retention,
  { name }: RangePartition,
  tools: RetirementTools,
): Promise<Retired | undefined> =>
  persistently(() =>
    tools.atomically(
      async (run) => {
        for (const statement of postgresRetirement.open(table.name)) await run(statement);
        await alone(run, table);
        const { ranges } = await readCatalogue(run, table);
        if (!ranges.some((range) => range.name === name)) return undefined;
        // nothing comes into the month or under a hold while it is looked at; reading goes on
        await run(`LOCK TABLE ${identifier(name)} IN SHARE MODE`);
        if (retention.holds !== undefined)
          await run(`LOCK TABLE ${identifier(retention.holds)} IN SHARE MODE`);
        const { due, held, referred, ready } = ripe(table, retention, postgresRetirement, tools);
        const clock = `gone.${identifier(retention.column)}`;
        const [row = {}] = await run(
          `SELECT count(*) AS rows, min(${clock}) AS earliest, max(${clock}) AS latest,
  count(*) FILTER (WHERE (${due}) IS NOT TRUE OR ${held} OR ${referred} OR NOT ${ready}) AS staying
FROM ${identifier(name)} AS gone`,
        );
        if (Number(row.staying) > 0) return undefined;
        await run(`ALTER TABLE ${identifier(table.name)} DETACH PARTITION ${identifier(name)}`);
        for (const { key, statements } of leavings(table, 'postgres')) {
          const keys = `SELECT ${key('gone')} FROM ${identifier(name)} AS gone`;
          for (const statement of statements(keys)) await run(statement);
        }
        await run(`DROP TABLE ${identifier(name)}`);
        const gone: Retired = {
          table: table.name,
          reason: retention.reason,
          rows: Number(row.rows),
          earliest: String(row.earliest),
          latest: String(row.latest),
          partition: name,
        };
        if (gone.rows > 0) await run(recordSql(table, postgresRetirement, gone));
        return gone;
      },
      { lockTimeout },
    ),
  );
