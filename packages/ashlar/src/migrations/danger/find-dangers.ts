import type { GuardedTable } from '../../contract/guarantee.js';
import type { SqlName } from '../../contract/sql.js';
import type { SystemFacts } from '../../contract/system.js';
import { sideObjects } from '../../model/index.js';
import { depths } from '../../sql/code.js';
import { type SqlStatement, splitStatements } from '../../sql/statements.js';
import { Reader } from '../reader.js';
import type { StepBody } from '../steps.js';
import { type DangerKind, plainForm, type Rule, type Surroundings, type TableLock } from './rule.js';
import { dangerRules } from './rules.js';

/** A statement that needs review before it runs, and why. */
export interface Danger {
  /** The line of the statement in the step's file, counted from 1. */
  readonly line: number;
  readonly code: string;
  /** The rule that found it: `set-not-null`. */
  readonly rule: string;
  readonly kind: DangerKind;
  /** The table that the statement names; `undefined` if it names none. */
  readonly table: string | undefined;
  /** What the statement does, beginning with a verb. */
  readonly why: string;
  /** The way to the same result without the danger. */
  readonly instead: string;
  /** The lock that PostgreSQL takes on the table, where the rule is about one. */
  readonly lock: TableLock | undefined;
}

const createdTable = ({ tokens }: SqlStatement): string | undefined => {
  const statement = new Reader(tokens);
  if (!statement.take('CREATE')) return undefined;
  statement.take('UNLOGGED');
  return statement.take('TABLE') ? statement.table() : undefined;
};

const renamedTo = ({ tokens }: SqlStatement): readonly string[] => {
  const statement = new Reader(tokens);
  if (!statement.take('ALTER', 'TABLE')) return [];
  statement.table();
  return statement.take('RENAME', 'TO') ? [statement.table()] : [];
};

const wordTriggers = ['_insert', '_update', '_delete'];

const droppedIn = (
  statements: readonly SqlStatement[],
  type: 'TABLE' | 'TRIGGER' | 'INDEX',
): readonly string[] =>
  statements.flatMap(({ tokens }) => {
    const statement = new Reader(tokens);
    return statement.take('DROP', type) ? [statement.table()] : [];
  });

/** The full-text indexes of the tables, and those that a body drops with the triggers that fill them. */
const indexesOfWords = (
  statements: readonly SqlStatement[],
  tables: readonly GuardedTable[],
): ReadonlySet<string> => {
  const triggers = new Set(droppedIn(statements, 'TRIGGER'));
  const dropped = droppedIn(statements, 'TABLE').filter((name) =>
    wordTriggers.every((event) => triggers.has(`${name}${event}`)),
  );
  return new Set([...tables.flatMap(({ fullTexts = [] }) => fullTexts.map(({ name }) => name)), ...dropped]);
};

/** Whether a statement empties such an index or drops a trigger that fills it: neither loses a value or a guarantee. */
const isAboutIndex = ({ tokens }: SqlStatement, indexes: ReadonlySet<string>): boolean => {
  const statement = new Reader(tokens);
  if (statement.take('DELETE', 'FROM')) return indexes.has(statement.table());
  if (!statement.take('DROP', 'TRIGGER')) return false;
  const name = statement.table();
  return wordTriggers.some((event) => name.endsWith(event) && indexes.has(name.slice(0, -event.length)));
};

/** The full-text index that a statement drops: the table of SQLite, or the column of PostgreSQL, whose index goes before. */
const droppedIndex = (
  { tokens }: SqlStatement,
  indexes: ReadonlySet<string>,
  statements: readonly SqlStatement[],
): string | undefined => {
  const statement = new Reader(tokens);
  if (statement.take('DROP', 'TABLE')) return [statement.table()].find((name) => indexes.has(name));
  if (!statement.take('ALTER', 'TABLE')) return undefined;
  statement.table();
  if (!statement.take('DROP')) return undefined;
  statement.take('COLUMN');
  const name = statement.table().replace(/^ashlar_/, '');
  return droppedIn(statements, 'INDEX').includes(name) ? name : undefined;
};

type Guards = Pick<Surroundings, 'guards' | 'declared'>;

const readGuards = (tables: readonly GuardedTable[], dialect: SqlName): Guards => {
  const objects = tables.flatMap((table) =>
    sideObjects(table, dialect).map((object) => ({ ...object, table: table.name })),
  );
  return {
    guards: new Map(objects.map(({ type, name, table }) => [`${type} ${name}`, table])),
    declared: new Set(
      objects.flatMap(({ sql }) => splitStatements(sql, dialect).map(({ tokens }) => plainForm(tokens))),
    ),
  };
};

// a plan asks for each of its steps, and reading the SQL of all guarantees takes milliseconds
const known = { sqlite: new WeakMap<object, Guards>(), postgres: new WeakMap<object, Guards>() };

const guardsOf = (tables: SystemFacts['tables'], dialect: SqlName): Guards => {
  const guards = known[dialect].get(tables) ?? readGuards(Object.values(tables), dialect);
  known[dialect].set(tables, guards);
  return guards;
};

/**
 * Finds statements that could lose data, block or rewrite a table that is in use, break a program that is still running, or
 * weaken a guarantee.
 *
 * @param newTables - tables that earlier steps of the same run create, and which have no rows yet; those that this body
 *   creates are added
 * @param system - the tables, whose guarantees a statement may weaken, and the views
 */
export function findDangers(
  body: StepBody,
  dialect: SqlName,
  newTables: Set<string>,
  { tables: declared, views = {} }: Pick<SystemFacts, 'tables' | 'views'> = { tables: {} },
): readonly Danger[] {
  const tables = Object.values(declared);
  if (body.kind === 'code') return [];
  const replaced = new Set(body.mode === 'rebuild' ? body.statements.flatMap(renamedTo) : []);
  const around: Surroundings = {
    mode: body.mode,
    statements: body.statements,
    isGenerated: body.ownership !== undefined,
    tables: new Map(tables.map((table) => [table.name, table])),
    ...guardsOf(declared, dialect),
    definers: new Set(
      Object.values(views).flatMap(({ name, definer }) => (definer === undefined ? [] : [name])),
    ),
  };
  const rules = dangerRules.filter(({ dialects }) => dialects.includes(dialect));
  const words = indexesOfWords(body.statements, tables);
  return body.statements.flatMap((statement) => {
    if (isAboutIndex(statement, words)) return [];
    const index = droppedIndex(statement, words, body.statements);
    const created = createdTable(statement);
    if (created !== undefined) newTables.add(created);
    const parts = partsOf(statement);
    return rules.flatMap((rule) =>
      parts
        .flatMap((part) => judge(part, rule, around, newTables, replaced))
        .slice(0, 1)
        .map((danger) => (index !== undefined && danger.kind === 'data' ? ofIndex(danger, index) : danger)),
    );
  });
}

// what the index holds is in its table
const ofIndex = (danger: Danger, index: string): Danger => ({
  ...danger,
  kind: 'program',
  why: `drops the full-text index ${index}: a program that searches it fails`,
  instead: 'release a version that does not search it first, and drop it in a later step',
});

const writing = ['INSERT', 'UPDATE', 'DELETE', 'MERGE'];

/** A statement that begins with WITH, and the statements that write in it, each as a statement of its own. */
const partsOf = (statement: SqlStatement): readonly SqlStatement[] => {
  const { tokens } = statement;
  if (!new Reader(tokens).next('WITH')) return [statement];
  const depth = depths(tokens);
  const starts = tokens.flatMap(({ word }, at) => {
    const before = tokens[at - 1];
    const begins = before?.text === '(' || (depth[at] === 0 && before?.text === ')');
    return writing.includes(word) && begins ? [at] : [];
  });
  const ends = (start: number): number => {
    const end = depth.findIndex((one, at) => at > start && one < (depth[start] ?? 0));
    return end < 0 ? tokens.length : end;
  };
  return [statement, ...starts.map((start) => ({ ...statement, tokens: tokens.slice(start, ends(start)) }))];
};

const judge = (
  { tokens, code, line }: SqlStatement,
  { id, kind, why, instead, lock, find, toRows }: Rule,
  around: Surroundings,
  newTables: ReadonlySet<string>,
  replaced: ReadonlySet<string>,
): readonly Danger[] => {
  const found = find(new Reader(tokens), around);
  const tables = toRows ? found.filter((table) => !newTables.has(table)) : found;
  const [table] = tables;
  if (table === undefined) return [];
  const about = { line, code, rule: id, kind, table: table === '' ? undefined : table, instead, lock };
  const isCopied = replaced.has(table) && new Reader(tokens).next('DROP', 'TABLE');
  if (!isCopied) return [{ ...about, why }];
  // the new table takes over the rows and is guarded by the same step
  return id === 'drop-table'
    ? [{ ...about, why: `copies ${table} row by row into its new form; writers wait` }]
    : [];
};
