import type { Engine } from '../engines/engine.js';
import { rootText } from '../engines/refusal.js';
import type { System } from '../system.js';
import type { Probe, Table } from '../table/index.js';
import type { Hand } from './hand.js';
import { type Made, type PlacedRow, Rows } from './rows.js';

/** Makes the probe of a table in the transaction of `hand`, or says why there is none. */
export const makeProbe = async (
  engine: Engine,
  system: System,
  hand: Hand,
  table: Table,
  partitions: readonly string[],
): Promise<Made<Probe>> => {
  const rows = new Rows(engine, system, hand);
  try {
    const found = await findRows(rows, system, table);
    if ('why' in found) return found;
    const [first, second] = found.made;
    const proven = await rows.fresh(table);
    const fresh = 'made' in proven ? proven : await rows.drafted(table);
    if ('why' in fresh) return fresh;
    const home = first.partition;
    return {
      made: {
        dialect: engine.dialect.name,
        row: first.row,
        other: second?.row,
        fresh: fresh.made,
        values: rows.valuesBeside(table, first.row),
        partitions:
          home === undefined ? partitions : [home, ...partitions.filter((partition) => partition !== home)],
        scope: undefined,
        otherScope: undefined,
      },
    };
  } catch (error) {
    return { why: rootText(error) };
  }
};

type Pair = readonly [PlacedRow, PlacedRow | undefined];

const findRows = async (rows: Rows, system: System, table: Table): Promise<Made<Pair>> => {
  const [first, second] = await rows.present(table);
  if (first && second) return { made: [first, second] };
  const made = await rows.make(table);
  if ('made' in made) {
    if (first) return { made: [first, made.made] };
    const another = await rows.make(table);
    return { made: [made.made, 'made' in another ? another.made : undefined] };
  }
  if (first) return { made: [first, undefined] };
  // a table that only the database writes gets its rows through what is written to the others
  for (const other of Object.values(system.tables)) if (other !== table) await rows.make(other);
  const [written, next] = await rows.present(table);
  return written ? { made: [written, next] } : made;
};
