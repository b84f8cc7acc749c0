import { AshlarError } from '../../../errors.js';
import { identifier, literal } from '../../../model/index.js';
import { type CodeToken, hasWords, nameOf, stringOf } from '../../../sql/code.js';
import { verbAt } from '../../../sql/kind.js';
import { type SqlStatement, splitStatements } from '../../../sql/statements.js';
import type { DriverDatabase } from '../driver/driver.js';
import { targetAt } from '../scope/target.js';

/** A table as a statement names it. */
interface Named {
  readonly schema: string | undefined;
  readonly name: string;
}

/** A statement that deletes rows of a table without saying so. */
interface ImplicitDelete extends Named {
  readonly what: string;
  /** Whether a foreign key that refuses deletions stops the statement by itself, with a message that names it. */
  readonly isRefusedByKeys: boolean;
}

/** A foreign key of another table, one row per column. */
interface KeyColumn {
  readonly child: string;
  readonly id: number;
  readonly column: string;
  readonly action: string;
}

/**
 * Splits a script into the parts to run one after another: at each statement if one of them may delete rows implicitly, so
 * that each is checked after those before it have run.
 */
export function partsOf(script: string): readonly string[] {
  return /drop|replace/i.test(script) ? splitStatements(script, 'sqlite').map(({ sql }) => sql) : [script];
}

/**
 * Refuses a statement that would delete rows of other tables without naming them. With foreign keys on, SQLite deletes
 * every row of a table before it drops the table, and REPLACE deletes the row in the way; the foreign keys of other tables
 * then delete their rows, or clear their columns (https://sqlite.org/foreignkeys.html#fk_schemacommands).
 *
 * @throws AshlarError `foreign-key-violation`
 */
export function assertNoImplicitDeletes(database: DriverDatabase, sql: string): void {
  if (!/drop|replace/i.test(sql)) return;
  const found = splitStatements(sql, 'sqlite').flatMap((statement) => implicitDelete(statement) ?? []);
  if (found.length === 0 || database.pragma('foreign_keys', { simple: true }) !== 1) return;
  for (const one of found) {
    const referring = referringTables(database, one);
    if (referring.length === 0) continue;
    throw new AshlarError('foreign-key-violation', {
      message: `${one.what} ${one.name} would delete or change rows of ${referring.join(', ')} that refer to it.`,
      detail: `SQLite deletes the rows of ${one.name} first, and the foreign keys of the other tables follow. Nothing was changed.`,
      suggestion:
        'To replace the table and keep the rows, begin the step with the comment "-- ashlar: rebuild". To remove it, first delete the rows that refer to it, or drop their tables.',
      facts: { table: one.name },
    });
  }
}

const implicitDelete = ({ tokens }: SqlStatement): ImplicitDelete | undefined => {
  if (hasWords(tokens, 0, 'DROP', 'TABLE')) {
    const at = hasWords(tokens, 2, 'IF', 'EXISTS') ? 4 : 2;
    return { what: 'DROP TABLE', isRefusedByKeys: false, ...named(tokens, at) };
  }
  const verb = verbAt(tokens);
  const replaces = tokens[verb]?.word === 'REPLACE' || hasWords(tokens, verb + 1, 'OR', 'REPLACE');
  const target = replaces ? targetAt(tokens, verb) : -1;
  return target < 0 ? undefined : { what: 'REPLACE in', isRefusedByKeys: true, ...named(tokens, target) };
};

// SQLite takes a string for a name, too
const name = (token: CodeToken | undefined): string =>
  token === undefined ? '' : token.kind === 'string' ? stringOf(token) : nameOf(token);

const named = (tokens: readonly CodeToken[], at: number): Named =>
  tokens[at + 1]?.text === '.'
    ? { schema: name(tokens[at]), name: name(tokens[at + 2]) }
    : { schema: undefined, name: name(tokens[at]) };

const schemaOf = (database: DriverDatabase, { schema, name }: Named): string => {
  if (schema !== undefined) return schema;
  // a temporary table hides one of the same name
  const [found] = database
    .prepare<unknown[], { schema: string }>(
      "SELECT schema FROM pragma_table_list WHERE name = ? COLLATE NOCASE AND type <> 'view' ORDER BY schema <> 'temp', schema <> 'main'",
    )
    .all([name]);
  return found?.schema ?? 'main';
};

const silent: ReadonlySet<string> = new Set(['CASCADE', 'SET NULL', 'SET DEFAULT']);

/** The other tables with rows that refer to a table. */
const referringTables = (database: DriverDatabase, one: ImplicitDelete): readonly string[] => {
  const schema = schemaOf(database, one);
  const keys = database
    .prepare<unknown[], KeyColumn>(
      `SELECT m.name AS child, k.id, k."from" AS "column", k.on_delete AS action
      FROM ${quoted(schema)}.sqlite_schema m, pragma_foreign_key_list(m.name, ${literal(schema)}) k
      WHERE m.type = 'table' AND k."table" = ? COLLATE NOCASE AND m.name <> ? COLLATE NOCASE
      ORDER BY m.name, k.id, k.seq`,
    )
    .all([one.name, one.name])
    .filter(({ action }) => !one.isRefusedByKeys || silent.has(action.toUpperCase()));
  const columns = new Map<string, KeyColumn[]>();
  for (const key of keys) {
    const of = `${key.child} ${key.id}`;
    columns.set(of, [...(columns.get(of) ?? []), key]);
  }
  const refers = (key: readonly KeyColumn[]): boolean => {
    const given = key.map(({ column }) => `${identifier(column)} IS NOT NULL`).join(' AND ');
    const table = `${quoted(schema)}.${quoted(key[0]?.child ?? '')}`;
    return database.prepare(`SELECT 1 FROM ${table} WHERE ${given} LIMIT 1`).all([]).length > 0;
  };
  return [...new Set([...columns.values()].filter(refers).flatMap(([key]) => key?.child ?? []))];
};

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
