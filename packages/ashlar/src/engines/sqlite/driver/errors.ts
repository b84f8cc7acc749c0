import { AshlarError, type ErrorCode, type ErrorDescription } from '../../../errors.js';
import { DeclaredFacts, type Reported } from '../../declared-facts.js';
import {
  checkViolation,
  computedViolation,
  foreignKeyViolation,
  guaranteeViolation,
  notNullViolation,
  uniqueViolation,
} from '../../violations.js';
import { withoutLiterals } from '../../without-literals.js';
import { foreignKeyFailed } from '../schema/constraint-texts.js';
import { replacementPrefix } from '../schema/replacement.js';
import { RefusalTexts } from './refusal-texts.js';
import { withoutValues } from './run-time-texts.js';

/** What is known about the statement that failed. */
export interface Failed {
  readonly declared: DeclaredFacts;
  readonly refusals: RefusalTexts;
  /** The table that the statement writes to, in case a message fits several tables. */
  readonly target?: string | undefined;
  /** Whether the statement failed while it ran: its message may have values of rows. */
  readonly ran?: boolean;
  /** Returns whether the schema has a trigger with this text. */
  readonly isText?: (text: string) => boolean;
}

type Known = ErrorDescription & { readonly code: ErrorCode };

type Describe = (message: string, failed: Failed) => Known;

const after = (message: string, prefix: string): string =>
  message.startsWith(prefix) ? message.slice(prefix.length) : message;

/** Reads which key SQLite, or a trigger with {@link uniqueKeyText}, reports. */
export function reportedKey(message: string, { declared }: Failed): Reported {
  const failed = after(message, 'UNIQUE constraint failed: ');
  const [, table, constraint] = /^key (\w+)\.(.+)$/.exec(failed) ?? [];
  if (constraint !== undefined) return { table, constraint };
  // users.email, users.org_id · of an index over expressions: index 'users_email_key'
  const index = /^index '(.*)'$/.exec(failed)?.[1];
  if (index !== undefined) return { table: declared.tableOfKey(index), constraint: index };
  const names = failed.split(', ').map((name) => name.split('.'));
  return { table: names[0]?.[0], columns: names.map(([, column = '']) => column) };
}

const unique: Describe = (message, failed) => ({
  code: 'unique-violation',
  ...uniqueViolation(failed.declared.unique(reportedKey(message, failed))),
});

/** Whether SQLite reports a foreign key without its name. */
export function isUnnamedForeignKey(message: string): boolean {
  return message === foreignKeyFailed;
}

const foreignKey: Describe = (message, { declared }) => {
  const [, referenced, constraint] = /: (referenced by )?(.*)$/.exec(message) ?? [];
  const how = constraint === undefined ? undefined : referenced ? 'referenced' : 'missing';
  const facts = declared.foreignKey({ constraint });
  return { code: 'foreign-key-violation', ...foreignKeyViolation(facts, how, declared.target(facts)) };
};

const check: Describe = (message, { declared, target }) => ({
  code: 'check-violation',
  ...checkViolation(declared.check({ constraint: after(message, 'CHECK constraint failed: ') }, target)),
});

const notNull: Describe = (message, { declared }) => {
  const [table, column = ''] = after(message, 'NOT NULL constraint failed: ').split('.');
  return { code: 'not-null-violation', ...notNullViolation(declared.notNull({ table, columns: [column] })) };
};

const constraints: readonly (readonly [string, Describe])[] = [
  [foreignKeyFailed, foreignKey],
  ['UNIQUE constraint failed: ', unique],
  ['NOT NULL constraint failed: ', notNull],
];

const guarantee = /^ashlar\/([a-z0-9-]+): (.*)$/s;

const triggerRefusal: Describe = (message, failed) => {
  // SQLite implements ON DELETE RESTRICT as a trigger, and Ashlar has triggers that name constraints
  const asConstraint = constraints.find(([words]) => message.startsWith(words));
  if (asConstraint) return asConstraint[1](message, failed);
  const [, name, text] = guarantee.exec(message) ?? [];
  if (name === undefined || text === undefined) {
    const known = failed.isText?.(message) ?? false;
    return {
      code: 'statement-failed',
      message: `A trigger refused the statement${known ? `: ${message}` : '.'}`,
    };
  }
  const table = failed.refusals.table(message, failed.target);
  // the trigger against REPLACE runs before the unique key is checked, and cannot tell a plain duplicate from a REPLACE
  if (isReplacement(text))
    return { code: 'unique-violation', ...uniqueViolation(failed.declared.unique({ table })) };
  return {
    code: 'guarantee-violated',
    ...guaranteeViolation(failed.declared.guarantee(name, table, text), text),
  };
};

/** Whether a guarantee refuses a row because its key exists, which may be a plain duplicate or a REPLACE. */
export function isReplacement(text: string): boolean {
  return text.endsWith('with this key exists and is never replaced');
}

const intoView = /^cannot modify (\S+) because it is a view$/;

// a view shadows each scoped table in a session; a plain write is redirected to the table
const viewRefusal: Describe = (message) => {
  const table = intoView.exec(message)?.[1] ?? '';
  return {
    code: 'privilege-missing',
    message: `A session cannot write to ${table} with a statement of this form.`,
    detail: 'The table is scoped, and Ashlar cannot find its name as the target of this statement.',
    suggestion: 'Use the table name without a schema, as in UPDATE notes SET …',
    facts: { table },
  };
};

const readOnly: Describe = () => ({
  code: 'session-read-only',
  message: 'This session cannot write.',
  suggestion: 'Use db.session(…) instead of db.read(…).',
});

// SQLite checks before it writes: nothing is written to a file that was replaced
const moved: Describe = () => ({
  code: 'connection-lost',
  message: 'The database file was replaced after it was opened; nothing was written.',
  detail: 'The key of the file was changed, or a backup was restored to its path.',
  suggestion: 'Close the database and open it again.',
});

const full: Describe = () => ({
  code: 'disk-full',
  message: 'The disk is full; the statement was rolled back.',
  suggestion: 'Free space on the volume of the database, and try again.',
});

const corrupt: Describe = () => ({
  code: 'database-corrupt',
  message: 'The database file is damaged.',
  detail: 'One of its pages is invalid.',
  suggestion: 'Keep the file and its -wal file, and restore the last verified backup to another path.',
});

const busy: Describe = () => ({
  code: 'lock-timeout',
  message: 'Another process holds the lock of the database.',
  suggestion: 'Try again, make the transactions of the other process shorter, or raise lockTimeout.',
});

// cannot store TEXT value in INTEGER column users.age
const typeViolation: Describe = (message, { declared }) => {
  const [, table, column] = / column (\w+)\.(.+)$/.exec(message) ?? [];
  return {
    code: 'value-invalid',
    message: 'A value does not have the type of its column.',
    detail: `SQLite: ${message}.`,
    facts: table && column ? declared.notNull({ table, columns: [column] }) : {},
  };
};

// only sum() of integers reports it; what the result is on PostgreSQL, no JavaScript number holds either
const overflow: Describe = () => ({
  code: 'value-corrupt',
  message: 'A sum of integers cannot be read exactly.',
  detail: 'It is beyond 2^63, and numbers of JavaScript are exact up to 2^53.',
  suggestion: 'Sum fewer rows, or sum real numbers: sum(column * 1.0).',
});

const intoComputed = /^cannot (?:INSERT into|UPDATE) generated column "(.*)"$/;

const computed: Describe = (message, { declared, target }) => {
  const column = intoComputed.exec(message)?.[1] ?? '';
  const facts = { ...declared.notNull({ table: target, columns: [column] }), guarantee: 'computed' };
  return { code: 'guarantee-violated', ...computedViolation(facts) };
};

/** What is known by SQLite's message, whatever the code of the error. */
const byMessage: readonly (readonly [message: RegExp, describe: Describe])[] = [
  [intoView, viewRefusal],
  [intoComputed, computed],
  [/^integer overflow$/, overflow],
];

const known: Readonly<Record<string, Describe>> = {
  SQLITE_CONSTRAINT_UNIQUE: unique,
  SQLITE_CONSTRAINT_PRIMARYKEY: unique,
  SQLITE_CONSTRAINT_ROWID: unique,
  SQLITE_CONSTRAINT_FOREIGNKEY: foreignKey,
  SQLITE_CONSTRAINT_CHECK: check,
  SQLITE_CONSTRAINT_DATATYPE: typeViolation,
  SQLITE_MISMATCH: typeViolation,
  SQLITE_CONSTRAINT_NOTNULL: notNull,
  SQLITE_CONSTRAINT_TRIGGER: triggerRefusal,
  SQLITE_READONLY: readOnly,
  SQLITE_READONLY_DBMOVED: moved,
  SQLITE_FULL: full,
  // no space for the -shm file
  SQLITE_IOERR_SHMSIZE: full,
  SQLITE_CORRUPT: corrupt,
  SQLITE_NOTADB: corrupt,
  SQLITE_BUSY: busy,
  SQLITE_LOCKED: busy,
};

/** Returns SQLite's extended result code from an error of the driver; `''` for any other error. */
export function sqliteCode(error: unknown): string {
  return error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    error.code.startsWith('SQLITE_')
    ? error.code
    : '';
}

/**
 * Returns SQLite's primary result code for an error, for example `SQLITE_BUSY` if the extended code is
 * `SQLITE_BUSY_SNAPSHOT`.
 */
export function primaryCode(error: unknown): string {
  return /^SQLITE_[A-Z]+/.exec(sqliteCode(error))?.[0] ?? '';
}

/** Whether an error means that a constraint or a trigger refused a statement. */
export function isViolation(error: unknown): boolean {
  return /^SQLITE_(CONSTRAINT|MISMATCH)/.test(sqliteCode(error));
}

/** Whether an error means that another process holds the requested lock. */
export function isBusy(error: unknown): boolean {
  const code = primaryCode(error);
  return code === 'SQLITE_BUSY' || code === 'SQLITE_LOCKED';
}

/** Whether an error means that the file was replaced or removed after the connection opened it. */
export function hasMoved(error: unknown): boolean {
  return sqliteCode(error) === 'SQLITE_READONLY_DBMOVED';
}

const nothingKnown: Failed = { declared: new DeclaredFacts(), refusals: new RefusalTexts() };

// the other codes have the texts of SQLite itself
const withOwnText: ReadonlySet<string> = new Set([
  '',
  'SQLITE_ERROR',
  'SQLITE_CONSTRAINT',
  'SQLITE_MISMATCH',
]);

const withheld = 'the text is left out, because it may have values of rows';

/** The text of an error that nothing more is known of, without values. */
const plainText = (error: unknown, text: string, { ran = false }: Failed): string =>
  ran && withOwnText.has(primaryCode(error)) ? (withoutValues(text) ?? withheld) : withoutLiterals(text);

/** The error without values, for logs. */
const withText = (error: unknown, text: string, plain: string): unknown =>
  plain === text ? error : Object.assign(new Error(plain), { code: sqliteCode(error) });

/**
 * Translates an error of the driver into an AshlarError. SQLite's messages about a text contain names, and its literals,
 * which are left out. Those about values are left out unless they are known to have none.
 *
 * @param failed - what is known about the statement; by default nothing, and the facts have the names of the message
 * @param cause - the error that the session sees in logs; by default `error`
 */
export function sqliteError(error: unknown, failed = nothingKnown, cause = error): AshlarError {
  if (error instanceof AshlarError) return error;
  const written = error instanceof Error ? error.message : String(error);
  // the table that a rebuild makes takes the place of the named one
  const text = written.replaceAll(replacementPrefix, '');
  const own = text === written ? cause : withText(error, written, text);
  const describe =
    byMessage.find(([message]) => message.test(text))?.[1] ??
    known[sqliteCode(error)] ??
    known[primaryCode(error)];
  if (describe) {
    const { code, ...description } = describe(text, failed);
    // the text of a trigger may be an expression
    const silent = code === 'statement-failed' && !failed.isText?.(text);
    return new AshlarError(code, { ...description, cause: silent ? withText(error, text, withheld) : own });
  }
  const plain = plainText(error, text, failed);
  return new AshlarError('statement-failed', {
    message: 'The database refused a statement.',
    detail: `SQLite: ${plain}`,
    cause: plain === text ? own : withText(error, text, plain),
  });
}

/** Translates the error of a COMMIT: `outcome-unknown` if the commit may be durable despite the error. */
export function commitError(error: unknown): AshlarError {
  const code = primaryCode(error);
  if (code !== 'SQLITE_IOERR' && code !== 'SQLITE_FULL') return sqliteError(error);
  return new AshlarError('outcome-unknown', {
    message: 'The commit failed during a write, so it may or may not be durable.',
    detail: code === 'SQLITE_FULL' ? 'The disk is full.' : 'The file system reported an I/O error.',
    suggestion: 'Check whether the rows were committed before trying again.',
    cause: error,
  });
}
