import { literal } from '../../../model/index.js';
import { sql } from '../../../sql/template.js';

const here = 'pg_catalog.quote_ident(current_schema())::regnamespace';

/** What the trails of version 1 have in their body, which take the actor from a setting. */
const oldTrail = "nullif(current_setting('ashlar.actor', true), '')";

/**
 * A query for the policies and trails of the schema that trust settings, one row each, described in the column `found`:
 * those that releases before the authenticated context made. Where one is left, a key protects nothing.
 */
export const trustsSettings = sql`
  SELECT format('the policy %s of %s', l.polname, c.relname) AS found
  FROM pg_policy l JOIN pg_class c ON c.oid = l.polrelid
  WHERE c.relnamespace = ${here} AND EXISTS (
    SELECT FROM pg_depend d JOIN pg_proc p ON d.refclassid = 'pg_proc'::regclass AND d.refobjid = p.oid
    WHERE d.classid = 'pg_policy'::regclass AND d.objid = l.oid
      AND p.pronamespace = ${here} AND p.proname ~ '^ashlar_scope_(uuid|text|bigint)_(low|high)$'
  )
  UNION ALL
  SELECT format('the trail function %s', p.proname)
  FROM pg_proc p
  WHERE p.pronamespace = ${here} AND p.prorettype = 'trigger'::regtype
    AND position(${literal(oldTrail)} IN p.prosrc) > 0
`;
