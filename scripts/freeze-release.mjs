// Freezes what the release of the working tree makes, for the tests of upgrades: npm run build && node scripts/freeze-release.mjs N
//
// N is the version of the foundation. The folder packages/ashlar/test/frozen/N has system.mjs, the application. This writes
// beside it:
//
// - migrations/: its first step
// - sqlite.sql, postgres.sql: a database with its rows, and with Ashlar's own objects
// - sessions.json: the statements that one session sends to each engine
// - formats.json: a sample of each format that leaves the database, with the keys to read it
// - backups/: a backup of the database, with its key
//
// A folder is frozen once: a release that changes the foundation or a format gets another one.
import {
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import Sqlite from 'better-sqlite3-multiple-ciphers';
import { createJiti } from 'jiti';
import pg from 'pg';
import { z } from 'zod';
import { createBackup, newBackupKey } from '../packages/ashlar/build/backup/index.js';
import { BackupKeys } from '../packages/ashlar/build/backup/keys.js';
import { formatManifest, signManifest } from '../packages/ashlar/build/backup/manifest.js';
import { openEngine } from '../packages/ashlar/build/extend/index.js';
import * as guarantees from '../packages/ashlar/build/guarantees/index.js';
import * as ashlar from '../packages/ashlar/build/index.js';
import {
  checkpointLedger,
  formatHandover,
  newLedgerKey,
  openLedger,
  parsePrivateKey,
  proveConsistency,
  proveInclusion,
} from '../packages/ashlar/build/ledger/database/index.js';
import { historySql } from '../packages/ashlar/build/migrations/history-sql.js';
import { newStep, up } from '../packages/ashlar/build/migrations/index.js';

const number = process.argv[2] ?? '';
const folder = join(import.meta.dirname, '../packages/ashlar/test/frozen', number);
if (!/^\d+$/.test(number) || existsSync(join(folder, 'migrations')))
  throw new Error('Usage: node scripts/freeze-release.mjs N, for a version that is not frozen yet');

const { makeSystem, fill, work, columnKey, recordedKeys } = await import(
  pathToFileURL(join(folder, 'system.mjs')).href
);
const migrations = pathToFileURL(join(folder, 'migrations/'));
const office = makeSystem(ashlar, guarantees, z, migrations);
const scratch = mkdtempSync(join(tmpdir(), 'ashlar-freeze-'));
// the manifest of the backup has the database's URL
process.chdir(scratch);
const write = (name, text) => writeFileSync(join(folder, name), text);
const options = { columnKeys: { current: columnKey }, maintain: false };

mkdirSync(folder, { recursive: true });
await newStep(office, migrations, 'initial');

/** Opens a new database with the rows of the application. */
const filled = async (url) => {
  const engine = await openEngine({ url });
  await up(engine, office, { actor: 'frozen' });
  await engine.close();
  const db = await ashlar.connect(office, { ...options, url });
  await fill(db);
  await db.engine.seal();
  return db;
};

/** The values that a session sends as JSON: bytes as { hex }, integers of SQLite as { integer }. */
const plain = (value) => {
  if (typeof value === 'bigint') return { integer: String(value) };
  return value instanceof Uint8Array ? { hex: Buffer.from(value).toString('hex') } : value;
};

const patchSqlite = (record) => {
  const { prepare, exec } = Sqlite.prototype;
  Sqlite.prototype.prepare = function (sql) {
    const statement = prepare.call(this, sql);
    for (const method of ['run', 'get', 'all']) {
      const original = statement[method];
      statement[method] = function (...values) {
        record(sql, values.flat());
        return original.apply(this, values);
      };
    }
    return statement;
  };
  Sqlite.prototype.exec = function (sql) {
    record(sql);
    return exec.call(this, sql);
  };
  return () => Object.assign(Sqlite.prototype, { prepare, exec });
};

const patchPg = (record) => {
  const { query } = pg.Client.prototype;
  pg.Client.prototype.query = function (config, ...others) {
    record(typeof config === 'string' ? config : config.text, config.values);
    return query.call(this, config, ...others);
  };
  return () => Object.assign(pg.Client.prototype, { query });
};

/**
 * The statements of the session alone: what its connection sends from BEGIN to COMMIT. Without those that seal ledgers on
 * SQLite, because they depend on what other sessions wrote: the next session of any release seals.
 */
const sessionIn = (statements) => {
  const from = statements.findIndex(([sql]) => sql.startsWith('BEGIN'));
  const to = statements.findIndex(([sql], at) => at > from && sql.startsWith('COMMIT'));
  return statements.slice(from, to + 1).filter(([sql]) => !/main\.\w+_ledger_/.test(sql));
};

const dumpSqlite = (path) => {
  const db = new Sqlite(path, { readonly: true });
  const objects = db
    .prepare(
      "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid",
    )
    .all();
  const tables = objects.filter(({ type }) => type === 'table');
  const rows = tables.flatMap(({ name }) => {
    const columns = db.prepare(`SELECT name FROM pragma_table_info('${name}')`).all();
    const list = columns.map((column) => `"${column.name}"`).join(', ');
    const values = columns.map((column) => `quote("${column.name}")`).join(" || ', ' || ");
    return db
      .prepare(`SELECT ${values} AS text FROM "${name}"`)
      .all()
      .map(({ text }) => `INSERT INTO "${name}" (${list}) VALUES (${text});`);
  });
  const others = objects.filter(({ type }) => type !== 'table');
  db.close();
  return [...tables.map(({ sql }) => `${sql};`), ...rows, ...others.map(({ sql }) => `${sql};`)].join('\n');
};

const dumpPostgres = async (url) => {
  const client = new pg.Client(url);
  await client.connect();
  const query = async (sql) => (await client.query(sql)).rows;
  const tables = await query(`SELECT oid::int, relname::text AS name FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY oid`);
  const triggers =
    await query(`SELECT tgrelid::regclass::text AS on, quote_ident(tgname) AS name, tgenabled AS mode FROM pg_trigger
    WHERE NOT tgisinternal AND tgparentid = 0 ORDER BY oid`);
  const rows = [];
  for (const { oid, name } of tables) {
    const columns = await query(`SELECT quote_ident(attname) AS name FROM pg_attribute
      WHERE attrelid = ${oid} AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum`);
    // keys grow with time, so that a row comes after the row of the same table that it refers to
    const key =
      await query(`SELECT quote_ident(attname) AS name FROM pg_index, unnest(indkey) WITH ORDINALITY k(n, at), pg_attribute
      WHERE indrelid = ${oid} AND indisprimary AND attrelid = indrelid AND attnum = k.n ORDER BY k.at`);
    const order = key.map((column) => column.name).join(', ') || '1';
    const list = columns.map((column) => column.name).join(', ');
    const values = columns.map((column) => `quote_nullable(${column.name}::text)`).join(" || ', ' || ");
    for (const { text } of await query(`SELECT ${values} AS text FROM "${name}" ORDER BY ${order}`))
      rows.push(`INSERT INTO "${name}" (${list}) OVERRIDING SYSTEM VALUE VALUES (${text});`);
  }
  const sequences =
    await query(`SELECT format('SELECT setval(%L, %s, %L);', schemaname || '.' || sequencename, coalesce(last_value, 1), last_value IS NOT NULL) AS sql
    FROM pg_sequences WHERE schemaname = 'public'`);
  await client.end();
  const { postgresDialect } = await import('../packages/ashlar/build/engines/postgres/dialect.js');
  const objects = [...postgresDialect.foundation.map(({ create }) => create), historySql.postgres.create];
  const step = readFileSync(new URL('0001_initial/up.postgres.sql', migrations), 'utf8');
  return [
    ...objects.map((sql) => `${sql};`),
    step,
    ...triggers.map(({ on, name }) => `ALTER TABLE ${on} DISABLE TRIGGER ${name};`),
    // the step has written the first rows of side tables
    ...[...tables].reverse().map(({ name }) => `DELETE FROM "${name}";`),
    ...rows,
    ...triggers.map(
      ({ on, name, mode }) => `ALTER TABLE ${on} ENABLE ${mode === 'A' ? 'ALWAYS ' : ''}TRIGGER ${name};`,
    ),
    ...sequences.map(({ sql }) => sql),
  ].join('\n');
};

const signing = newLedgerKey('example.com/office');
const next = newLedgerKey('example.com/office-2');

const shown = ({ key, publicKey }) => ({ key: key.reveal(), publicKey });

/** Signs the ledger of the letters, and returns all that leaves the database. */
const samples = async (db) => {
  const ledger = openLedger(db.engine, office, office.tables.letters, {
    checkpoints: mkdtempSync(join(scratch, 'checkpoints-')),
    key: signing.key,
  });
  const { note: checkpoint } = await checkpointLedger(ledger);
  const [{ id: key }] = await db.read({ scope: '*' }, (s) =>
    s.query.selectFrom('letters').select('id').orderBy('id').execute(),
  );
  const { proof } = await proveInclusion(ledger, key);
  await work(db);
  await db.engine.seal();
  const { note: later } = await checkpointLedger(ledger);
  const { proof: consistency } = await proveConsistency(ledger, checkpoint);
  return { checkpoint, later, proof, consistency };
};

const file = join(scratch, 'office.db');
const sqlite = await filled('sqlite:office.db');
const { startPostgres } = await createJiti(import.meta.url).import('../bench/src/postgres-server.ts');
const server = await startPostgres({ durable: false });
const postgres = await filled(server.url);
try {
  write('postgres.sql', `${await dumpPostgres(server.url)}\n`);
  await sqlite.engine.asOwner((owner) => owner.run('PRAGMA wal_checkpoint(TRUNCATE)'));
  write('sqlite.sql', `${dumpSqlite(file)}\n`);

  const backups = join(folder, 'backups');
  const backupKey = await newBackupKey();
  const keys = { key: backupKey.key };
  const {
    seal: _,
    checksum: __,
    ...draft
  } = await createBackup(sqlite.engine, [office], { folder: backups, keys });
  const { fileKey } = await (await BackupKeys.from(keys)).open(
    createReadStream(join(backups, `${draft.name}.age`)),
  );
  // fingerprints of schemas are compared by the release that made them alone
  const manifest = signManifest({ ...draft, ashlar: `frozen-${number}` }, fileKey);
  write(`backups/${draft.name}.json`, formatManifest(manifest));
  write('backups/key', `${backupKey.key.reveal()}\n`);

  const formats = {
    keys: { signing: shown(signing), next: shown(next) },
    sqlite: await samples(sqlite),
    postgres: await samples(postgres),
    handover: formatHandover(parsePrivateKey(signing.key), parsePrivateKey(next.key)),
  };
  write('formats.json', `${JSON.stringify(formats, null, 2)}\n`);
} finally {
  await sqlite.close();
  await postgres.close();
}

// a second database, because the samples have used the keys of the recorded rows
const record = async (url, patch) => {
  let statements;
  // before the database is opened: the engine keeps prepared statements
  const restore = patch((sql, values = []) => statements?.push([sql, [...values].map(plain)]));
  const db = await filled(url);
  statements = [];
  await work(db);
  const session = sessionIn(statements);
  restore();
  await db.close();
  return session;
};
const client = new pg.Client(server.url);
await client.connect();
await client.query('CREATE DATABASE recorded');
await client.end();
const sessions = {
  keys: recordedKeys,
  sqlite: await record('sqlite:recorded.db', patchSqlite),
  postgres: await record(server.url.replace(/postgres$/, 'recorded'), patchPg),
};
write('sessions.json', `${JSON.stringify(sessions, null, 2)}\n`);
await server.stop();
rmSync(scratch, { recursive: true });
