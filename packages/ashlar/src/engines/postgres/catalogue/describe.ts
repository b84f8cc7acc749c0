import type { Catalogue, CataloguePart } from '../../../contract/catalogue.js';
import type { GuardedPlace } from '../../../contract/guards.js';
import type { Owner } from '../../../contract/owner.js';
import type { RunSql } from '../../../contract/sql.js';
import { literal } from '../../../model/index.js';
import { inOwnPath } from '../own-path.js';
import { otherParts } from './others.js';
import { common, relationParts } from './relations.js';
import { settingsText } from './settings.js';

const text = (value: unknown): string | undefined =>
  value === null || value === undefined ? undefined : String(value);

/**
 * Describes the current schema, and what else in the database concerns it, with one query. Functions, operators and tables of
 * the schema cannot take the place of those that the query names: it finds `pg_catalog` only.
 *
 * @param guards - where the tables are that a guard is on; of these only what is put on them is described
 */
export function describe(owner: Owner, guards?: GuardedPlace): Promise<Catalogue> {
  return owner.atomically(() => describeWithin(owner.run, guards));
}

/** Describes the current schema in an open transaction, as {@link describe} does. */
export function describeWithin(run: RunSql, guards?: GuardedPlace): Promise<Catalogue> {
  return inOwnPath(run, async (schema) => {
    const [[place = {}], rows] = await Promise.all([
      run(
        `SELECT current_setting('server_version_num')::int / 10000 AS major, current_setting('server_version_num') AS version,
          quote_ident($1) AS qualifier`,
        [schema],
      ),
      run(
        `WITH ${common(literal(schema), guards)}\n${[...relationParts, ...otherParts].join('\nUNION ALL\n')}`,
      ),
    ]);
    const quoted = String(place.qualifier);
    const unqualified = withoutSchema(quoted);
    return {
      major: String(place.major),
      version: String(place.version),
      schema,
      qualifier: quoted,
      parts: rows.map((row) => partOf(row, schema, unqualified)),
    };
  });
}

/** Returns the function that takes the schema's name out of a name with arguments, as messages and directives have it. */
const withoutSchema = (quoted: string): ((printed: string) => string) => {
  const prefix = new RegExp(`(?<![\\w$".])${quoted.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}\\.`, 'g');
  return (printed) => (printed.includes(`${quoted}.`) ? printed.replaceAll(prefix, '') : printed);
};

const partOf = (
  row: Readonly<Record<string, unknown>>,
  schema: string,
  unqualified: (printed: string) => string,
): CataloguePart => {
  const { identity, ...facts } = JSON.parse(String(row.facts)) as Record<string, string>;
  if (facts.settings !== undefined) facts.settings = settingsText(facts.settings, schema);
  const outside = row.outside === true || row.outside === 't';
  const [name, partition, reads] = [String(row.name), text(row.partition), text(row.reads)];
  return {
    kind: String(row.kind),
    name: outside ? name : unqualified(name),
    ...(identity === undefined ? {} : { identity }),
    on: text(row.on),
    ...(partition === undefined ? {} : { partition }),
    ...(outside ? { outside } : {}),
    ...(reads === undefined ? {} : { reads: JSON.parse(reads) as string[] }),
    facts,
  };
};
