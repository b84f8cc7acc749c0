import type { Owner } from '../../../contract/owner.js';
import { AshlarError } from '../../../errors.js';
import { literal, quoted } from '../../../model/index.js';
import { type CodeToken, hasWords, nameOf, stringOf } from '../../../sql/code.js';
import { verbAt } from '../../../sql/kind.js';
import { type SqlStatement, splitStatements } from '../../../sql/statements.js';
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
 * Returns an owner that refuses a statement which would delete rows of other tables without naming them. With foreign keys
 * on, SQLite deletes every row of a table before it drops the table, and REPLACE deletes the row in the way; the foreign
 * keys of other tables then delete their rows, or clear their columns
 * (https://sqlite.org/foreignkeys.html#fk_schemacommands).
 *
 * Its methods throw `foreign-key-violation` for such a statement, before it is run.
 */
export function withoutImplicitDeletes(owner: Owner): Owner {
  return {
    run: async (sql, parameters) => {
      if (isSuspicious(sql))
        for (const one of splitStatements(sql, 'sqlite')) await assertKeepsRows(owner, one);
      return owner.run(sql, parameters);
    },
    script: async (sql) => {
      if (!isSuspicious(sql)) return owner.script(sql);
      // one by one: a statement may depend on the rows that those before it leave
      for (const one of splitStatements(sql, 'sqlite')) {
        await assertKeepsRows(owner, one);
        await owner.script(one.sql);
      }
    },
    atomically: (work, options) => owner.atomically(work, options),
  };
}

const isSuspicious = (sql: string): boolean => /drop|replace/i.test(sql);

const assertKeepsRows = async (owner: Owner, statement: SqlStatement): Promise<void> => {
  const found = implicitDelete(statement);
  if (!found) return;
  const [keys] = await owner.run('PRAGMA foreign_keys');
  if (Number(keys?.foreign_keys) !== 1) return;
  const referring = await referringTables(owner, found);
  if (referring.length === 0) return;
  throw new AshlarError('foreign-key-violation', {
    message: `${found.what} ${found.name} would delete or change rows of ${referring.join(', ')} that refer to it.`,
    detail: `SQLite deletes the rows of ${found.name} first, and the foreign keys of the other tables follow. Nothing was changed.`,
    suggestion:
      'To replace the table and keep the rows, begin the step with the comment "-- ashlar: rebuild". To remove it, first delete the rows that refer to it, or drop their tables.',
    facts: { table: found.name },
  });
};

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

const schemaOf = async (owner: Owner, { schema, name }: Named): Promise<string> => {
  if (schema !== undefined) return schema;
  // a temporary table hides one of the same name
  const [found] = await owner.run(
    "SELECT schema FROM pragma_table_list WHERE name = ? COLLATE NOCASE AND type <> 'view' ORDER BY schema <> 'temp', schema <> 'main'",
    [name],
  );
  return String(found?.schema ?? 'main');
};

const silent: ReadonlySet<string> = new Set(['CASCADE', 'SET NULL', 'SET DEFAULT']);

/** The other tables with rows that refer to a table. */
const referringTables = async (owner: Owner, one: ImplicitDelete): Promise<readonly string[]> => {
  const schema = await schemaOf(owner, one);
  const keys = (await owner.run(
    `SELECT m.name AS child, k.id, k."from" AS "column", k.on_delete AS action
    FROM ${quoted(schema)}.sqlite_schema m, pragma_foreign_key_list(m.name, ${literal(schema)}) k
    WHERE m.type = 'table' AND k."table" = ? COLLATE NOCASE AND m.name <> ? COLLATE NOCASE
    ORDER BY m.name, k.id, k.seq`,
    [one.name, one.name],
  )) as unknown as readonly KeyColumn[];
  const columns = new Map<string, KeyColumn[]>();
  for (const key of keys) {
    if (one.isRefusedByKeys && !silent.has(key.action.toUpperCase())) continue;
    const of = `${key.child} ${key.id}`;
    columns.set(of, [...(columns.get(of) ?? []), key]);
  }
  const found = new Set<string>();
  for (const key of columns.values()) {
    const child = key[0]?.child ?? '';
    const given = key.map(({ column }) => `${quoted(column)} IS NOT NULL`).join(' AND ');
    const rows = await owner.run(`SELECT 1 FROM ${quoted(schema)}.${quoted(child)} WHERE ${given} LIMIT 1`);
    if (rows.length > 0) found.add(child);
  }
  return [...found];
};
