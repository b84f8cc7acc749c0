import type { BulkTable, SequencePosition } from '../../../contract/bulk.js';
import type { Owner } from '../../../contract/owner.js';
import type { RunSql } from '../../../contract/sql.js';
import { AshlarError, isAshlarError } from '../../../errors.js';
import { identifier, literal } from '../../../model/index.js';

/** Sets the next numbers of the columns whose numbers the database gives. */
export async function setGenerators(
  owner: Owner,
  tables: readonly BulkTable[],
  next: ReadonlyMap<string, bigint>,
): Promise<void> {
  for (const table of tables) {
    const number = next.get(table.name);
    const column = table.columns.find(({ generated }) => generated === 'identity');
    if (number === undefined || !column) continue;
    const sequence = `pg_get_serial_sequence(${literal(identifier(table.name))}, ${literal(column.name)})`;
    await owner.run(`SELECT setval(${sequence}, ${number}, false)`);
  }
}

// an identity column has its sequence inside; those of declared tables are generators
const ofSchema = (right: 'SELECT' | 'UPDATE'): string => `
  SELECT s.relname::text AS name, has_sequence_privilege(s.oid, 'SELECT') AND has_sequence_privilege(s.oid, '${right}') AS allowed, q.seqincrement::text AS step
  FROM pg_class s JOIN pg_sequence q ON q.seqrelid = s.oid
  WHERE s.relkind = 'S' AND s.relnamespace = quote_ident(current_schema())::regnamespace
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = s.oid AND d.deptype = 'i')
  ORDER BY 1`;

/** Reads the sequences of the schema that number no identity column; `undefined` for those that this role may not read. */
export async function readSequences(run: RunSql): Promise<ReadonlyMap<string, SequencePosition | undefined>> {
  const positions = new Map<string, SequencePosition | undefined>();
  for (const { name, allowed } of await run(ofSchema('SELECT')))
    positions.set(String(name), allowed === true ? await positionOf(run, String(name)) : undefined);
  return positions;
}

const positionOf = async (run: RunSql, name: string): Promise<SequencePosition> => {
  const [row] = await run(`SELECT last_value::text AS value, is_called FROM ${identifier(name)}`);
  return { value: String(row?.value), isUsed: row?.is_called === true };
};

/**
 * Moves the sequences that the schema has on to given positions, and none back: one of that name may be another program's.
 *
 * @returns those that the schema lacks, that this role may not set, or that have no position
 */
export async function setSequences(
  owner: Owner,
  positions: ReadonlyMap<string, SequencePosition | undefined>,
): Promise<readonly string[]> {
  const present = new Map(
    (await owner.run(ofSchema('UPDATE'))).map((row) => [
      String(row.name),
      row.allowed === true ? BigInt(String(row.step)) : undefined,
    ]),
  );
  const left: string[] = [];
  for (const [name, position] of positions) {
    const step = present.get(name);
    if (!position || step === undefined) {
      left.push(name);
      continue;
    }
    const next = ({ value, isUsed }: SequencePosition): bigint => BigInt(value) + (isUsed ? step : 0n);
    const ahead = next(position) - next(await positionOf(owner.run, name));
    if (step > 0n ? ahead > 0n : ahead < 0n)
      await owner.run(`SELECT setval(${literal(identifier(name))}, ${position.value}, ${position.isUsed})`);
  }
  return left;
}

// what reads the tables, also by other views; one reads those that were made before it
const readingViews = (tables: readonly string[]): string => `
  WITH RECURSIVE reading (oid) AS (
    SELECT c.oid FROM pg_class c
    WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relname IN (${tables.map(literal).join(', ')})
    UNION
    SELECT r.ev_class FROM reading JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = reading.oid
      AND d.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite r ON r.oid = d.objid
  )
  SELECT c.relname::text AS name FROM reading JOIN pg_class c USING (oid)
  WHERE c.relkind = 'm' AND c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relispopulated
    AND pg_has_role(c.relowner, 'USAGE')
  ORDER BY c.oid`;

/**
 * Has the materialized views of this role read the loaded tables, which were empty when a step made them; not those that have no
 * rows on purpose.
 *
 * @throws AshlarError `move-value` where the query of a view fails
 */
export async function refreshViews(owner: Owner, tables: readonly string[]): Promise<void> {
  if (tables.length === 0) return;
  for (const row of await owner.run(readingViews(tables))) {
    const name = String(row.name);
    try {
      await owner.atomically(() => owner.script(`REFRESH MATERIALIZED VIEW ${identifier(name)}`));
    } catch (cause) {
      const isOther = isAshlarError(cause, 'connection-lost') || isAshlarError(cause, 'lock-timeout');
      throw isOther ? cause : viewFailed(name, cause);
    }
  }
}

const viewFailed = (name: string, cause: unknown): AshlarError =>
  new AshlarError('move-value', {
    message: `The materialized view ${name} cannot read the rows that were moved.`,
    detail: cause instanceof Error ? cause.message : String(cause),
    suggestion: 'Correct the rows in the source, or drop the view, then run the same command again.',
    facts: { table: name },
    cause,
  });
