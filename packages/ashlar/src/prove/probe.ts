import type { Probe } from '../contract/attack.js';
import type { Engine } from '../contract/engine.js';
import type { SqlRow } from '../contract/sql.js';
import type { SystemFacts } from '../contract/system.js';
import { rootText } from '../engines/refusal.js';
import { packageVersion, readFoundation } from '../migrations/foundation.js';
import { everyScope, storedValue, type Table, type Tables, writtenColumns } from '../model/index.js';
import { valueFor } from '../samples/values.js';
import type { AttackTransaction } from './attack-transaction.js';
import { type Attempt, type PlacedRow, SampleRows, scopeColumnOf } from './sample-rows.js';

/** The table to create a probe for, the names of its partitions, and the transaction to use. */
export interface ProbeRequest {
  readonly engine: Engine;
  readonly system: SystemFacts<Tables>;
  readonly transaction: AttackTransaction;
  readonly table: Table;
  readonly partitions: readonly string[];
}

/**
 * Creates the probe of a table, and inserts the rows that its attacks need; returns the reason if this is impossible.
 */
export async function makeProbe({
  engine,
  system,
  transaction,
  table,
  partitions,
}: ProbeRequest): Promise<Attempt<Probe>> {
  const rows = new SampleRows(engine, system, transaction);
  const column = table.facts.scope;
  try {
    const found = await findRows(rows, system, table);
    if ('reason' in found) return found;
    const [{ row, partition: home }, second] = found.value;
    const fixed = sameScope(table, row);
    const proven = await rows.insertable(table, fixed);
    const fresh = 'value' in proven ? proven : await rows.valid(table, fixed);
    if ('reason' in fresh) return fresh;
    const another = column && valueFor(column, { variant: 1, unlike: true });
    const otherScope = column && String(storedValue(column, another));
    const verifiesContext = engine.context === 'signed';
    return {
      value: {
        dialect: engine.dialect.name,
        row,
        other: second?.row,
        fresh: fresh.value,
        values: rows.otherValues(table, row),
        partitions:
          home === undefined ? partitions : [home, ...partitions.filter((partition) => partition !== home)],
        scope: column && (await scopeIn(rows, row[column.name])),
        otherScope,
        verifiesContext,
        otherToken:
          verifiesContext && otherScope !== undefined ? await tokenOf(transaction, otherScope) : undefined,
        olderVersion: await olderVersionOf(transaction, engine),
        written: (name) => {
          const one = Object.values(system.tables).find((each) => each.name === name);
          return one && writtenColumns(one).map((each) => each.name);
        },
      },
    };
  } catch (error) {
    return { reason: rootText(error) };
  }
}

/** The version of Ashlar's own objects, where it is older than that of this release; `undefined` if nothing records it. */
const olderVersionOf = async (
  transaction: AttackTransaction,
  { dialect }: Engine,
): Promise<number | undefined> => {
  try {
    const { version } = await transaction.inSavepoint(() =>
      readFoundation({ run: async (sql) => (await transaction.run(sql)).rows }),
    );
    return version < packageVersion(dialect) ? version : undefined;
  } catch {
    return undefined;
  }
};

// only a session of every scope reaches a row without one
const scopeIn = async (rows: SampleRows, literal = 'NULL'): Promise<string> =>
  literal === 'NULL' ? everyScope : rows.textOf(literal);

// the owner signs nothing
const tokenOf = (transaction: AttackTransaction, scope: string): Promise<string | undefined> =>
  transaction.rolledBack(async () => {
    if (transaction.as === 'owner') return undefined;
    await transaction.useScope(scope);
    const { rows } = await transaction.run("SELECT current_setting('ashlar.token', true) AS token");
    return String(rows[0]?.token ?? '');
  });

type Pair = readonly [PlacedRow, PlacedRow | undefined];

/**
 * Returns the scope for attacks that set none: the scope of the probe's rows, or every scope if a scope can have only
 * one row.
 */
export function usualScope(table: Table, { scope }: Probe): string | null {
  return holdsOneRow(table) ? everyScope : (scope ?? null);
}

/** Whether a scope holds at most one row of the table, as where a client's own row is scoped by its id. */
const holdsOneRow = (table: Table): boolean => {
  const column = scopeColumnOf(table);
  const keys = [table.primaryKey, ...table.uniques];
  return column !== undefined && keys.some(({ columns }) => columns.length === 1 && columns[0] === column);
};

// the rows of a probe belong to one scope, wherever one scope can hold them
const sameScope = (table: Table, row: SqlRow): SqlRow => {
  const column = scopeColumnOf(table);
  return column === undefined || holdsOneRow(table) ? {} : { [column]: row[column] ?? 'NULL' };
};

const findRows = async (
  rows: SampleRows,
  system: SystemFacts<Tables>,
  table: Table,
): Promise<Attempt<Pair>> => {
  // a scope that is shredded gets no other row, so most attacks cannot begin there
  const [present] = await rows.existing(table, table.facts.keyring ? { shredded_at: 'NULL' } : {});
  const first = present ? { value: present } : await rows.insert(table);
  if ('value' in first) {
    const fixed = sameScope(table, first.value.row);
    const second = (await rows.existing(table, fixed)).find(
      ({ row }) => JSON.stringify(row) !== JSON.stringify(first.value.row),
    );
    if (second) return { value: [first.value, second] };
    const another = await rows.insert(table, { fixed });
    return { value: [first.value, 'value' in another ? another.value : undefined] };
  }
  // a table that only triggers write gets its rows when rows are inserted into the other tables
  for (const other of Object.values(system.tables)) if (other !== table) await rows.insert(other);
  const [written, next] = await rows.existing(table);
  return written ? { value: [written, next] } : first;
};
