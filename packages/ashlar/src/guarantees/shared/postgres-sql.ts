import type { GuaranteeObject } from '../../contract/guarantee.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier } from '../../model/index.js';
import { objectName } from './names.js';

/**
 * A statement of PL/pgSQL that refuses, so that whoever wrote gets `guarantee-violated` with the text.
 *
 * @param text - a sentence without its full stop; a % in it stands for each of the values, in their order
 * @param values - expressions of SQL
 */
export const raise = (guarantee: string, text: string, values: readonly string[] = []): string =>
  [
    `RAISE EXCEPTION ${[`'ashlar/${guarantee}: ${text.replaceAll("'", "''")}'`, ...values].join(', ')}`,
    "  USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;",
  ].join('\n');

/**
 * Makes a function find tables in the schema that it is made in, whoever calls it: neither in a caller's search_path nor
 * among its temporary tables, since the connections that make functions look there last.
 */
export const inItsSchema = 'SET search_path FROM CURRENT';

/** How a function runs, besides its body. */
export interface FunctionOptions {
  /** Set when the body compares: operators are then PostgreSQL's own, whatever the caller's search_path. */
  readonly compares?: boolean;
  /** Set when the body reads tables: it finds those of the schema that it is made in, whoever calls it. */
  readonly reads?: boolean;
  /** With the rights of the table's owner, so that the caller needs none. */
  readonly asOwner?: boolean;
  /** Reals become text with all their digits, whatever the caller has set. */
  readonly exactReals?: boolean;
  /**
   * `rows`: fail rather than overlook rows that row level security hides from the caller. `scopes`: see the rows of
   * every scope, where tables are scoped.
   */
  readonly seesAll?: 'rows' | 'scopes';
}

/** Statements of PL/pgSQL around those that must see the rows of every scope. */
export const everyScopeSql = {
  declare: "callers_scope text := coalesce(current_setting('ashlar.scope', true), '');",
  begin: "PERFORM set_config('ashlar.scope', '*', true);",
  end: "PERFORM set_config('ashlar.scope', callers_scope, true);",
} as const;

// as a setting of the function it would be a superuser's to give; an error sets it back by itself
const inEveryScope = (body: readonly string[]) => ({
  declare: ['DECLARE', `  ${everyScopeSql.declare}`],
  body: [
    everyScopeSql.begin,
    ...body
      .join('\n')
      .replaceAll(/^( *)(RETURN \w+;)$/gm, `$1${everyScopeSql.end}\n$1$2`)
      .split('\n'),
  ],
});

/**
 * A trigger function.
 *
 * @param body - statements of PL/pgSQL, each with its semicolon: what goes between BEGIN and END, a RETURN among it
 */
export const triggerFunction = (
  name: string,
  body: readonly string[],
  { reads = false, compares = false, asOwner = false, exactReals = false, seesAll }: FunctionOptions = {},
): GuaranteeObject => {
  const sees = seesAll === 'scopes' ? inEveryScope(body) : { declare: [], body };
  const settings = [
    'LANGUAGE plpgsql',
    ...(asOwner ? ['SECURITY DEFINER'] : []),
    ...(reads ? [inItsSchema] : compares ? ['SET search_path TO pg_catalog'] : []),
    ...(exactReals ? ['SET extra_float_digits TO 1'] : []),
    ...(seesAll === 'rows' ? ['SET row_security TO off'] : []),
  ];
  return {
    type: 'function',
    name,
    sql: [
      `CREATE FUNCTION ${identifier(name)}() RETURNS trigger`,
      `${settings.join('\n')} AS $$`,
      ...sees.declare,
      'BEGIN',
      ...sees.body
        .join('\n')
        .split('\n')
        .map((line) => (line === '' ? '' : `  ${line}`)),
      'END',
      '$$',
    ].join('\n'),
  };
};

/** One trigger: when it fires, under which condition, and the function it calls. */
export interface PostgresTrigger {
  readonly name: string;
  /** `BEFORE UPDATE`, … */
  readonly on: string;
  readonly table: string;
  /** A condition of SQL. */
  readonly when?: string;
  /** The name of a {@link triggerFunction}. */
  readonly calls: string;
  /** Default `ROW`. */
  readonly each?: 'ROW' | 'STATEMENT';
}

/** A trigger that fires always, also where `session_replication_role` is `replica`. */
export const alwaysTrigger = ({
  name,
  on,
  table,
  when,
  calls,
  each = 'ROW',
}: PostgresTrigger): GuaranteeObject => ({
  type: 'trigger',
  name,
  sql: [
    `CREATE TRIGGER ${identifier(name)} ${on} ON ${identifier(table)}`,
    `  FOR EACH ${each}`,
    ...(when === undefined ? [] : [`  WHEN (${when.replaceAll('\n', '\n  ')})`]),
    `  EXECUTE FUNCTION ${identifier(calls)}();`,
    '',
    `ALTER TABLE ${identifier(table)} ENABLE ALWAYS TRIGGER ${identifier(name)}`,
  ].join('\n'),
});

/** What keeps a table that a guarantee puts beside its own: its rows, once written, are never changed and never leave. */
export const neverChanged = (guarantee: string, table: string): readonly GuaranteeObject[] => {
  const calls = objectName(table, 'append_only');
  const refuse = (on: string): GuaranteeObject =>
    alwaysTrigger({
      name: objectName(table, 'append_only', on.toLowerCase()),
      on: `BEFORE ${on}`,
      table,
      calls,
      // also a statement that finds no row
      each: 'STATEMENT',
    });
  return [
    triggerFunction(calls, [raise(guarantee, `rows of ${table} are never changed and never deleted`)]),
    refuse('UPDATE'),
    refuse('DELETE'),
    refuse('TRUNCATE'),
  ];
};

const rowOf = (row: 'NEW' | 'OLD', table: TableFacts, except: readonly string[]): string =>
  `ROW(${Object.keys(table.columns)
    .filter((name) => !except.includes(name))
    .map((name) => `${row}.${identifier(name)}`)
    .join(', ')})::record`;

/** That NEW and OLD are the same byte for byte but for these columns: `=` would let 1.0 become 1.00 inside JSON. */
export const unchanged = (table: TableFacts, except: readonly string[]): string =>
  `${rowOf('NEW', table, except)} *= ${rowOf('OLD', table, except)}`;
