import type { RunSql } from '../../../contract/sql.js';
import { AshlarError } from '../../../errors.js';

// tables with row level security for the current role, with its read policies as the server prints them
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

// the range of `scoped`, which contains every value of the column's type in `everyScope`: as of version 1
const scopedRange =
  /^\(\((.+) >= (.*\.)?ashlar_scope_(uuid|text|bigint)_low\(\)\) AND \(\1 <= (.*\.)?ashlar_scope_\3_high\(\)\)\)$/s;

// the same with the verified scope, which is every scope for the owner and for an auditor that asks for it
const verifiedScope = new RegExp(
  [
    String.raw`^\(\((.+) >= \( SELECT (\S*\.)?ashlar_range_(uuid|text|bigint)_low\(CURRENT_USER\) AS ashlar_range_\3_low\)\) `,
    String.raw`AND \(\1 <= \( SELECT (\S*\.)?ashlar_range_\3_high\(CURRENT_USER\) AS ashlar_range_\3_high\)\) AND\s+`,
    String.raw`CASE \(\( SELECT ashlar_context\.sees\s+FROM (\S*\.)?ashlar_context\(CURRENT_USER\) `,
    String.raw`ashlar_context\(actor, scope, sees\)\) COLLATE "C"\)\s+WHEN '\*'::text THEN true\s+WHEN .+ THEN true\s+ELSE false\s+END\)$`,
  ].join(''),
  's',
);

const passesAllRows = ({ permissive, condition }: Policy): boolean =>
  permissive === true && [/^true$/, scopedRange, verifiedScope].some((form) => form.test(condition ?? ''));

/**
 * Whether row-level security applies to the current role, so that a complete copy must be made in `everyScope`. A
 * policy other than those of `scoped` could silently leave rows out, and is refused.
 *
 * @throws AshlarError `copy-incomplete`
 */
export async function isBoundByRowSecurity(run: RunSql, schema: string): Promise<boolean> {
  const policies = (await run(bound, [schema])) as unknown as Policy[];
  for (const table of new Set(policies.map((policy) => policy.table))) {
    const own = policies.filter((policy) => policy.table === table);
    if (own.some(passesAllRows) && own.every(({ permissive }) => permissive === true)) continue;
    throw new AshlarError('copy-incomplete', {
      message: `Row-level security can leave rows of ${table} out of the copy.`,
      detail: 'Policies that do not belong to the guarantee `scoped` apply to this role.',
      suggestion: 'For backups, use a URL whose role has BYPASSRLS.',
    });
  }
  return policies.length > 0;
}
