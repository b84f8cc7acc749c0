import type { RunSql } from '../../../contract/sql.js';
import type { TableFacts } from '../../../contract/table.js';
import { identifier, identifiers, literal } from '../../../model/index.js';

const planner = [
  'indexscan',
  'indexonlyscan',
  'bitmapscan',
  'seqscan',
  'tidscan',
  'sort',
  'incremental_sort',
] as const;

/** Lets the planner use only the given ways to read a table, in this transaction. */
const allow = (run: RunSql, allowed: readonly (typeof planner)[number][]): Promise<unknown> =>
  run(
    `SELECT ${planner.map((way) => `set_config('enable_${way}', '${allowed.includes(way) ? 'on' : 'off'}', true)`).join(', ')}`,
  );

/**
 * Calls `work` in a transaction that reads the rows of a table themselves: an index may lack rows, or have them in another order
 * than the server now compares by.
 */
export async function withoutIndexes<T>(run: RunSql, work: () => Promise<T>): Promise<T> {
  await allow(run, ['seqscan', 'sort']);
  const result = await work();
  await allow(run, planner);
  return result;
}

/**
 * Compares the index of the primary key with the rows of the table, in one snapshot. Where the planner prefers another index that
 * begins with the columns of the key, that one is compared.
 *
 * @returns one line for each kind of damage, and one if no index serves
 */
export async function indexDamage(table: TableFacts, run: RunSql): Promise<readonly string[]> {
  const from = identifier(table.name);
  const keys = table.primaryKey.columns.map((name) => `t.${identifier(name)}`);
  const before = keys.map((_, at) => `previous_${at}`);
  const [{ rows } = {}] = await withoutIndexes(run, () => run(`SELECT count(*)::text AS rows FROM ${from}`));
  const compare = `SELECT count(*)::text AS found, count(*) FILTER (WHERE (${keys.join(', ')}) < (${before.join(', ')}))::text AS disordered
     FROM (SELECT ${identifiers(table.primaryKey.columns)}, ${keys.map((key, at) => `lag(${key}) OVER (ORDER BY ${keys.join(', ')}) AS ${before[at]}`).join(', ')} FROM ${from} AS t) AS t`;
  await allow(run, ['indexscan', 'indexonlyscan']);
  const [plan] = await run(`EXPLAIN (FORMAT JSON) ${compare}`);
  const index = await serving(table, run, stepsOf(Object.values(plan ?? {})[0]));
  const [{ found, disordered } = {}] = index === undefined ? [] : await run(compare);
  await allow(run, planner);
  if (index === undefined)
    return ['its primary key cannot be compared with its rows: its index cannot be used'];
  return [
    ...(rows === found ? [] : [`its ${index} finds ${found} of its ${rows} rows`]),
    ...(disordered === '0' ? [] : [`its ${index} has ${disordered} rows in the wrong order`]),
  ];
}

interface Step {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly Plans?: readonly Step[];
}

/** The steps of a plan, as EXPLAIN gives it in JSON. */
const stepsOf = (plan: unknown): readonly Step[] => {
  const [{ Plan: first } = {}] = (typeof plan === 'string' ? JSON.parse(plan) : plan) as { Plan?: Step }[];
  const all = (step: Step): Step[] => [step, ...(step.Plans ?? []).flatMap(all)];
  return first ? all(first) : [];
};

/** The index by whose order a plan reads the rows of a table and of its partitions, in words; `undefined` if it reads others or sorts. */
const serving = async (
  table: TableFacts,
  run: RunSql,
  steps: readonly Step[],
): Promise<string | undefined> => {
  const types = steps.map(({ 'Node Type': type }) => type);
  if (types.some((type) => type.endsWith('Sort') || /^(Seq|Bitmap|Tid)/.test(type))) return undefined;
  const used = steps.flatMap(({ 'Index Name': name }) => name ?? []);
  if (used.length === 0) return undefined;
  const own = `${literal(identifier(table.name))}::regclass`;
  const keys = await run(
    // the tree of a table without partitions is empty
    `SELECT x.relname::text AS name FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
     WHERE i.indisprimary AND (i.indrelid = ${own} OR i.indrelid IN (SELECT relid FROM pg_partition_tree(${own})))`,
  );
  const other = used.find((name) => !keys.some((key) => key.name === name));
  return other === undefined ? 'primary key' : `index ${other}`;
};
