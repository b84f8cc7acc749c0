/** What a process should exit with when an error ends it. 1: a check failed · 2: wrong usage · 3: could not connect or open. */
export type ExitCode = 1 | 2 | 3;

/** Every error code Ashlar can throw, what it means, and the exit code it ends a command with. */
export const errorCodes = {
  'table-invalid': {
    exit: 2,
    meaning: 'A table declaration contradicts itself or names something that is not there.',
  },
  'column-type-unsupported': { exit: 2, meaning: 'A Zod type in a table has no column form.' },
  'guarantee-refused': { exit: 2, meaning: 'An engine cannot keep a guarantee that a table declares.' },
  'guarantee-violated': {
    exit: 1,
    meaning: 'The database refused a statement because it would break a guarantee.',
  },
  'value-invalid': { exit: 1, meaning: 'A value does not fit its column; nothing was written.' },
  'value-unstorable': {
    exit: 1,
    meaning: 'A value cannot be stored and read back identically on every engine; nothing was written.',
  },
  'value-corrupt': { exit: 1, meaning: 'A stored value cannot be read back as its column promises.' },
  'unique-violation': { exit: 1, meaning: 'A row with the same unique key exists.' },
  'foreign-key-violation': {
    exit: 1,
    meaning: 'A row refers to one that does not exist, or is still referred to.',
  },
  'check-violation': { exit: 1, meaning: 'A value is refused by a CHECK constraint of the database.' },
  'not-null-violation': { exit: 1, meaning: 'A required column was left empty.' },
  'row-not-found': { exit: 1, meaning: 'No row has the key that was asked for.' },
  'session-ended': { exit: 1, meaning: 'A session was used after it ended.' },
  'session-read-only': { exit: 1, meaning: 'A write was tried in a read-only session.' },
  'session-aborted': {
    exit: 1,
    meaning: 'A statement failed earlier in this session, so nothing of it can be kept.',
  },
  'session-not-awaited': {
    exit: 1,
    meaning: 'A session callback returned before its statements had finished.',
  },
  'session-conflict': {
    exit: 1,
    meaning: 'A nested session asked for another actor or scope than the one it runs in.',
  },
  'session-retries-exhausted': {
    exit: 1,
    meaning: 'A session met serialization failures or deadlocks at every attempt.',
  },
  'outcome-unknown': {
    exit: 1,
    meaning: 'The commit failed in a way that leaves open whether it became durable.',
  },
  'statement-failed': { exit: 1, meaning: 'The database refused a statement.' },
  'privilege-missing': { exit: 1, meaning: 'The role of this connection may not do that.' },
  'lock-timeout': { exit: 1, meaning: 'A lock was not granted in time.' },
  'disk-full': { exit: 1, meaning: 'The disk is full; the statement was rolled back.' },
  'url-invalid': { exit: 2, meaning: 'A database URL cannot be understood.' },
  'settings-invalid': { exit: 2, meaning: 'A setting is missing or does not fit.' },
  'driver-missing': { exit: 3, meaning: 'The driver package of an engine is not installed.' },
  'driver-unfit': {
    exit: 3,
    meaning: 'The installed driver cannot be used: it does not run on this Node, or corrupts databases.',
  },
  'key-missing': { exit: 3, meaning: 'An encrypted database was opened without a key.' },
  'key-invalid': { exit: 3, meaning: 'A database key is malformed.' },
  'key-wrong': { exit: 3, meaning: 'The key does not open the database.' },
  'database-locked': { exit: 3, meaning: 'Another process holds the database.' },
  'database-corrupt': { exit: 3, meaning: 'The database file is damaged.' },
  'database-not-encrypted': {
    exit: 3,
    meaning: 'The file is plain SQLite where an encrypted one was expected.',
  },
  'not-a-database': { exit: 3, meaning: 'The file is no database, neither plain nor encrypted.' },
  'cipher-version': {
    exit: 3,
    meaning: 'The key is right, but the file is of another version of SQLCipher, or has other pages.',
  },
  'database-closed': { exit: 1, meaning: 'The database was used after it was closed.' },
  'directory-missing': { exit: 3, meaning: 'The folder of a database file does not exist.' },
  'filesystem-unsafe': { exit: 3, meaning: 'The path is on a file system on which SQLite corrupts.' },
  'connection-refused': { exit: 3, meaning: 'No server answers at that address.' },
  'connection-lost': {
    exit: 3,
    meaning: 'The connection to the server broke, or the database file was replaced by another.',
  },
  'authentication-failed': { exit: 3, meaning: 'The server refused the user or the password.' },
  'database-missing': { exit: 3, meaning: 'The server has no database of that name.' },
  'pooler-unfit': {
    exit: 3,
    meaning: 'A pooler between client and server drops settings or prepared statements.',
  },
  'server-too-old': { exit: 3, meaning: 'The server is older than PostgreSQL 15.' },
  'migration-changed': { exit: 1, meaning: 'A step that was applied has been edited since.' },
  'migration-missing': { exit: 1, meaning: 'The database has a step that the folder does not.' },
  'migration-late': { exit: 1, meaning: 'A step sorts before one that is already applied.' },
  'migration-failed': { exit: 1, meaning: 'A step failed and was rolled back.' },
  'migration-invalid': { exit: 2, meaning: 'A migration folder or file is not as it must be.' },
  'migration-locked': { exit: 1, meaning: 'Another process is migrating this database.' },
  'migration-ambiguous': {
    exit: 2,
    meaning: 'A column may have been renamed, or dropped and another added.',
  },
  'migration-irreversible': { exit: 1, meaning: 'A step has no way back.' },
  'migration-pending': {
    exit: 1,
    meaning: 'The model and the migrations, or the database and the migrations, differ.',
  },
  'system-unknown': { exit: 2, meaning: 'No system has that name.' },
  'system-collision': { exit: 2, meaning: 'Another system in the same place has a table of the same name.' },
  'retention-unmet': { exit: 1, meaning: 'Rows whose time is over could not leave.' },
  'signature-invalid': {
    exit: 1,
    meaning: 'A signed checkpoint cannot be read, or its signature does not hold.',
  },
  'proof-invalid': { exit: 1, meaning: 'A proof of a ledger cannot be read, or does not hold.' },
  'ledger-tampered': {
    exit: 1,
    meaning: 'What a ledger holds is not what was written: rows, entries or hashes were changed.',
  },
  'ledger-conflict': {
    exit: 1,
    meaning: 'The ledger is not a continuation of one that was signed or verified before.',
  },
  'scope-shredded': {
    exit: 1,
    meaning: 'The data key of a scope was erased; its data cannot be read, and it gets no other key.',
  },
  'decryption-failed': {
    exit: 1,
    meaning: 'A ciphertext cannot be decrypted: it was changed, or moved from where it was sealed.',
  },
  'guarantee-broken': {
    exit: 1,
    meaning: 'An attack on a guarantee got through, or something that keeps guarantees is not in place.',
  },
  'role-missing': {
    exit: 1,
    meaning: 'The roles or their rights must be made by a DBA: the detail is the SQL to run.',
  },
  'role-too-strong': { exit: 3, meaning: 'A role that could change the schema may not run the application.' },
  'roles-differ': { exit: 1, meaning: 'Roles have other rights than the guarantees allow.' },
  'partition-conflict': { exit: 1, meaning: 'The partitions of a table cannot be arranged as they must be.' },
  'backup-key-missing': { exit: 2, meaning: 'There is no key to make or to open backups with.' },
  'backup-key-invalid': { exit: 2, meaning: 'A key for backups is malformed.' },
  'backup-key-wrong': { exit: 3, meaning: 'The key does not open the backup.' },
  'backup-missing': { exit: 2, meaning: 'There is no backup of that name.' },
  'backup-damaged': { exit: 1, meaning: 'A file of a backup is not what was written.' },
  'backup-manifest-mismatch': {
    exit: 1,
    meaning: 'A backup and its manifest do not belong together: it is another file, or holds something else.',
  },
  'backup-folder-locked': { exit: 1, meaning: 'Another process makes or removes backups in this folder.' },
  'restore-target-not-empty': {
    exit: 1,
    meaning: 'A backup would be restored over something that is there.',
  },
  'copy-unfit': {
    exit: 1,
    meaning: 'A copy of a database is of another kind or version than what it was to become.',
  },
  'copy-incomplete': {
    exit: 1,
    meaning: 'Row level security would keep rows out of a copy of the database.',
  },
  'pg-dump-missing': { exit: 3, meaning: 'The program pg_dump or pg_restore is not installed.' },
  'pg-dump-unfit': { exit: 3, meaning: 'The program pg_dump or pg_restore is older than the server.' },
  'pg-dump-failed': { exit: 1, meaning: 'The program pg_dump or pg_restore ended with an error.' },
  usage: { exit: 2, meaning: 'A command or a function was called wrongly.' },
  'input-invalid': { exit: 1, meaning: 'The input of a service cannot be accepted.' },
  'state-conflict': { exit: 1, meaning: 'What was asked does not fit the present state.' },
  'access-denied': { exit: 1, meaning: 'The user may not do that with what he can see.' },
  'quota-exceeded': {
    exit: 1,
    meaning: 'There is no room left for it within the user’s quota; nothing was kept.',
  },
  'size-exceeded': { exit: 1, meaning: 'It is larger than may be kept; nothing was kept.' },
  'bytes-missing': { exit: 1, meaning: 'The bytes of a document are not where they were stored.' },
  'config-invalid': { exit: 2, meaning: 'The configuration file is not as it must be.' },
} as const satisfies Record<string, { exit: ExitCode; meaning: string }>;

/** One of the codes in {@link errorCodes}; `docs/errors.md` is generated from it. */
export type ErrorCode = keyof typeof errorCodes;

/** What an error tells besides its code. */
export interface ErrorFacts {
  /** What happened, in one sentence. */
  message: string;
  /** Why it happened. */
  detail?: string | undefined;
  /** What to do about it. */
  suggestion?: string | undefined;
  /** The error underneath; never shown to a user, kept for logs. */
  cause?: unknown;
}

/**
 * The one error class of Ashlar. `code` is stable and catalogued; `message` says what, `detail` why, `suggestion`
 * what to do. No text in it carries a key, a password or the plaintext of an encrypted column.
 */
export class AshlarError extends Error {
  readonly code: ErrorCode;
  readonly detail: string | undefined;
  readonly suggestion: string | undefined;

  constructor(code: ErrorCode, facts: ErrorFacts) {
    super(facts.message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = 'AshlarError';
    this.code = code;
    this.detail = facts.detail;
    this.suggestion = facts.suggestion;
  }

  /** The exit code a command ends with when this error ends it. */
  get exitCode(): ExitCode {
    return errorCodes[this.code].exit;
  }

  /** The error as data, without stack or cause. */
  toJSON(): { code: ErrorCode; message: string; detail?: string; suggestion?: string } {
    return {
      code: this.code,
      message: this.message,
      ...(this.detail === undefined ? {} : { detail: this.detail }),
      ...(this.suggestion === undefined ? {} : { suggestion: this.suggestion }),
    };
  }
}
