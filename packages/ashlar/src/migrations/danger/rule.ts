import type { GuardedTable } from '../../contract/guarantee.js';
import type { SqlName } from '../../contract/sql.js';
import type { CodeToken } from '../../sql/code.js';
import type { SqlStatement } from '../../sql/statements.js';
import type { StepMode } from '../directives.js';
import { Reader } from '../reader.js';

/** A lock of PostgreSQL on a table, from https://www.postgresql.org/docs/current/explicit-locking.html. */
export type TableLock =
  | 'RowExclusiveLock'
  | 'ShareUpdateExclusiveLock'
  | 'ShareLock'
  | 'ShareRowExclusiveLock'
  | 'ExclusiveLock'
  | 'AccessExclusiveLock';

/**
 * The subject of a rule: the loss of data, a lock or rewrite of a table in use, a program of the old version that is still
 * running, a guarantee, or the form of the step.
 */
export type DangerKind = 'data' | 'lock' | 'program' | 'guarantee' | 'form';

/** What is known around a statement. */
export interface Surroundings {
  readonly mode: StepMode;
  readonly statements: readonly SqlStatement[];
  /** The guarded tables of the system by name; empty if the system is not known. */
  readonly tables: ReadonlyMap<string, GuardedTable>;
  /** The table of each object of a guarantee, by the object's type and name: `trigger notes_append_only_delete` → `notes`. */
  readonly guards: ReadonlyMap<string, string>;
  /** The statements with which the declaration makes the objects of its guarantees, in the form of {@link plainForm}. */
  readonly declared: ReadonlySet<string>;
  /** Whether the step was generated: its types are those of a declaration. */
  readonly isGenerated: boolean;
  /** The views that are declared to run with the rights of their owner, with a reason. */
  readonly definers: ReadonlySet<string>;
}

/** Finds the tables of a dangerous statement: `''` where it names none; empty where there is no danger. */
export type Find = (statement: Reader, around: Surroundings) => readonly string[];

/** A rule that points out a dangerous statement. */
export interface Rule {
  readonly id: string;
  readonly kind: DangerKind;
  readonly dialects: readonly SqlName[];
  /** What the statement does, beginning with a verb. */
  readonly why: string;
  /** The way to the same result without the danger. */
  readonly instead: string;
  /** The strongest lock that PostgreSQL takes on the table. A test compares it with a server. */
  readonly lock?: TableLock;
  /** Whether PostgreSQL writes the whole table again. A test compares it with a server. */
  readonly rewrites?: boolean;
  /** Whether the danger is to the rows or users of a table: there is none where the same run creates the table. */
  readonly toRows: boolean;
  readonly find: Find;
}

type Given = Omit<Rule, 'dialects' | 'toRows'> & { readonly toRows?: boolean };

/** Makes a rule for PostgreSQL. */
export function postgresRule(given: Given): Rule {
  return { toRows: true, ...given, dialects: ['postgres'] };
}

/** Makes a rule for SQLite. */
export function sqliteRule(given: Given): Rule {
  return { toRows: true, ...given, dialects: ['sqlite'] };
}

/** Makes a rule for both dialects. */
export function everyRule(given: Given): Rule {
  return { toRows: true, ...given, dialects: ['sqlite', 'postgres'] };
}

/** Finds a statement that names no table, if the condition holds. */
export function where(holds: (statement: Reader, around: Surroundings) => boolean): Find {
  return (statement, around) => (holds(statement, around) ? [''] : []);
}

/** Finds an ALTER TABLE of which one action is dangerous. */
export function altering(
  isDangerous: (action: Reader, around: Surroundings, table: string) => boolean,
): Find {
  return (statement, around) => {
    if (!statement.take('ALTER', 'TABLE')) return [];
    const table = statement.table();
    return statement.parts().some((action) => isDangerous(action, around, table)) ? [table] : [];
  };
}

/** Whether an action of ALTER TABLE adds a column; reads up to its type. */
export function addsColumn(action: Reader): boolean {
  if (!action.take('ADD')) return false;
  if (action.take('COLUMN')) {
    action.table();
    return true;
  }
  if (constraintWords.some((word) => action.next(word))) return false;
  action.table();
  return true;
}

const constraintWords = ['CONSTRAINT', 'CHECK', 'UNIQUE', 'PRIMARY', 'FOREIGN', 'EXCLUDE', 'NOT'];

/** Whether an action of ALTER TABLE adds a table constraint; reads up to its kind. */
export function addsConstraint(action: Reader): boolean {
  if (!action.take('ADD') || !constraintWords.some((word) => action.next(word))) return false;
  if (action.take('CONSTRAINT')) action.table();
  return true;
}

/** Whether an action of ALTER TABLE changes a column in one of the given ways. */
export function altersColumn(action: Reader, ...ways: readonly (readonly string[])[]): boolean {
  if (!action.take('ALTER') || action.next('CONSTRAINT')) return false;
  action.take('COLUMN');
  action.table();
  return ways.some((words) => action.next(...words));
}

/** A statement for comparison: without comments, white space, and the OR REPLACE of a CREATE. */
export function plainForm(tokens: readonly CodeToken[]): string {
  const words = new Reader(tokens).rest();
  const isReplaced = words[0] === 'CREATE' && words[1] === 'OR' && words[2] === 'REPLACE';
  return (isReplaced ? ['CREATE', ...words.slice(3)] : words).join(' ');
}

/** Whether the declaration itself makes an object of a guarantee with this statement. */
export function isDeclared(statement: Reader, { declared }: Surroundings): boolean {
  return declared.has(plainForm(statement.tokens));
}

/** Reads the names that remain, separated by commas, as of `DROP TABLE a, b`. */
export function names(statement: Reader): readonly string[] {
  return statement.parts().map((part) => part.table());
}

/** Whether a statement of the same step creates an object: `TRIGGER`, `notes_touched`. */
export function isCreated({ statements }: Surroundings, kind: string, name: string): boolean {
  return statements.some(({ tokens }) => {
    const statement = new Reader(tokens);
    if (!statement.take('CREATE')) return false;
    if (statement.take('OR')) statement.take('REPLACE');
    statement.take('CONSTRAINT');
    return statement.take(kind) && statement.table() === name;
  });
}
