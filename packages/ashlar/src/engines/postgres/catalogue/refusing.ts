import { sql } from '../../../sql/template.js';
import { firstOfUsers } from './judged.js';

/*
 * An index refuses a row where it is unique, or where its expression or its condition raises an error: 1 / amount, text as a number.
 * What it calls of the server has no row in pg_depend. So its tree is read, and all that is not known to take any value counts.
 */

/** Functions that raise an error for no value. The comparisons of B-trees are known as such. */
const total =
  `lower(text) upper(text) initcap(text) btrim(text) ltrim(text) rtrim(text) btrim(text,text) ltrim(text,text) rtrim(text,text)
length(text) length(character) octet_length(text) octet_length(bytea) "left"(text,integer) "right"(text,integer) reverse(text)
textcat(text,text) starts_with(text,text) md5(text) md5(bytea) sha256(bytea) sha512(bytea) int8(smallint) int8(integer) int4(smallint)
"numeric"(smallint) "numeric"(integer) "numeric"(bigint) text("char") text(character) text(name) text(boolean)
jsonb_object_field(jsonb,text) jsonb_object_field_text(jsonb,text) jsonb_array_element(jsonb,integer) jsonb_array_element_text(jsonb,integer)
jsonb_extract_path(jsonb,text[]) jsonb_extract_path_text(jsonb,text[]) jsonb_contains(jsonb,jsonb) jsonb_contained(jsonb,jsonb)
jsonb_exists(jsonb,text) jsonb_typeof(jsonb) array_length(anyarray,integer) cardinality(anyarray) isempty(anyrange)`
    .split(/\s+/)
    .map((name) => `'${name}'`)
    .join(', ');

// the names of nodes as PostgreSQL 15 writes them, and as later versions do
const nodes = `'^(VAR|CONST|FUNCEXPR|OPEXPR|BOOLEXPR|NULLTEST|BOOLEANTEST|DISTINCTEXPR|NULLIFEXPR|SCALARARRAYOPEXPR|RELABELTYPE|COERCEVIAIO|(COALESCE|CASE|ARRAY|MINMAX)(EXPR)?|(CASE)?WHEN|CASETESTEXPR)$'`;

const isTotal = sql`
  (p.oid::regprocedure::text IN (${total})
    OR EXISTS (SELECT FROM pg_operator o LEFT JOIN pg_operator n ON n.oid = o.oprnegate JOIN pg_amop m ON m.amopopr IN (o.oid, n.oid)
      WHERE o.oprcode = p.oid AND o.oid < ${firstOfUsers} AND m.amopmethod = (SELECT a.oid FROM pg_am a WHERE a.amname = 'btree') AND m.oid < ${firstOfUsers}))
`;

/**
 * Returns the SQL expression for whether an index can refuse a row that its table accepts; NULL where it cannot. An entry that is
 * too long for any index does not count.
 *
 * @param index - the row of pg_index
 */
export const refusesRows = (index: string): string => sql`
  (SELECT 'yes' FROM (SELECT concat(${index}.indexprs::text, ${index}.indpred::text) AS tree) t
    WHERE ${index}.indisunique OR ${index}.indisexclusion OR t.tree <> ''
      AND (EXISTS (SELECT FROM regexp_matches(t.tree, '\\{([A-Z_]+)', 'g') node WHERE node[1] !~ ${nodes})
        -- its result is what a function reads from text, unless it is text itself
        OR t.tree ~ '\\{COERCEVIAIO' AND EXISTS (SELECT FROM regexp_matches(t.tree, ':resulttype (\\d+)', 'g') type WHERE type[1]::oid NOT IN ('text'::regtype, 'varchar'::regtype))
        OR EXISTS (SELECT FROM regexp_matches(t.tree, ':(?:funcid|opfuncid) (\\d+)', 'g') called JOIN pg_proc p ON p.oid = called[1]::oid WHERE NOT ${isTotal})))
`;
