// Puts guards on databases of other programs through the command line, in empty folders: `guard --from`, `guard up` (which
// proves), `guard check`; then the program's own queries and writes. Needs the built package. Usage: node scripts/try-guards.mjs [NAME,…]
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3-multiple-ciphers';
import { createJiti } from 'jiti';
import pg from 'pg';
import { startPostgres } from '../bench/dist/postgres-server.js';
import { guardedSync } from '../packages/ashlar/dist/guarded/index.js';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const { thirdParties } = await createJiti(import.meta.url).import(
  here('../packages/ashlar/test/adopt/third-party.ts'),
);
const [wanted] = process.argv.slice(2);

/** What the tool's folder has: its schema is in the database already. */
const toolFiles = {
  drizzle: (dialect) => ({
    'drizzle.config.ts': `export default { dialect: '${dialect === 'postgres' ? 'postgresql' : 'sqlite'}', schema: './schema.ts' };`,
    'schema.ts': "pgTable('users_table', {}); pgTable('posts_table', {});",
  }),
  prisma: (dialect) => ({
    'prisma/schema.prisma': `datasource db {\n  provider = "${dialect === 'postgres' ? 'postgresql' : 'sqlite'}"\n}\nmodel User {\n  id Int @id\n}\nmodel Post {\n  id Int @id\n}\n`,
  }),
};

const context = { actor: 'tool', scope: null };

const openFile = (folder) => {
  const path = join(folder, 'shop.db');
  const database = new Database(path);
  return {
    url: `sqlite:${path}`,
    load: async (sql) => database.exec(sql),
    read: async (sql) => database.prepare(sql).all(),
    write: async (sql) => guardedSync(database, context, (db) => db.exec(sql)),
    tables: async () =>
      database
        .prepare(
          "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*' ORDER BY 1",
        )
        .all()
        .map(({ name }) => name),
    close: async () => database.close(),
  };
};

const openServer = async (server, admin, name) => {
  await admin.query(`CREATE DATABASE ${name}`);
  const url = server.url.replace(/postgres$/, name);
  const client = new pg.Client(url);
  await client.connect();
  return {
    url,
    load: (sql) => client.query(sql),
    read: async (sql) => (await client.query(sql)).rows,
    write: (sql) => client.query(sql),
    tables: async () =>
      (
        await client.query(
          "SELECT relname::text AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY 1",
        )
      ).rows.map(({ name: table }) => table),
    close: () => client.end(),
  };
};

// not spawnSync: the server would wait for somebody to read its log
const ashlar = (folder, url, args) =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [here('../packages/ashlar/dist/cli/main.js'), ...args], {
      cwd: folder,
      env: { ...process.env, DATABASE_URL: url },
    });
    const out = { stdout: '', stderr: '' };
    for (const name of Object.keys(out))
      child[name].setEncoding('utf8').on('data', (text) => {
        out[name] += text;
      });
    child.on('close', (status) => resolve({ status, ...out }));
  });

const tryOne = async (program, dialect, open) => {
  const folder = mkdtempSync(join(tmpdir(), 'ashlar-guards-'));
  const database = await open(folder);
  try {
    mkdirSync(join(folder, 'node_modules'));
    for (const [name, path] of [
      ['ashlar', '../packages/ashlar'],
      ['zod', '../node_modules/zod'],
    ])
      symlinkSync(here(path), join(folder, 'node_modules', name));
    const files = toolFiles[program.name]?.(dialect) ?? {};
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    await database.load(
      readFileSync(here(`../packages/ashlar/test/adopt/schemas/${program.name}.${dialect}.sql`), 'utf8'),
    );
    if (dialect === 'postgres') await database.load('SET search_path TO public');
    const reads = program.reads[dialect] ?? [];
    const rows = async () => JSON.stringify(await Promise.all(reads.map(database.read)));
    const before = await rows();
    const all = await database.tables();
    const from = files['drizzle.config.ts']
      ? 'drizzle'
      : files['prisma/schema.prisma']
        ? 'prisma'
        : 'database';
    const refused = [];
    let tables = all;
    let made;
    for (;;) {
      made = await ashlar(folder, database.url, [
        ...['guard', '--json', '--from', from, '--name', 'shop'],
        ...tables.map((table, at) => `${table}:${at === 0 ? 'audited,append-only' : 'audited'}`),
      ]);
      if (made.status === 0) break;
      const { error } = JSON.parse(made.stdout);
      const table = tables.find((each) =>
        [error.facts?.table, ...error.message.split(/[ .,:]/)].includes(each),
      );
      if (table === undefined) throw new Error(`${error.code}: ${error.message} ${error.detail ?? ''}`);
      refused.push(`${table}: ${error.message} ${error.detail ?? ''}`.trim());
      tables = tables.filter((each) => each !== table);
    }
    const document = JSON.parse(made.stdout);
    console.log(
      `\n${program.name} on ${dialect}: ${tables.length} of ${all.length} tables, ${document.native.length} native columns, --from ${from}`,
    );
    for (const line of refused) console.log(`  refused  ${line}`);
    for (const line of document.to_do) console.log(`  to do    ${line.slice(0, 110)}`);
    for (const command of [
      ['guard', 'up'],
      ['guard', 'check'],
    ]) {
      const ran = await ashlar(folder, database.url, command);
      const last = ran.stdout
        .trim()
        .split('\n')
        .filter((line) => !line.startsWith('  '))
        .at(-1);
      console.log(`  ${command.join(' ')}: exit ${ran.status}, ${last}`);
      if (ran.status !== 0) console.log(`${ran.stdout}\n${ran.stderr}`);
    }
    console.log(
      `  reads: ${(await rows()) === before ? 'the same rows' : 'OTHER ROWS'} of ${reads.length} queries`,
    );
    for (const sql of program.writes[dialect] ?? []) {
      try {
        await database.write(sql);
      } catch (error) {
        console.log(`  write refused: ${sql.slice(0, 60)}: ${error.message}`);
      }
    }
    const [trail] = await database.read(
      `SELECT count(*) AS lines, count(DISTINCT table_name) AS tables FROM ${dialect === 'postgres' ? 'ashlar.' : ''}changes`,
    );
    console.log(`  writes: ${(program.writes[dialect] ?? []).length}, trail: ${JSON.stringify(trail)}`);
  } finally {
    await database.close();
    rmSync(folder, { recursive: true, force: true });
  }
};

const server = await startPostgres();
const admin = new pg.Client(server.url);
await admin.connect();
try {
  for (const program of thirdParties) {
    if (wanted !== undefined && !wanted.split(',').includes(program.name)) continue;
    for (const dialect of program.engines) {
      const open =
        dialect === 'postgres'
          ? () => openServer(server, admin, `guards_${program.name}`)
          : async (folder) => openFile(folder);
      await tryOne(program, dialect, open).catch((error) =>
        console.log(`\n${program.name} on ${dialect}: FAILED ${error.stack}`),
      );
    }
  }
} finally {
  await admin.end();
  await server.stop();
}
