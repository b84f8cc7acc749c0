import type { RunSql } from '../../../contract/sql.js';
import { AshlarError } from '../../../errors.js';

// tables with rows whose security binds the role that asks, with the policies that let it read, as the server tells them
const bound = `SELECT c.relname AS "table", p.polpermissive AS permissive, pg_get_expr(p.polqual, p.polrelid) AS condition
FROM pg_class c
LEFT JOIN pg_policy p ON p.polrelid = c.oid AND p.polcmd IN ('*', 'r')
  AND (p.polroles = '{0}' OR EXISTS (SELECT FROM unnest(p.polroles) AS r(oid) WHERE r.oid <> 0 AND pg_has_role(r.oid, 'USAGE')))
WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)
  AND c.relkind IN ('r', 'p') AND row_security_active(c.oid)
ORDER BY 1`;

interface Policy {
  readonly table: string;
  readonly permissive: boolean | null;
  readonly condition: string | null;
}

// the range of `scoped`, which holds every value of the column's type in the scope of all
const everything =
  /^\(\((.+) >= (.*\.)?ashlar_scope_(uuid|text|bigint)_low\(\)\) AND \(\1 <= (.*\.)?ashlar_scope_\3_high\(\)\)\)$/s;

const letsAllThrough = ({ permissive, condition }: Policy): boolean =>
  permissive === true && (condition === 'true' || everything.test(condition ?? ''));

/**
 * Whether row level security binds the role that asks, so that its copy must be made under it, in the scope of all. Rows
 * that a policy other than those of `scoped` might keep out would be missing without a word, so that is refused.
 *
 * @throws AshlarError `copy-incomplete`
 */
export const isBoundByRowSecurity = async (run: RunSql, schema: string): Promise<boolean> => {
  const policies = (await run(bound, [schema])) as unknown as Policy[];
  for (const table of new Set(policies.map((policy) => policy.table))) {
    const own = policies.filter((policy) => policy.table === table);
    if (own.some(letsAllThrough) && own.every(({ permissive }) => permissive === true)) continue;
    throw new AshlarError('copy-incomplete', {
      message: `Row level security may keep rows of ${table} out of the copy.`,
      detail: 'The table has policies besides those of `scoped`, and this role is bound by them.',
      suggestion: 'Make backups as a role with BYPASSRLS: name it in the URL.',
    });
  }
  return policies.length > 0;
};
