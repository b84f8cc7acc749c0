import type { Sequences } from '../../../contract/dialect.js';
import type { Owner } from '../../../contract/owner.js';
import type { TableRights } from '../../../contract/rights.js';
import { AshlarError } from '../../../errors.js';
import { identifier, literal } from '../../../model/index.js';
import { sql } from '../../../sql/template.js';
import { isLockTimeout } from '../../refusal.js';

/** The sequences that belong to a column of the tables and count upward. */
const owned = (tables: Iterable<string>): string => sql`
  SELECT s.oid::regclass::text AS name, t.relname::text AS "table", a.attname::text AS "column"
  FROM pg_class s
  JOIN pg_sequence q ON q.seqrelid = s.oid AND q.seqincrement > 0
  JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.oid AND d.refclassid = 'pg_class'::regclass
    AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
  JOIN pg_class t ON t.oid = d.refobjid
  JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
  WHERE s.relkind = 'S' AND s.relnamespace = quote_ident(current_schema())::regnamespace
    AND t.relname = ANY (ARRAY[${[...tables].map(literal).join(', ')}]::name[])
  ORDER BY 1
`;

interface Position {
  readonly name: string;
  readonly table: string;
  readonly column: string;
  /** The number that was given last, or that is given next where none was given. */
  readonly value: string;
  readonly isUsed: boolean;
}

const positions = async (
  { run }: Owner,
  tables: ReadonlyMap<string, TableRights>,
): Promise<readonly Position[]> => {
  const found = await run(owned(tables.keys()));
  if (found.length === 0) return [];
  const values = await run(
    found
      .map(({ name }, at) => `SELECT ${at} AS at, last_value::text AS value, is_called FROM ${String(name)}`)
      .join(' UNION ALL '),
  );
  const byPlace = new Map(values.map((row) => [Number(row.at), row]));
  return found.map(({ name, table, column }, at) => ({
    name: String(name),
    table: String(table),
    column: String(column),
    value: String(byPlace.get(at)?.value),
    isUsed: byPlace.get(at)?.is_called === true,
  }));
};

/** How long sessions that want a number may wait behind this, in milliseconds. */
const lockTimeout = 150;

class InUse extends Error {}

const isNotOwner = (error: unknown): boolean =>
  error instanceof AshlarError && error.code === 'privilege-missing';

// ALTER SEQUENCE waits for the transactions that took a number, and lets none take another before the commit
const putBack = async (owner: Owner, { name, table, column, value, isUsed }: Position): Promise<void> => {
  const later = `SELECT 1 AS found FROM ${identifier(table)} WHERE ${identifier(column)} ${isUsed ? '>' : '>='} ${value} LIMIT 1`;
  await owner
    .atomically(
      async () => {
        await owner.script(`ALTER SEQUENCE ${name} RESTART`);
        if ((await owner.run(later)).length > 0) throw new InUse();
        await owner.run(`SELECT setval(${literal(name)}::regclass, ${value}, ${isUsed})`);
      },
      { lockTimeout },
    )
    .catch((error: unknown) => {
      if (!(error instanceof InUse) && !isLockTimeout(error) && !isNotOwner(error)) throw error;
    });
};

/**
 * Sets the sequences of tables back to where they were, unless another session used one. A number whose row may have been
 * deleted meanwhile is not given again.
 */
export const postgresSequences: Sequences = {
  remember: async (owner, tables) => {
    const before = await positions(owner, tables);
    return async (later) => {
      const now = new Map((await positions(later, tables)).map((one) => [one.name, one]));
      for (const one of before) {
        const { value, isUsed } = now.get(one.name) ?? one;
        if (value === one.value && isUsed === one.isUsed) continue;
        const staysForGood = tables.get(one.table)?.delete.length === 0;
        if (!one.isUsed || staysForGood) await putBack(later, one);
      }
    };
  },
};
