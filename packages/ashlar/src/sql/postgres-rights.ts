import { identifier, literal } from '../model/index.js';
import { sql } from './template.js';

/**
 * The statement that takes every right on a table from all roles but its owner. A new table has the rights that default
 * privileges give.
 */
export function revokeAll(table: string): string {
  return sql`
    DO $ashlar$
    DECLARE
      who regrole;
    BEGIN
      FOR who IN
        SELECT DISTINCT a.grantee FROM pg_class c, aclexplode(c.relacl) a
        WHERE c.oid = ${literal(identifier(table))}::regclass AND a.grantee NOT IN (0, c.relowner)
      LOOP
        EXECUTE format('REVOKE ALL ON TABLE %I FROM %s', ${literal(table)}, who);
      END LOOP;
      REVOKE ALL ON TABLE ${identifier(table)} FROM PUBLIC;
    END
    $ashlar$
  `;
}
