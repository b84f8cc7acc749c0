import type { FoundationObject, FoundationVersion } from '../../../contract/dialect.js';
import { everyScope, literal } from '../../../model/index.js';
import { identityTable } from '../../../sql/identity-table.js';
import { sql } from '../../../sql/template.js';
import { testMarkTable } from '../../../sql/test-mark.js';
import { contextObjects } from './context.js';
import { type ScopeType, scopeTypes } from './scope-types.js';
import { words } from './words.js';

const scope = "pg_catalog.current_setting('ashlar.scope', true)";

/**
 * A function that returns a bound of the session's scope in a column; NULL, which no row equals, when the scope is
 * empty or not a value of the type. PostgreSQL inlines it into the conditions of queries, so it can bound an index
 * search, and a cached plan evaluates it each time.
 */
const scopeBound = ({ type, internal, ends, isValue }: ScopeType, at: 0 | 1): FoundationObject => {
  const name = `ashlar_scope_${type}_${at === 0 ? 'low' : 'high'}`;
  const body = sql`
    SELECT CASE
      WHEN ${scope} OPERATOR(pg_catalog.=) ${literal(everyScope)} THEN ${ends[at]}::pg_catalog.${internal}
      WHEN ${isValue} THEN ${scope}::pg_catalog.${internal}
    END
  `;
  return {
    name,
    exists: sql`
      SELECT 1 AS found FROM pg_catalog.pg_proc
      WHERE proname = ${literal(name)} AND pronamespace = pg_catalog.quote_ident(current_schema())::regnamespace
        AND prosrc = ${literal(body)} AND provolatile = 's' AND NOT prosecdef AND proconfig IS NULL
    `,
    create: `CREATE OR REPLACE FUNCTION ${name}() RETURNS ${type} LANGUAGE sql STABLE PARALLEL SAFE AS $$${body}$$`,
  };
};

/**
 * The SQL functions that return the lower and upper bounds of the session's scope, two functions for each type that a
 * scope column may have. Policies of version 1 use them.
 */
export const scopeBounds: readonly FoundationObject[] = scopeTypes.flatMap((type) => [
  scopeBound(type, 0),
  scopeBound(type, 1),
]);

const table = (name: string, columns: string): FoundationObject => ({
  name,
  exists: `SELECT 1 AS found FROM pg_catalog.pg_class WHERE relname = ${literal(name)} AND relnamespace = pg_catalog.quote_ident(current_schema())::regnamespace AND relkind = 'r'`,
  create: `CREATE TABLE ${name} (${columns})`,
});

const oneRow = 'id integer NOT NULL PRIMARY KEY CHECK (id = 1)';

/** The table that has a row in a database that is marked as a test database. */
const testMark = table(testMarkTable, oneRow);

/** The table of the database's own identity. */
const identity = table(identityTable, 'number bigint NOT NULL PRIMARY KEY, token text NOT NULL');

/** The objects that version 2 added. */
const later: readonly FoundationObject[] = [...contextObjects, words, testMark, identity];

/** Ashlar's own objects of version 1. */
export const firstFoundation: readonly FoundationObject[] = scopeBounds;

/** Ashlar's own objects of the last version. */
export const foundation: readonly FoundationObject[] = [...scopeBounds, ...later];

/**
 * The versions after the first. A change of this file adds one, in both dialects, so that databases of earlier releases
 * get it too; decision 0024 says what it may do.
 */
export const foundationVersions: readonly FoundationVersion[] = [
  {
    version: 2,
    name: 'context_and_words',
    oldest: 1,
    change: later.map(({ create }) => create),
  },
];
