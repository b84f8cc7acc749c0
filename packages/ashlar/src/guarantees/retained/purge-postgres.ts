import type { GuardedTable, Purged, PurgeReport, PurgeTools } from '../../contract/guarantee.js';
import type { Retention } from '../../contract/retention.js';
import type { RunSql } from '../../contract/sql.js';
import { identifier, literal } from '../../model/index.js';
import { sql } from '../../sql/template.js';
import { type RangePartition, readCatalogue, value } from '../partitioned/catalogue.js';
import { alone, lockTimeout, persistently } from '../partitioned/maintenance.js';
import { purgingSetting } from '../shared/purging.js';
import { postgresConditions } from './postgres.js';
import { followUps, type PurgeSql, purgeByRange, purgeConditions, recordSql } from './range.js';

/** The SQL of a purge on PostgreSQL. */
const postgresPurge: PurgeSql = {
  dialect: 'postgres',
  conditions: postgresConditions,
  name: identifier,
  time: ({ now, dryRun }) => {
    const given = `${literal(now.toISOString())}::timestamptz`;
    return dryRun ? given : `least(${given}, now())`;
  },
  open: (table) => [`SELECT set_config(${literal(purgingSetting)}, ${literal(table)}, true)`],
  close: () => [`SELECT set_config(${literal(purgingSetting)}, '', true)`],
};

/**
 * Deletes the expired rows of a table on PostgreSQL: drops each partition in which all rows have expired and none is
 * under a legal hold, and deletes other expired rows in batches.
 *
 * @throws AshlarError `lock-timeout` when other transactions kept a lock at every attempt
 */
export async function purgeOnPostgres(
  table: GuardedTable,
  retention: Retention,
  tools: PurgeTools,
): Promise<PurgeReport> {
  const months: Purged[] = [];
  const partitions = await tools.atomically((run) => duePartitions(run, table, retention, tools));
  for (const partition of partitions) {
    const gone = await purgePartition(table, retention, partition, tools);
    if (gone) months.push(gone);
  }
  const rest = await purgeByRange(table, retention, postgresPurge, tools);
  return { ...rest, purged: [...months.filter(({ rows }) => rows > 0), ...rest.purged] };
}

const duePartitions = async (
  run: RunSql,
  table: GuardedTable,
  retention: Retention,
  tools: PurgeTools,
): Promise<readonly RangePartition[]> => {
  const key = await value(run, 'SELECT pg_get_partkeydef($1::text::regclass)', [identifier(table.name)]);
  if (key !== `RANGE (${identifier(retention.column)})` || tools.dryRun) return [];
  const { due } = postgresConditions(table, retention);
  const { ranges } = await readCatalogue(run, table);
  const bounded = ranges.filter(({ from, to }) => Number.isFinite(from) && Number.isFinite(to));
  const found: RangePartition[] = [];
  for (const range of bounded) {
    const end = `(SELECT ${literal(new Date(range.to).toISOString())}::timestamptz AS ${identifier(retention.column)}) AS edge`;
    const [row] = await run(`SELECT ${due('edge', postgresPurge.time(tools))} AS due FROM ${end}`);
    if (row?.due === true) found.push(range);
  }
  return found;
};

/** Drops one partition with all its rows; `undefined` where it stays, because a row in it must. */
const purgePartition = (
  table: GuardedTable,
  retention: Retention,
  { name }: RangePartition,
  tools: PurgeTools,
): Promise<Purged | undefined> =>
  persistently(() =>
    tools.atomically(
      async (run) => {
        for (const statement of postgresPurge.open(table.name)) await run(statement);
        await alone(run, table);
        const { ranges } = await readCatalogue(run, table);
        if (!ranges.some((range) => range.name === name)) return undefined;
        // blocks inserts and new holds while the rows are checked; reads continue
        await run(`LOCK TABLE ${identifier(name)} IN SHARE MODE`);
        if (retention.holds !== undefined)
          await run(`LOCK TABLE ${identifier(retention.holds)} IN SHARE MODE`);
        const { due, held, referred, ready } = purgeConditions(table, retention, postgresPurge, tools);
        const clock = `gone.${identifier(retention.column)}`;
        const [row = {}] = await run(
          sql`
            SELECT count(*) AS rows, min(${clock}) AS earliest, max(${clock}) AS latest,
              count(*) FILTER (WHERE (${due}) IS NOT TRUE OR ${held} OR ${referred} OR NOT ${ready}) AS staying
            FROM ${identifier(name)} AS gone
          `,
        );
        if (Number(row.staying) > 0) return undefined;
        await run(`ALTER TABLE ${identifier(table.name)} DETACH PARTITION ${identifier(name)}`);
        for (const { key, statements } of followUps(table, 'postgres')) {
          const keys = `SELECT ${key('gone')} FROM ${identifier(name)} AS gone`;
          for (const statement of statements(keys)) await run(statement);
        }
        await run(`DROP TABLE ${identifier(name)}`);
        const gone: Purged = {
          table: table.name,
          reason: retention.reason,
          rows: Number(row.rows),
          earliest: String(row.earliest),
          latest: String(row.latest),
          partition: name,
        };
        if (gone.rows > 0) await run(recordSql(table, postgresPurge, gone));
        return gone;
      },
      { lockTimeout },
    ),
  );
