import { AshlarError, type ErrorCode } from '../../../errors.js';

interface Known {
  readonly code: ErrorCode;
  readonly message: string;
  readonly detail?: string | undefined;
  readonly suggestion?: string | undefined;
}

type Describe = (message: string) => Known;

const after = (message: string, prefix: string): string =>
  message.startsWith(prefix) ? message.slice(prefix.length) : message;

const uniqueViolation: Describe = (message) => {
  const failed = after(message, 'UNIQUE constraint failed: ');
  const columns = /^index '(.*)'$/.exec(failed)?.[1] ?? failed;
  return {
    code: 'unique-violation',
    message: 'A row with the same unique key exists.',
    detail: `The key is ${columns}.`,
    suggestion: 'Choose another value, or change the row that is there.',
  };
};

const foreignKeyFailed = 'FOREIGN KEY constraint failed';

const foreignKeyViolation: Describe = (message) => ({
  code: 'foreign-key-violation',
  message: 'A row refers to one that does not exist, or is still referred to.',
  detail:
    message === foreignKeyFailed
      ? 'SQLite does not say which foreign key it was.'
      : `The foreign key is ${after(message, `${foreignKeyFailed}: `)}.`,
  suggestion: 'Insert the row that is referred to first; delete the rows that refer to it first.',
});

const guarantee = /^ashlar\/([a-z0-9-]+): (.*)$/s;

const triggerRefusal: Describe = (message) => {
  // ON DELETE RESTRICT is a trigger inside SQLite, and our guards of foreign keys are triggers too
  if (message.startsWith(foreignKeyFailed)) return foreignKeyViolation(message);
  const [, name, text] = guarantee.exec(message) ?? [];
  if (name === undefined || text === undefined) {
    return { code: 'statement-failed', message: `A trigger refused the statement: ${message}` };
  }
  // a guard against REPLACE runs before the unique key itself, and cannot tell a plain duplicate from one
  const isDuplicate = text.endsWith('with this key exists and is never replaced');
  return {
    code: isDuplicate ? 'unique-violation' : 'guarantee-violated',
    message: text,
    detail: `The guarantee "${name}" of the table refuses it.`,
  };
};

const intoView = /^cannot modify (\S+) because it is a view$/;

// the views of a session stand before its scoped tables, and a plain write passes them
const viewRefusal: Describe = (message) => ({
  code: 'privilege-missing',
  message: `A session may not write to ${intoView.exec(message)?.[1]} in this form.`,
  detail: 'The table is scoped, and the statement’s form hides that it writes to it.',
  suggestion: 'Name the table alone, as in UPDATE notes SET …, without a schema.',
});

const readOnly: Describe = () => ({
  code: 'session-read-only',
  message: 'A write was tried in a read-only session.',
  suggestion: 'Use db.session(…) for work that writes.',
});

// SQLite looks before it writes: nothing goes into a file that has lost its name
const moved: Describe = () => ({
  code: 'connection-lost',
  message: 'The database file was replaced by another since it was opened; nothing was written.',
  detail: 'Its key was changed, or a backup was restored.',
  suggestion: 'Close the database and open it again.',
});

const full: Describe = () => ({
  code: 'disk-full',
  message: 'The disk is full; the statement was rolled back.',
  suggestion: 'Free some space on the database’s volume and try again.',
});

const corrupt: Describe = () => ({
  code: 'database-corrupt',
  message: 'The database file is damaged.',
  detail: 'A page of it is not as SQLite wrote it.',
  suggestion: 'Keep the file with its -wal, and restore the last verified backup beside it.',
});

const busy: Describe = () => ({
  code: 'lock-timeout',
  message: 'The database is locked by another process.',
  suggestion: 'Try again; make the other process’s transactions shorter, or raise lockTimeout.',
});

const typeViolation: Describe = (message) => ({
  code: 'check-violation',
  message: 'A value is not of its column’s type.',
  detail: `SQLite says: ${message}.`,
});

const known: Readonly<Record<string, Describe>> = {
  SQLITE_CONSTRAINT_UNIQUE: uniqueViolation,
  SQLITE_CONSTRAINT_PRIMARYKEY: uniqueViolation,
  SQLITE_CONSTRAINT_ROWID: uniqueViolation,
  SQLITE_CONSTRAINT_FOREIGNKEY: foreignKeyViolation,
  SQLITE_CONSTRAINT_CHECK: (message) => ({
    code: 'check-violation',
    message: 'A value is refused by a CHECK constraint of the database.',
    detail: `The constraint is ${after(message, 'CHECK constraint failed: ')}.`,
  }),
  SQLITE_CONSTRAINT_DATATYPE: typeViolation,
  SQLITE_MISMATCH: typeViolation,
  SQLITE_CONSTRAINT_NOTNULL: (message) => ({
    code: 'not-null-violation',
    message: 'A required column was left empty.',
    detail: `The column is ${after(message, 'NOT NULL constraint failed: ')}.`,
  }),
  SQLITE_CONSTRAINT_TRIGGER: triggerRefusal,
  SQLITE_READONLY: readOnly,
  SQLITE_READONLY_DBMOVED: moved,
  SQLITE_FULL: full,
  // no room for the -shm beside a file
  SQLITE_IOERR_SHMSIZE: full,
  SQLITE_CORRUPT: corrupt,
  SQLITE_NOTADB: corrupt,
  SQLITE_BUSY: busy,
  SQLITE_LOCKED: busy,
};

/** SQLite's extended result code of an error that the driver threw; `''` for any other error. */
export function sqliteCode(error: unknown): string {
  return error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    error.code.startsWith('SQLITE_')
    ? error.code
    : '';
}

/** SQLite's primary result code: `SQLITE_BUSY` for `SQLITE_BUSY_SNAPSHOT`. */
export function primaryCode(error: unknown): string {
  return /^SQLITE_[A-Z]+/.exec(sqliteCode(error))?.[0] ?? '';
}

/** Whether another process holds the lock that was asked for. */
export function isBusy(error: unknown): boolean {
  const code = primaryCode(error);
  return code === 'SQLITE_BUSY' || code === 'SQLITE_LOCKED';
}

/** Whether the file that a connection has opened has lost its name meanwhile. */
export function hasMoved(error: unknown): boolean {
  return sqliteCode(error) === 'SQLITE_READONLY_DBMOVED';
}

/** The AshlarError for what the driver threw. SQLite's messages name tables and columns, never values. */
export function sqliteError(error: unknown): AshlarError {
  if (error instanceof AshlarError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const describe = intoView.test(text)
    ? viewRefusal
    : (known[sqliteCode(error)] ?? known[primaryCode(error)]);
  if (describe) return new AshlarError(describe(text).code, { ...describe(text), cause: error });
  return new AshlarError('statement-failed', {
    message: 'The database refused a statement.',
    detail: `SQLite says: ${text}`,
    cause: error,
  });
}

/** The AshlarError for a COMMIT that failed. */
export function commitError(error: unknown): AshlarError {
  const code = primaryCode(error);
  if (code !== 'SQLITE_IOERR' && code !== 'SQLITE_FULL') return sqliteError(error);
  return new AshlarError('outcome-unknown', {
    message: 'The commit failed while it was being written, so it may or may not be durable.',
    detail:
      code === 'SQLITE_FULL' ? 'The disk is full.' : 'The file system reported an input or output error.',
    suggestion: 'Look whether the rows are there before trying again.',
    cause: error,
  });
}
