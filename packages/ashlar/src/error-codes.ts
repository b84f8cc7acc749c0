/**
 * The exit status of a process that an error ends. 1: a check failed · 2: wrong usage · 3: could not connect or open.
 */
export type ExitCode = 1 | 2 | 3;

/** The entry of an error code in a catalogue: its exit status and its meaning. */
export interface ErrorEntry {
  /** The exit status of a command that ends with the error. */
  readonly exit: ExitCode;
  /** What the code means, in one sentence. */
  readonly meaning: string;
}

/** Ashlar's own error codes, their meanings and exit statuses. A system adds its own with {@link defineErrors}. */
export const errorCodes = {
  'table-invalid': {
    exit: 2,
    meaning: 'A table declaration contradicts itself or names something that does not exist.',
  },
  'column-type-unsupported': {
    exit: 2,
    meaning: 'A table uses a Zod type that has no corresponding column type.',
  },
  'guarantee-refused': {
    exit: 2,
    meaning: 'The engine can neither enforce nor emulate a guarantee that a table declares.',
  },
  'guarantee-violated': {
    exit: 1,
    meaning: 'The database refused a statement because it would break a guarantee.',
  },
  'value-invalid': { exit: 1, meaning: 'A value is not valid for its column. Nothing was written.' },
  'value-unstorable': {
    exit: 1,
    meaning: 'A value cannot be stored and read back identically on every engine. Nothing was written.',
  },
  'value-corrupt': { exit: 1, meaning: 'A stored value cannot be read back as the type of its column.' },
  'unique-violation': { exit: 1, meaning: 'Another row already has the same unique key.' },
  'foreign-key-violation': {
    exit: 1,
    meaning: 'A row refers to a row that does not exist, or another row still refers to it.',
  },
  'check-violation': { exit: 1, meaning: 'A CHECK constraint of the database refused a value.' },
  'not-null-violation': { exit: 1, meaning: 'A required column has no value.' },
  'row-not-found': { exit: 1, meaning: 'No row has the given key.' },
  'session-ended': { exit: 1, meaning: 'A session was used after it ended.' },
  'session-read-only': { exit: 1, meaning: 'A read-only session tried to write.' },
  'session-aborted': {
    exit: 1,
    meaning: 'An earlier statement of this session failed, so the session was rolled back.',
  },
  'session-not-awaited': {
    exit: 1,
    meaning: 'A session callback returned without waiting for one of its calls.',
  },
  'session-cancelled': {
    exit: 1,
    meaning:
      'A session was ended from outside and rolled back: by its signal, by closing the database, or by the server.',
  },
  'session-conflict': {
    exit: 1,
    meaning: 'A nested session asked for a different actor, scope or option than the session it runs in.',
  },
  'session-retries-exhausted': {
    exit: 1,
    meaning: 'Every attempt of a session ended in a serialization failure or a deadlock.',
  },
  'outcome-unknown': {
    exit: 1,
    meaning: 'The commit failed, and it is unknown whether the changes were saved.',
  },
  'statement-failed': { exit: 1, meaning: 'The database refused a statement.' },
  'statement-too-large': {
    exit: 1,
    meaning: 'A statement has more parameters than every engine takes. Nothing was sent.',
  },
  'statement-timeout': { exit: 1, meaning: 'A statement ran for longer than its limit and was cancelled.' },
  'privilege-missing': { exit: 1, meaning: 'The connected role lacks the privilege for a statement.' },
  'lock-timeout': { exit: 1, meaning: 'A lock or a connection was not granted in time.' },
  'disk-full': { exit: 1, meaning: 'The disk is full. The statement was rolled back.' },
  'file-failed': {
    exit: 3,
    meaning:
      'The operating system failed on a file, or what has its path is no file. No finished work was lost.',
  },
  'url-invalid': { exit: 2, meaning: 'A database URL is not valid.' },
  'settings-invalid': { exit: 2, meaning: 'A setting is missing or invalid.' },
  'driver-missing': { exit: 3, meaning: 'The driver package of an engine is not installed.' },
  'driver-unfit': {
    exit: 3,
    meaning:
      'The installed driver cannot be used: it does not run on this version of Node.js, or it corrupts databases.',
  },
  'key-missing': { exit: 3, meaning: 'Encrypted data cannot be opened without a key.' },
  'key-invalid': { exit: 3, meaning: 'A key is malformed.' },
  'key-wrong': { exit: 3, meaning: 'The key does not open the database.' },
  'database-locked': { exit: 3, meaning: 'Another process has locked the database.' },
  'database-corrupt': { exit: 3, meaning: 'The database file is damaged.' },
  'database-not-encrypted': {
    exit: 3,
    meaning: 'The file is a plain SQLite database, but an encrypted database was expected.',
  },
  'not-a-database': { exit: 3, meaning: 'The file is not a database, neither plain nor encrypted.' },
  'cipher-version': {
    exit: 3,
    meaning: 'The key is correct, but the file has a different SQLCipher version or page size.',
  },
  'database-closed': { exit: 1, meaning: 'The database was used after it was closed.' },
  'directory-missing': { exit: 3, meaning: 'The folder of a database file does not exist.' },
  'filesystem-unsafe': { exit: 3, meaning: 'SQLite can corrupt files on the file system of this path.' },
  'connection-refused': { exit: 3, meaning: 'No server answers at that address.' },
  'connection-lost': {
    exit: 3,
    meaning: 'The connection to the server broke, or another file replaced the database file.',
  },
  'authentication-failed': { exit: 3, meaning: 'The server refused the user or the password.' },
  'database-missing': { exit: 3, meaning: 'The server has no database with that name.' },
  'pooler-unfit': {
    exit: 3,
    meaning: 'The work needs a connection of its own to the server, and a pooler stands between.',
  },
  'server-too-old': { exit: 3, meaning: 'The server is older than PostgreSQL 15.' },
  'database-newer': {
    exit: 3,
    meaning: 'A newer release of Ashlar changed the database, and this release cannot use it any more.',
  },
  'guard-refused': {
    exit: 2,
    meaning: 'A guarantee cannot be put on a table of another tool. Nothing was changed.',
  },
  'guard-broken': {
    exit: 1,
    meaning: 'Objects or rights of a guard are missing or changed, so that its guarantees do not hold.',
  },
  'database-incoming': { exit: 3, meaning: 'The database is the target of a move that has not ended.' },
  'move-refused': {
    exit: 1,
    meaning: 'A move cannot be made as it was asked for. Nothing was written.',
  },
  'move-target-not-empty': {
    exit: 1,
    meaning: 'The target of a move already has rows in the tables to move. Nothing was written.',
  },
  'move-source-other': {
    exit: 1,
    meaning: 'The target holds an unfinished move from another source. Nothing was written.',
  },
  'move-source-changed': {
    exit: 1,
    meaning: 'Somebody wrote to the source of a move while it was read, so the move has not ended.',
  },
  'move-value': { exit: 1, meaning: 'Rows of the source of a move have values that the target cannot hold.' },
  'move-differs': {
    exit: 1,
    meaning: 'After a move, tables of the target differ from the source, so the move has not ended.',
  },
  'migration-changed': { exit: 1, meaning: 'A migration step was edited after it was applied.' },
  'adopt-differs': {
    exit: 1,
    meaning: 'The description of a database does not make the same database again. Nothing was written.',
  },
  'adopt-empty': {
    exit: 2,
    meaning: 'No table of a database can be declared. Nothing was written.',
  },
  'stamp-differs': {
    exit: 1,
    meaning: 'The database is not what the steps to be recorded make of an empty one. Nothing was recorded.',
  },
  'migration-unfilled': {
    exit: 1,
    meaning: 'A step has marks where a person must decide. No command runs it.',
  },
  'migration-missing': {
    exit: 1,
    meaning: 'A step was applied to the database, but the migrations folder does not contain it.',
  },
  'migration-late': {
    exit: 1,
    meaning: 'A pending migration step sorts before a step that is already applied.',
  },
  'migration-failed': { exit: 1, meaning: 'A migration step failed and was rolled back.' },
  'migration-invalid': { exit: 2, meaning: 'A migration folder or file is not valid.' },
  'migration-locked': { exit: 1, meaning: 'Another process is migrating this database.' },
  'migration-ambiguous': {
    exit: 2,
    meaning:
      'A table or a column is missing: it was either renamed or dropped. The declarations do not show which.',
  },
  'migration-untested': {
    exit: 1,
    meaning: 'A generated step does not run, or does not make the declared schema. Nothing was written.',
  },
  'expansion-refused': {
    exit: 2,
    meaning:
      'The change of a table cannot be made while an older and a newer version of the application run.',
  },
  'conversion-unknown': {
    exit: 2,
    meaning: 'No generated step changes a column from the one kind to the other.',
  },
  'conversion-sealed': {
    exit: 2,
    meaning: 'A column that a ledger has sealed cannot change its kind.',
  },
  'conversion-blocked': {
    exit: 2,
    meaning:
      'A column cannot change its kind because of a partition key, a foreign key or an undeclared object that names it.',
  },
  'migration-blocked': {
    exit: 1,
    meaning: 'A step would drop or break a database object that no generated step made.',
  },
  'migration-irreversible': {
    exit: 1,
    meaning: 'A migration step has no down migration, so it cannot be undone.',
  },
  'migration-destroys': {
    exit: 1,
    meaning: 'A migration step would lose rows or values, and this was not accepted. Nothing was lost.',
  },
  'migration-pending': {
    exit: 1,
    meaning: 'The migrations differ from the declared tables, or from the steps applied to the database.',
  },
  'system-unknown': { exit: 2, meaning: 'No configured system has the given name.' },
  'system-collision': {
    exit: 2,
    meaning: 'Another system in the same database has a table of the same name.',
  },
  'status-failed': {
    exit: 1,
    meaning:
      '`ashlar status --check` found drift, missing steps, missing objects of guarantees or wrong rights.',
  },
  'retention-unmet': { exit: 1, meaning: 'Expired rows could not be purged.' },
  'signature-invalid': {
    exit: 1,
    meaning: 'A signed checkpoint cannot be read, or its signature is not valid.',
  },
  'proof-invalid': { exit: 1, meaning: 'An inclusion proof cannot be read, or its verification failed.' },
  'ledger-tampered': {
    exit: 1,
    meaning: 'Rows, entries or hashes of a ledger were changed after they were written.',
  },
  'ledger-conflict': {
    exit: 1,
    meaning: 'The ledger is not an extension of the state that was signed or verified before.',
  },
  'clocks-differ': {
    exit: 1,
    meaning: 'A checkpoint was not signed, because the time that it would state contradicts another clock.',
  },
  'scope-shredded': {
    exit: 1,
    meaning: 'The data key of a scope was shredded. Its data cannot be read, and it gets no new key.',
  },
  'decryption-failed': {
    exit: 1,
    meaning: 'A ciphertext cannot be decrypted: it was changed, or moved to another row or column.',
  },
  'guarantee-broken': {
    exit: 1,
    meaning:
      'An attack on a guarantee succeeded, or a database object that enforces a guarantee is missing or changed.',
  },
  'role-missing': {
    exit: 1,
    meaning: 'A DBA must create the roles or grant their rights. The detail is the SQL to run.',
  },
  'context-refused': {
    exit: 1,
    meaning: 'A session has a scope and an actor that it did not sign with the key of the database.',
  },
  'scope-key-missing': {
    exit: 3,
    meaning: 'The database verifies the scope of each session, and SCOPE_KEY is not set.',
  },
  'scope-key-wrong': { exit: 3, meaning: 'SCOPE_KEY is not the key that the database verifies scopes with.' },
  'scope-key-absent': {
    exit: 3,
    meaning: 'The database has no key that verifies the scope of sessions, and the connection requires one.',
  },
  'scope-key-early': {
    exit: 1,
    meaning:
      'Objects of an earlier release do not verify the scope of sessions, so the database gets no key.',
  },
  'role-too-strong': { exit: 3, meaning: 'A role that can change the schema may not run the application.' },
  'roles-differ': { exit: 1, meaning: 'The rights of the roles differ from what the guarantees allow.' },
  'partition-conflict': { exit: 1, meaning: 'The partitions of a table cannot be created as declared.' },
  'backup-key-missing': { exit: 2, meaning: 'Backups cannot be created or opened without a key.' },
  'backup-key-invalid': { exit: 2, meaning: 'A key for backups is malformed.' },
  'backup-key-wrong': { exit: 3, meaning: 'The key does not open the backup.' },
  'backup-missing': { exit: 2, meaning: 'No backup has the given name.' },
  'backup-damaged': { exit: 1, meaning: 'A file of a backup was changed or truncated.' },
  'backup-manifest-mismatch': {
    exit: 1,
    meaning: 'A backup and its manifest do not belong together.',
  },
  'backup-folder-locked': {
    exit: 1,
    meaning: 'Another process is creating or removing backups in this folder.',
  },
  'restore-target-not-empty': {
    exit: 1,
    meaning: 'A restore would overwrite an existing database.',
  },
  'copy-unfit': {
    exit: 1,
    meaning: 'A copy of a database cannot be restored to the target: its engine or version differs.',
  },
  'copy-incomplete': {
    exit: 1,
    meaning: 'A copy of the database would be incomplete, because row-level security hides rows.',
  },
  'pg-dump-missing': { exit: 3, meaning: 'The program pg_dump or pg_restore is not installed.' },
  'pg-dump-unfit': { exit: 3, meaning: 'The program pg_dump or pg_restore is older than the server.' },
  'pg-dump-failed': { exit: 1, meaning: 'The program pg_dump or pg_restore ended with an error.' },
  'init-conflict': {
    exit: 2,
    meaning: '`ashlar init` would write a file that exists with another content. Nothing was written.',
  },
  'init-failed': {
    exit: 1,
    meaning: '`ashlar init` could not finish, and removed what it had written.',
  },
  usage: { exit: 2, meaning: 'A command or a function was called incorrectly.' },
  'input-invalid': { exit: 1, meaning: 'The input of a service is not valid.' },
  'state-conflict': { exit: 1, meaning: 'The current state does not allow the request.' },
  'config-invalid': { exit: 2, meaning: 'The configuration file is not valid.' },
} as const satisfies Record<string, ErrorEntry>;
