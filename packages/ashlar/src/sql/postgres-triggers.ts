import type { GuaranteeObject } from '../contract/guarantee.js';
import type { TableFacts } from '../contract/table.js';
import { identifier, literal, referenceTo, writtenColumns } from '../model/index.js';
import { objectName } from './object-name.js';
import { sql } from './template.js';

/**
 * A PL/pgSQL statement that refuses a write: the caller gets the error `guarantee-violated` with this text.
 *
 * @param text - a sentence without its full stop; each % in it is replaced by the next of the values
 * @param values - SQL expressions
 */
export function raise(guarantee: string, text: string, values: readonly string[] = []): string {
  const message = `'ashlar/${guarantee}: ${text.replaceAll("'", "''")}'`;
  return sql`
    RAISE EXCEPTION ${[message, ...values].join(', ')}
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  `;
}

/**
 * A clause of CREATE FUNCTION: the function finds tables in the schema in which it is created, regardless of the
 * caller's search_path and temporary tables. Connections that create functions search temporary tables last.
 */
export const inItsSchema = 'SET search_path FROM CURRENT';

/**
 * A clause of CREATE FUNCTION: the function finds PostgreSQL's own types and operators only, regardless of the caller's
 * search_path. Where `pg_temp` is not named, PostgreSQL searches it first for types, before `pg_catalog`.
 */
const withoutTables = 'SET search_path TO pg_catalog, pg_temp';

/**
 * Clauses of CREATE FUNCTION that give values of every type one text, that of Ashlar's own connections. The digits of reals are
 * `exactReals`. The text of money depends on a locale that the server has or lacks: no ledger takes it.
 */
export const fixedTextSettings: readonly string[] = [
  'SET bytea_output TO hex',
  `SET "DateStyle" TO 'ISO, MDY'`,
  'SET "IntervalStyle" TO iso_8601',
  `SET "TimeZone" TO 'UTC'`,
];

/** Options of a trigger function. */
export interface FunctionOptions {
  /**
   * If true, the function finds the tables that it reads in the schema in which the function is created. Otherwise it finds
   * only what PostgreSQL itself has: neither depends on the caller's search_path.
   */
  readonly reads?: boolean;
  /** If true, the function runs with the privileges of the table's owner, so that the caller needs no privileges. */
  readonly asOwner?: boolean;
  /** If true, the function converts reals to text with all digits, regardless of the caller's settings. */
  readonly exactReals?: boolean;
  /**
   * If true, the function converts values of every type to text in the form that Ashlar's connections use, regardless of the
   * caller's settings: for columns of another tool.
   */
  readonly fixedTexts?: boolean;
  /**
   * If `rows`, the function fails when row level security hides rows from the caller, instead of silently ignoring
   * those rows. If `scopes`, the function reads the rows of every scope of scoped tables; it runs with the privileges of
   * the table's owner, for whom every scope is visible.
   */
  readonly seesAll?: 'rows' | 'scopes';
  /**
   * The table, with its partitions, whose triggers may call the function; a trigger of another table is refused. Name it for
   * each function that runs as its owner: who could call it for rows of a table of his own would write as the owner.
   */
  readonly onlyFor?: string | Pick<TableFacts, 'name' | 'external' | 'place'>;
  /** PL/pgSQL declarations, each with its semicolon, to place before BEGIN. */
  readonly declare?: readonly string[];
  /** Whether plans of the function may join by nested loops. The number of changed rows is not known to a kept plan. */
  readonly nestedLoops?: boolean;
}

/**
 * The SQL expression for the role that the session has, as a name: also inside a function that runs as its owner and
 * inside the action of a foreign key, where `current_user` is the owner.
 */
export const sessionRole = "coalesce(nullif(current_setting('role'), 'none'), session_user)::name";

/**
 * Builds a PL/pgSQL trigger function.
 *
 * @param body - PL/pgSQL statements, each with its semicolon, to place between BEGIN and END, with a RETURN; the items of
 *   a list become lines
 */
export function triggerFunction(
  name: string,
  body: string | readonly string[],
  {
    reads = false,
    asOwner = false,
    exactReals = false,
    fixedTexts = false,
    seesAll,
    onlyFor,
    declare = [],
    nestedLoops = true,
  }: FunctionOptions = {},
): GuaranteeObject {
  const given = typeof body === 'string' ? body : body.join('\n');
  const settings = [
    'LANGUAGE plpgsql',
    ...(asOwner || seesAll === 'scopes' ? ['SECURITY DEFINER'] : []),
    reads ? inItsSchema : withoutTables,
    ...(exactReals ? ['SET extra_float_digits TO 1'] : []),
    ...(fixedTexts ? fixedTextSettings : []),
    ...(seesAll === 'rows' ? ['SET row_security TO off'] : []),
    ...(nestedLoops ? [] : ['SET enable_nestloop TO off']),
  ];
  return {
    type: 'function',
    name,
    sql: sql`
      CREATE FUNCTION ${identifier(name)}() RETURNS trigger
      ${settings} AS $$
      ${declare.length > 0 ? ['DECLARE', ...declare.map((line) => `  ${line}`)] : undefined}
      BEGIN
        ${onlyFor === undefined ? undefined : [refuseOthers(name, onlyFor)]}
        ${given}
      END
      $$
    `,
  };
}

const refuseOthers = (name: string, onlyFor: NonNullable<FunctionOptions['onlyFor']>): string => {
  const table = typeof onlyFor === 'string' ? { name: onlyFor } : onlyFor;
  return sql`
    IF coalesce(pg_partition_root(TG_RELID), TG_RELID) <> ${literal(referenceTo(table))}::regclass THEN
      RAISE EXCEPTION ${literal(`ashlar: only triggers of ${table.name} may call ${name}`)} USING ERRCODE = 'insufficient_privilege';
    END IF;
  `;
};

/** A PostgreSQL trigger: when it fires, on which condition, and the function that it calls. */
export interface PostgresTrigger {
  readonly name: string;
  /** The time and the event of the trigger: `BEFORE UPDATE`. */
  readonly on: string;
  readonly table: string;
  /** The names under which a statement's trigger sees the changed rows: `OLD TABLE AS old_rows`. */
  readonly referencing?: string;
  /** The SQL condition under which the trigger fires; by default always. */
  readonly when?: string;
  /** The name of the {@link triggerFunction} that the trigger calls. */
  readonly calls: string;
  /** Whether the trigger fires for each row or for each statement; default `ROW`. */
  readonly each?: 'ROW' | 'STATEMENT';
}

/** Builds a trigger with ENABLE ALWAYS: it fires even if `session_replication_role` is `replica`. */
export function alwaysTrigger({
  name,
  on,
  table,
  referencing,
  when,
  calls,
  each = 'ROW',
}: PostgresTrigger): GuaranteeObject {
  return {
    type: 'trigger',
    name,
    sql: sql`
      CREATE TRIGGER ${identifier(name)} ${on} ON ${identifier(table)}
        ${referencing === undefined ? undefined : [`REFERENCING ${referencing}`]}
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
      // a statement trigger also refuses statements that match no row
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
  `ROW(${writtenColumns(table)
    .filter(({ name }) => !except.includes(name))
    .map(({ name }) => `${row}.${identifier(name)}`)
    .join(', ')})::pg_catalog.record`;

/**
 * The SQL condition that NEW and OLD are byte-identical in all columns outside `except`. The operator `=` would not do:
 * for it, 1.00 and 1.0 inside JSON are equal.
 */
export function unchanged(table: TableFacts, except: readonly string[]): string {
  return `${rowOf('NEW', table, except)} *= ${rowOf('OLD', table, except)}`;
}
