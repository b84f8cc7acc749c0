import type { Probe } from '../contract/attack.js';
import type { Engine } from '../contract/engine.js';
import type { SqlRow } from '../contract/sql.js';
import type { SystemFacts } from '../contract/system.js';
import { rootText } from '../engines/refusal.js';
import { everyScope, type Table, type Tables } from '../model/index.js';
import type { Hand } from './hand.js';
import { type Made, type PlacedRow, Rows, scopeColumnOf } from './rows.js';
import { valueFor } from './values.js';

/** Makes the probe of a table in the transaction of `hand`, or says why there is none. */
export async function makeProbe(
  engine: Engine,
  system: SystemFacts<Tables>,
  hand: Hand,
  table: Table,
  partitions: readonly string[],
): Promise<Made<Probe>> {
  const rows = new Rows(engine, system, hand);
  const column = table.facts.scope;
  try {
    const found = await findRows(rows, system, table);
    if ('why' in found) return found;
    const [{ row, partition: home }, second] = found.made;
    const fixed = shared(table, row);
    const proven = await rows.fresh(table, fixed);
    const fresh = 'made' in proven ? proven : await rows.drafted(table, fixed);
    if ('why' in fresh) return fresh;
    const another = column && valueFor(column, { variant: 1, unlike: true });
    return {
      made: {
        dialect: engine.dialect.name,
        row,
        other: second?.row,
        fresh: fresh.made,
        values: rows.sideValues(table, row),
        partitions:
          home === undefined ? partitions : [home, ...partitions.filter((partition) => partition !== home)],
        scope: column && (await scopeIn(rows, row[column.name])),
        otherScope: column && String(another),
      },
    };
  } catch (error) {
    return { why: rootText(error) };
  }
}

// only everybody's scope reaches a row of nobody
const scopeIn = async (rows: Rows, literal = 'NULL'): Promise<string> =>
  literal === 'NULL' ? everyScope : rows.textOf(literal);

type Pair = readonly [PlacedRow, PlacedRow | undefined];

/** The scope in which the attacks of a table are tried that name none: that of the rows, where one holds them all. */
export function usualScope(table: Table, { scope }: Probe): string | null {
  return isAlone(table) ? everyScope : (scope ?? null);
}

/** Whether a scope holds one row of the table at most, as that of a client who is the scope himself. */
const isAlone = (table: Table): boolean => {
  const column = scopeColumnOf(table);
  const keys = [table.primaryKey, ...table.uniques];
  return column !== undefined && keys.some(({ columns }) => columns.length === 1 && columns[0] === column);
};

// the rows of a probe are of one scope, wherever they can be
const shared = (table: Table, row: SqlRow): SqlRow => {
  const column = scopeColumnOf(table);
  return column === undefined || isAlone(table) ? {} : { [column]: row[column] ?? 'NULL' };
};

const findRows = async (rows: Rows, system: SystemFacts<Tables>, table: Table): Promise<Made<Pair>> => {
  const [present] = await rows.present(table);
  const first = present ? { made: present } : await rows.make(table);
  if ('made' in first) {
    const fixed = shared(table, first.made.row);
    const beside = (await rows.present(table, fixed)).find(
      ({ row }) => JSON.stringify(row) !== JSON.stringify(first.made.row),
    );
    if (beside) return { made: [first.made, beside] };
    const another = await rows.make(table, { fixed });
    return { made: [first.made, 'made' in another ? another.made : undefined] };
  }
  // a table that only the database writes gets its rows through what is written to the others
  for (const other of Object.values(system.tables)) if (other !== table) await rows.make(other);
  const [written, next] = await rows.present(table);
  return written ? { made: [written, next] } : first;
};
