// The cause, an example and the remedy of each error code, for docs/errors.md. packages/ashlar/test/errors.test.ts runs the
// examples that `runs` made, on SQLite.

/** An example in TypeScript that fails with the code; it uses what the page's first example declares. */
const runs = (example) => ({ language: 'ts', example, runs: true });
/** An example in TypeScript that needs more than one process, another engine, or a fault. */
const shown = (example) => ({ language: 'ts', example, runs: false });
/** An example on the command line. */
const command = (example) => ({ language: 'sh', example, runs: false });

/** What the examples in TypeScript declare and insert first. */
export const beforeExamples = `const users = table('users', { id: id(), email: z.email(), age: z.int().min(0) }, (c) => [unique(c.email)]);
const posts = table('posts', { id: id(), user_id: z.uuid(), title: z.string().max(80) }, (c) => [
  references(c.user_id, users.columns.id),
]);
const events = table('events', { id: id(), what: z.string() }, () => [appendOnly()]);
const shop = system('shop', { tables: { users, posts, events }, migrations: new URL('file:///srv/shop/migrations/') });

const ann = await db.session(async (s) => {
  const user = await s.insert(users, { email: 'ann@example.org', age: 42 });
  await s.insert(posts, { user_id: user.id, title: 'Hello' });
  await s.insert(events, { what: 'ann came' });
  return user;
});`;

/** Cause, example and remedy by code. */
export const errorDocs = {
  'table-invalid': {
    cause:
      'A table has no primary key, two of them, a key over columns of another table, a name that an engine would change, or guarantees that exclude each other.',
    ...runs(`table('notes', { body: z.string() });`),
    remedy: 'The suggestion of the error names the change of the declaration.',
  },
  'column-type-unsupported': {
    cause: 'A column has a Zod type whose values have no stored form that comes back unchanged.',
    ...runs(`table('notes', { id: id(), words: z.map(z.string(), z.int()) });`),
    remedy: 'Use text, a number, a boolean, a time, bytes or JSON: json(z.record(…)) instead of z.map(…).',
  },
  'guarantee-refused': {
    cause: 'A guarantee of one’s own declares the level `refused` for the engine of the URL.',
    ...command('ashlar up --url sqlite:app.db'),
    remedy: 'Use another engine, or remove the guarantee from the table.',
  },
  'guarantee-violated': {
    cause:
      'A statement would change or delete a row that a guarantee keeps, or write a row that it does not allow. `facts` has the table and the guarantee.',
    ...runs(`await db.session((s) => s.query.deleteFrom('events').execute());`),
    remedy:
      'Correct the program. What a guarantee refuses is never needed in its table: insert a row that corrects an earlier one.',
  },
  'value-invalid': {
    cause: 'Zod refuses a value of a row, or a parameter has a JavaScript type that no column has.',
    ...runs(`await db.session((s) => s.insert(users, { email: 'not an address', age: 7 }));`),
    remedy: 'Correct the value; `facts.issues` has the paths and Zod’s codes.',
  },
  'value-unstorable': {
    cause:
      'A value is valid for Zod, but an engine would refuse it or return another one: NUL in a text, a lone surrogate, −0, JSON of more than 512 levels.',
    ...runs(`await db.session((s) => s.insert(posts, { user_id: ann.id, title: 'a\\0b' }));`),
    remedy: 'Remove or replace the character or number that the message names.',
  },
  'value-corrupt': {
    cause: 'Another program stored a value that has no place in its column, or a sum is beyond 2^53 − 1.',
    ...shown('await db.read((s) => sql`SELECT 9007199254740993::bigint AS n`.execute(s.query));'),
    remedy: 'Find the program that wrote the value, and correct the row. Cast large sums to text.',
  },
  'unique-violation': {
    cause: 'The primary key, a unique key or a unique index already has the values. `facts` has its columns.',
    ...runs(`await db.session((s) => s.insert(users, { email: 'ann@example.org', age: 7 }));`),
    remedy:
      'Ask for another value, or update the row that has it. Run the insert in a nested session to go on after the error.',
  },
  'foreign-key-violation': {
    cause:
      'The row that a foreign key refers to does not exist, or rows still refer to the row to delete or change. `facts` has the foreign key and the table that declares it.',
    ...runs('await db.session((s) => s.delete(users, ann.id));'),
    remedy: 'Insert the referenced row first, or delete the referring rows first.',
  },
  'check-violation': {
    cause:
      'A CHECK of a column or of the table does not hold. The session’s methods report most of them as `value-invalid` before.',
    ...runs('await db.session((s) => sql`UPDATE users SET age = -1`.execute(s.query));'),
    remedy: 'Correct the value; `facts.constraint` names the CHECK.',
  },
  'not-null-violation': {
    cause: 'SQL leaves out a required column or sets it to NULL.',
    ...runs('await db.session((s) => sql`UPDATE posts SET title = NULL`.execute(s.query));'),
    remedy: 'Give the column a value, or declare it .nullable().',
  },
  'row-not-found': {
    cause: 'The key is that of no row, or of a row outside the session’s scope.',
    ...runs(`await db.session((s) => s.delete(users, '01980000-0000-7000-8000-000000000000'));`),
    remedy: 'Check the key and the scope. `get` returns undefined instead.',
  },
  'session-ended': {
    cause: 'A session, or one of its queries, was kept after its callback had returned.',
    ...runs(`const kept = await db.session(async (s) => ({ s }));
await kept.s.get(users, ann.id);`),
    remedy: 'Await every call inside the callback.',
  },
  'session-read-only': {
    cause: 'A statement writes in `db.read`, in a session nested in it, or with a read-only connection.',
    ...runs(`await db.read((s) => s.insert(users, { email: 'bob@example.org', age: 7 }));`),
    remedy: 'Use db.session(…).',
  },
  'session-cancelled': {
    cause:
      'The signal of the session was aborted, the database was closed while a statement ran, or an administrator ended the connection.',
    ...shown(`const signal = AbortSignal.timeout(1_000);
await db.session({ signal }, async (s) => await importMillions(s));`),
    remedy: 'Nothing was written. Run the session again, with more time if it needs it.',
  },
  'statement-timeout': {
    cause:
      'A statement ran for longer than the session’s statementTimeout, or than the limit that the server sets for the role.',
    ...shown(`await db.session({ statementTimeout: 100 }, async (s) => await slowReport(s));`),
    remedy: 'Make the statement faster (an index, fewer rows), or raise statementTimeout.',
  },
  'statement-too-large': {
    cause:
      'A query of Kysely has more than 32,766 parameters: SQLite takes no more, and a statement that runs on one engine runs on the others.',
    ...runs(`const ages = Array.from({ length: 40_000 }, (_, age) => age);
await db.read((s) => s.query.selectFrom('users').selectAll().where('age', 'in', ages).execute());`),
    remedy: 'Insert rows with insertMany, and split a long list into several statements.',
  },
  'session-aborted': {
    cause:
      'A statement failed, its error was caught, and the session went on. After an error a transaction can only be rolled back.',
    ...runs(`await db.session(async (s) => {
  await s.insert(users, { email: 'ann@example.org', age: 7 }).catch(() => undefined);
  await s.get(users, ann.id);
});`),
    remedy: 'Run what may fail in a nested session: await s.session((inner) => inner.insert(…)).',
  },
  'session-not-awaited': {
    cause:
      'The callback returned without waiting for a call of the session. If the call failed, its error is the `cause`.',
    ...shown(`await db.session(async (s) => {
  s.insert(users, { email: 'bob@example.org', age: 7 });
});`),
    remedy: 'Await every call.',
  },
  'session-conflict': {
    cause:
      'A session inside another has a different actor or scope, or an outer session is used while a nested one is open.',
    ...runs(`await db.session({ actor: 'ann' }, () => db.session({ actor: 'bob' }, async () => undefined));`),
    remedy: 'Leave out actor and scope inside, and use the session that the inner callback gets.',
  },
  'session-retries-exhausted': {
    cause: 'Every attempt of a session met a deadlock or a serialization failure.',
    ...shown(`// while another session locks a first, and then b
await db.session(async (s) => {
  await s.lock('b');
  await s.lock('a');
});`),
    remedy: 'Lock in the same order everywhere, and make sessions shorter.',
  },
  'outcome-unknown': {
    cause: 'The connection broke, or the disk failed, while a commit was under way.',
    ...shown(`// the server is stopped during the COMMIT
await db.session((s) => s.insert(events, { what: 'unknown' }));`),
    remedy: 'Read whether the rows are there before running the session again.',
  },
  'statement-failed': {
    cause:
      'The database refused SQL for a reason that has no code of its own: its syntax, an unknown column, a cast.',
    ...runs('await db.read((s) => sql`SELECT no_such_column FROM users`.execute(s.query));'),
    remedy: 'Correct the SQL; the detail has the database’s message or its SQLSTATE.',
  },
  'privilege-missing': {
    cause:
      'The role lacks a right that no guarantee withholds, or a session on SQLite runs a statement that a role could not run on a server.',
    ...runs('await db.session((s) => sql`DROP TABLE users`.execute(s.query));'),
    remedy:
      'Put changes of the schema into a migration. On a server, `ashlar roles check` shows missing rights.',
  },
  'lock-timeout': {
    cause: 'Another session or process held a lock for longer than `lockTimeout`.',
    ...runs(`await db.session(async (s) => {
  await s.insert(events, { what: 'the outer session writes' });
  db.sync.session({}, () => undefined);
});`),
    remedy:
      'Make sessions shorter, do not open one inside another without its context, or raise lockTimeout.',
  },
  'disk-full': {
    cause: 'The volume of the database has no space.',
    ...shown(`// on a full volume
await db.session((s) => s.insert(events, { what: 'too much' }));`),
    remedy: 'Free space and run the session again. It was rolled back.',
  },
  'file-failed': {
    cause:
      'A read, write, sync, rename or removal failed (EIO), or a pipe, a folder or a device has the path of a file.',
    ...command('ashlar backup create'),
    remedy: 'Check the disk, or put the file in its place; then run the same command again.',
  },
  'url-invalid': {
    cause: 'The scheme of a URL is unknown, or the URL is malformed.',
    ...runs(`await connect(shop, { url: 'mysql://localhost/app' });`),
    remedy: 'Use sqlite:PATH, sqlcipher:PATH, pglite:DIRECTORY, pglite:memory or postgres://….',
  },
  'settings-invalid': {
    cause: 'A variable of the environment is missing or malformed.',
    ...command('DATABASE_URL= ashlar status'),
    remedy: 'Set the variable that the detail names, in the environment or in .env.',
  },
  'driver-missing': {
    cause: 'The driver of the URL’s engine is not installed; drivers are optional.',
    ...command('npm uninstall pg && ashlar status --url postgres://localhost/app'),
    remedy: 'Install the package that the suggestion names.',
  },
  'driver-unfit': {
    cause:
      'The driver was built for another version of Node.js, or it contains a version of SQLite that corrupts databases.',
    ...command('npm install better-sqlite3-multiple-ciphers@13 && node20 node_modules/.bin/ashlar status'),
    remedy: 'Install the version that the suggestion names.',
  },
  'key-missing': {
    cause: 'The database, or an encrypted column, needs a key, and none is given.',
    ...runs(`await connect(shop, { url: \`sqlcipher:\${folder}/app.db\` });`),
    remedy: 'Set DATABASE_KEY or COLUMN_KEY, or pass the key.',
  },
  'key-invalid': {
    cause: 'A key does not have the form of its kind.',
    ...runs(`await connect(shop, { url: 'sqlite::memory:', columnKeys: { current: 'no version' } });`),
    remedy: 'Make a key with `ashlar key new`.',
  },
  'key-wrong': {
    cause: 'The key is well formed and not that of the database or of the data.',
    ...runs(`const url = \`sqlcipher:\${folder}/app.db\`;
await (await connect(shop, { url, key: '11'.repeat(32) })).close();
await connect(shop, { url, key: '22'.repeat(32) });`),
    remedy: 'Use the key with which the file was made or last rotated. `ashlar key check` tests a key.',
  },
  'database-locked': {
    cause: 'Another process has the file or folder open, and the operation needs it alone.',
    ...command('ashlar status --url pglite:data   # while the application has the folder open'),
    remedy: 'Stop the other process, and run the command again.',
  },
  'database-corrupt': {
    cause: 'A page of the file is damaged: a disk fault, or a program that wrote over it.',
    ...command('ashlar status --url sqlite:damaged.db'),
    remedy: 'Keep the file and its -wal file, and restore the last verified backup to another path.',
  },
  'database-not-encrypted': {
    cause: 'The URL says sqlcipher:, but the file is a plain SQLite database.',
    ...runs(`await (await connect(shop, { url: \`sqlite:\${folder}/app.db\` })).close();
await connect(shop, { url: \`sqlcipher:\${folder}/app.db\`, key: '11'.repeat(32) });`),
    remedy: 'Use sqlite:, or import the file into an encrypted one: `ashlar import FILE --to sqlcipher:NEW`.',
  },
  'not-a-database': {
    cause: 'The file has another format.',
    ...runs(`await writeFile(\`\${folder}/app.db\`, 'This is a text. '.repeat(1_000));
await connect(shop, { url: \`sqlite:\${folder}/app.db\` });`),
    remedy: 'Check the path. An encrypted file needs sqlcipher: and its key.',
  },
  'cipher-version': {
    cause: 'The file was made by SQLCipher 1, 2 or 3, or with another page size.',
    ...command('ashlar status --url sqlcipher:from-version-3.db'),
    remedy: 'Import it into a new file: `ashlar import FILE --to sqlcipher:NEW`.',
  },
  'database-closed': {
    cause: 'Work began after `close()`.',
    ...runs(`await db.close();
await db.get(users, ann.id);`),
    remedy: 'Close the database last.',
  },
  'directory-missing': {
    cause: 'SQLite makes a file, but no folder.',
    ...runs(`await connect(shop, { url: \`sqlite:\${folder}/none/app.db\` });`),
    remedy: 'Create the folder.',
  },
  'filesystem-unsafe': {
    cause: 'The path is on a network file system, where locks of SQLite do not hold.',
    ...command('ashlar up --url sqlite:/mnt/nfs/app.db'),
    remedy: 'Use a local disk, or a PostgreSQL server.',
  },
  'connection-refused': {
    cause: 'No server listens at the host and port, or the host has no address.',
    ...runs(`await connect(shop, { url: 'postgres://127.0.0.1:1/app' });`),
    remedy: 'Start the server, or correct the URL.',
  },
  'connection-lost': {
    cause: 'The server ended the session, the network broke, or another file replaced the database file.',
    ...shown(`// the server restarts between two statements of a session
await db.session(async (s) => {
  await s.get(users, ann.id);
  await s.get(users, ann.id);
});`),
    remedy: 'Run the session again: it was rolled back. For a replaced file, open the database again.',
  },
  'authentication-failed': {
    cause: 'The user does not exist, or the password is wrong.',
    ...command('ashlar status --url postgres://app:wrong@localhost/app'),
    remedy: 'Correct the URL, or have the password set.',
  },
  'database-missing': {
    cause: 'The server has no such database, or a file that must exist does not.',
    ...command('ashlar status --url postgres://localhost/none'),
    remedy: 'Create the database, or correct the URL.',
  },
  'pooler-unfit': {
    cause:
      'A command or a function needs a connection of its own to the server, and the URL goes through a pooler. Or the URL says `pooled=false`, and the pooler drops settings or statements.',
    ...command('ashlar up --url postgres://pooler:6432/app?pooled=true'),
    remedy: 'Give the URL of the server itself (DATABASE_MIGRATE_URL), or write `pooled=true` for sessions.',
  },
  'server-too-old': {
    cause: 'The server is PostgreSQL 14 or older.',
    ...command('ashlar up --url postgres://old-server/app'),
    remedy: 'Upgrade the server.',
  },
  'database-newer': {
    cause:
      'The database was upgraded by a newer release of Ashlar, with a change after which older releases cannot use it. `facts.foundation` has the versions.',
    ...command('npm install ashlar@OLDER && ashlar up'),
    remedy: 'Install the newer release. A backup from before the upgrade can be restored with the older one.',
  },
  'guard-refused': {
    cause:
      'A guarantee would change the table of another tool, the table has no primary key, is partitioned or belongs to another role, a column has another type than declared, or a name is in both schemas.',
    ...shown(
      `guard('shop', { tables: { orders: orders.guarded((c) => [versioned({ key: c.id })]) }, migrations });`,
    ),
    remedy:
      'The message names what is in the way: correct the declaration or the tool’s own schema, or leave the guarantee out.',
  },
  'guard-broken': {
    cause:
      'A migration of the tool that owns the tables dropped, disabled or changed a trigger, a policy, a function or a right, or lifted row security.',
    ...command('prisma migrate deploy && ashlar guard check'),
    remedy:
      'Run `ashlar guard up`, which restores what is missing, and look at the migration: until then the guarantee did not hold.',
  },
  'database-incoming': {
    cause:
      'A move into the database was interrupted, or still runs. Rows or the objects that guard them are missing.',
    ...command(
      'ashlar move --from sqlite:shop.db --to postgres://localhost/shop   # killed\nashlar up --url postgres://localhost/shop',
    ),
    remedy: 'Run the same `ashlar move` again: it goes on where it stopped. `--discard` gives the move up.',
  },
  'move-refused': {
    cause:
      'The source has pending steps or differs from its steps, source and target are one database, the target’s engine has no steps, or a table has what a move cannot take. The detail lists every reason.',
    ...command('ashlar move --from sqlite:shop.db --to sqlite:shop.db'),
    remedy: 'Correct what the detail lists, then run the command again.',
  },
  'move-target-not-empty': {
    cause: 'A table to move has rows in the target, which no unfinished move has written.',
    ...command('ashlar move --from sqlite:shop.db --to postgres://localhost/other'),
    remedy: 'Give another database or schema (`?schema=NAME`), or empty the tables.',
  },
  'move-source-other': {
    cause: 'The mark in the target names another source.',
    ...command('ashlar move --from sqlite:other.db --to postgres://localhost/shop'),
    remedy: 'Give the source of the first run, or give that move up with `--discard`.',
  },
  'move-source-changed': {
    cause: 'A writer was not stopped, so the target lacks what it wrote.',
    ...command('ashlar move --from sqlite:shop.db --to postgres://localhost/shop   # while shop runs'),
    remedy: 'Stop the writers, then run the same command again: it loads the tables that differ.',
  },
  'move-value': {
    cause:
      'A program wrote to the file past Ashlar: text with NUL or bytes that are no UTF-8, JSON that is none, a value of another type, or one that a constraint of the target refuses. The detail names table, key and column, and never the value.',
    ...command('ashlar move --from sqlite:shop.db --to postgres://localhost/shop'),
    remedy: 'Correct the rows in the source, then run the same command again.',
  },
  'move-differs': {
    cause:
      'Counts or checksums differ although the source did not change: a program wrote to the target meanwhile.',
    ...command('ashlar move --from sqlite:shop.db --to postgres://localhost/shop'),
    remedy:
      'Stop what writes to the target, then run the same command again, or start again with `--discard`.',
  },
  'migration-changed': {
    cause: 'The checksum of a step differs from the one in the history.',
    ...command('echo "-- a comment" >> migrations/0001_initial/up.sqlite.sql && ashlar migrate up'),
    remedy:
      'Restore the step, and write a further step for the change. `ashlar migrate stamp` accepts one that has the same effect.',
  },
  'adopt-differs': {
    cause:
      'The first step was run in a shadow database, and the schema there differs from that of the database. The detail has a line for each difference.',
    ...command('ashlar adopt postgres://server/app'),
    remedy: 'Take over a part of the tables with `--tables`, and report the lines.',
  },
  'adopt-empty': {
    cause:
      'The database has no table, or none has a primary key that can be declared. The detail has the reasons.',
    ...command('ashlar adopt sqlite:empty.db'),
    remedy: 'Give the tables a primary key, or start with new tables: `ashlar init`.',
  },
  'stamp-differs': {
    cause:
      'The schema of the database differs from that of the steps that would then count as applied. The detail has a line for each difference.',
    ...command('ashlar migrate stamp head'),
    remedy:
      'Change the step so that it makes this database, change the database, or write the difference as a step: `ashlar migrate adopt NAME`. `--unchecked` records the step without comparing; every later step then starts from a schema that does not exist.',
  },
  'migration-unfilled': {
    cause:
      'Taking over a table needs an answer that is in no schema, such as the zone of a time. The step proposes an expression, and has a directive `-- ashlar: fill` for each.',
    ...command('ashlar migrate adopt form && ashlar up'),
    remedy:
      'Correct each expression that has the mark `/* fill … */` beside it, and delete the line of the directive. `ashlar migrate adopt --zone` answers for all times.',
  },
  'migration-missing': {
    cause: 'The folder of migrations is older than the database, or a step was removed or renamed.',
    ...command('rm -r migrations/0002_add_email && ashlar migrate up'),
    remedy: 'Deploy the folder that has the step.',
  },
  'migration-late': {
    cause: 'A step from another branch has a lower number than the last one applied.',
    ...command('ashlar migrate up   # 0003 is applied, and 0002 came with a merge'),
    remedy: 'Renumber the step, or run `ashlar migrate up --allow-late` if the order does not matter.',
  },
  'migration-failed': {
    cause: 'A statement of a step failed; the detail has its error. The step was rolled back.',
    ...command('ashlar migrate up   # a step makes a column unique that has duplicates'),
    remedy: 'Correct the data or the step, and run the command again.',
  },
  'migration-invalid': {
    cause: 'A folder has no number, a file is missing for an engine, or a file cannot be read.',
    ...command('mkdir migrations/no-number && ashlar migrate plan'),
    remedy: 'Correct the folder that the message names. `ashlar migrate new` makes valid ones.',
  },
  'migration-locked': {
    cause: 'Another process runs migrations on this database.',
    ...command('ashlar up & ashlar up'),
    remedy: 'Wait, and run the command again.',
  },
  'migration-ambiguous': {
    cause:
      'A table or column is gone, and no option, declaration or answer says that it was renamed or dropped.',
    ...command('ashlar migrate new rename_email   # users.email became users.address'),
    remedy:
      'Pass --rename users.email:address or --drop users.email (for a table --rename-table or --drop-table), or declare the rename: renamed(c.address, "email"), renamedTable("old").',
  },
  'expansion-refused': {
    cause:
      'migrate new --expand splits some changes of a table into three steps: a column becomes required, is renamed, gets another kind under a new name, or is split. Another change was found, or a guarantee of the table would refuse or record the fill.',
    ...command('ashlar migrate new title_to_headline --expand'),
    remedy:
      'Read the detail. Make other changes in a step of their own, without --expand, before or after. Say what the values are: --fill "table.column=SQL", --back "table.column=SQL".',
  },
  'migration-untested': {
    cause:
      'The generated step was tried in an empty database with sample rows, and a statement failed, or the result differs from the tables. Often a step that was written by hand, or an object that is not declared, is in the way.',
    ...command('ashlar migrate new amount_as_text'),
    remedy:
      'Read the statement in the detail. Write the step by hand: ashlar migrate new NAME --empty. If no sample row fits a table, give one in the probes of its system.',
  },
  'conversion-unknown': {
    cause:
      'A column changes to a kind that its values have no equal in on every engine: JSON, bytes, an address, an encrypted column, a real and a text.',
    ...command('ashlar migrate new notes_as_json   # notes was z.string(), and is z.object(…)'),
    remedy:
      'Write the step by hand: ashlar migrate new NAME --empty. Add a column of the new type, fill it, drop the old one and rename the new one.',
  },
  'conversion-sealed': {
    cause: 'A column of a table with `ledgered` changes its kind. The sealed entries hold the old form.',
    ...command('ashlar migrate new amount_as_text'),
    remedy: 'Add a column of the new kind, and keep the old one.',
  },
  'conversion-blocked': {
    cause:
      'A column changes its kind while the partitions of its table are made by it, while the other end of a foreign key keeps the old kind, or while a view, a trigger or another object that a person made names it.',
    ...command('ashlar migrate new team_ids_as_uuid   # teams.id changes, members.team_id does not'),
    remedy:
      'Change both ends of the foreign key in one step. For a partition key, write the step by hand. Drop an object of your own in a step before this one, and make it again in a step after it.',
  },
  'migration-blocked': {
    cause: 'A view, an index or a trigger that a person made uses a column that the step changes.',
    ...command('ashlar migrate new drop_note   # a view of yours reads orders.note'),
    remedy: 'Drop the object in a step of your own before this one, and make it again in a step after it.',
  },
  'migration-irreversible': {
    cause: 'A step has no down file, or it lost data that no statement brings back.',
    ...command('ashlar migrate down'),
    remedy: 'Write a new step that makes the wanted change.',
  },
  'migration-destroys': {
    cause:
      'The way down of a step drops a table with rows or a column with values, or deletes or overwrites rows. `facts.losses` has the tables, columns and counts.',
    ...command('ashlar migrate down'),
    remedy:
      'Make a backup, then add --destroy; or keep the step, and write a new one that makes the wanted change.',
  },
  'migration-pending': {
    cause: 'The tables in the code have changed without a step, or steps are not applied yet.',
    ...command('ashlar migrate check'),
    remedy: 'Run `ashlar migrate new NAME` or `ashlar migrate up`.',
  },
  'system-unknown': {
    cause: '`--system` names a system that the configuration does not have.',
    ...command('ashlar status --system shpo'),
    remedy: 'Use a name that the suggestion lists.',
  },
  'system-collision': {
    cause: 'Two systems share a database and have a table of the same name.',
    ...command('ashlar up --system shop --url sqlite:crm.db'),
    remedy: 'Give each system a file, or a schema: ?schema=NAME.',
  },
  'status-failed': {
    cause: '`ashlar status --check` found a problem; the detail lists what it found.',
    ...command('ashlar status --check'),
    remedy: 'Run `ashlar up`, or `ashlar roles apply` for rights. Find out who changed objects by hand.',
  },
  'retention-unmet': {
    cause: 'Rows that are kept longer refer to expired rows.',
    ...command('ashlar retention purge'),
    remedy: 'Give the referring tables a period that is not longer.',
  },
  'signature-invalid': {
    cause: 'A checkpoint was changed, or another key signed it.',
    ...command('ashlar ledger verify --checkpoints changed.txt'),
    remedy: 'Compare with a kept copy of the checkpoint, and with the public key of the ledger.',
  },
  'proof-invalid': {
    cause: 'A proof was changed, or it belongs to another entry or tree.',
    ...command('node ashlar-verify.mjs proof.json'),
    remedy: 'Ask for a new proof of the row, and compare it with a kept checkpoint.',
  },
  'ledger-tampered': {
    cause: 'Somebody with the owner’s rights, or with the file, changed the table or its tree.',
    ...command('ashlar ledger verify'),
    remedy: 'Keep the database as evidence. The problems name the rows; compare them with a backup.',
  },
  'ledger-conflict': {
    cause: 'The tree was replaced by another one: a backup was restored, or history was rewritten.',
    ...command('ashlar ledger checkpoint   # after restoring an older backup'),
    remedy: 'Find out which of the two histories is true before signing again.',
  },
  'clocks-differ': {
    cause:
      'The clock of the machine that signs differs from the database’s by more than a minute, or the newest checkpoint is dated after it.',
    ...command('ashlar ledger checkpoint'),
    remedy:
      'Correct the clock. If an earlier checkpoint was signed by a clock that was ahead, add `--clock-was-ahead` once.',
  },
  'scope-shredded': {
    cause: '`ashlar key shred` destroyed the data key of a scope.',
    ...shown('await db.session({ scope: shredded }, (s) => s.get(dossiers, dossier.id));'),
    remedy: 'None: shredding is final. Use another scope for new data.',
  },
  'decryption-failed': {
    cause: 'A ciphertext was changed, or copied to another row, column, table or scope.',
    ...shown(`await asOwner('UPDATE dossiers SET body = (SELECT body FROM dossiers WHERE id = $1)', [other.id]);
await db.get(dossiers, dossier.id);`),
    remedy: 'Restore the row from a backup, and find out what changed it.',
  },
  'guarantee-broken': {
    cause:
      'A trigger, policy or right was dropped or changed by hand, so an attack of `ashlar prove` succeeded.',
    ...command('ashlar prove   # after DROP TRIGGER events_append_only_update'),
    remedy: 'Find out who changed the database. `ashlar status` lists the missing objects.',
  },
  'role-missing': {
    cause: 'The user of the URL may not create roles or grant rights.',
    ...command('ashlar up --url postgres://without_createrole@localhost/app'),
    remedy: 'Have a DBA run the SQL in the detail.',
  },
  'context-refused': {
    cause: 'SQL that a session runs changed the scope or the actor, or a program set them without the key.',
    ...shown(`await db.session({ scope: 'a' }, async (s) => {
  await sql\`SELECT set_config('ashlar.scope', '*', true)\`.execute(s.query);
  await s.query.selectFrom('notes').selectAll().execute();
});`),
    remedy:
      'Give scope and actor to `db.session`. In a program without Ashlar, connect as the auditor or the owner.',
  },
  'scope-key-missing': {
    cause: 'The database was given a SCOPE_KEY, and this instance of the application has none.',
    ...command('env -u SCOPE_KEY node server.js'),
    remedy: 'Set SCOPE_KEY or SCOPE_KEY_FILE to the key that `ashlar up` was given.',
  },
  'scope-key-wrong': {
    cause: 'SCOPE_KEY is another key than the one that the database was given.',
    ...command('SCOPE_KEY_FILE=another.key ashlar up'),
    remedy: 'Use the key of the database. `ashlar key rotate scope` brings in a new one.',
  },
  'scope-key-absent': {
    cause:
      'connect has `requireScopeKey`, or the database had a key earlier, and the table of its keys is empty: `ashlar up` never had SCOPE_KEY, or an early backup was restored.',
    ...shown('await connect(app, { url, scopeKey, requireScopeKey: true });'),
    remedy: 'Run `ashlar up` with SCOPE_KEY.',
  },
  'scope-key-early': {
    cause: 'SCOPE_KEY was set before the step was applied that lets policies and trails verify the scope.',
    ...command('SCOPE_KEY_FILE=scope.key ashlar up'),
    remedy: 'Write the step with `ashlar migrate new NAME`, and apply it.',
  },
  'role-too-strong': {
    cause: 'The application connects as a role that owns the tables or is a superuser.',
    ...command('DATABASE_URL=postgres://owner@localhost/app node server.js'),
    remedy: 'Run `ashlar up`, and set DATABASE_URL to the application’s role.',
  },
  'roles-differ': {
    cause: 'Rights were granted or revoked by hand.',
    ...command('ashlar roles check'),
    remedy: 'Run `ashlar roles apply`; `ashlar roles sql` shows what it would run.',
  },
  'partition-conflict': {
    cause: 'Another table has the name of a partition, or partitions made by hand do not cover whole months.',
    ...command('ashlar partitions ensure'),
    remedy: 'Rename or attach the table that the message names.',
  },
  'backup-key-missing': {
    cause: 'The command needs the key of the backups, and no setting has one.',
    ...command('ashlar backup create'),
    remedy: 'Make one with `ashlar backup key`, and set BACKUP_KEY or BACKUP_KEY_FILE.',
  },
  'backup-key-invalid': {
    cause: 'The key for backups is not an age key or recipient.',
    ...command('BACKUP_KEY=AGE-SECRET-KEY-1TYPO ashlar backup create'),
    remedy: 'Copy the key as a whole.',
  },
  'backup-key-wrong': {
    cause: 'The backup was made with another key.',
    ...command('ashlar backup verify app-2026-11-26'),
    remedy: 'Use the key that was set when the backup was made.',
  },
  'backup-missing': {
    cause: 'The folder has no backup of that name.',
    ...command('ashlar backup restore no-such-backup --to sqlite:restored.db'),
    remedy: 'Use a name from `ashlar backup list`.',
  },
  'backup-damaged': {
    cause: 'A file of the backup was changed, truncated or only partly copied.',
    ...command('truncate -s -1 backups/*.age && ashlar backup verify app-2026-11-26'),
    remedy: 'Use another backup, or another copy of this one.',
  },
  'backup-manifest-mismatch': {
    cause: 'A manifest and a backup of different runs lie side by side.',
    ...command('ashlar backup verify app-2026-11-26   # after a manifest was copied over another'),
    remedy: 'Copy both files of one backup again.',
  },
  'backup-folder-locked': {
    cause: 'Another `backup create` or `backup prune` works in the folder.',
    ...command('ashlar backup create & ashlar backup prune'),
    remedy: 'Wait until it has ended.',
  },
  'restore-target-not-empty': {
    cause: 'The target of a restore exists and has content.',
    ...command('ashlar backup restore app-2026-11-26 --to sqlite:app.db'),
    remedy: 'Restore to another path, or pass --replace.',
  },
  'copy-unfit': {
    cause: 'The backup was made with another engine or a newer version.',
    ...command('ashlar backup restore app-2026-11-26 --to postgres://localhost/app   # a backup of SQLite'),
    remedy: 'Restore to a URL of the engine that was backed up.',
  },
  'copy-incomplete': {
    cause: 'Row-level security would hide rows from the role that makes the backup.',
    ...command('ashlar backup create --url postgres://app@localhost/app'),
    remedy: 'Use a role that has BYPASSRLS.',
  },
  'pg-dump-missing': {
    cause: 'Backups of a server need pg_dump and pg_restore, and PATH has none.',
    ...command('PATH= ashlar backup create --url postgres://localhost/app'),
    remedy: 'Install the client programs of PostgreSQL.',
  },
  'pg-dump-unfit': {
    cause: 'pg_dump is older than the server, which it then refuses.',
    ...command('ashlar backup create --url postgres://newer-server/app'),
    remedy: 'Install the client programs of the server’s version.',
  },
  'pg-dump-failed': {
    cause: 'pg_dump or pg_restore ended with an error; the detail has its output.',
    ...command('ashlar backup create --url postgres://localhost/app'),
    remedy: 'Remove the cause that its output names.',
  },
  'init-conflict': {
    cause: 'The folder has files with the names of those that `ashlar init` writes, or migrations.',
    ...command('ashlar init --yes'),
    remedy: 'Choose another folder with `--dir`, or move the files that the error names.',
  },
  'init-failed': {
    cause:
      'A file could not be written, the package manager failed, or the first step could not be made. The lines above the error say why.',
    ...command('ashlar init --yes --install'),
    remedy: 'Remove the cause, and run the command again.',
  },
  usage: {
    cause: 'A function or a command was called with arguments that do not fit together.',
    ...runs('await db.session((s) => s.update(users, ann.id, {}));'),
    remedy: 'The suggestion has the right call; for a command, --help.',
  },
  'input-invalid': {
    cause: 'The input of a service does not fit its schema.',
    ...runs(`parseInput('The query', z.strictObject({ limit: z.int() }), { limit: 'ten' });`),
    remedy: 'Correct the input; `facts.issues` has the paths.',
  },
  'state-conflict': {
    cause:
      'The request does not fit the current state: a finished job cannot be paused, an existing file is not overwritten.',
    ...command('ashlar jobs pause JOB   # a job that has finished'),
    remedy: 'Read the current state, and decide again.',
  },
  'config-invalid': {
    cause: 'The configuration file cannot be loaded, or exports something else than a configuration.',
    ...command('echo "export default 1" > ashlar.config.ts && ashlar status'),
    remedy: 'Export defineConfig({ systems: […] }).',
  },
};
