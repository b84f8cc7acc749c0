import { sql } from '../../../sql/template.js';

const kinds = [
  ['pg_proc', 'pronamespace', 'regprocedure'],
  ['pg_type', 'typnamespace', 'regtype'],
  ['pg_operator', 'oprnamespace', 'regoperator'],
  ['pg_class', 'relnamespace', 'regclass'],
  ['pg_collation', 'collnamespace', 'regcollation'],
] as const;

/**
 * What objects depend on outside `pg_catalog` and the schema, as a relation `used` of the query: `classid`, `objid`, `objsubid`
 * and `names`. An expression can be printed like another; its dependencies are what it calls.
 */
export const used = sql`
  used AS MATERIALIZED (
    SELECT classid, objid, objsubid, string_agg(DISTINCT name, ', ') AS names
    FROM (${kinds
      .map(
        ([catalogue, schema, type]) =>
          `SELECT d.classid, d.objid, d.objsubid, o.oid::${type}::text AS name FROM ${catalogue} o JOIN here ON o.${schema} <> here.oid
            JOIN pg_depend d ON d.refclassid = '${catalogue}'::regclass AND d.refobjid = o.oid AND d.deptype IN ('n', 'a')
            WHERE o.${schema} NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)`,
      )
      .join('\n      UNION ALL ')}) AS found
    GROUP BY classid, objid, objsubid
  )
`;

/**
 * Returns the SQL expression for what an object depends on outside `pg_catalog` and the schema.
 *
 * @param objects - the catalogue and the SQL of the object's number, for the object and what belongs to it; with
 *   the number of a column, for that column only
 */
export const dependsOn = (
  ...objects: readonly (readonly [catalogue: string, oid: string, column?: string])[]
): string =>
  `(SELECT string_agg(DISTINCT u.names, ', ') FROM used u WHERE ${objects
    .map(
      ([catalogue, oid, column]) =>
        `u.classid = '${catalogue}'::regclass AND u.objid = ${oid}${column === undefined ? '' : ` AND u.objsubid = ${column}`}`,
    )
    .join(' OR ')})`;
