import type { BulkTable, SequencePosition } from '../../../contract/bulk.js';
import type { Owner } from '../../../contract/owner.js';
import type { RunSql } from '../../../contract/sql.js';
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
const ofSchema = `
  SELECT s.relname::text AS name FROM pg_class s
  WHERE s.relkind = 'S' AND s.relnamespace = quote_ident(current_schema())::regnamespace
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = s.oid AND d.deptype = 'i')
  ORDER BY 1`;

/** Reads the sequences of the schema that number no identity column. */
export async function readSequences(run: RunSql): Promise<ReadonlyMap<string, SequencePosition>> {
  const names = (await run(ofSchema)).map(({ name }) => String(name));
  const positions = new Map<string, SequencePosition>();
  for (const name of names) {
    const [row] = await run(`SELECT last_value::text AS value, is_called FROM ${identifier(name)}`);
    positions.set(name, { value: String(row?.value), isUsed: row?.is_called === true });
  }
  return positions;
}

/** Sets the sequences that the schema has. */
export async function setSequences(
  owner: Owner,
  positions: ReadonlyMap<string, SequencePosition>,
): Promise<void> {
  const present = new Set((await owner.run(ofSchema)).map(({ name }) => String(name)));
  for (const [name, { value, isUsed }] of positions)
    if (present.has(name))
      await owner.run(`SELECT setval(${literal(identifier(name))}, ${value}, ${isUsed})`);
}

// one reads those that were made before it
const materialized = `
  SELECT c.relname::text AS name FROM pg_class c
  WHERE c.relkind = 'm' AND c.relnamespace = quote_ident(current_schema())::regnamespace ORDER BY c.oid`;

/** Has each materialized view of the schema read its tables, which were empty when a step made it. */
export async function refreshViews(owner: Owner): Promise<void> {
  for (const { name } of await owner.run(materialized))
    await owner.atomically(() => owner.script(`REFRESH MATERIALIZED VIEW ${identifier(String(name))}`));
}
