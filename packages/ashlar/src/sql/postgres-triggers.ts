import type { GuaranteeObject } from '../contract/guarantee.js';
import type { TableFacts } from '../contract/table.js';
import { identifier } from '../model/index.js';
import { objectName } from './object-name.js';
import { sql } from './template.js';

/**
 * A statement of PL/pgSQL that refuses a write: the writer gets `guarantee-violated` with the text.
 *
 * @param text - a sentence without its full stop; each % in it stands for the next of the values
 * @param values - expressions of SQL
 */
export function raise(guarantee: string, text: string, values: readonly string[] = []): string {
  const message = `'ashlar/${guarantee}: ${text.replaceAll("'", "''")}'`;
  return sql`
    RAISE EXCEPTION ${[message, ...values].join(', ')}
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  `;
}

/**
 * Makes a function find tables in the schema in which it is created, whatever the caller's search_path and temporary
 * tables are: the connections that create functions look for temporary tables last.
 */
export const inItsSchema = 'SET search_path FROM CURRENT';

/** How a function runs, besides its body. */
export interface FunctionOptions {
  /** Set when the body compares: operators are then PostgreSQL's own, whatever the caller's search_path. */
  readonly compares?: boolean;
  /** Set when the body reads tables: it finds those of the schema in which it is created. */
  readonly reads?: boolean;
  /** Runs with the rights of the table's owner, so that the caller needs none. */
  readonly asOwner?: boolean;
  /** Reals become text with all their digits, whatever the caller's settings. */
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

// only a superuser could give a function this setting; an error sets it back by itself
const inEveryScope = (body: string): string => sql`
  ${everyScopeSql.begin}
  ${body.replaceAll(/^( *)(RETURN \w+;)$/gm, `$1${everyScopeSql.end}\n$1$2`)}
`;

/**
 * A trigger function.
 *
 * @param body - statements of PL/pgSQL, each with its semicolon: what goes between BEGIN and END, including a RETURN; a
 *   list is joined line by line
 */
export function triggerFunction(
  name: string,
  body: string | readonly string[],
  { reads = false, compares = false, asOwner = false, exactReals = false, seesAll }: FunctionOptions = {},
): GuaranteeObject {
  const given = typeof body === 'string' ? body : body.join('\n');
  const inScopes = seesAll === 'scopes';
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
    sql: sql`
      CREATE FUNCTION ${identifier(name)}() RETURNS trigger
      ${settings} AS $$
      ${inScopes ? ['DECLARE', `  ${everyScopeSql.declare}`] : undefined}
      BEGIN
        ${inScopes ? inEveryScope(given) : given}
      END
      $$
    `,
  };
}

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

/** A trigger that always fires, also where `session_replication_role` is `replica`. */
export function alwaysTrigger({
  name,
  on,
  table,
  when,
  calls,
  each = 'ROW',
}: PostgresTrigger): GuaranteeObject {
  return {
    type: 'trigger',
    name,
    sql: sql`
      CREATE TRIGGER ${identifier(name)} ${on} ON ${identifier(table)}
        FOR EACH ${each}
        ${when === undefined ? undefined : [`WHEN (${when})`]}
        EXECUTE FUNCTION ${identifier(calls)}();

      ALTER TABLE ${identifier(table)} ENABLE ALWAYS TRIGGER ${identifier(name)}
    `,
  };
}

/** Triggers that make a side table append-only: its rows are never changed and never deleted. */
export function neverChanged(guarantee: string, table: string): readonly GuaranteeObject[] {
  const calls = objectName(table, 'append_only');
  const refuse = (on: string): GuaranteeObject =>
    alwaysTrigger({
      name: objectName(table, 'append_only', on.toLowerCase()),
      on: `BEFORE ${on}`,
      table,
      calls,
      // refuses also a statement that finds no row
      each: 'STATEMENT',
    });
  return [
    triggerFunction(calls, raise(guarantee, `rows of ${table} are never changed and never deleted`)),
    refuse('UPDATE'),
    refuse('DELETE'),
    refuse('TRUNCATE'),
  ];
}

const rowOf = (row: 'NEW' | 'OLD', table: TableFacts, except: readonly string[]): string =>
  `ROW(${Object.keys(table.columns)
    .filter((name) => !except.includes(name))
    .map((name) => `${row}.${identifier(name)}`)
    .join(', ')})::record`;

/** The condition that NEW and OLD are the same byte for byte but for these columns: `=` would let 1.0 become 1.00 inside JSON. */
export function unchanged(table: TableFacts, except: readonly string[]): string {
  return `${rowOf('NEW', table, except)} *= ${rowOf('OLD', table, except)}`;
}
