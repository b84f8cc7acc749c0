import type { Reader } from '../reader.js';
import { addsColumn, altering, altersColumn, everyRule, postgresRule, type Rule } from './rule.js';

const volatile = ['RANDOM', 'UUID', 'CLOCK_TIMESTAMP', 'NEXTVAL', 'TIMEOFDAY', 'TXID', 'PG_CURRENT_XACT_ID'];

const serials = ['SERIAL', 'BIGSERIAL', 'SMALLSERIAL', 'SERIAL4', 'SERIAL8', 'SERIAL2'];

/** What gives one value for all rows of a statement; any other function may be volatile, which is its default. */
const steady: ReadonlySet<string> = new Set(
  [
    'NOW TRANSACTION_TIMESTAMP STATEMENT_TIMESTAMP CURRENT_TIMESTAMP CURRENT_TIME LOCALTIMESTAMP LOCALTIME CURRENT_SETTING',
    'DATE_TRUNC DATE_PART EXTRACT TIMEZONE TO_CHAR TO_DATE TO_TIMESTAMP TO_NUMBER MAKE_DATE MAKE_TIMESTAMPTZ MAKE_INTERVAL',
    'COALESCE NULLIF GREATEST LEAST CAST ARRAY ROW LOWER UPPER TRIM BTRIM CONCAT FORMAT LENGTH LEFT RIGHT REPLACE SUBSTRING',
    'ABS ROUND FLOOR CEIL CEILING DECODE ENCODE MD5 SHA256 TO_JSON TO_JSONB JSON_BUILD_OBJECT JSONB_BUILD_OBJECT',
    'JSON_BUILD_ARRAY JSONB_BUILD_ARRAY ARRAY_TO_JSON INT4RANGE INT8RANGE NUMRANGE TSRANGE TSTZRANGE DATERANGE',
    // types with digits or a length
    'NUMERIC DECIMAL VARCHAR CHAR CHARACTER VARYING BIT TIMESTAMP TIMESTAMPTZ TIME TIMETZ INTERVAL IN',
  ].flatMap((line) => line.split(' ')),
);

const afterDefault: ReadonlySet<string> = new Set(
  'CONSTRAINT NOT CHECK UNIQUE PRIMARY REFERENCES GENERATED COLLATE DEFERRABLE INITIALLY'.split(' '),
);

/** Whether a new column has a default that may differ for each row. */
const hasVolatileDefault = (action: Reader): boolean => {
  if (!addsColumn(action) || !action.skipTo('DEFAULT')) return false;
  const rest = action.rest();
  let depth = 0;
  const end = rest.findIndex((word) => {
    depth += word === '(' ? 1 : word === ')' ? -1 : 0;
    return depth === 0 && afterDefault.has(word);
  });
  const expression = end < 0 ? rest : rest.slice(0, end);
  return expression.some((word, at) => {
    const name = word.toUpperCase();
    if (volatile.some((each) => name.includes(each))) return true;
    return expression[at + 1] === '(' && /^[A-Z_]/.test(name) && !steady.has(name);
  });
};

const isRequiredWithoutDefault = (action: Reader): boolean => {
  if (!addsColumn(action) || !action.has('NOT', 'NULL')) return false;
  return !['DEFAULT', 'GENERATED', 'IDENTITY', 'AS', ...serials].some((word) => action.has(word));
};

/** Rules about changes of columns. */
export const columnRules: readonly Rule[] = [
  postgresRule({
    id: 'set-not-null',
    kind: 'lock',
    why: 'reads the whole table under a lock that blocks readers, unless a validated CHECK (… IS NOT NULL) exists',
    instead:
      'ADD CONSTRAINT … CHECK (… IS NOT NULL) NOT VALID, VALIDATE CONSTRAINT in a later step, then SET NOT NULL',
    lock: 'AccessExclusiveLock',
    find: altering((action) => altersColumn(action, ['SET', 'NOT', 'NULL'])),
  }),
  postgresRule({
    id: 'change-type',
    kind: 'lock',
    why: 'may rewrite the table under a lock that blocks readers',
    instead:
      'add a column of the new type, fill it in batches while both are written, and drop the old one later',
    lock: 'AccessExclusiveLock',
    find: altering((action) => altersColumn(action, ['TYPE'], ['SET', 'DATA', 'TYPE'])),
  }),
  postgresRule({
    id: 'volatile-default',
    kind: 'lock',
    why: 'rewrites the table, because the default may differ for each row',
    instead: 'add the column without a default, SET DEFAULT, and fill the rows in batches',
    lock: 'AccessExclusiveLock',
    rewrites: true,
    find: altering(hasVolatileDefault),
  }),
  postgresRule({
    id: 'add-serial',
    kind: 'lock',
    why: 'rewrites the table under a lock that blocks readers, to number its rows',
    instead: 'add a plain column, fill it in batches, and add the identity and the key afterwards',
    lock: 'AccessExclusiveLock',
    rewrites: true,
    find: altering(
      (action) => addsColumn(action) && [...serials, 'IDENTITY'].some((word) => action.has(word)),
    ),
  }),
  postgresRule({
    id: 'add-stored',
    kind: 'lock',
    why: 'rewrites the table under a lock that blocks readers, to compute the column',
    instead: 'add a plain column that a trigger fills, and fill the rows that exist in batches',
    lock: 'AccessExclusiveLock',
    rewrites: true,
    find: altering((action) => addsColumn(action) && action.has('STORED')),
  }),
  everyRule({
    id: 'add-required',
    kind: 'data',
    why: 'fails if the table has a row, because the new column is required and has no default',
    instead: 'add the column without NOT NULL, fill it in batches, then make it required',
    find: altering(isRequiredWithoutDefault),
  }),
  postgresRule({
    id: 'add-column-constraint',
    kind: 'lock',
    why: 'builds an index or checks every row under a lock that blocks readers, together with the new column',
    instead: 'add the column alone, then the constraint: NOT VALID or USING INDEX',
    lock: 'AccessExclusiveLock',
    find: altering(
      (action) =>
        addsColumn(action) &&
        (action.has('UNIQUE') ||
          action.has('PRIMARY', 'KEY') ||
          (action.has('DEFAULT') && (action.has('CHECK') || action.has('REFERENCES')))),
    ),
  }),
  postgresRule({
    id: 'change-expression',
    kind: 'lock',
    why: 'computes a generated column again: rewrites the table under a lock that blocks readers',
    instead: 'add a new column, and drop the old one later',
    lock: 'AccessExclusiveLock',
    rewrites: true,
    find: altering((action) => altersColumn(action, ['SET', 'EXPRESSION'])),
  }),
  postgresRule({
    id: 'change-storage',
    kind: 'lock',
    why: 'rewrites the table under a lock that blocks readers',
    instead: 'copy the rows in batches into a new table, and rename it',
    lock: 'AccessExclusiveLock',
    rewrites: true,
    find: altering(
      (action) =>
        action.next('SET', 'LOGGED') ||
        action.next('SET', 'UNLOGGED') ||
        action.next('SET', 'TABLESPACE') ||
        action.next('SET', 'ACCESS', 'METHOD'),
    ),
  }),
  postgresRule({
    id: 'drop-not-null',
    kind: 'program',
    why: 'lets NULL into a column that running programs take for a value',
    instead: 'release a version that reads NULL first',
    lock: 'AccessExclusiveLock',
    find: altering((action) => altersColumn(action, ['DROP', 'NOT', 'NULL'])),
  }),
  postgresRule({
    id: 'drop-default',
    kind: 'program',
    why: 'changes what running programs get for a column that they do not set',
    instead: 'release a version that sets the column first',
    lock: 'AccessExclusiveLock',
    find: altering((action) =>
      altersColumn(action, ['DROP', 'DEFAULT'], ['DROP', 'IDENTITY'], ['DROP', 'EXPRESSION']),
    ),
  }),
  everyRule({
    id: 'rename-column',
    kind: 'program',
    why: 'breaks running programs that use the old name',
    instead: 'add a column of the new name, write both while versions change, and drop the old one later',
    lock: 'AccessExclusiveLock',
    find: altering((action) => action.take('RENAME') && !action.next('TO') && !action.next('CONSTRAINT')),
  }),
  everyRule({
    id: 'rename-table',
    kind: 'program',
    why: 'breaks running programs that use the old name',
    instead: 'keep the name, or leave a view (security_invoker) under the old one until no program uses it',
    lock: 'AccessExclusiveLock',
    find: altering((action) => action.next('RENAME', 'TO') || action.next('SET', 'SCHEMA')),
  }),
];
