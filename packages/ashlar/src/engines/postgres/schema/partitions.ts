import type { Partition } from '../../../contract/engine.js';
import type { Owner } from '../../../contract/owner.js';
import { codeOf, stringOf } from '../../../sql/code.js';
import { sql } from '../../../sql/template.js';

// the names are quoted by the server itself (%I), not here
const listing = sql`
  SELECT child.relname AS name,
         format('%I', child.relname) AS quoted,
         pg_get_expr(child.relpartbound, child.oid) AS bound,
         greatest(child.reltuples, 0)::bigint AS estimate,
         has_table_privilege(child.oid, 'SELECT') AS readable
  FROM pg_inherits
  JOIN pg_class child ON child.oid = pg_inherits.inhrelid
  JOIN pg_class parent ON parent.oid = pg_inherits.inhparent
  WHERE parent.relname = $1 AND parent.relnamespace = quote_ident(current_schema())::regnamespace AND child.relispartition
  ORDER BY child.relname
`;

interface Listed {
  readonly name: string;
  readonly quoted: string;
  readonly bound: string;
  readonly estimate: number;
  readonly readable: boolean;
}

// 2026-01-01 00:00:00+00 and 2026-01-01 → ISO 8601 in UTC
const isoTime = (text: string | undefined): string | undefined => {
  if (text === undefined) return undefined;
  const moment = new Date(
    text.length === 10 ? `${text}T00:00:00Z` : text.replace(' ', 'T').replace(/\+00$/, 'Z'),
  );
  return Number.isNaN(moment.getTime()) ? text : moment.toISOString();
};

// FOR VALUES FROM ('…') TO ('…'), or MINVALUE and MAXVALUE
const ends = (bound: string): readonly string[] =>
  codeOf(bound, 'postgres').flatMap((token, at, tokens) =>
    tokens[at - 1]?.text === '(' ? [stringOf(token)] : [],
  );

/**
 * Reads the partitions of a table, sorted by name. Only the default partition's rows are counted, by its owner; the
 * numbers of the others are the server's estimates.
 */
export async function partitions(owner: Owner, table: string): Promise<readonly Partition[]> {
  const listed = (await owner.run(listing, [table])) as unknown as readonly Listed[];
  return Promise.all(
    listed.map(async ({ name, quoted, bound, estimate, readable }) => {
      const [from, to] = ends(bound);
      if (bound !== 'DEFAULT') return { name, from: isoTime(from), to: isoTime(to), rows: estimate };
      // only the owner reads a partition by its name
      if (!readable) return { name, from: undefined, to: undefined, rows: estimate };
      const [counted] = await owner.run(`SELECT count(*) AS rows FROM ${quoted}`);
      return { name, from: undefined, to: undefined, rows: Number(counted?.rows) };
    }),
  );
}
