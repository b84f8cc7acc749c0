import type { GuardedTable } from '../../contract/guarantee.js';
import type { RunSql } from '../../contract/sql.js';
import { AshlarError } from '../../errors.js';
import { identifier, identifiers } from '../../model/index.js';
import { objectName } from '../../sql/object-name.js';
import { sql } from '../../sql/template.js';
import { type Catalogue, countByMonth, value, within } from './catalogue.js';
import { attachMonths, dropRangeCheck, guard, makeAside, partitionName } from './making.js';
import { type Month, startTime } from './months.js';
import { defaultPartition, partitionObjects } from './objects.js';

// more months than this, created one by one, indicate an error in the data
export const mostMonths = 1200;

/**
 * The partitioned table whose default partition is to be emptied, its partitions, and the last months for which
 * partitions may be created.
 */
export interface DefaultPartition {
  readonly run: RunSql;
  readonly table: GuardedTable;
  readonly column: string;
  readonly catalogue: Catalogue;
  readonly until: { readonly last: Month; readonly reach: Month };
}

/**
 * Moves each row of the default partition into a partition for its month, in the transaction in which `run` runs SQL.
 * The default partition itself becomes the partition of those months, and a new empty one replaces it: no row is
 * deleted. Where other partitions exist between those months, or some rows cannot get a month yet, the rows are copied
 * and counted instead, and the old default partition is dropped.
 *
 * @param until - `last`: the last month created ahead; rows of later months get one partition a month, so that no wide
 *   partition covers future months. `reach`: the last month that can have a partition now; later rows stay
 * @returns what was done, one line for each action
 * @throws AshlarError `partition-conflict`
 */
export async function rotateDefault({
  run,
  table,
  column,
  catalogue,
  until: { last, reach },
}: DefaultPartition): Promise<string[]> {
  const old = catalogue.default;
  if (old === undefined) return [];
  await run(`ALTER TABLE ${identifier(table.name)} DETACH PARTITION ${identifier(old)}`);
  const counts = await countByMonth(run, old, column, reach);
  const months = [...counts.keys()];
  const rows = Number(await value(run, `SELECT count(*)::text FROM ${identifier(old)}`));
  const [from, to] = [months.at(0), months.at(-1)];
  if (from === undefined || to === undefined) {
    await attachDefault(run, table, old);
    return [];
  }
  const placed = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const rotates = placed === rows && !overlaps(catalogue, from, to) && (to <= last || from === to);
  return rotates
    ? rotate({ run, table, old, first: from, last: to, rows })
    : copy({ run, table, column, old, counts, until: { last: reach, rows } });
}

/** Creates an empty default partition. */
export async function makeDefault(run: RunSql, table: GuardedTable): Promise<string> {
  const name = defaultPartition(table);
  await makeAside(run, table, name);
  await guard(run, table, name);
  await attachDefault(run, table, name);
  return name;
}

const attachDefault = async (run: RunSql, table: GuardedTable, name: string): Promise<void> => {
  await run(`ALTER TABLE ${identifier(table.name)} ATTACH PARTITION ${identifier(name)} DEFAULT`);
};

const overlaps = ({ ranges }: Catalogue, first: Month, last: Month): boolean =>
  ranges.some((range) => range.from < startTime(last + 1) && range.to > startTime(first));

interface Rotation {
  readonly run: RunSql;
  readonly table: GuardedTable;
  readonly old: string;
  readonly first: Month;
  readonly last: Month;
  readonly rows: number;
}

const rotate = async ({ run, table, old, first, last, rows }: Rotation): Promise<string[]> => {
  const name = partitionName(table, first, last);
  await rename(run, table, old, name);
  await attachMonths({ run, table, name, first, last });
  await makeDefault(run, table);
  return [`${table.name}: the default partition, with ${rows} rows, became ${name}`];
};

// the new default partition needs the names of the old one's objects
const rename = async (run: RunSql, table: GuardedTable, old: string, name: string): Promise<void> => {
  const indexes = await run(
    `SELECT c.relname::text AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = $1::text::regclass`,
    [identifier(old)],
  );
  await run(`ALTER TABLE ${identifier(old)} RENAME TO ${identifier(name)}`);
  for (const { name: index } of indexes) {
    const text = String(index);
    if (!text.startsWith(`${old}_`)) continue;
    await run(
      `ALTER INDEX ${identifier(text)} RENAME TO ${identifier(objectName(name, text.slice(old.length + 1)))}`,
    );
  }
  const renamed = partitionObjects(table, name);
  for (const [at, object] of partitionObjects(table, old).entries()) {
    const to = renamed[at]?.name ?? object.name;
    if (object.type !== 'trigger' || to === object.name) continue;
    const found = await value(
      run,
      'SELECT 1 FROM pg_trigger WHERE tgrelid = $1::text::regclass AND tgname = $2::text',
      [identifier(name), object.name],
    );
    if (found === null) continue;
    await run(`ALTER TRIGGER ${identifier(object.name)} ON ${identifier(name)} RENAME TO ${identifier(to)}`);
  }
};

interface MonthsToCopy {
  readonly run: RunSql;
  readonly table: GuardedTable;
  readonly column: string;
  readonly old: string;
  readonly counts: ReadonlyMap<Month, number>;
  readonly until: { readonly last: Month; readonly rows: number };
}

const copy = async ({
  run,
  table,
  column,
  old,
  counts,
  until: { last, rows },
}: MonthsToCopy): Promise<string[]> => {
  if (counts.size > mostMonths) throw tooManyMonths(table, counts.size);
  const columns = await columnsOf(run, old);
  const copyTo = async (to: string, where: string): Promise<number> =>
    Number(
      await value(
        run,
        sql`
          WITH copied AS (
            INSERT INTO ${identifier(to)} (${columns}) SELECT ${columns} FROM ${identifier(old)} WHERE ${where} RETURNING 1
          )
          SELECT count(*)::text FROM copied
        `,
      ),
    );

  const done: string[] = [];
  let copied = 0;
  for (const [month, count] of counts) {
    // into a table that is not attached yet, so that no trigger treats a copy as a new row
    const name = partitionName(table, month, month);
    await makeAside(run, table, name, { column, first: month, last: month });
    copied += await copyTo(name, within(column, month, month));
    await guard(run, table, name);
    await attachMonths({ run, table, name, first: month, last: month });
    await dropRangeCheck(run, name);
    done.push(`${table.name}: ${count} rows of the default partition were copied to ${name}`);
  }
  const waiting = objectName(old, 'next');
  await makeAside(run, table, waiting);
  copied += await copyTo(waiting, `(${within(column, Math.min(...counts.keys()), last)}) IS NOT TRUE`);
  if (copied !== rows) throw miscounted(table, rows, copied);
  await run(`DROP TABLE ${identifier(old)}`);
  await run(`ALTER TABLE ${identifier(waiting)} RENAME TO ${identifier(old)}`);
  await guard(run, table, old);
  await attachDefault(run, table, old);
  return done;
};

const columnsOf = async (run: RunSql, table: string): Promise<string> => {
  const rows = await run(
    sql`
      SELECT attname::text AS name FROM pg_attribute
      WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
      ORDER BY attnum
    `,
    [identifier(table)],
  );
  return identifiers(rows.map((row) => String(row.name)));
};

const miscounted = (table: GuardedTable, rows: number, copied: number): AshlarError =>
  new AshlarError('partition-conflict', {
    message: `${table.name}: the copy of the default partition has ${copied} rows instead of ${rows}.`,
    detail: 'Nothing was changed.',
  });

const tooManyMonths = (table: GuardedTable, months: number): AshlarError =>
  new AshlarError('partition-conflict', {
    message: `${table.name}: the default partition holds rows of ${months} months between other partitions.`,
    detail: `At most ${mostMonths} partitions are created at once. Rows with wrong times may have been inserted.`,
    suggestion:
      'Create partitions for these months manually, each as wide as a gap between the existing partitions.',
  });
