import type { Proving } from '../../../contract/dialect.js';
import type { GuardedPlace } from '../../../contract/guards.js';
import { identifier, literal } from '../../../model/index.js';
import { sql } from '../../../sql/template.js';
import { columnCheck } from './column-sql.js';
import { place } from './context.js';
import { indexDamage, withoutIndexes } from './damage.js';
import { postgresKeyTexts } from './key-texts.js';

const own = (tables: readonly string[]): string => sql`
  AND (c.relname = ANY (ARRAY[${tables.map(literal).join(', ')}]::name[])
    OR EXISTS (SELECT FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent
      WHERE i.inhrelid = c.oid AND p.relname = ANY (ARRAY[${tables.map(literal).join(', ')}]::name[])))
  AND c.relnamespace = quote_ident(current_schema())::regnamespace
  ORDER BY 1
`;

const guardedTables = ({ schema, tables }: GuardedPlace): string => sql`
  UNION ALL
  SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = ${literal(schema)} AND c.relname = ANY (ARRAY[${tables.map(literal).join(', ')}]::name[])
`;

/** The PostgreSQL expressions and catalogue queries that `prove` uses. */
export const postgresProving: Proving = {
  literal: (value) => {
    if (value === null || value === undefined) return 'NULL';
    if (value instanceof Uint8Array) return `'\\x${Buffer.from(value).toString('hex')}'`;
    return typeof value === 'string' ? literal(value) : String(value);
  },
  quoted: (expression) => `quote_nullable((${expression})::text)`,
  checks: (table) => [
    ...Object.values(table.columns).flatMap((column) => {
      const check = columnCheck(column);
      return check ? [{ name: check.name, condition: check.sql.replace(/^CHECK /, '') }] : [];
    }),
    ...table.checks.map(({ name, sql: { postgres } }) => ({ name, condition: `(${postgres})` })),
  ],
  // a table that was never analysed has -1
  rowsOf: (table) => sql`
    SELECT coalesce(sum(CASE WHEN c.reltuples >= 0 THEN c.reltuples ELSE pg_relation_size(c.oid) / 100 END), 0)::bigint::text AS rows
    FROM pg_partition_tree(${literal(identifier(table))}::regclass) t JOIN pg_class c ON c.oid = t.relid
    WHERE t.isleaf
  `,
  keys: postgresKeyTexts,
  damage: undefined,
  indexDamage,
  withoutIndexes,
  identity: `SELECT ${place} || '/' || coalesce(min(applied_at)::text, '') AS identity FROM ashlar_migrations`,
  // a CHECK or the bounds of a partition would tell the planner that no row breaks them
  trustNothing:
    "SELECT set_config('constraint_exclusion', 'off', true), set_config('enable_partition_pruning', 'off', true)",
  partitionOf: (table) =>
    `(SELECT p.relname::text FROM pg_class p WHERE p.oid = ${identifier(table)}.tableoid AND p.relispartition)`,
  conditions: [
    {
      // DISABLE TRIGGER ALL disables them, and no definition shows it
      name: 'foreign keys are checked',
      finds: (tables) => sql`
        SELECT DISTINCT format('%s: the foreign key %s is not checked, its triggers are off', c.relname, k.conname) AS found
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_constraint k ON k.oid = t.tgconstraint
        WHERE t.tgisinternal AND t.tgenabled = 'D'
          ${own(tables)}
      `,
    },
    {
      name: 'indexes are valid',
      finds: (tables) => sql`
        SELECT format('%s: the index %s is not valid', c.relname, x.relname) AS found
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
        WHERE NOT (i.indisvalid AND i.indisready)
          ${own(tables)}
      `,
    },
    {
      // after an update of the operating system's or ICU's, an index may not find the rows that it has
      name: 'texts are compared as when they were indexed',
      finds: (tables) => sql`
        SELECT DISTINCT format('%s: the index %s was built with the version %s of the collation %s, and the server now has %s', c.relname, x.relname, l.collversion, l.collname, pg_collation_actual_version(l.oid)) AS found
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
        JOIN pg_collation l ON l.oid = ANY (i.indcollation)
        WHERE l.collversion <> pg_collation_actual_version(l.oid)
          ${own(tables)}
      `,
    },
    {
      name: 'the default collation is that with which the database was made',
      finds: (tables) => sql`
        SELECT DISTINCT format('%s: the index %s was built with the version %s of the default collation, and the server now has %s', c.relname, x.relname, d.datcollversion, pg_database_collation_actual_version(d.oid)) AS found
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
        JOIN pg_database d ON d.datname = current_database()
        WHERE 100 = ANY (i.indcollation)
          AND d.datcollversion <> pg_database_collation_actual_version(d.oid)
          ${own(tables)}
      `,
    },
    {
      name: 'no rule rewrites statements',
      finds: (tables) => sql`
        SELECT format('%s: the rule %s rewrites statements', c.relname, r.rulename) AS found
        FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
        WHERE c.relkind IN ('r', 'p')
          ${own(tables)}
      `,
    },
  ],
  // includes partitions, whose triggers are not part of the compared schema
  objects: (guards) => sql`
    WITH place AS (SELECT quote_ident(current_schema())::regnamespace::oid AS oid), placed AS (
      SELECT c.oid FROM pg_class c JOIN place ON c.relnamespace = place.oid
      ${guards === undefined ? undefined : [guardedTables(guards)]}
    )
    SELECT CASE WHEN c.relkind IN ('i', 'I') THEN 'index' ELSE 'table' END AS type, c.relname::text AS name, 'yes' AS always
    FROM pg_class c JOIN placed ON placed.oid = c.oid WHERE c.relkind IN ('r', 'p', 'i', 'I')
    UNION ALL
    SELECT 'function', p.proname::text, 'yes' FROM pg_proc p JOIN place ON p.pronamespace = place.oid
    UNION ALL
    SELECT 'policy', l.polname::text, 'yes' FROM pg_policy l
    JOIN placed ON placed.oid = l.polrelid
    UNION ALL
    SELECT 'trigger', t.tgname::text, CASE WHEN bool_and(t.tgenabled = 'A') THEN 'yes' ELSE 'no' END FROM pg_trigger t
    JOIN placed ON placed.oid = t.tgrelid
    WHERE NOT t.tgisinternal
    GROUP BY t.tgname
    UNION ALL
    -- of any schema: it belongs to the database
    SELECT 'extension', e.extname::text, 'yes' FROM pg_extension e
  `,
};
