import type {
  GuardedTable,
  Purged,
  PurgeFollowUp,
  PurgeReport,
  PurgeTools,
} from '../../contract/guarantee.js';
import type { Retention } from '../../contract/retention.js';
import type { RunSql, SqlName } from '../../contract/sql.js';
import { identifier, identifiers, literal } from '../../model/index.js';
import { sql } from '../../sql/template.js';
import type { Conditions } from './conditions.js';
import { purgesName } from './names.js';

/** What the engines say differently. */
export interface PurgeSql {
  readonly dialect: SqlName;
  conditions(table: GuardedTable, retention: Retention): Conditions;
  /** A table's name that nothing else can be found under. */
  name(table: string): string;
  /** The moment for which rows are looked at: never later than the database's clock, unless nothing leaves anyway. */
  moment(tools: PurgeTools): string;
  /** Opens the way for the due rows of a table, until the end of the transaction at the latest; and closes it. */
  open(table: string): readonly string[];
  close(table: string): readonly string[];
}

/** The rows of one transaction: enough to be quick, few enough that others wait but briefly. */
const batch = 1_000;

/** What rows a table would let go, as conditions on a row named `gone`. */
export const ripe = (table: GuardedTable, retention: Retention, texts: PurgeSql, tools: PurgeTools) => {
  const { due, held } = texts.conditions(table, retention);
  const moment = texts.moment(tools);
  const references = referring(table, texts, tools);
  const all = followUps(table, texts.dialect).map(({ ready }) => ready('gone'));
  const referred = references.length > 0 ? references.join(' OR ') : 'false';
  return {
    due: due('gone', moment),
    held: held('gone'),
    referred: `(${referred})`,
    ready: `(${all.length > 0 ? all.join(' AND ') : 'true'})`,
  };
};

/** What must go with the rows of a table, for each guarantee that put something beside them. */
export const followUps = (table: GuardedTable, dialect: SqlName): readonly PurgeFollowUp[] =>
  table.guarantees.flatMap((guarantee) => {
    const enforcement = guarantee[dialect];
    return enforcement.level === 'refused' || !enforcement.onPurge ? [] : [enforcement.onPurge(table)];
  });

// rows that others refer to stay with them; in a dry run those that would leave themselves do not count
const referring = (table: GuardedTable, texts: PurgeSql, tools: PurgeTools): readonly string[] =>
  tools.tables.flatMap((child) =>
    child.foreignKeys
      .filter(
        ({ target, onDelete }) =>
          target.table === table.name && (onDelete === 'restrict' || isGuarded(child)),
      )
      .map(({ columns, target }) => {
        const same = columns.map(
          (name, at) => `child.${identifier(name)} = gone.${identifier(target.columns[at] ?? name)}`,
        );
        const retention = tools.dryRun && child !== table ? child.facts.retention : undefined;
        const conditions = retention && texts.conditions(child, retention);
        const stays = conditions
          ? [
              `NOT (coalesce(${conditions.due('child', texts.moment(tools))}, false) AND NOT ${conditions.held('child')})`,
            ]
          : [];
        return `EXISTS (SELECT 1 FROM ${texts.name(child.name)} AS child WHERE ${[...same, ...stays].join(' AND ')})`;
      }),
  );

// a row under a guarantee does not simply go or change with its parent
const isGuarded = ({ guarantees }: GuardedTable): boolean => guarantees.length > 0;

const one = async (run: RunSql, sql: string): Promise<Record<string, unknown>> => (await run(sql))[0] ?? {};

const count = async (run: RunSql, from: string, where: string): Promise<number> =>
  Number((await one(run, `SELECT count(*) AS rows FROM ${from} AS gone WHERE ${where}`)).rows);

/** The statement that records what left. */
export const recordSql = (table: GuardedTable, texts: PurgeSql, gone: Purged): string =>
  `INSERT INTO ${texts.name(purgesName(table))} (reason, rows, earliest, latest, partition) VALUES (${[
    literal(gone.reason),
    String(gone.rows),
    literal(gone.earliest),
    literal(gone.latest),
    gone.partition === undefined ? 'NULL' : literal(gone.partition),
  ].join(', ')})`;

/**
 * Lets the due rows of a table leave, the oldest first and a batch in each transaction. What may not leave is refused by
 * the table's own triggers, whatever is asked here.
 */
export const purgeByRange = async (
  table: GuardedTable,
  retention: Retention,
  texts: PurgeSql,
  tools: PurgeTools,
): Promise<PurgeReport> => {
  const from = texts.name(table.name);
  const clock = identifier(retention.column);
  const { due, held, referred, ready } = ripe(table, retention, texts, tools);
  const leaves = `${due} AND NOT ${held} AND NOT ${referred} AND ${ready}`;
  const beside = followUps(table, texts.dialect);
  const purged: Purged[] = [];
  const told = { table: table.name, reason: retention.reason, partition: undefined };

  if (tools.dryRun) {
    const { rows, earliest, latest } = await tools.atomically((run) =>
      one(
        run,
        `SELECT count(*) AS rows, min(${clock}) AS earliest, max(${clock}) AS latest FROM ${from} AS gone WHERE ${leaves}`,
      ),
    );
    if (Number(rows) > 0)
      purged.push({ ...told, rows: Number(rows), earliest: String(earliest), latest: String(latest) });
  } else {
    const key = table.primaryKey.columns;
    const returned = [
      `${clock} AS moment`,
      ...beside.map((each, at) => `${each.key(identifier(table.name))} AS key_${at}`),
    ];
    const remove = sql`
      DELETE FROM ${from} WHERE (${identifiers(key)}) IN (
        SELECT ${key.map((name) => `gone.${identifier(name)}`).join(', ')} FROM ${from} AS gone
        WHERE ${leaves}
        ORDER BY gone.${clock}
        LIMIT ${batch}
      )
      RETURNING ${returned.join(', ')}
    `;
    for (;;) {
      const gone = await tools.atomically(async (run) => {
        for (const statement of texts.open(table.name)) await run(statement);
        const rows = await run(remove);
        const moments = rows.map(({ moment }) => String(moment)).sort();
        const [earliest] = moments;
        const latest = moments.at(-1);
        const left =
          earliest === undefined || latest === undefined
            ? undefined
            : { ...told, rows: moments.length, earliest, latest };
        if (left) {
          for (const [at, { statements }] of beside.entries()) {
            const keys = rows.map((row) => literal(String(row[`key_${at}`]))).join(', ');
            for (const statement of statements(keys)) await run(statement);
          }
          await run(recordSql(table, texts, left));
        }
        for (const statement of texts.close(table.name)) await run(statement);
        return left;
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
};
