import type { FoundationObject, FoundationVersion } from '../../../contract/dialect.js';
import { everyScope, literal } from '../../../model/index.js';
import { sql } from '../../../sql/template.js';
import { words } from './words.js';

interface ScopeType {
  readonly type: 'uuid' | 'text' | 'bigint';
  /** The ends of the type, as SQL. */
  readonly ends: readonly [low: string, high: string];
  /** The condition that the scope is the text of a value of the type. */
  readonly isValue: string;
}

const scope = "pg_catalog.current_setting('ashlar.scope', true)";
const like = (pattern: string): string => `${scope} OPERATOR(pg_catalog.~) ${literal(pattern)}`;

// text has no greatest value: a scope that begins with the last Unicode character is refused
const last = "U&'\\+10FFFF'";

const types: readonly ScopeType[] = [
  {
    type: 'uuid',
    ends: ["'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"],
    isValue: like('^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'),
  },
  {
    type: 'text',
    ends: ["''", last],
    isValue: `${scope} OPERATOR(pg_catalog.<>) '' AND NOT pg_catalog.starts_with(${scope}, ${last})`,
  },
  {
    type: 'bigint',
    ends: ["'-9223372036854775808'", "'9223372036854775807'"],
    isValue: like('^(0|-?[1-9][0-9]{0,15})$'),
  },
];

/**
 * A function that returns a bound of the session's scope in a column; NULL, which no row equals, when the scope is
 * empty or not a value of the type. PostgreSQL inlines it into the conditions of queries, so it can bound an index
 * search, and a cached plan evaluates it each time.
 */
const scopeBound = ({ type, ends, isValue }: ScopeType, at: 0 | 1): FoundationObject => {
  const name = `ashlar_scope_${type}_${at === 0 ? 'low' : 'high'}`;
  const internal = type === 'bigint' ? 'int8' : type;
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
 * scope column may have.
 */
export const scopeBounds: readonly FoundationObject[] = types.flatMap((type) => [
  scopeBound(type, 0),
  scopeBound(type, 1),
]);

/** Ashlar's own objects of the last version. */
export const foundation: readonly FoundationObject[] = [...scopeBounds, words];

/**
 * The versions after the first. A change of this file adds one, in both dialects, so that databases of earlier releases
 * get it too; decision 0024 says what it may do.
 */
export const foundationVersions: readonly FoundationVersion[] = [
  { version: 2, name: 'words', oldest: 1, change: [words.create] },
];
