import { spawnSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { connect, id, references, system, table } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { appendOnly, audited, auditTrail, scoped } from 'ashlar/guarantees';
import { installScopeKey } from 'ashlar/keys';
import { up } from 'ashlar/migrations';
import { prove } from 'ashlar/prove';
import { applyRoles, checkRoles } from 'ashlar/roles';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { asAdmin, engines, withoutRoles, withRoles } from '../../../../test/support/engines.js';
import { freshRoles } from '../../../../test/support/users.js';
import { newStep } from '../../src/migrations/index.js';
import { levelIn } from '../../src/model/index.js';
import { makeFolder } from '../migrations/folder.js';
import { type Keyed, openKeyed } from './keyed-setup.js';

const changes = auditTrail('changes', (c) => [scoped(c.scope)]);
const notes = table('notes', { id: id(), client: z.string(), body: z.string() }, (c) => [
  scoped(c.client),
  audited({ into: changes }),
]);
const pages = table(
  'pages',
  { id: id(), client: z.string(), note_id: z.uuid(), seen: z.string().nullable() },
  (c) => [
    scoped(c.client),
    references(c.note_id, notes.columns.id, { onDelete: 'cascade' }),
    appendOnly({ stampOnce: c.seen, cascade: c.note_id }),
  ],
);
const tables = { changes, notes, pages };
const asAnn = { actor: 'user:ann', scope: 'ann' };
const asBob = { actor: 'user:bob', scope: 'bob' };

describe('attacks on a database that verifies contexts', () => {
  let keyed: Keyed<typeof tables>;
  let note: string;
  beforeAll(async () => {
    keyed = await openKeyed(tables, {
      additional: [
        // as a team may have one
        `CREATE FUNCTION stamp_pages() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT
           AS $$UPDATE pages SET seen = 'now' WHERE seen IS NULL$$`,
      ],
    });
    note = (await keyed.db.insert(notes, { client: 'ann', body: 'of ann' }, asAnn)).id;
    await keyed.db.insert(pages, { client: 'ann', note_id: note }, asAnn);
  });
  afterAll(() => keyed.close());

  const owned = <T>(text: string): Promise<T[]> =>
    keyed.owner.asOwner((owner) => owner.run(text)) as Promise<T[]>;
  /** What takes the context of bob, with a token that SQL in a session of his gave away. */
  const bobs = async (): Promise<string> => {
    const token = await keyed.db.session(asBob, async (s) => {
      const { rows } = await sql<{ token: string }>`SELECT current_setting('ashlar.token') AS token`.execute(
        s.query,
      );
      return rows[0]?.token;
    });
    return ['actor', 'scope', 'token']
      .map((name, at) => `set_config('ashlar.${name}', '${['user:bob', 'bob', token][at]}', true)`)
      .join(' || ');
  };

  describe('a statement with the contexts of two scopes', () => {
    test.each([
      ['UPDATE', (take: string) => `UPDATE notes SET body = 'x' WHERE id = '${note}' RETURNING ${take}`],
      [
        'UPDATE in WITH',
        (take: string) =>
          `WITH w AS (UPDATE notes SET body = 'x' WHERE id = '${note}' RETURNING 1) SELECT ${take} FROM w`,
      ],
      ['DELETE', (take: string) => `DELETE FROM notes WHERE id = '${note}' RETURNING ${take}`],
      [
        'INSERT',
        (take: string) =>
          `INSERT INTO notes (id, client, body) VALUES ('${randomUUID()}', 'ann', 'x') RETURNING ${take}`,
      ],
      [
        'moving a row',
        (take: string) =>
          `UPDATE notes SET client = CASE WHEN (${take}) IS NULL THEN '' ELSE 'bob' END WHERE id = '${note}'`,
      ],
      [
        'MERGE',
        (take: string) =>
          `WITH w AS (SELECT '${note}'::uuid AS id) MERGE INTO notes n USING w ON n.id = w.id
           WHEN MATCHED THEN UPDATE SET client = CASE WHEN (${take}) IS NULL THEN '' ELSE 'bob' END`,
      ],
    ])('is refused, and nothing is written: %s', async (_, statement) => {
      const before = [await owned('SELECT * FROM notes'), await owned('SELECT * FROM changes')];
      const take = await bobs();
      await expect(
        keyed.db.session(asAnn, (s) => sql.raw(statement(take)).execute(s.query)),
      ).rejects.toMatchObject({ code: 'guarantee-violated', facts: { guarantee: 'scoped' } });
      expect([await owned('SELECT * FROM notes'), await owned('SELECT * FROM changes')]).toEqual(before);
    });

    test('is refused where it comes back to the first one: the row would be in the other scope', async () => {
      const take = await bobs();
      const client = await keyed.plain('app');
      await client.query('BEGIN');
      const token = await keyed.db.session(asAnn, async (s) => {
        const { rows } = await sql<{ t: string }>`SELECT current_setting('ashlar.token') AS t`.execute(
          s.query,
        );
        return rows[0]?.t;
      });
      const back = ['actor', 'scope', 'token']
        .map((name, at) => `set_config('ashlar.${name}', '${['user:ann', 'ann', token][at]}', true)`)
        .join(' || ');
      await client.query(`SELECT ${back}`);
      await expect(
        client.query(
          `UPDATE notes SET client = CASE WHEN (${take}) IS NULL THEN '' ELSE 'bob' END WHERE id = '${note}' RETURNING ${back}`,
        ),
      ).rejects.toMatchObject({ message: expect.stringMatching(/^ashlar\/scoped: rows of notes/) });
      await client.query('ROLLBACK');
    });

    test('one context for all rows is accepted, in every scope too', async () => {
      await keyed.db.session(asAnn, (s) => s.updateMany(notes, 'all', { body: 'again' }));
      await keyed.db.session({ actor: 'user:x', scope: '*' }, async (s) => {
        await s.insert(notes, { client: 'zoe', body: 'x' });
        await s.updateMany(notes, 'all', { client: 'bob' });
        await s.updateMany(notes, { id: note }, { client: 'ann' });
      });
    });
  });

  describe('rights that somebody granted on all tables', () => {
    const third = `reporting_${randomBytes(6).toString('hex')}`;
    beforeAll(async () => {
      await asAdmin(`CREATE ROLE ${third}`);
      await owned(`GRANT USAGE ON SCHEMA data TO ${third}`);
    });
    afterAll(async () => {
      for (const all of ['TABLES', 'FUNCTIONS'])
        await owned(`REVOKE ALL ON ALL ${all} IN SCHEMA data FROM ${third}`);
      await owned(`REVOKE ALL ON SCHEMA data FROM ${third}`);
      await asAdmin(`DROP ROLE ${third}`);
    });

    test('open no scope, are reported for every role, and are taken from what verifies sessions', async () => {
      await owned(`GRANT SELECT ON ALL TABLES IN SCHEMA data TO ${third}`);
      await owned(`GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA data TO ${third}`);
      // the function is asked for that role, as the policies ask it
      await expect(
        keyed.owner.asOwner((owner) =>
          owner.atomically(async () => {
            await owner.run(
              "SELECT set_config('ashlar.scope', '*', true), set_config('ashlar.token', '', true)",
            );
            return owner.run(`SELECT sees FROM ashlar_context('${third}')`);
          }),
        ),
      ).rejects.toMatchObject({ message: expect.stringMatching(/refused|context/) });
      const found = (await checkRoles(keyed.owner, keyed.system, keyed.roles)).join('\n');
      expect(found).toContain(`${third} has SELECT on ashlar_context_keys`);
      expect(found).toContain(`${third} has SELECT on ashlar_every_scope`);
      expect(found).toContain(`${third} may call the trigger function notes_audited()`);
      expect(found).not.toContain(`${third} has SELECT on notes`);
      const report = await prove(keyed.db.engine, keyed.system, { owner: keyed.owner, roles: keyed.roles });
      expect(report.structure.flatMap(({ found: lines }) => lines).join('\n')).toContain(
        `${third} has SELECT on ashlar_context_keys`,
      );
      await applyRoles(keyed.owner, keyed.system, keyed.roles);
      expect(await checkRoles(keyed.owner, keyed.system, keyed.roles)).toEqual([]);
    });

    test('to the application let connect refuse, until they are taken away', async () => {
      const { app } = keyed.roles;
      await owned(`GRANT SELECT ON ALL TABLES IN SCHEMA data TO ${app}`);
      const open = () =>
        connect(keyed.system, { url: keyed.urls.app, scopeKey: keyed.scopeKey, migrations: 'ignore' });
      await expect(open()).rejects.toMatchObject({
        code: 'role-too-strong',
        message: `The role ${app} can read the keys that verify scopes, so it could sign any scope.`,
      });
      await owned(`REVOKE SELECT ON ashlar_context_keys FROM ${app}`);
      await owned(`GRANT SELECT (inner_pad) ON ashlar_context_keys TO ${app}`);
      await expect(open()).rejects.toMatchObject({ code: 'role-too-strong' });
      await applyRoles(keyed.owner, keyed.system, keyed.roles);
      await (await open()).close();
    });
  });

  test('EXECUTE on a trigger function is reported and taken; the function refuses other tables all the same', async () => {
    const { app } = keyed.roles;
    await owned(`GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA data TO ${app}`);
    const client = await keyed.plain('app');
    for (const name of ['notes_audited', 'pages_append_only_cascade']) {
      await client.query('BEGIN; CREATE TEMP TABLE forged (LIKE notes) ON COMMIT DROP');
      await client.query(
        `CREATE TRIGGER forging BEFORE INSERT OR DELETE ON forged FOR EACH ROW EXECUTE FUNCTION ${name}()`,
      );
      await expect(client.query('INSERT INTO forged DEFAULT VALUES')).rejects.toMatchObject({
        message: expect.stringMatching(
          new RegExp(`^ashlar: only triggers of (notes|pages) may call ${name}$`),
        ),
      });
      await client.query('ROLLBACK');
    }
    expect(await checkRoles(keyed.owner, keyed.system, keyed.roles)).toContain(
      `${app} may call the trigger function notes_audited()`,
    );
    await applyRoles(keyed.owner, keyed.system, keyed.roles);
    expect(await checkRoles(keyed.owner, keyed.system, keyed.roles)).toEqual([]);
    await expect(
      client.query(
        'CREATE TEMP TABLE forged (LIKE notes); CREATE TRIGGER f BEFORE INSERT ON forged FOR EACH ROW EXECUTE FUNCTION notes_audited()',
      ),
    ).rejects.toMatchObject({ code: '42501' });
  });

  test('a type in pg_temp takes the place of none in a function that the owner runs', async () => {
    const client = await keyed.plain('app');
    await client.query(`CREATE FUNCTION pg_temp.evil(text) RETURNS boolean LANGUAGE plpgsql
      AS $$BEGIN RAISE EXCEPTION 'this ran as %', current_user; END$$`);
    await client.query('CREATE DOMAIN pg_temp.d AS text CHECK (pg_temp.evil(VALUE))');
    for (const name of ['record', 'text', 'name', 'timestamptz', 'uuid', 'int8'])
      await client.query(
        name === 'record'
          ? 'CREATE TYPE pg_temp.record AS (a pg_temp.d, b pg_temp.d, c pg_temp.d)'
          : `CREATE DOMAIN pg_temp.${name} AS pg_catalog.${name} CHECK (pg_temp.evil(VALUE::pg_catalog.text))`,
      );
    await client.query('SELECT stamp_pages()');
    expect(await owned('SELECT seen FROM pages')).toEqual([{ seen: 'now' }]);
  });

  test('every function has a search path of its own in which pg_temp is last', async () => {
    expect(
      await owned(`SELECT p.proname::text AS name, p.proconfig::text AS settings FROM pg_proc p
        WHERE p.pronamespace = 'data'::regnamespace AND p.prorettype = 'trigger'::regtype
          AND NOT EXISTS (SELECT FROM unnest(p.proconfig) AS one WHERE one ~ '^search_path=.*, pg_temp$')`),
    ).toEqual([]);
  });

  test('each function that runs as its owner has an attack in prove', async () => {
    const report = await prove(keyed.db.engine, keyed.system, { owner: keyed.owner, roles: keyed.roles });
    const attacks = report.tables.flatMap(({ guarantee, attacks: all }) =>
      all.map((one) => ({ guarantee, ...one })),
    );
    const triggers = await owned<{ name: string }>(
      "SELECT proname::text AS name FROM pg_proc WHERE pronamespace = 'data'::regnamespace AND prosecdef AND prorettype = 'trigger'::regtype",
    );
    expect(triggers.length).toBeGreaterThan(1);
    for (const { name } of triggers)
      for (const [as, suffix] of [
        ['app', ''],
        ['owner', ', by the owner'],
      ] as const)
        expect(attacks).toContainEqual(
          expect.objectContaining({
            as,
            verdict: 'refused',
            name: `the function ${name} on a temporary table${suffix}`,
          }),
        );
    for (const name of [
      'SELECT that asks as the owner, from another scope',
      'SELECT that asks for the low end of the range as the owner, from another scope',
      'SELECT that asks for the high end of the range as the owner, from another scope',
      'signing with what anybody may know of the key',
      'reading the keys',
      'moving a row while the scope changes',
    ])
      expect(attacks.filter((one) => one.name === name).map(({ verdict }) => verdict)).toEqual(
        expect.arrayContaining([expect.stringMatching(/refused|untouched/)]),
      );
    expect(attacks.filter(({ verdict }) => verdict === 'failed')).toEqual([]);
  });
});

describe.each(withRoles)('what other roles get by default or by membership on $name', (engine) => {
  const roles = freshRoles();
  const third = `third_${randomBytes(6).toString('hex')}`;

  test('nothing of what verifies sessions: rights on new tables are taken in the transaction that makes them', async () => {
    const place = await engine.place();
    const folder = await makeFolder();
    const plain = system('plain', { tables: { notes, changes }, migrations: folder.url });
    await newStep(plain, folder.url, 'initial');
    const owner = await openEngine({ url: place.url, appRole: roles.app });
    const run = (text: string) => owner.asOwner((connection) => connection.run(text));
    try {
      await run(`CREATE ROLE ${third}`);
      await run(`ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO ${third}`);
      await up(owner, plain, { roles });
      const may = (name: string) =>
        run(
          `SELECT has_table_privilege('${third}', '${name}', 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE') AS may`,
        );
      for (const name of ['ashlar_context_keys', 'ashlar_every_scope'])
        expect(await may(name)).toEqual([{ may: false }]);
      expect(await may('notes')).toEqual([{ may: true }]);
      const found = await checkRoles(owner, plain, roles);
      expect(found.filter((line) => /ashlar_(context_keys|every_scope)/.test(line))).toEqual([]);
      expect(found.join()).toContain(`${third} is given TRUNCATE on all tables`);
    } finally {
      const all = [roles.app, roles.auditor, third].join(', ');
      await owner.asOwner((connection) => connection.script(`DROP OWNED BY ${all}; DROP ROLE ${all}`));
      await owner.close();
      await place.remove();
      await folder.remove();
    }
  });
});

// on a server, test/postgres-tools has the same with a cluster of its own: a membership is one in every database
describe.each(engines.filter(({ name }) => name === 'pglite'))(
  'members of pg_read_all_data on $name',
  (engine) => {
    test('are reported by roles check and prove, and no application may be one', async () => {
      const place = await engine.place();
      const folder = await makeFolder();
      const plain = system('plain', { tables: { notes, changes }, migrations: folder.url });
      await newStep(plain, folder.url, 'initial');
      const roles = freshRoles();
      const owner = await openEngine({ url: place.url, appRole: roles.app });
      const run = (text: string) => owner.asOwner((connection) => connection.script(text));
      try {
        await up(owner, plain, { roles });
        await installScopeKey(owner, 'ab'.repeat(32));
        expect(owner.connectedRole?.readsKeys).toBe(false);
        await run(`CREATE ROLE third; GRANT pg_read_all_data TO third, ${roles.app}`);
        const found = ['third', roles.app].flatMap((name) =>
          ['ashlar_context_keys', 'ashlar_every_scope'].map(
            (of) =>
              `${name} may read ${of}, as a member of pg_read_all_data (to take it: REVOKE pg_read_all_data FROM ${name}; to accept it: member ${name} of pg_read_all_data)`,
          ),
        );
        const lines = await checkRoles(owner, plain, roles);
        expect(lines.filter((line) => line.includes(' may read ')).sort()).toEqual([...found].sort());
        // `up` goes on: only a person can say what the membership is for
        await up(owner, plain, { roles });
        expect(owner.connectedRole?.readsKeys).toBe(true);
      } finally {
        const all = ['third', roles.app, roles.auditor].join(', ');
        await run(`DROP OWNED BY ${all}; DROP ROLE ${all}`);
        await owner.close();
        await place.remove();
        await folder.remove();
      }
    });
  },
);

describe('a database without a key', () => {
  test('that had one is refused by the sessions that knew it, and by those that require it', async () => {
    const keyed = await openKeyed(tables);
    try {
      const open = (options = {}) =>
        connect(keyed.system, {
          url: keyed.urls.app,
          scopeKey: keyed.scopeKey,
          migrations: 'ignore',
          ...options,
        });
      const strict = await open({ requireScopeKey: true });
      for (const db of [keyed.db, strict]) await db.insert(notes, { client: 'ann', body: 'x' }, asAnn);
      await keyed.owner.asOwner((owner) => owner.run('DELETE FROM ashlar_context_keys'));
      for (const db of [keyed.db, strict])
        await expect(db.insert(notes, { client: 'ann', body: 'x' }, asAnn)).rejects.toMatchObject({
          code: 'scope-key-absent',
        });
      await expect(open({ requireScopeKey: true })).rejects.toMatchObject({ code: 'scope-key-absent' });
      const trusting = await open();
      expect(trusting.engine).toMatchObject({ context: 'settings', hasUnusedKey: true });
      const options = JSON.stringify({ url: keyed.urls.app, scopeKey: keyed.scopeKey, migrations: 'ignore' });
      const program = `import { connect, system } from 'ashlar';
        const none = system('none', { tables: {}, migrations: new URL('file:///nowhere/') });
        await (await connect(none, ${options})).close();`;
      const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
        encoding: 'utf8',
        cwd: import.meta.dirname,
      });
      expect(JSON.parse(stderr)).toMatchObject({ code: 'scope-key-absent', level: 40 });
      expect(await installScopeKey(keyed.owner, keyed.scopeKey)).toBe('written');
      for (const db of [keyed.db, strict, trusting])
        await db.insert(notes, { client: 'ann', body: 'x' }, asAnn);
      expect(trusting.engine.hasUnusedKey).toBe(false);
      await strict.close();
      await trusting.close();
    } finally {
      await keyed.close();
    }
  });

  test('gets none while a policy or a trail of an earlier release would trust settings', async () => {
    const old = await openKeyed(tables, {
      isKeyed: false,
      additional: ['CREATE POLICY notes_old ON notes USING (client >= ashlar_scope_text_low())'],
    });
    try {
      const install = () => installScopeKey(old.owner, old.scopeKey);
      await expect(install()).rejects.toMatchObject({
        code: 'scope-key-early',
        detail: expect.stringContaining('the policy notes_old of notes'),
      });
      const run = (text: string) => old.owner.asOwner((owner) => owner.script(text));
      await run('DROP POLICY notes_old ON notes');
      await run(`CREATE FUNCTION old_trail() RETURNS trigger LANGUAGE plpgsql
        AS $$BEGIN PERFORM nullif(current_setting('ashlar.actor', true), ''); RETURN NULL; END$$`);
      await expect(install()).rejects.toMatchObject({
        code: 'scope-key-early',
        detail: expect.stringContaining('the trail function old_trail'),
      });
      await run('DROP FUNCTION old_trail()');
      expect(await install()).toBe('written');
      const [guarantee] = notes.guarantees.filter(({ name }) => name === 'scoped');
      if (!guarantee) throw new Error('notes is scoped');
      const level = async () => {
        const engine = await openEngine({ url: old.urls.app, scopeKey: old.scopeKey });
        const found = levelIn(engine, guarantee, false);
        await engine.close();
        return found;
      };
      expect(await level()).toMatchObject({ level: 'enforced' });
      // as after `migrate down`
      await run('CREATE POLICY notes_old ON notes USING (client >= ashlar_scope_text_low())');
      expect(await level()).toMatchObject({
        level: 'emulated',
        weaker: expect.stringContaining('policies or triggers of an earlier release do not verify'),
      });
    } finally {
      await old.close();
    }
  });

  test.each(withoutRoles)('is no concern of requireScopeKey on $name', async ({ place }) => {
    const { url, key, remove } = await place();
    const plain = system('plain', { tables: { notes }, migrations: new URL('file:///nowhere/') });
    const db = await connect(plain, { url, key, migrations: 'ignore', requireScopeKey: true });
    expect(db.engine.context).toBeUndefined();
    await db.close();
    await remove();
  });
});
