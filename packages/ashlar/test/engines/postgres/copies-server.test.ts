import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { id, table } from 'ashlar';
import { type Engine, openEngine } from 'ashlar/extend';
import { scoped } from 'ashlar/guarantees';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { asAdmin, type Place, server } from '../../../../../test/support/engines.js';
import { makeUser, type User } from '../../../../../test/support/users.js';
import type { Copy, PutOptions } from '../../../src/contract/copies.js';
import { createFoundation } from '../../../src/engines/foundation.js';
import { postgresCopies } from '../../../src/engines/postgres/server/copies.js';
import { databaseArgument, toolEnvironment } from '../../../src/engines/postgres/server/pg-environment.js';
import { complaint } from '../../../src/engines/postgres/server/pg-tools.js';
import { restoreArguments } from '../../../src/engines/postgres/server/restore.js';
import { dumpArguments } from '../../../src/engines/postgres/server/snapshot.js';
import { withThrowaway } from '../../../src/engines/postgres/server/throwaway.js';
import { opened } from './opened.js';

const dossiers = table('dossiers', { id: id(), client: z.string(), body: z.string() }, (c) => [
  scoped(c.client),
]);

const copyOf = (text: string): Copy => ({ format: 'pg-custom', bytes: Readable.from([Buffer.from(text)]) });
const how = (options: Partial<PutOptions> = {}): PutOptions => ({
  check: async () => undefined,
  replace: false,
  ...options,
});

const count = async (engine: Engine, sql: string): Promise<number> =>
  engine.asOwner(async ({ run }) => Number((await run(`SELECT count(*) AS n FROM ${sql}`))[0]?.n));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ashlar-tools-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A stub of one of PostgreSQL's programs with a version, which runs a script. */
const program = async (name: string, version: string, does: string): Promise<string> => {
  const path = join(folder, name);
  await writeFile(
    `${path}.mjs`,
    `import pg from '${import.meta.resolve('pg')}';\nif (process.argv[2] === '--version') console.log('${name} (PostgreSQL) ${version}');\nelse {${does}}\n`,
  );
  await writeFile(path, `#!/bin/sh\nexec '${process.execPath}' '${path}.mjs' "$@"\n`);
  await chmod(path, 0o755);
  return path;
};

// runs its input as SQL in one transaction, on the server in its environment
const runsItsInput = `
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const { PGHOST: host, PGPORT: port, PGUSER: user, PGPASSWORD: password, PGDATABASE: database } = process.env;
  const client = new pg.Client({ host, port: Number(port), user, password, database });
  await client.connect();
  try {
    await client.query('BEGIN;' + Buffer.concat(chunks).toString() + ';COMMIT');
  } catch (error) {
    console.error('pg_restore: error: ' + error.message);
    process.exitCode = 1;
  }
  await client.end();`;

describe('PostgreSQL’s programs', () => {
  test('get the password in their environment only, and no secret of Ashlar', () => {
    process.env.DATABASE_KEY = 'ours alone';
    const url =
      'postgres://me%40home:p%40ss%2Fw@[::1]:5433/a%20db?sslmode=verify-full&sslrootcert=/ca.pem&schema=Odd';
    const environment = toolEnvironment(url, { 'ashlar.scope': '*' });
    delete process.env.DATABASE_KEY;
    expect(environment).toMatchObject({
      PGHOST: '::1',
      PGPORT: '5433',
      PGUSER: 'me@home',
      PGPASSWORD: 'p@ss/w',
      PGDATABASE: 'a db',
      PGSSLMODE: 'verify-full',
      PGSSLROOTCERT: '/ca.pem',
      PGOPTIONS: '-c ashlar.scope=*',
    });
    expect(JSON.stringify(environment)).not.toContain('ours alone');
    const given = [
      ...dumpArguments({ schema: 'a"b', snapshot: '0000-1', role: 'owner', isBound: true }),
      ...restoreArguments({ database: databaseArgument(url), schema: 'a"b' }),
    ];
    expect(given).toContain('--schema="a""b"');
    expect(given).toContain('--schema=a"b');
    expect(given).toContain("--dbname=dbname='a db'");
    expect(given.join(' ')).not.toContain('p@ss');
    expect(toolEnvironment('postgres://u@localhost/db?host=/var/run/postgresql')).toMatchObject({
      PGHOST: '/var/run/postgresql',
    });
  });

  test('are quoted in errors without passwords and values of rows', () => {
    const lines = [
      'pg_restore: while PROCESSING TOC:',
      'pg_restore: from TOC entry 3; 0 1 TABLE DATA clients me',
      'pg_restore: error: COPY failed for table "clients": ERROR:  invalid input syntax for type uuid: "Anna Muster"',
      'CONTEXT:  COPY clients, line 1, column id: "Anna Muster"',
      'pg_restore: detail: Command was: COPY clients (id) FROM stdin; Anna Muster',
      'pg_restore: error: password of sesame was wrong',
    ].join('\n');
    const text = complaint(lines, { PGPASSWORD: 'sesame' });
    expect(text).toContain('COPY failed for table "clients"');
    expect(text).not.toMatch(/Anna|sesame/);
  });
});

describe.each(server)('copies of $name', (engineUnderTest) => {
  const there = opened(engineUnderTest);
  let owner: User;
  beforeAll(async () => {
    owner = await makeUser('owner');
    const { engine, place } = there;
    await asAdmin(`ALTER DATABASE ${new URL(place.url).pathname.slice(1)} OWNER TO ${owner.name}`);
    const ownerEngine = await openEngine({ url: owner.at(place) });
    await ownerEngine.asOwner(async (run) => {
      await createFoundation(run, engine.dialect);
      for (const sql of engine.dialect.createTable(dossiers)) await run.script(sql);
      for (const client of ['a', 'b'])
        await run.run(`INSERT INTO dossiers (id, client, body) VALUES (gen_random_uuid(), $1, 'x')`, [
          client,
        ]);
    });
    await ownerEngine.close();
  });
  afterAll(async () => {
    await there.engine.asOwner(({ run }) => run(`DROP OWNED BY ${owner.name} CASCADE`));
    await asAdmin(`ALTER DATABASE ${new URL(there.place.url).pathname.slice(1)} OWNER TO postgres`);
    await owner.drop();
  });

  const dump = async (url: string, pgDump: string): Promise<Buffer> => {
    const engine = await openEngine({ url, pgDump, create: false });
    try {
      return await engine.snapshot((snapshot) => buffer(snapshot.copy()));
    } finally {
      await engine.close();
    }
  };

  test('need a program that exists and is new enough', async () => {
    const { url } = there.place;
    await expect(dump(url, join(folder, 'nothing'))).rejects.toMatchObject({
      code: 'pg-dump-missing',
      suggestion: expect.stringContaining('PG_DUMP'),
    });
    const older = await program('pg_dump', '9.6.1', '');
    await expect(dump(url, older)).rejects.toMatchObject({
      code: 'pg-dump-unfit',
      detail: expect.stringContaining('9.6.1'),
    });
  });

  test('fail if the program ends with an error', async () => {
    const cut = await program(
      'pg_dump',
      '99.0',
      `process.stdout.write('half'); console.error('pg_dump: error: lost it, said ' + process.env.PGPASSWORD); process.exitCode = 1;`,
    );
    const error = await dump(there.place.url, cut).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'pg-dump-failed', detail: expect.stringContaining('lost it') });
    expect(JSON.stringify(error)).not.toContain(new URL(inject('postgresUrl')).password);
    const killed = await program(
      'pg_dump',
      '99.0',
      `process.stdout.write('half', () => process.kill(process.pid, 'SIGKILL'));`,
    );
    await expect(dump(there.place.url, killed)).rejects.toMatchObject({ code: 'pg-dump-failed' });
  });

  test('use the snapshot, the schema, and everyScope if row level security applies', async () => {
    const dumper = await program(
      'pg_dump',
      '99.0',
      `process.stdout.write(JSON.stringify({ argv: process.argv.slice(2), options: process.env.PGOPTIONS }));`,
    );
    const given = async (url: string) => JSON.parse((await dump(url, dumper)).toString());
    const bound = await given(owner.at(there.place));
    expect(bound.argv).toContain('--enable-row-security');
    expect(bound.argv).toContainEqual(expect.stringMatching(/^--snapshot=[0-9A-F-]+$/));
    expect(bound.options).toContain('ashlar.scope=*');
    const free = await given(there.place.url);
    expect(free.argv).toContain('--schema="public"');
    expect(free.argv).not.toContain('--enable-row-security');
  });

  test('are refused if a policy could leave rows out', async () => {
    const dumper = await program('pg_dump', '99.0', '');
    const hide = (sql: string) => there.engine.asOwner(({ run }) => run(sql));
    await hide(`CREATE POLICY mine ON dossiers AS RESTRICTIVE USING (body <> 'x')`);
    await expect(dump(owner.at(there.place), dumper)).rejects.toMatchObject({ code: 'copy-incomplete' });
    await hide('DROP POLICY mine ON dossiers');
    await expect(dump(owner.at(there.place), dumper)).resolves.toHaveLength(0);
  });

  test('contain the rows of all scopes when the snapshot began', async () => {
    const engine = await openEngine({ url: owner.at(there.place), create: false });
    const seen = await engine.snapshot(async (snapshot) => {
      const before = await snapshot.count('dossiers');
      await engine.asOwner(({ run }) =>
        run(`INSERT INTO dossiers (id, client, body) VALUES (gen_random_uuid(), 'c', 'later')`),
      );
      return [before, await snapshot.count('dossiers')];
    });
    expect(seen).toEqual([2, 2]);
    expect(await count(engine, 'dossiers')).toBe(3);
    await engine.close();
  });

  describe('put', () => {
    let place: Place;
    let pgRestore: string;
    beforeAll(async () => {
      place = await engineUnderTest.place();
      pgRestore = await program('pg_restore', '99.0', runsItsInput);
    });
    afterAll(() => place.remove());

    const schema = `CREATE TYPE mood AS ENUM ('good'); CREATE TABLE a (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, m mood);
      CREATE VIEW v AS SELECT * FROM a; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'`;
    const held = `pg_class c WHERE c.relnamespace = 'public'::regnamespace`;
    const put = (copy: Copy, options: Partial<PutOptions> = {}) =>
      postgresCopies.put({ url: place.url, pgRestore }, copy, how(options));

    test('leave no objects if they fail, or if the check fails', async () => {
      const engine = await openEngine({ url: place.url });
      await expect(put(copyOf(`${schema}; SELECT 1/0`))).rejects.toMatchObject({
        code: 'pg-dump-failed',
        detail: expect.stringContaining('division by zero'),
      });
      const refusing = put(copyOf(schema), {
        check: async (copy) => {
          expect(await count(copy, 'v')).toBe(0);
          throw new Error('refused by the check');
        },
      });
      await expect(refusing).rejects.toThrow('refused by the check');
      const forged = Readable.from(
        (async function* () {
          yield Buffer.from(schema);
          throw new Error('not authentic');
        })(),
      );
      await expect(put({ format: 'pg-custom', bytes: forged })).rejects.toThrow('not authentic');
      expect(await count(engine, held)).toBe(0);
      await engine.close();
    });

    test('are restored into an empty schema only', async () => {
      await expect(put({ ...copyOf(schema), format: 'pglite-tar' })).rejects.toMatchObject({
        code: 'copy-unfit',
      });
      await expect(put(copyOf('SELECT 1'))).rejects.toMatchObject({ code: 'copy-unfit' });
      await put(copyOf(schema));
      await expect(put(copyOf(schema))).rejects.toMatchObject({ code: 'restore-target-not-empty' });
    });

    test('are checked in a temporary database, which is dropped afterwards', async () => {
      let name = '';
      await postgresCopies.examine({ url: place.url, pgRestore }, copyOf(schema), async (copy) => {
        name = new URL(copy.url).pathname.slice(1);
        expect(await count(copy, 'a')).toBe(0);
      });
      expect(name).toMatch(/^ashlar_copy_/);
      expect(await count(there.engine, `pg_database WHERE datname = '${name}'`)).toBe(0);
    });
  });

  test('of killed processes are dropped by the next one', async () => {
    const left = `ashlar_copy_1000000000_${Math.random().toString(16).slice(2, 10)}`;
    await asAdmin(`CREATE DATABASE ${left}`);
    const name = await withThrowaway({ url: there.place.url }, async ({ url }) =>
      new URL(url).pathname.slice(1),
    );
    expect(await count(there.engine, `pg_database WHERE datname IN ('${left}', '${name}')`)).toBe(0);
  });

  test('cannot be checked by a user who cannot create databases, with the reason', async () => {
    await expect(withThrowaway({ url: owner.at(there.place) }, async () => undefined)).rejects.toMatchObject({
      code: 'privilege-missing',
      suggestion: expect.stringContaining('CREATEDB'),
    });
  });
});
