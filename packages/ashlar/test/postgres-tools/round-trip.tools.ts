import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { connect, type System } from 'ashlar';
import { type Engine, openEngine } from 'ashlar/extend';
import { installScopeKey } from 'ashlar/keys';
import { maintain, newStep, up } from 'ashlar/migrations';
import { failuresOf, prove } from 'ashlar/prove';
import { applyRoles, checkRoles } from 'ashlar/roles';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, password, startCluster } from '../../../../test/support/cluster.js';
import type { Copy, PutOptions } from '../../src/contract/copies.js';
import { postgresCopies } from '../../src/engines/postgres/server/copies.js';
import { emptySchema } from '../../src/engines/postgres/server/restore.js';
import { type Folder, makeFolder } from '../migrations/folder.js';
import { asSystem, fill, writeMore } from '../prove/every-guarantee.js';

const bin = process.env.PG_BIN;
if (!bin) throw new Error('PG_BIN must be a folder of PostgreSQL programs');
const built = fileURLToPath(new URL('../../build/engines/postgres/server/copies.js', import.meta.url));
const kills = Number(process.env.ASHLAR_KILLS ?? 15);
const tools = { pgDump: `${bin}/pg_dump`, pgRestore: `${bin}/pg_restore` };

const copyOf = (bytes: Uint8Array): Copy => ({ format: 'pg-custom', bytes: Readable.from([bytes]) });
const how = (options: Partial<PutOptions> = {}): PutOptions => ({
  check: async () => undefined,
  replace: false,
  ...options,
});

/** All rows of all tables, read by the owner in everyScope. */
const contents = (engine: Engine, system: System): Promise<Record<string, unknown>> =>
  engine.asOwner(async ({ run }) => {
    const all: Record<string, unknown> = {};
    for (const { name } of Object.values(system.tables))
      all[name] = await run(`SELECT * FROM ${name} ORDER BY 1`);
    for (const name of [
      'letters_ledger_entries',
      'letters_ledger_tree',
      'trail_ledger_entries',
      'ashlar_migrations',
    ])
      all[name] = await run(`SELECT * FROM ${name} ORDER BY 1, 2`);
    return all;
  });

const took = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
  const start = performance.now();
  const result = await work();
  process.stdout.write(`${what}: ${Math.round(performance.now() - start)} ms\n`);
  return result;
};

describe('a server and its programs', () => {
  let steps: Folder;
  let system: System;
  let here: Cluster;
  let elsewhere: Cluster;
  beforeAll(async () => {
    steps = await makeFolder();
    system = asSystem(steps.url);
    await newStep(system, steps.url, 'initial');
    [here, elsewhere] = await Promise.all([startCluster(bin), startCluster(bin)]);
  });
  afterAll(async () => {
    await Promise.all([here.stop(), elsewhere.stop()]);
    await steps.remove();
  });

  /** A database whose owner is not a superuser, so that row level security applies. */
  const owned = async (
    cluster: Cluster,
    attributes = '',
  ): Promise<{ url: string; database: string; user: string }> => {
    const name = randomBytes(4).toString('hex');
    const [database, user] = [`db_${name}`, `owner_${name}`];
    await cluster.run(`CREATE ROLE ${user} LOGIN PASSWORD '${password}' CREATEROLE ${attributes}`);
    await cluster.run(`CREATE DATABASE ${database} OWNER ${user}`);
    return { url: cluster.url(database, user), database, user };
  };

  const filled = async (url: string): Promise<Engine> => {
    const engine = await openEngine({ url, ...tools, appRole: roles.app });
    await up(engine, system, { roles });
    await maintain(engine, Object.values(system.tables), new Date());
    await fill(engine, steps.url);
    return engine;
  };
  let roles: { app: string; auditor: string };
  const freshRoles = () => {
    const name = randomBytes(4).toString('hex');
    roles = { app: `app_${name}`, auditor: `auditor_${name}` };
  };

  const gone = async (cluster: Cluster): Promise<void> => {
    const left = await cluster.run(`SELECT datname FROM pg_database WHERE datname LIKE 'ashlar%'`);
    expect(left).toEqual([]);
  };

  test.each(['a superuser', 'a plain owner'])('is copied into another cluster by %s', async (who) => {
    freshRoles();
    const place = who === 'a superuser' ? undefined : await owned(here);
    const database = place?.database ?? `db_${randomBytes(4).toString('hex')}`;
    if (!place) await here.run(`CREATE DATABASE ${database}`);
    const engine = await filled(place?.url ?? here.url(database));
    const before = await contents(engine, system);
    const bytes = await took('dump', () => engine.snapshot((snapshot) => buffer(snapshot.copy())));
    expect(bytes.includes('between us')).toBe(false);
    await engine.close();

    const target = place ? (await owned(elsewhere)).url : elsewhere.url(database);
    if (!place) await elsewhere.run(`CREATE DATABASE ${database}`);
    await took('put', () =>
      postgresCopies.put(
        { url: target, ...tools },
        copyOf(bytes),
        how({
          check: async (copy) => expect(await contents(copy, system)).toEqual(before),
        }),
      ),
    );
    const restored = await openEngine({ url: target });
    expect(await contents(restored, system)).toEqual(before);
    await applyRoles(restored, system, roles);
    await restored.close();
    const again = await openEngine({ url: target, appRole: roles.app });
    await writeMore(again, steps.url);
    const proof = await prove(again, system, { roles });
    await again.close();
    expect(failuresOf(proof)).toEqual([]);
    expect(proof.ledgers).toMatchObject([
      { ledger: 'every/trail', ok: true },
      { ledger: 'every/letters', size: 9, checked: 9, ok: true },
    ]);
  });

  test('reads and the copy see one snapshot, and no session waits', async () => {
    freshRoles();
    const { url } = await owned(here, 'CREATEDB');
    const engine = await filled(url);
    let writing = true;
    let longest = 0;
    let writes = 0;
    const writer = (async () => {
      while (writing) {
        const start = performance.now();
        await writeMore(engine, steps.url);
        longest = Math.max(longest, performance.now() - start);
        writes++;
      }
    })();
    for (let turn = 0; turn < 5; turn++) {
      const [counted, bytes] = await engine.snapshot(
        async (snapshot) => [await snapshot.count('letters'), await buffer(snapshot.copy())] as const,
      );
      const found = await took('examine', () =>
        postgresCopies.examine({ url, ...tools }, copyOf(bytes), (copy) =>
          copy.asOwner(async ({ run }) => Number((await run('SELECT count(*) AS n FROM letters'))[0]?.n)),
        ),
      );
      expect(found).toBe(counted);
    }
    writing = false;
    await writer;
    process.stdout.write(`${writes} writes during the copy, the longest ${Math.round(longest)} ms\n`);
    await engine.close();
    await gone(here);
  });

  test('a copy replaces a schema in one step, also under open sessions', async () => {
    freshRoles();
    const { url, database } = await owned(here, 'CREATEDB');
    const engine = await filled(url);
    const before = await contents(engine, system);
    const bytes = await engine.snapshot((snapshot) => buffer(snapshot.copy()));
    await writeMore(engine, steps.url);
    await here.run('CREATE SCHEMA other; CREATE TABLE other.things (id int)', database);
    const later = await contents(engine, system);

    await expect(postgresCopies.put({ url, ...tools }, copyOf(bytes), how())).rejects.toMatchObject({
      code: 'restore-target-not-empty',
    });
    await expect(
      postgresCopies.put(
        { url, ...tools },
        copyOf(bytes),
        how({
          replace: true,
          check: async () => {
            throw new Error('refused by the check');
          },
        }),
      ),
    ).rejects.toThrow('refused by the check');
    await expect(
      postgresCopies.put(
        { url, ...tools },
        copyOf(bytes.subarray(0, bytes.length - 2_000)),
        how({ replace: true }),
      ),
    ).rejects.toMatchObject({ code: 'pg-dump-failed' });
    expect(await contents(engine, system)).toEqual(later);

    await took('replace', () => postgresCopies.put({ url, ...tools }, copyOf(bytes), how({ replace: true })));
    expect(await contents(engine, system)).toEqual(before);
    expect(
      await here.run(
        `SELECT nspname FROM pg_namespace WHERE nspname LIKE 'ashlar%' OR nspname = 'other'`,
        database,
      ),
    ).toEqual([{ nspname: 'other' }]);
    await applyRoles(engine, system, roles);
    await writeMore(engine, steps.url);
    expect(failuresOf(await prove(engine, system, { roles }))).toEqual([]);
    await engine.close();
    await gone(here);
  });

  test('after a failed check, an empty schema stays empty, and its rights stay', async () => {
    freshRoles();
    const source = await owned(here);
    const engine = await filled(source.url);
    const bytes = await engine.snapshot((snapshot) => buffer(snapshot.copy()));
    await engine.close();
    const { url, database } = await owned(here);
    const state = `SELECT (SELECT count(*)::int FROM pg_class WHERE relnamespace = n.oid) AS relations,
      (SELECT count(*)::int FROM pg_proc WHERE pronamespace = n.oid) AS functions, nspowner::regrole::text, nspacl::text
      FROM pg_namespace n WHERE nspname = 'public'`;
    const before = await here.run(state, database);
    for (const bad of [
      copyOf(bytes),
      copyOf(bytes.subarray(0, bytes.length - 1_000)),
      {
        ...copyOf(bytes),
        bytes: Readable.from(
          (async function* () {
            yield bytes;
            throw new Error('the last block is not authentic');
          })(),
        ),
      },
    ]) {
      await expect(
        postgresCopies.put(
          { url, ...tools },
          bad,
          how({
            check: async () => {
              throw new Error('refused by the check');
            },
          }),
        ),
      ).rejects.toThrow(/refused by the check|ended with an error|not authentic/);
      expect(await here.run(state, database)).toEqual(before);
    }
  });

  test('what is restored into an emptied schema is nobody’s but the owner’s until rights are granted', async () => {
    freshRoles();
    const { url, database, user } = await owned(here);
    const engine = await filled(url);
    const scopeKey = randomBytes(32).toString('hex');
    expect(await installScopeKey(engine, scopeKey)).toBe('written');
    const bytes = await engine.snapshot((snapshot) => buffer(snapshot.copy()));
    const third = `third_${randomBytes(4).toString('hex')}`;
    await here.run(`CREATE ROLE ${third}`);
    await here.run(
      `ALTER DEFAULT PRIVILEGES FOR ROLE ${user} IN SCHEMA public GRANT SELECT ON TABLES TO ${third} WITH GRANT OPTION`,
      database,
    );
    await here.run(`ALTER DEFAULT PRIVILEGES FOR ROLE ${user} GRANT SELECT ON TABLES TO ${third}`, database);
    await engine.asOwner((owner) => emptySchema(owner, 'public'));
    await engine.close();
    const defaults = () =>
      here.run(
        'SELECT defaclnamespace, defaclobjtype, defaclacl::text FROM pg_default_acl ORDER BY 1, 2',
        database,
      );
    const rights = () =>
      here.run(
        `SELECT c.relname, r.rolname FROM pg_class c, pg_roles r
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
           AND r.rolname IN ('${roles.app}', '${roles.auditor}', '${third}')
           AND has_table_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE, DELETE')`,
        database,
      );
    const before = await defaults();
    expect(before).toHaveLength(3);
    let seen: unknown;
    const put = () =>
      postgresCopies.put(
        { url, ...tools },
        copyOf(bytes),
        how({
          check: async () => {
            seen = await rights();
          },
        }),
      );
    await put();
    expect(seen).toEqual([]);
    expect(await rights()).toEqual([]);
    expect((await defaults()).map(({ defaclacl }) => defaclacl).sort()).toEqual(
      before.map(({ defaclacl }) => defaclacl).sort(),
    );
    const again = await openEngine({ url, appRole: roles.app });
    // the cluster, the database and the schema are those of the original
    expect(await installScopeKey(again, scopeKey)).toBe('bound');
    await applyRoles(again, system, roles);
    // what default privileges give later stays a finding
    const found = await checkRoles(again, system, roles);
    expect(found.filter((line) => !line.includes(' is given SELECT on every object '))).toEqual([]);
    await again.close();
  });

  test('members of pg_read_all_data are reported, and no application may be one', async () => {
    freshRoles();
    const { url, database } = await owned(here);
    await (await filled(url)).close();
    const scopeKey = randomBytes(32).toString('hex');
    const engine = await openEngine({ url, scopeKey, appRole: roles.app });
    await installScopeKey(engine, scopeKey);
    const third = `third_${randomBytes(4).toString('hex')}`;
    const [group, later] = [`${third}_group`, `${third}_later`];
    try {
      await here.run(`CREATE ROLE ${third}`);
      await here.run(`CREATE ROLE ${group}`);
      await here.run(`CREATE ROLE ${later} NOINHERIT`);
      await here.run(`GRANT pg_read_all_data TO ${group}`);
      await here.run(`GRANT ${group} TO ${third}, ${later}`);
      await here.run(`GRANT pg_write_all_data TO ${roles.auditor}`);
      const lines = await checkRoles(engine, system, roles);
      const found = lines.map((line) => line.replace(/ \(to take it: .*\)$/, ''));
      for (const name of [third, group, later])
        for (const of of ['ashlar_context_keys', 'ashlar_every_scope'])
          expect(found).toContain(`${name} may read ${of}, as a member of pg_read_all_data`);
      expect(found).toContain(
        `${roles.auditor} may write ashlar_context_keys, as a member of pg_write_all_data`,
      );
      const report = await prove(engine, system, { roles });
      expect(failuresOf(report).join('\n')).toContain(`${third} may read ashlar_context_keys`);
      // a group's right is that of its members, and is taken from the group
      await here.run(`REVOKE pg_read_all_data FROM ${group}`);
      await here.run(`REVOKE pg_write_all_data FROM ${roles.auditor}`);
      await here.run(`GRANT SELECT ON ashlar_context_keys TO ${group}`, database);
      expect(await checkRoles(engine, system, roles)).toEqual([`${group} has SELECT on ashlar_context_keys`]);
      await applyRoles(engine, system, roles);
      expect(await checkRoles(engine, system, roles)).toEqual([]);
      await here.run(`GRANT pg_read_all_data TO ${roles.app}`);
      await expect(
        connect(system, { url, scopeKey, appRole: roles.app, migrations: 'ignore' }),
      ).rejects.toMatchObject({ code: 'role-too-strong' });
    } finally {
      await engine.close();
      await here.run(`REVOKE pg_read_all_data FROM ${roles.app}`);
      for (const role of [third, later, group]) {
        await here.run(`DROP OWNED BY ${role}`, database);
        await here.run(`DROP ROLE ${role}`);
      }
    }
  });

  test('rows that a policy hides from the owner are not lost silently', async () => {
    freshRoles();
    const { url, database, user } = await owned(here);
    const engine = await filled(url);
    const copy = () => engine.snapshot((snapshot) => buffer(snapshot.copy()));
    await here.run(`CREATE POLICY mine ON clients AS RESTRICTIVE USING (status = 'active')`, database);
    await expect(copy()).rejects.toMatchObject({ code: 'copy-incomplete' });
    await here.run('DROP POLICY mine ON clients', database);
    await copy();
    await here.run(
      'CREATE TABLE secrets (id int); ALTER TABLE secrets ENABLE ROW LEVEL SECURITY; ALTER TABLE secrets FORCE ROW LEVEL SECURITY',
      database,
    );
    await here.run(`ALTER TABLE secrets OWNER TO ${user}`, database);
    await expect(copy()).rejects.toMatchObject({ code: 'copy-incomplete' });
    await engine.close();
  });

  test(
    'a process that is killed while it replaces leaves the old or the new, and the next clears up',
    async () => {
      freshRoles();
      const { url, database } = await owned(here, 'CREATEDB');
      const engine = await filled(url);
      const copies = [join(steps.path, 'one'), join(steps.path, 'two')] as const;
      const rowsOfBoth = async () => {
        const there = await openEngine({ url, create: false });
        const schema = await there.asOwner((owner) => there.introspect(owner));
        const found = { schema, rows: await contents(there, system) };
        await there.close();
        return found;
      };
      const put = (file: string) =>
        postgresCopies.put({ url, ...tools }, copyOf(readFileSync(file)), how({ replace: true }));
      for (const file of copies) {
        await writeFile(file, await engine.snapshot((snapshot) => buffer(snapshot.copy())));
        await writeMore(engine, steps.url);
      }
      await engine.close();
      const states: Awaited<ReturnType<typeof rowsOfBoth>>[] = [];
      for (const file of copies) {
        await put(file);
        states.push(await rowsOfBoth());
      }
      expect(states[0]?.rows).not.toEqual(states[1]?.rows);

      /** Restores a copy in a child process, killed some milliseconds after a word of its output, or after a statement of the swap. */
      const worker = async (
        file: string,
        kill: { word?: 'ready' | 'swapping'; after?: number; statement?: number } = {},
      ) => {
        const child = spawn(
          process.execPath,
          [join(import.meta.dirname, 'put-worker.mjs'), built, url, file, `${kill.statement ?? ''}`],
          {
            stdio: ['ignore', 'pipe', 'inherit'],
            env: { ...process.env, PG_DUMP: tools.pgDump, PG_RESTORE: tools.pgRestore },
          },
        );
        const exited = once(child, 'exit');
        const seen: Record<string, number> = {};
        child.stdout.setEncoding('utf8').on('data', (words: string) => {
          for (const word of words.trim().split('\n')) {
            seen[word] = performance.now();
            if (word === kill.word) setTimeout(() => child.kill('SIGKILL'), kill.after);
          }
        });
        const [code, signal] = (await exited) as [number | null, string | null];
        // its last statement may still run on the server
        while ((await here.run(`SELECT 1 FROM pg_stat_activity WHERE datname = '${database}'`)).length > 0)
          await pause(10);
        if (signal === null) expect(code).toBe(0);
        const { ready = 0, swapping = 0, done = 0 } = seen;
        return { isKilled: signal !== null, swapping: swapping - ready, swapped: done - swapping };
      };

      const usual = await worker(copies[0]);
      let current = 0;
      const ends = { old: 0, new: 0, done: 0 };
      for (let kill = 0; kill < kills; kill++) {
        const next = 1 - current;
        const { isKilled } = await worker(
          copies[next] ?? '',
          [
            { word: 'ready', after: Math.random() * usual.swapping } as const,
            { word: 'swapping', after: Math.random() * usual.swapped * 1.2 } as const,
            { statement: 1 + (Math.floor(kill / 3) % 6) },
          ][kill % 3],
        );
        const found = await rowsOfBoth();
        const isNew = isDeepStrictEqual(found, states[next]);
        if (!isNew) expect(found).toEqual(states[current]);
        ends[!isKilled ? 'done' : isNew ? 'new' : 'old']++;
        if (!isKilled) expect(isNew).toBe(true);
        if (isNew) current = next;
      }
      process.stdout.write(
        `restored in ${Math.round(usual.swapping)} ms, swapped in ${Math.round(usual.swapped)} ms; ${kills} kills: ${JSON.stringify(ends)}\n`,
      );
      const left = await here.run(`SELECT datname FROM pg_database WHERE datname LIKE 'ashlar\\_copy%'`);
      process.stdout.write(`${left.length} databases left for the next\n`);
      // the next restore drops them when they are old enough
      for (const { datname } of left)
        await here.run(
          `ALTER DATABASE "${datname}" RENAME TO "${String(datname).replace(/_\d+_/, '_1000000000_')}"`,
        );
      await put(copies[0]);
      await gone(here);
      expect(
        await here.run(`SELECT nspname FROM pg_namespace WHERE nspname LIKE 'ashlar%'`, database),
      ).toEqual([]);
    },
    60_000 + kills * 10_000,
  );

  test('tables can belong to a role without login, and still do afterwards', async () => {
    freshRoles();
    const { url, database, user } = await owned(here, 'CREATEDB');
    const tablesOwner = `tables_${randomBytes(4).toString('hex')}`;
    const engine = await filled(url);
    await applyRoles(engine, system, { ...roles, owner: tablesOwner });
    await engine.close();
    const later = await openEngine({ url, ...tools, appRole: roles.app });
    const before = await contents(later, system);
    const bytes = await later.snapshot((snapshot) => buffer(snapshot.copy()));
    await writeMore(later, steps.url);
    await later.close();
    await postgresCopies.put({ url, ...tools }, copyOf(bytes), how({ replace: true }));
    const after = await openEngine({ url, appRole: roles.app });
    expect(await contents(after, system)).toEqual(before);
    await after.close();
    expect(
      await here.run(`SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'`, database),
    ).toEqual([{ tableowner: tablesOwner }]);
    expect(user).not.toBe(tablesOwner);
  });

  test('a user who cannot create databases gets the reason', async () => {
    freshRoles();
    const { url } = await owned(here);
    const engine = await filled(url);
    const bytes = await engine.snapshot((snapshot) => buffer(snapshot.copy()));
    await engine.close();
    await expect(
      postgresCopies.examine({ url, ...tools }, copyOf(bytes), async () => undefined),
    ).rejects.toMatchObject({ code: 'privilege-missing', suggestion: expect.stringContaining('CREATEDB') });
  });

  test('a schema with an unusual name is copied and replaced', async () => {
    freshRoles();
    const { database } = await owned(here);
    const url = `${here.url(database)}?schema=${encodeURIComponent('Odd "name".x')}`;
    const engine = await filled(url);
    const before = await contents(engine, system);
    const bytes = await engine.snapshot((snapshot) => buffer(snapshot.copy()));
    await writeMore(engine, steps.url);
    await postgresCopies.put({ url, ...tools }, copyOf(bytes), how({ replace: true }));
    expect(await contents(engine, system)).toEqual(before);
    await engine.close();
    await expect(
      postgresCopies.put({ url: here.url((await owned(here)).database), ...tools }, copyOf(bytes), how()),
    ).rejects.toMatchObject({ code: 'copy-unfit' });
  });
});
