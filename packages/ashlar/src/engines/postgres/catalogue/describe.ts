import type { Catalogue, CataloguePart } from '../../../contract/catalogue.js';
import type { Owner } from '../../../contract/owner.js';
import type { RunSql } from '../../../contract/sql.js';
import { identifier, literal } from '../../../model/index.js';
import { otherParts } from './others.js';
import { common, relationParts } from './relations.js';

const text = (value: unknown): string | undefined =>
  value === null || value === undefined ? undefined : String(value);

/**
 * Describes the current schema, and what else in the database concerns it, with one query. Functions, operators and tables of
 * the schema cannot take the place of those that the query names: it finds `pg_catalog` only.
 */
export function describe(owner: Owner): Promise<Catalogue> {
  return owner.atomically(() => describeWithin(owner.run));
}

/** Describes the current schema in an open transaction, as {@link describe} does. */
export async function describeWithin(run: RunSql): Promise<Catalogue> {
  const [place = {}] = await run(
    `SELECT current_schema()::text AS schema, current_setting('server_version_num')::int / 10000 AS major,
      current_setting('search_path') AS path, set_config('search_path', 'pg_catalog, pg_temp', true)`,
  );
  const schema = String(place.schema);
  const rows = await run(
    `WITH ${common(literal(schema))}\n${[...relationParts, ...otherParts].join('\nUNION ALL\n')}`,
  );
  await run(`SELECT set_config('search_path', $1, true)`, [String(place.path)]);
  const unqualified = withoutSchema(schema);
  return { major: String(place.major), schema, parts: rows.map((row) => partOf(row, schema, unqualified)) };
}

/** Returns the function that takes the schema's name out of what the server prints. */
const withoutSchema = (schema: string): ((printed: string) => string) => {
  const quoted = /^[a-z_][a-z0-9_$]*$/.test(schema) ? schema : identifier(schema);
  const prefix = new RegExp(`(?<![\\w$".])${quoted.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}\\.`, 'g');
  return (printed) => (printed.includes(`${quoted}.`) ? printed.replaceAll(prefix, '') : printed);
};

const partOf = (
  row: Readonly<Record<string, unknown>>,
  schema: string,
  unqualified: (printed: string) => string,
): CataloguePart => {
  const facts = JSON.parse(String(row.facts)) as Record<string, string>;
  for (const [name, value] of Object.entries(facts)) if (name !== 'body') facts[name] = unqualified(value);
  // the path that functions are made with begins with their schema
  if (facts.settings !== undefined)
    facts.settings = facts.settings.replace(`search_path=${schema},`, 'search_path={schema},');
  const outside = row.outside === true || row.outside === 't';
  const [name, partition, reads] = [String(row.name), text(row.partition), text(row.reads)];
  return {
    kind: String(row.kind),
    name: outside ? name : unqualified(name),
    on: text(row.on),
    ...(partition === undefined ? {} : { partition }),
    ...(outside ? { outside } : {}),
    ...(reads === undefined ? {} : { reads: (JSON.parse(reads) as string[]).map(unqualified) }),
    facts,
  };
};
