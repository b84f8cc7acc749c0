import type {
  GuardedTable,
  Purged,
  PurgeFollowUp,
  PurgeReport,
  PurgeTools,
} from '../../contract/guarantee.js';
import type { Retention } from '../../contract/retention.js';
import type { RunSql, SqlName } from '../../contract/sql.js';
import { identifier, identifiers, literal, refusesDelete } from '../../model/index.js';
import { sql } from '../../sql/template.js';
import type { Conditions } from './conditions.js';
import { purgesName } from './names.js';

/** The parts of a purge's SQL that differ between the engines. */
export interface PurgeSql {
  readonly dialect: SqlName;
  conditions(table: GuardedTable, retention: Retention): Conditions;
  /** Quotes the name of a table, and adds its schema if a view of the session may have the same name. */
  name(table: string): string;
  /**
   * Returns SQL for the time at which rows must have expired to be purged: never later than the database's clock,
   * except in a dry run.
   */
  time(tools: PurgeTools): string;
  /**
   * Returns the statements that permit deleting expired rows of a table until the statements of `close` run or the
   * transaction ends.
   */
  open(table: string): readonly string[];
  close(table: string): readonly string[];
}

/** Rows per transaction: many enough to be fast, few enough that other writers wait briefly. */
const batch = 1_000;

/** The SQL conditions that decide whether a row, with the alias `gone`, can be purged. */
export function purgeConditions(
  table: GuardedTable,
  retention: Retention,
  texts: PurgeSql,
  tools: PurgeTools,
) {
  const { due, held } = texts.conditions(table, retention);
  const time = texts.time(tools);
  const references = referring(table, texts, tools);
  const all = followUps(table, texts.dialect).map(({ ready }) => ready('gone'));
  const referred = references.length > 0 ? references.join(' OR ') : 'false';
  return {
    due: due('gone', time),
    held: held('gone'),
    referred: `(${referred})`,
    ready: `(${all.length > 0 ? all.join(' AND ') : 'true'})`,
  };
}

/**
 * Returns the deletions in side tables that belong to a purge of a table, one item for each guarantee that needs them.
 */
export function followUps(table: GuardedTable, dialect: SqlName): readonly PurgeFollowUp[] {
  return table.guarantees.flatMap((guarantee) => {
    const enforcement = guarantee[dialect];
    return enforcement.level === 'refused' || !enforcement.onPurge ? [] : [enforcement.onPurge(table)];
  });
}

// a row that other rows refer to stays as long as they do; in a dry run, references from rows that would be purged do not count
const referring = (table: GuardedTable, texts: PurgeSql, tools: PurgeTools): readonly string[] =>
  tools.tables.flatMap((child) =>
    child.foreignKeys
      .filter((key) => key.target.table === table.name && (refusesDelete(key) || isGuarded(child)))
      .map(({ columns, target }) => {
        const same = columns.map(
          (name, at) => `child.${identifier(name)} = gone.${identifier(target.columns[at] ?? name)}`,
        );
        const retention = tools.dryRun && child !== table ? child.facts.retention : undefined;
        const conditions = retention && texts.conditions(child, retention);
        const stays = conditions
          ? [
              `NOT (coalesce(${conditions.due('child', texts.time(tools))}, false) AND NOT ${conditions.held('child')})`,
            ]
          : [];
        return `EXISTS (SELECT 1 FROM ${texts.name(child.name)} AS child WHERE ${[...same, ...stays].join(' AND ')})`;
      }),
  );

// a cascade does not simply delete or change rows that have guarantees
const isGuarded = ({ guarantees }: GuardedTable): boolean => guarantees.length > 0;

const one = async (run: RunSql, sql: string): Promise<Record<string, unknown>> => (await run(sql))[0] ?? {};

const count = async (run: RunSql, from: string, where: string): Promise<number> =>
  Number((await one(run, `SELECT count(*) AS rows FROM ${from} AS gone WHERE ${where}`)).rows);

/** The SQL statement that records a purge in the side table of purges. */
export function recordSql(table: GuardedTable, texts: PurgeSql, gone: Purged): string {
  return `INSERT INTO ${texts.name(purgesName(table))} (reason, rows, earliest, latest, partition) VALUES (${[
    literal(gone.reason),
    String(gone.rows),
    literal(gone.earliest),
    literal(gone.latest),
    gone.partition === undefined ? 'NULL' : literal(gone.partition),
  ].join(', ')})`;
}

/**
 * Deletes the expired rows of a table, the oldest first, one batch per transaction. The table's own triggers refuse to
 * delete a row that must stay, whatever this function requests.
 */
export async function purgeByRange(
  table: GuardedTable,
  retention: Retention,
  texts: PurgeSql,
  tools: PurgeTools,
): Promise<PurgeReport> {
  const from = texts.name(table.name);
  const clock = identifier(retention.column);
  const { due, held, referred, ready } = purgeConditions(table, retention, texts, tools);
  const purgeable = `${due} AND NOT ${held} AND NOT ${referred} AND ${ready}`;
  const followers = followUps(table, texts.dialect);
  const purged: Purged[] = [];
  const common = { table: table.name, reason: retention.reason, partition: undefined };

  if (tools.dryRun) {
    const { rows, earliest, latest } = await tools.atomically((run) =>
      one(
        run,
        `SELECT count(*) AS rows, min(${clock}) AS earliest, max(${clock}) AS latest FROM ${from} AS gone WHERE ${purgeable}`,
      ),
    );
    if (Number(rows) > 0)
      purged.push({ ...common, rows: Number(rows), earliest: String(earliest), latest: String(latest) });
  } else {
    const key = table.primaryKey.columns;
    const returned = [
      `${clock} AS moment`,
      ...followers.map((each, at) => `${each.key(identifier(table.name))} AS key_${at}`),
    ];
    const remove = sql`
      DELETE FROM ${from} WHERE (${identifiers(key)}) IN (
        SELECT ${key.map((name) => `gone.${identifier(name)}`).join(', ')} FROM ${from} AS gone
        WHERE ${purgeable}
        ORDER BY gone.${clock}
        LIMIT ${batch}
      )
      RETURNING ${returned.join(', ')}
    `;
    for (;;) {
      const gone = await tools.atomically(async (run) => {
        for (const statement of texts.open(table.name)) await run(statement);
        const rows = await run(remove);
        const times = rows.map(({ moment }) => String(moment)).sort();
        const [earliest] = times;
        const latest = times.at(-1);
        const batchPurged =
          earliest === undefined || latest === undefined
            ? undefined
            : { ...common, rows: times.length, earliest, latest };
        if (batchPurged) {
          for (const [at, { statements }] of followers.entries()) {
            const keys = rows.map((row) => literal(String(row[`key_${at}`]))).join(', ');
            for (const statement of statements(keys)) await run(statement);
          }
          await run(recordSql(table, texts, batchPurged));
        }
        for (const statement of texts.close(table.name)) await run(statement);
        return batchPurged;
      });
      if (gone) purged.push(gone);
      if (!gone || gone.rows < batch) break;
    }
  }
  return tools.atomically(async (run) => ({
    purged,
    held: await count(run, from, `${due} AND ${held}`),
    stuck: await count(
      run,
      from,
      `${due} AND NOT ${held}${tools.dryRun ? ` AND (${referred} OR NOT ${ready})` : ''}`,
    ),
  }));
}
