import { type CodeToken, nameOf } from '../../../sql/code.js';

const words = (list: string): ReadonlySet<string> => new Set(list.split(/\s+/));

/** Words before a parenthesis by which no function can be called: PostgreSQL reserves them. */
const reserved = words(
  `ALL AND ANY ARRAY AS BETWEEN CASE CAST DISTINCT ELSE EXCEPT EXISTS FROM GROUP GROUPING HAVING IN INTERSECT LATERAL LIMIT NOT
OFFSET ON OR RETURNING ROW SELECT SOME THEN UNION USING VALUES WHEN WHERE WITH`,
);

/** Words that a function may have as its name, and that call nothing after one of the given words. */
const after: Readonly<Record<string, ReadonlySet<string>>> = {
  BY: words('GROUP ORDER PARTITION'),
  CONFLICT: words('ON'),
  JOIN: words('CROSS FULL INNER LEFT NATURAL OUTER RIGHT'),
  MATERIALIZED: words('AS NOT'),
  SETS: words('GROUPING'),
};

/** Functions of PostgreSQL that only compute, those that Ashlar's own statements and Kysely's builder call among them. */
const computing = words(
  `ABS ARRAY_AGG AVG BOOL_AND BOOL_OR CEIL COALESCE CONCAT COUNT CURRENT_SETTING DATE_TRUNC DECODE DENSE_RANK ENCODE EXTRACT
FIRST_VALUE FLOOR GREATEST JSON_AGG JSON_BUILD_ARRAY JSON_BUILD_OBJECT JSONB_AGG JSONB_ARRAY_LENGTH JSONB_BUILD_ARRAY
JSONB_BUILD_OBJECT JSONB_TYPEOF LAG LAST_VALUE LEAD LEAST LENGTH LOWER MAX MIN MOD NOW NULLIF NUMERIC OCTET_LENGTH
PERCENTILE_CONT POSITION RANK REPLACE ROUND ROW_NUMBER ROW_TO_JSON STRING_AGG STRPOS SUBSTR SUBSTRING SUM TIMESTAMPTZ
TO_CHAR TO_JSON TO_JSONB TRIM UNNEST UPPER GENERATE_SERIES HASHTEXTEXTENDED PG_ADVISORY_XACT_LOCK`,
);

/** Types of PostgreSQL. A cast to another type may call a function, as the CHECK of a domain. */
const types = words(
  `BIGINT BOOLEAN BYTEA CHAR CHARACTER DATE DECIMAL DOUBLE FLOAT FLOAT4 FLOAT8 INET INT INT2 INT4 INT8 INTEGER INTERVAL JSON JSONB
NUMERIC REAL REGCLASS SMALLINT TEXT TIME TIMESTAMP TIMESTAMPTZ TSQUERY TSVECTOR UUID VARCHAR`,
);

/** Words after which a string is a value: after others, it may be the value of a type, as in `date '2026-01-31'`. */
const beforeString = new Set([
  ...reserved,
  ...types,
  ...words('BY ESCAPE FOR ILIKE IS LIKE PRECISION SEPARATOR SET SIMILAR TO UESCAPE ZONE'),
]);

/** A view in which an UPDATE sets a setting of the connection. */
const settingsView = 'pg_settings';

/**
 * Whether the text of a statement calls nothing but functions that compute. PostgreSQL calls a function also as `(value).name`,
 * and as `row.name` where the row has no such column; with a cast, and by an UPDATE of the view of settings.
 *
 * @param isColumn - whether a name, as PostgreSQL folds it, is one of a declared column or table: after a point, any other may
 *   be a function
 */
export function onlyComputes(tokens: readonly CodeToken[], isColumn: (name: string) => boolean): boolean {
  return tokens.every((token, at) => {
    const before = tokens[at - 1];
    if (isEscaped(token) || folded(token) === settingsView) return false;
    if (before?.text === '.' && isNamed(token) && !(isNamed(tokens[at - 2]) && isColumn(folded(token))))
      return false;
    if (token.kind === 'string' && isTyped(before)) return false;
    if (isCast(tokens, at) && !types.has(token.word)) return false;
    return tokens[at + 1]?.text !== '(' || isNoCall(tokens, at);
  });
}

const isNamed = (token: CodeToken | undefined): token is CodeToken =>
  token?.kind === 'word' || token?.kind === 'name';

/** A name as PostgreSQL folds it. */
const folded = (token: CodeToken): string =>
  token.kind === 'word' ? token.text.toLowerCase() : nameOf(token);

/** A name with escapes, which are not resolved here. */
const isEscaped = ({ kind, text }: CodeToken): boolean => kind === 'name' && /^u&/i.test(text);

/** Whether what stands before a string may be its type. */
const isTyped = (before: CodeToken | undefined): boolean =>
  before?.kind === 'name' ||
  before?.text === ')' ||
  (before?.kind === 'word' && !beforeString.has(before.word));

/** Whether a token is the type of a cast: after `::`, and after the AS of a CAST. */
const isCast = (tokens: readonly CodeToken[], at: number): boolean => {
  const [before, first] = [tokens[at - 1], tokens[at - 2]];
  if (before?.text === ':' && first?.text === ':') return true;
  if (before?.word !== 'AS') return false;
  const open = opener(tokens, at);
  return tokens[open - 1]?.word === 'CAST';
};

/** The position of the parenthesis that encloses a token; -1 where none does. */
const opener = (tokens: readonly CodeToken[], at: number): number => {
  let depth = 0;
  for (let i = at - 1; i >= 0; i--) {
    const text = tokens[i]?.text;
    if (text === ')') depth++;
    if (text === '(' && depth-- === 0) return i;
  }
  return -1;
};

const isNoCall = (tokens: readonly CodeToken[], at: number): boolean => {
  const [before, token] = [tokens[at - 1], tokens[at]];
  if (token?.kind === 'name') return namesTable(before);
  if (token?.kind !== 'word') return true;
  // after a point every word can be the name of a function
  if (before?.text === '.') return false;
  const { word } = token;
  if (reserved.has(word)) return true;
  if (word === 'OVER' || word === 'FILTER') return isOfAggregate(tokens, at);
  const context = Object.hasOwn(after, word) ? after[word] : undefined;
  if (context) return context.has(before?.word ?? '');
  return computing.has(word) || types.has(word) || namesTable(before);
};

// DISTINCT ON (…) is followed by an expression, every other parenthesis is not
const isOfAggregate = (tokens: readonly CodeToken[], at: number): boolean =>
  tokens[at - 1]?.text === ')' && tokens[opener(tokens, at - 1) - 1]?.word !== 'ON';

// INSERT INTO t (…), AS t (…)
const namesTable = (before: CodeToken | undefined): boolean =>
  before?.word === 'INTO' || before?.word === 'AS';
