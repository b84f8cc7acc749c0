const kinds = [
  ['pg_proc', 'pronamespace', 'regprocedure'],
  ['pg_type', 'typnamespace', 'regtype'],
  ['pg_operator', 'oprnamespace', 'regoperator'],
  ['pg_class', 'relnamespace', 'regclass'],
  ['pg_collation', 'collnamespace', 'regcollation'],
] as const;

// an object of the server itself has no row in pg_depend
const named = kinds
  .map(
    ([catalogue, schema, type]) =>
      `SELECT o.oid::${type}::text AS name FROM ${catalogue} o WHERE dep.refclassid = '${catalogue}'::regclass AND o.oid = dep.refobjid
        AND o.${schema} NOT IN ((SELECT oid FROM here), 'pg_catalog'::regnamespace, 'information_schema'::regnamespace)`,
  )
  .join(' UNION ALL ');

/**
 * Returns the SQL expression for what an object depends on outside `pg_catalog` and the schema. An expression can be printed like
 * another; its dependencies are what it calls.
 *
 * @param objects - the catalogue and the SQL of the object's number, for the object and what belongs to it; with
 *   the number of a column, for that column only
 */
export const dependsOn = (
  ...objects: readonly (readonly [catalogue: string, oid: string, column?: string])[]
): string =>
  `(SELECT string_agg(DISTINCT used.name, ', ') FROM pg_depend dep CROSS JOIN LATERAL (${named}) used
    WHERE dep.deptype IN ('n', 'a') AND (${objects
      .map(
        ([catalogue, oid, column]) =>
          `dep.classid = '${catalogue}'::regclass AND dep.objid = ${oid}${column === undefined ? '' : ` AND dep.objsubid = ${column}`}`,
      )
      .join(' OR ')}))`;
