import { sql } from '../../../sql/template.js';

/*
 * Facts by which a part that no step makes is judged. They are not compared: what they say follows from what is compared, and
 * depends on what else the server has.
 */

/** The first number of an object that the server was not made with: FirstNormalObjectId of access/transam.h. */
export const firstOfUsers = 16384;

/** Returns the SQL expression for the extension that an object is a member of. */
export const extensionOf = (catalogue: string, oid: string): string =>
  `(SELECT quote_ident(x.extname) FROM pg_depend member JOIN pg_extension x ON x.oid = member.refobjid
    WHERE member.classid = '${catalogue}'::regclass AND member.objid = ${oid} AND member.refclassid = 'pg_extension'::regclass AND member.deptype = 'e')`;

/**
 * Returns the SQL expression for what the expressions of an object call that is not the server's: functions, operators, and
 * types whose values are checked by functions, and classes of operators.
 *
 * @param isOf - the condition that a row `d` of pg_depend is of the object
 */
export const calls = (isOf: string): string => sql`
  (SELECT string_agg(DISTINCT called.identity, ', ' ORDER BY called.identity) FROM pg_depend d
    CROSS JOIN LATERAL pg_identify_object(d.refclassid, d.refobjid, 0) called
    WHERE (${isOf}) AND d.deptype = 'n' AND called.schema <> 'pg_catalog'
      AND (d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_opclass'::regclass)
        OR d.refclassid = 'pg_type'::regclass AND EXISTS (SELECT FROM pg_type y WHERE y.oid = d.refobjid AND y.typtype IN ('d', 'c', 'r', 'm'))))
`;

/**
 * The SQL conditions that a routine `p`, or an operator `o`, of the schema could be taken where one of the server is meant. A
 * function whose path begins with the schema takes the better match, and of two equal ones that of the server.
 */
export const hides = {
  routine: sql`
    (SELECT 'yes' FROM pg_proc s WHERE s.pronamespace = 'pg_catalog'::regnamespace AND s.proname = p.proname
      HAVING NOT bool_or(s.proargtypes = p.proargtypes))
  `,
};

/** The SQL condition that the aggregate `a` calls the function `f`. The server asks whether its owner may, and not who calls it. */
export const isComponent = sql`
  f.oid IN (a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn, a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn)
`;

/** The SQL expression for whether an aggregate `p` calls a function that runs as its owner. */
export const aggregatesAsOwner = sql`
  (SELECT 'yes' FROM pg_aggregate a JOIN pg_proc f ON ${isComponent} AND f.prosecdef WHERE a.aggfnoid = p.oid LIMIT 1)
`;

// an extension makes operators and functions for types of its own, which nothing of ours has
export const hasOwnType = (catalogue: string, oid: string, types: string): string => sql`
  EXISTS (SELECT FROM pg_depend e JOIN pg_depend y ON y.refclassid = e.refclassid AND y.refobjid = e.refobjid AND y.deptype = 'e'
    AND y.classid = 'pg_type'::regclass
    WHERE e.classid = '${catalogue}'::regclass AND e.objid = ${oid} AND e.refclassid = 'pg_extension'::regclass AND e.deptype = 'e'
      AND y.objid IN (SELECT coalesce(nullif(t.typelem, 0), t.oid) FROM pg_type t WHERE t.oid = ANY (${types})))
`;

const takes = (server: string, own: string): string => sql`
  (s.${server} = 0 AND o.${own} = 0 OR EXISTS (SELECT FROM pg_type a JOIN pg_type b ON b.oid = o.${own}
    WHERE a.oid = s.${server} AND (a.typtype = 'p' OR a.typcategory = b.typcategory)))
`;

/** The same of members of extensions. */
export const hidesAsMember = {
  routine: `(${hides.routine}) IS NOT NULL AND NOT ${hasOwnType('pg_proc', 'p.oid', 'p.proargtypes::oid[]')}`,
  operator: sql`
    NOT ${hasOwnType('pg_operator', 'o.oid', 'ARRAY[o.oprleft, o.oprright]')}
    AND (SELECT bool_or(${takes('oprleft', 'oprleft')} AND ${takes('oprright', 'oprright')})
        AND NOT bool_or(s.oprleft = o.oprleft AND s.oprright = o.oprright)
      FROM pg_operator s WHERE s.oprnamespace = 'pg_catalog'::regnamespace AND s.oprname = o.oprname)
  `,
};
