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
    detail: `The columns of the key: ${columns}.`,
    suggestion: 'Choose another value, or update the existing row.',
  };
};

const foreignKeyFailed = 'FOREIGN KEY constraint failed';

const foreignKeyViolation: Describe = (message) => ({
  code: 'foreign-key-violation',
  message: 'A row references a missing row, or a row to delete or change is still referenced.',
  detail:
    message === foreignKeyFailed
      ? 'SQLite does not report which foreign key was violated.'
      : `The foreign key is ${after(message, `${foreignKeyFailed}: `)}.`,
  suggestion: 'Insert the referenced row first, or delete the referencing rows first.',
});

const guarantee = /^ashlar\/([a-z0-9-]+): (.*)$/s;

const triggerRefusal: Describe = (message) => {
  // SQLite implements ON DELETE RESTRICT as a trigger, and Ashlar's foreign key guards are triggers too
  if (message.startsWith(foreignKeyFailed)) return foreignKeyViolation(message);
  const [, name, text] = guarantee.exec(message) ?? [];
  if (name === undefined || text === undefined) {
    return { code: 'statement-failed', message: `A trigger refused the statement: ${message}` };
  }
  // the trigger against REPLACE runs before the unique key is checked, and cannot tell a plain duplicate from a REPLACE
  const isDuplicate = text.endsWith('with this key exists and is never replaced');
  return {
    code: isDuplicate ? 'unique-violation' : 'guarantee-violated',
    message: text,
    detail: `The guarantee "${name}" of the table refuses this statement.`,
  };
};

const intoView = /^cannot modify (\S+) because it is a view$/;

// a view shadows each scoped table in a session; a plain write is redirected to the table
const viewRefusal: Describe = (message) => ({
  code: 'privilege-missing',
  message: `A session cannot write to ${intoView.exec(message)?.[1]} with a statement of this form.`,
  detail: 'The table is scoped, and Ashlar cannot find its name as the target of this statement.',
  suggestion: 'Use the table name without a schema, as in UPDATE notes SET …',
});

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

const typeViolation: Describe = (message) => ({
  code: 'check-violation',
  message: 'A value does not have the type of its column.',
  detail: `SQLite: ${message}.`,
});

const known: Readonly<Record<string, Describe>> = {
  SQLITE_CONSTRAINT_UNIQUE: uniqueViolation,
  SQLITE_CONSTRAINT_PRIMARYKEY: uniqueViolation,
  SQLITE_CONSTRAINT_ROWID: uniqueViolation,
  SQLITE_CONSTRAINT_FOREIGNKEY: foreignKeyViolation,
  SQLITE_CONSTRAINT_CHECK: (message) => ({
    code: 'check-violation',
    message: 'A CHECK constraint refused a value.',
    detail: `The constraint is ${after(message, 'CHECK constraint failed: ')}.`,
  }),
  SQLITE_CONSTRAINT_DATATYPE: typeViolation,
  SQLITE_MISMATCH: typeViolation,
  SQLITE_CONSTRAINT_NOTNULL: (message) => ({
    code: 'not-null-violation',
    message: 'A required column has no value.',
    detail: `The column is ${after(message, 'NOT NULL constraint failed: ')}.`,
  }),
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

/** Whether an error means that another process holds the requested lock. */
export function isBusy(error: unknown): boolean {
  const code = primaryCode(error);
  return code === 'SQLITE_BUSY' || code === 'SQLITE_LOCKED';
}

/** Whether an error means that the file was replaced or removed after the connection opened it. */
export function hasMoved(error: unknown): boolean {
  return sqliteCode(error) === 'SQLITE_READONLY_DBMOVED';
}

/** Translates an error of the driver into an AshlarError. SQLite's messages contain names of tables and columns, no values. */
export function sqliteError(error: unknown): AshlarError {
  if (error instanceof AshlarError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const describe = intoView.test(text)
    ? viewRefusal
    : (known[sqliteCode(error)] ?? known[primaryCode(error)]);
  if (describe) return new AshlarError(describe(text).code, { ...describe(text), cause: error });
  return new AshlarError('statement-failed', {
    message: 'The database refused a statement.',
    detail: `SQLite: ${text}`,
    cause: error,
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
