import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect, Database } from 'ashlar';
import { type Engine, openEngine } from 'ashlar/extend';
import { installScopeKey } from 'ashlar/keys';
import { openLedger, verifyLedger } from 'ashlar/ledger';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sqlOf as dialectOf, oneOfEach, type Place, server } from '../../../../test/support/engines.js';
import type { FoundationVersion } from '../../src/contract/dialect.js';
import { dialects } from '../../src/engines/open.js';
import { assertStepsApplied, stepsWarning } from '../../src/migrations/at-connect.js';
import { upgradeFoundation } from '../../src/migrations/foundation.js';
import { down, maintain, newStep, plan, sqlOf, stamp, status, up } from '../../src/migrations/index.js';
import { ensureHistory } from '../../src/migrations/initialise.js';
import { planOn, readSystemSteps } from '../../src/migrations/plan.js';
import { upWith } from '../../src/migrations/up.js';
import { failuresOf, prove } from '../../src/prove/index.js';
import { bodies, scope } from '../frozen/1/system.mjs';
import { formats, migrations, office, oldClient, options, restored } from '../frozen/frozen.js';
import { firstChange, raised } from '../frozen/raised.mjs';
import { behindItsBack } from '../ledger/sabotage.js';
import { makeFolder } from './folder.js';

const { engines } = oneOfEach(import.meta.url);

const worker = fileURLToPath(new URL('../frozen/worker.mjs', import.meta.url));

// the versions that releases have are not those that the tests add
const isReleased = (step: unknown): boolean => step === '0002_context_and_words';

const versionsOf = async (engine: Engine) =>
  engine.asOwner(async (owner) =>
    (
      await owner.run(
        "SELECT step, checksum, applied_by FROM ashlar_migrations WHERE system = 'ashlar' ORDER BY step",
      )
    )
      .filter(({ step }) => !isReleased(step))
      .map(({ step, checksum, applied_by }) => `${step} ${checksum} ${applied_by}`),
  );

/** What the catalogue of the engine says of Ashlar's own objects. */
const ownObjects = (engine: Engine) =>
  engine.asOwner((owner) =>
    owner.run(
      engine.dialect.name === 'sqlite'
        ? `SELECT m.name AS object, c.name AS part, c.type || ' ' || c."notnull" || ' ' || c.pk AS form
           FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name LIKE 'ashlar!_%' ESCAPE '!'
           ORDER BY 1, 2`
        : `SELECT c.relname::text AS object, a.attname::text AS part, format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull AS form
           FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
           WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND c.relname LIKE 'ashlar!_%' ESCAPE '!'
           UNION ALL
           SELECT p.oid::regprocedure::text, '', pg_get_functiondef(p.oid) FROM pg_proc p
           WHERE p.pronamespace = current_schema()::regnamespace AND p.proname LIKE 'ashlar!_%' ESCAPE '!'
           ORDER BY 1, 2`,
    ),
  );

describe.each(engines)('an upgrade of Ashlar on $name', (kind) => {
  let place: Place;
  let engine: Engine;
  beforeEach(async () => {
    place = await kind.place();
    engine = await restored(place);
  });
  afterEach(async () => {
    await engine.close();
    await place.remove();
  });

  const addedExists = async (): Promise<boolean> =>
    (await ownObjects(engine)).some(({ object }) => /^ashlar_added\b/.test(String(object)));
  const frozenWorks = async (): Promise<void> => {
    const client = await oldClient(kind, place, engine);
    await client.run();
    await client.close();
  };
  const letters = async (): Promise<number> => {
    const [row] = await engine.asOwner((owner) => owner.run('SELECT count(*) AS n FROM letters'));
    return Number(row?.n);
  };

  test('this release works with a database of version 1 as it is: rows, keys, ledgers, sessions', async () => {
    const { tables } = office;
    const db = new Database(engine, office, options);
    const read = await db.read({ scope }, async (s) => {
      const ids = await s.query.selectFrom('letters').select('id').orderBy('at').orderBy('id').execute();
      return Promise.all(ids.map(({ id }) => s.get(tables.letters as never, id as never)));
    });
    expect(read).toMatchObject(bodies.map((body) => ({ body, note: `note of ${body}` })));
    expect(await db.get(tables.clients as never, scope as never, { scope })).toMatchObject({
      email: 'ann@example.org',
      status: 'active',
    });
    // the key of the keyring derives the same blind index as in version 1
    const indexOf = () => engine.asOwner((owner) => owner.run('SELECT email_index FROM clients'));
    const before = await indexOf();
    const again = { email: 'ann@example.org' } as never;
    await db.update(tables.clients as never, scope as never, again, { actor: 'user:1', scope });
    expect(await indexOf()).toEqual(before);
    await frozenWorks();
    // the application's methods, on the objects that version 1 made
    const letter = await db.insert(
      tables.letters as never,
      { client_id: scope, body: 'new', note: 'secret' } as never,
      { actor: 'user:1', scope },
    );
    expect(letter).toMatchObject({ body: 'new', note: 'secret' });
    await db.update(tables.clients as never, scope as never, { email: 'b@example.org' } as never, {
      actor: 'user:1',
      scope,
    });
    for (const [sql, code] of [
      ["UPDATE letters SET body = 'x'", 'guarantee-violated'],
      ["UPDATE clients SET status = 'invited'", 'guarantee-violated'],
    ] as const) {
      await expect(engine.asOwner((owner) => owner.run(sql))).rejects.toMatchObject({ code });
    }
    await engine.seal();
    const checkpoints = await mkdtemp(join(tmpdir(), 'ashlar-checkpoints-'));
    await mkdir(join(checkpoints, 'office/letters'), { recursive: true });
    const { checkpoint } = formats[engine.dialect.name];
    await writeFile(join(checkpoints, `office/letters/${bodies.length}.checkpoint`), checkpoint);
    for (const table of ['letters', 'trail']) {
      const publicKeys = [formats.keys.signing.publicKey];
      const ledger = openLedger(engine, office, tables[table] as never, { checkpoints, publicKeys });
      expect(await verifyLedger(ledger, { full: true })).toMatchObject({ problems: [] });
      expect((await verifyLedger(ledger)).trusted).toBe(table === 'letters' ? bodies.length : 0);
    }
    await rm(checkpoints, { recursive: true });
    expect(await letters()).toBe(bodies.length + 2);
  });

  test('the foundation of a new database is that of version 1 with the released versions', async () => {
    // without the repair of `up`: it would hide a change of the foundation that no version makes
    const { dialect } = engine;
    await engine.asOwner((owner) =>
      upgradeFoundation(
        { owner, dialect, foundation: dialect, actor: 'test', limit: {}, grant: async () => undefined },
        dialect.foundationVersions,
      ),
    );
    const other = await kind.place();
    const fresh = await openEngine({ url: other.url, key: other.key });
    await fresh.asOwner((owner) => owner.atomically(() => ensureHistory(owner, fresh.dialect, 'test')));
    const [upgraded, made] = [await ownObjects(engine), await ownObjects(fresh)];
    await fresh.close();
    await other.remove();
    expect(upgraded).toEqual(made);
    expect(made.length).toBeGreaterThan(5);
  });

  test('sessions of the older release run before, during and after it', async () => {
    const clients = await Promise.all([1, 2, 3].map(() => oldClient(kind, place, engine)));
    const older = new Database(engine, office, options);
    const done = { old: 0, api: 0 };
    let isUpgraded = false;
    const after = { old: 0, api: 0 };
    const until = (): boolean => isUpgraded && after.old >= 20 && after.api >= 20;
    const load = async (name: 'old' | 'api', session: () => Promise<unknown>): Promise<void> => {
      while (!until()) {
        const began = isUpgraded;
        await session();
        done[name]++;
        if (began) after[name]++;
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const running = [
      ...clients.map((client) => load('old', () => client.run())),
      load('api', () =>
        older.insert(
          office.tables.letters as never,
          { client_id: scope, body: 'api', note: 'secret' } as never,
          { actor: 'user:1', scope },
        ),
      ),
    ];
    const all = Promise.all(running);
    const warm = async (): Promise<void> => {
      while (done.old < 10 || done.api < 10) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    // a session that fails ends the wait too
    await Promise.race([warm(), all]);
    const newer = kind.name === 'pglite' ? engine : await openEngine({ url: place.url, key: place.key });
    const seen: string[] = [];
    await upWith(raised(newer.dialect), newer, office, {
      actor: 'newer',
      onVersion: ({ version }) => isReleased(version) || seen.push(version),
    });
    isUpgraded = true;
    await all;
    for (const client of clients) await client.close();
    if (newer !== engine) await newer.close();
    expect(seen).toEqual(['0003_expanded']);
    expect(await versionsOf(engine)).toEqual(['0003_expanded oldest:1 newer']);
    expect(await addedExists()).toBe(true);
    expect(await letters()).toBe(bodies.length + done.old + done.api);
    await engine.seal();
    const ledger = openLedger(engine, office, office.tables.letters as never);
    expect(await verifyLedger(ledger, { full: true })).toMatchObject({
      problems: [],
      size: bodies.length + done.old + done.api,
    });
  });

  test('two at once apply each version once', async () => {
    const others = await Promise.all(
      [1, 2].map(async () =>
        kind.name === 'pglite' ? engine : await openEngine({ url: place.url, key: place.key }),
      ),
    );
    const seen: string[] = [];
    const onVersion = ({ version }: { version: string }) => isReleased(version) || seen.push(version);
    await Promise.all(
      others.map((other) =>
        upWith(raised(other.dialect, { more: 2 }), other, office, { actor: 'both', onVersion }),
      ),
    );
    for (const other of others) if (other !== engine) await other.close();
    expect(seen).toEqual(['0003_expanded', '0004_contracted']);
    expect(await versionsOf(engine)).toEqual([
      '0003_expanded oldest:1 both',
      '0004_contracted oldest:4 both',
    ]);
  });

  test('an older and a newer one at once: the newer wins, and the older succeeds or refuses', async () => {
    const [older, newer] = await Promise.all(
      [1, 2].map(async () =>
        kind.name === 'pglite' ? engine : await openEngine({ url: place.url, key: place.key }),
      ),
    );
    if (!older || !newer) throw new TypeError('two engines were opened');
    const [first, second] = await Promise.allSettled([
      up(older, office),
      upWith(raised(newer.dialect, { more: 2 }), newer, office, { actor: 'newer' }),
    ]);
    for (const other of [older, newer]) if (other !== engine) await other.close();
    expect(second).toMatchObject({ status: 'fulfilled' });
    if (first.status === 'rejected') expect(first.reason).toMatchObject({ code: 'database-newer' });
    expect(await versionsOf(engine)).toEqual([
      '0003_expanded oldest:1 newer',
      '0004_contracted oldest:4 newer',
    ]);
    expect(await addedExists()).toBe(false);
  });

  test('a compatible version: the older release goes on and leaves the newer objects alone', async () => {
    await upWith(raised(engine.dialect), engine, office);
    const before = await ownObjects(engine);
    // the function that the next version replaced
    if (dialectOf(kind) === 'postgres')
      expect(before).toContainEqual({
        object: 'ashlar_scope_bigint_low()',
        part: '',
        form: expect.stringContaining('THEN 0::pg_catalog.int8'),
      });
    expect(await up(engine, office)).toEqual([]);
    await stamp(engine, office, '0001_initial');
    expect(await ownObjects(engine)).toEqual(before);
    expect(await stepsWarning(engine, office)).toBeUndefined();
    await assertStepsApplied(engine, office);
    await frozenWorks();
    const report = await status(engine, office);
    expect(report.foundation).toMatchObject({
      database: 3,
      package: 2,
      oldest: 1,
      pending: [],
      incoming: false,
    });
    // the release that made the version judges its objects
    expect(report.problems).toContainEqual(
      expect.stringContaining('recorded as version 0003_expanded, which this release does not know'),
    );
    expect(report.drift?.join()).toContain('ashlar_');
  });

  test('an incompatible version: the older release refuses, and changes nothing', async () => {
    await upWith(raised(engine.dialect, { more: 2 }), engine, office);
    const before = await ownObjects(engine);
    const refusal = {
      code: 'database-newer',
      message: 'A newer release of Ashlar upgraded this database, and this release cannot use it.',
      detail: expect.stringContaining('This release knows version 2'),
      suggestion: expect.stringContaining('Install the release'),
      facts: { foundation: { database: 4, oldest: 4, package: 2 } },
      exitCode: 3,
    };
    for (const attempt of [
      () => up(engine, office),
      () => down(engine, office),
      () => plan(engine, office),
      () => stamp(engine, office, '0001_initial', { forget: true }),
      () => stepsWarning(engine, office),
      () => assertStepsApplied(engine, office),
      () => prove(engine, office),
    ])
      await expect(attempt()).rejects.toMatchObject(refusal);
    // so does a later release that does not know the last version
    await expect(upWith(raised(engine.dialect), engine, office)).rejects.toMatchObject({
      code: 'database-newer',
      facts: { foundation: { database: 4, oldest: 4, package: 3 } },
    });
    // PGlite in memory has no second connection
    if (kind.name !== 'pglite') {
      for (const check of ['warn', 'require', 'ignore'] as const)
        await expect(
          connect(office, { url: place.url, key: place.key, migrations: check }),
        ).rejects.toMatchObject(refusal);
    }
    expect(await ownObjects(engine)).toEqual(before);
    const { foundation, ok, problems } = await status(engine, office);
    expect(foundation).toMatchObject({ database: 4, package: 2, oldest: 4, pending: [], incoming: false });
    expect(ok).toBe(false);
    expect(problems).toContainEqual(expect.stringContaining('a release that knows version 4'));
  });

  test('a record that cannot be read counts as incompatible', async () => {
    await upWith(raised(engine.dialect), engine, office);
    await engine.asOwner((owner) =>
      owner.run("UPDATE ashlar_migrations SET checksum = 'unknown' WHERE system = 'ashlar'"),
    );
    await expect(up(engine, office)).rejects.toMatchObject({
      code: 'database-newer',
      facts: { foundation: { database: 3, oldest: 3, package: 2 } },
    });
  });

  test('a newer release tells that the database is older, in plan, connect and prove', async () => {
    const newer = raised(engine.dialect, { more: 2 });
    expect(await stepsWarning(engine, office, newer)).toMatchObject({
      code: 'migration-pending',
      detail: 'Ashlar’s own objects: version 1 in the database, 4 in this release',
    });
    await expect(assertStepsApplied(engine, office, newer)).rejects.toMatchObject({
      code: 'migration-pending',
    });
    await upWith(newer, engine, office);
    expect(await stepsWarning(engine, office, newer)).toBeUndefined();
  });

  test('a new database begins with the last version and all records', async () => {
    const other = await kind.place();
    const fresh = await openEngine({ url: other.url, key: other.key });
    const seen: string[] = [];
    await upWith(raised(fresh.dialect, { more: 2 }), fresh, office, {
      actor: 'first',
      onVersion: ({ version }) => isReleased(version) || seen.push(version),
    });
    expect(seen).toEqual([]);
    expect(await versionsOf(fresh)).toEqual([
      '0003_expanded oldest:1 first',
      '0004_contracted oldest:4 first',
    ]);
    await fresh.close();
    await other.remove();
  });

  test('plan lists the versions, and a DBA can run their SQL', async () => {
    const newer = raised(engine.dialect, { more: 2 });
    const steps = await readSystemSteps(engine, office);
    const { foundation } = await engine.asOwner((owner) =>
      planOn({ engine, owner, system: office, steps, options: {}, foundation: newer }),
    );
    expect(foundation.map(({ version }) => version)).toEqual([2, 3, 4]);
    const sql = sqlOf({
      dialect: engine.dialect,
      system: office.name,
      steps: [],
      actor: 'dba',
      firstEver: false,
      foundation,
    });
    await engine.asOwner((owner) => owner.script(sql));
    expect(await versionsOf(engine)).toEqual(['0003_expanded oldest:1 dba', '0004_contracted oldest:4 dba']);
    await expect(plan(engine, office)).rejects.toMatchObject({ code: 'database-newer' });
  });

  test('a step of this release brings the objects of guarantees up to date, and prove accepts all', async () => {
    const folder = await makeFolder();
    await cp(migrations, folder.url, { recursive: true });
    const now = { ...office, migrations: folder.url };
    await newStep(now, folder.url, 'renewed', { engines: [dialectOf(kind)] });
    await up(engine, now);
    await maintain(engine, Object.values(now.tables), new Date());
    await frozenWorks();
    const report = await prove(engine, now);
    expect(failuresOf(report)).toEqual([]);
    expect((await status(engine, now)).outdated_objects).toEqual([]);
    await folder.remove();
  });

  test('what version 1 purged is recorded by the step, and is no problem from then on', async () => {
    const ledger = openLedger(engine, office, office.tables.letters as never);
    // as a purge of version 1 leaves it: no row, no entry, and a head that says so
    const gone = '(SELECT row_key FROM letters_ledger_tree WHERE level = 0 AND position = 0)';
    await behindItsBack(engine, 'letters', [`DELETE FROM letters WHERE CAST(id AS text) = ${gone}`]);
    await behindItsBack(engine, 'letters_ledger_entries', [
      `DELETE FROM letters_ledger_entries WHERE row_key = ${gone}`,
    ]);
    await behindItsBack(engine, 'letters_ledger_head', ['UPDATE letters_ledger_head SET first_provable = 1']);
    const folder = await makeFolder();
    await cp(migrations, folder.url, { recursive: true });
    const now = { ...office, migrations: folder.url };
    await up(engine, office);
    for (const full of [true, false])
      expect(await verifyLedger(ledger, { full })).toMatchObject({
        problems: [],
        unverified: [
          'what was purged before the position 1 cannot be verified: the step that records purges is pending',
        ],
      });
    await newStep(now, folder.url, 'renewed', { engines: [dialectOf(kind)] });
    await up(engine, now);
    expect(await verifyLedger(ledger, { full: true })).toMatchObject({
      problems: [],
      retired: 1,
      unverified: [
        'the retirement of 1 entry, between the positions 0 and 0, cannot be verified: purged before purges were recorded',
      ],
    });
    await folder.remove();
  });

  test('a failing version leaves the version before, and the next up completes it', async () => {
    const { foundation, foundationVersions } = raised(engine.dialect);
    const broken = {
      foundation,
      foundationVersions: foundationVersions.map((version) => ({
        ...version,
        change: [...version.change, 'SELECT * FROM no_such_table'],
      })),
    };
    const before = await ownObjects(engine);
    await expect(upWith(broken, engine, office)).rejects.toMatchObject({ name: 'AshlarError' });
    expect(await ownObjects(engine)).toEqual(before);
    expect(await versionsOf(engine)).toEqual([]);
    await frozenWorks();
    await upWith(raised(engine.dialect), engine, office);
    expect(await addedExists()).toBe(true);
  });
});

describe.each(server)('a rolling deployment with a key for scopes on $name', (kind) => {
  test('old sessions work until the key is written, and are refused from then on; those with the key go on', async () => {
    const place = await kind.place();
    const scopeKey = randomBytes(32).toString('hex');
    // an instance of this release that has the key, and one that was not given it
    const keyed = await restored(place, { scopeKey });
    const unkeyed = await openEngine({ url: place.url });
    let running: Engine | undefined;
    const old = await oldClient(kind, place, keyed);
    const folder = await makeFolder();
    await cp(migrations, folder.url, { recursive: true });
    const now = { ...office, migrations: folder.url };
    const inserts = (engine: Engine) =>
      new Database(engine, now, options).insert(
        now.tables.letters as never,
        { client_id: scope, body: 'x', note: 'secret' } as never,
        { actor: 'user:1', scope },
      );
    const allRun = async (): Promise<void> => {
      await old.run();
      for (const engine of [keyed, unkeyed]) await inserts(engine);
    };
    const letters = async () => {
      const [row] = await keyed.asOwner((owner) => owner.run('SELECT count(*) AS n FROM letters'));
      return Number(row?.n);
    };
    try {
      await allRun();
      // the new release everywhere: its foundation, with the policies of the old one
      await up(keyed, office);
      await allRun();
      // the step that replaces policies and triggers
      await newStep(now, folder.url, 'renewed', { engines: [dialectOf(kind)] });
      await up(keyed, now);
      await allRun();
      running = await openEngine({ url: place.url, scopeKey });
      await inserts(running);
      const before = await letters();
      expect(await installScopeKey(keyed, scopeKey)).toBe('written');
      await expect(old.run()).rejects.toMatchObject({
        code: '28000',
        message: 'ashlar/context: the database refused the scope and the actor of this session',
      });
      // it notices within a transaction, and then at the beginning of the next
      await expect(inserts(unkeyed)).rejects.toMatchObject({ code: 'context-refused' });
      await expect(inserts(unkeyed)).rejects.toMatchObject({ code: 'scope-key-missing' });
      expect(await letters()).toBe(before);
      for (const engine of [running, keyed]) expect(await inserts(engine)).toMatchObject({ body: 'x' });
      expect(await letters()).toBe(before + 2);
    } finally {
      await old.close();
      await running?.close();
      await unkeyed.close();
      await keyed.close();
      await folder.remove();
      await place.remove();
    }
  });
});

describe('the lists of versions', () => {
  /** What is wrong with the lists of the dialects. */
  const problemsOf = (lists: readonly (readonly FoundationVersion[])[]): string[] => {
    const [first = [], ...others] = lists.map((list) =>
      list.map(({ version, name, oldest }) => JSON.stringify({ version, name, oldest })),
    );
    const known = lists[0] ?? [];
    return [
      ...(others.every((other) => other.join() === first.join()) ? [] : ['the dialects differ']),
      ...known.flatMap(({ version, name, oldest }, at) => [
        ...(version === at + 2 ? [] : [`${version} is not the next version`]),
        ...(/^[a-z][a-z0-9_]*$/.test(name) ? [] : [`${name} is not a name`]),
        ...(oldest <= version && oldest >= (known[at - 1]?.oldest ?? 1) ? [] : [`${oldest} is not possible`]),
      ]),
    ];
  };

  test('have the same numbers, without gaps, in both dialects', async () => {
    const both = await Promise.all([dialects.sqlite(), dialects.postgres()]);
    expect(problemsOf(both.map(({ foundationVersions }) => foundationVersions))).toEqual([]);
    expect(problemsOf(both.map((one) => raised(one, { more: 2 }).foundationVersions))).toEqual([]);
    const version = { version: 3, name: 'A b', oldest: 4, change: [] };
    expect(problemsOf([[version], []])).toEqual([
      'the dialects differ',
      '3 is not the next version',
      'A b is not a name',
      '4 is not possible',
    ]);
  });
});

/** PGlite in a folder: a child process can open it. */
const inFolder = async (): Promise<Place> => {
  const folder = await mkdtemp(join(tmpdir(), 'ashlar-upgrade-'));
  return {
    url: `pglite:${join(folder, 'office.db')}`,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
};

describe.each(engines)('a process that is killed during an upgrade on $name', (kind) => {
  test('leaves version 1, which works; the next up completes the upgrade', async () => {
    const place = await (kind.name === 'pglite' ? inFolder() : kind.place());
    let engine = await restored(place);
    await engine.close();
    const child = spawn(process.execPath, [worker, JSON.stringify(place)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.stdout.on('data', (text: Buffer) => {
      output += text.toString();
      if (output.includes(JSON.stringify(firstChange(dialectOf(kind))))) child.kill('SIGKILL');
    });
    await ended;
    expect(output).toContain(JSON.stringify(firstChange(dialectOf(kind))));
    expect(output).not.toContain('done');

    engine = await openEngine({ url: place.url, key: place.key });
    const client = await oldClient(kind, place, engine);
    await client.run();
    expect(await versionsOf(engine)).toEqual([]);
    expect(await stepsWarning(engine, office)).toBeUndefined();
    await upWith(raised(engine.dialect), engine, office, { actor: 'next' });
    await client.run();
    expect(await versionsOf(engine)).toEqual(['0003_expanded oldest:1 next']);
    await client.close();
    await engine.close();
    await place.remove();
  });
});

describe.each(engines)('statements at start-up on $name', (kind) => {
  /** The statements of `up` where nothing is pending, before versions existed. */
  const before = { sqlite: 5, sqlcipher: 5, pglite: 49, postgres: 51 }[kind.name];

  test('the version costs none', async () => {
    const place = await kind.place();
    const sent: string[] = [];
    const onStatement = ({ sql }: { sql: string }) => sent.push(sql);
    const engine = await restored(place, { onStatement });
    await up(engine, office);
    sent.length = 0;
    await up(engine, office);
    expect(sent.length).toBeLessThanOrEqual(before);
    sent.length = 0;
    expect(await stepsWarning(engine, office)).toBeUndefined();
    expect(sent).toHaveLength(1);
    sent.length = 0;
    await assertStepsApplied(engine, office);
    expect(sent).toHaveLength(1);
    // PGlite in memory has no second connection
    if (kind.name !== 'pglite') {
      for (const check of ['warn', 'require', 'ignore'] as const) {
        sent.length = 0;
        const at = { url: place.url, ...(place.key === undefined ? {} : { key: place.key }) };
        await (await connect(office, { ...at, ...options, migrations: check, onStatement })).close();
        expect(sent).toHaveLength(1);
      }
    }
    await engine.close();
    await place.remove();
  });
});
