import type { RolePower } from '../../../contract/roles.js';
import { literal } from '../../../model/index.js';

/**
 * A query of what roles can do: `finding`, the `remedy`, the `object` under which a system accepts it, and whether it is `named`
 * only. It may use the relation `served`, the rows of pg_roles that the guarantees must bind.
 */
export type PowerQuery = string;

/** What the queries ask about. */
export interface Asked {
  /** The schema, by its name. */
  readonly schema: string;
  /** The role that owns the schema's tables. */
  readonly owner: string;
  /** The application, the auditor, and the user that the application connects as. */
  readonly served: readonly string[];
}

/** Returns the relation `served`, for a query that begins with it. */
export function servedSql({ served, owner }: Asked): string {
  return `served AS (SELECT * FROM pg_roles WHERE rolname IN (${served.map(literal).join(', ')}) AND rolname <> ${literal(owner)})`;
}

/** The SQL expression for a grantee of an entry of aclexplode, quoted. */
export const granteeText = (entry: string): string =>
  `CASE ${entry}.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(${entry}.grantee)) END`;

/** The SQL expression for a routine with its schema and the types of its arguments, by the aliases of its rows. */
export const routineOf = (routine: string, schema: string): string =>
  `format('%I.%I(%s)', ${schema}.nspname, ${routine}.proname, pg_get_function_identity_arguments(${routine}.oid))`;

/** The expression of {@link routineOf} for the rows `p` and `n`. */
export const routineText = routineOf('p', 'n');

const isTrue = (value: unknown): boolean => value === true || value === 't';

/** Converts a row of such a query. */
export function powerOf({ finding, remedy, object, named }: Readonly<Record<string, unknown>>): RolePower {
  return {
    finding: String(finding),
    remedy: remedy === null || remedy === undefined ? undefined : String(remedy),
    object: String(object),
    isAllowed: isTrue(named),
  };
}
