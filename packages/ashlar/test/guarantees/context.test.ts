import { randomBytes } from 'node:crypto';
import { connect, createdAt, everyScope, id, primaryKey, references, table } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { acyclic, appendOnly, audited, auditTrail, ledgered, partitioned, scoped } from 'ashlar/guarantees';
import { finishScopeKeyRotation, installScopeKey, rotateScopeKey } from 'ashlar/keys';
import { maintain } from 'ashlar/migrations';
import { failuresOf, prove } from 'ashlar/prove';
import { checkRoles } from 'ashlar/roles';
import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { asAdmin } from '../../../../test/support/engines.js';
import { contextKey, sign } from '../../src/engines/postgres/session/context-key.js';
import { type Keyed, openKeyed } from './keyed-setup.js';

const changes = auditTrail('changes', (c) => [scoped(c.scope)]);
const notes = table('notes', { id: id(), client: z.string(), body: z.string() }, (c) => [
  scoped(c.client),
  audited({ into: changes }),
]);
const pages = table('pages', { id: id(), client: z.string(), note_id: z.uuid() }, (c) => [
  scoped(c.client),
  references(c.note_id, notes.columns.id, { onDelete: 'cascade' }),
  audited({ into: changes }),
]);
const nodes = table('nodes', { id: id(), org: z.int(), parent_id: z.uuid().nullable() }, (c) => [
  scoped(c.org),
  references(c.parent_id, c.id),
  acyclic(c.parent_id),
]);
const letters = table('letters', { id: id(), client: z.uuid(), body: z.string() }, (c) => [
  scoped(c.client),
  appendOnly(),
  ledgered(),
]);
const events = table('events', { id: id(), at: createdAt(), client: z.string() }, (c) => [
  primaryKey(c.id, c.at),
  partitioned(c.at, { by: 'month' }),
  scoped(c.client),
  audited({ into: changes }),
]);
const tables = { changes, notes, pages, nodes, letters, events };

describe('a database that verifies contexts', () => {
  let keyed: Keyed<typeof tables>;
  beforeAll(async () => {
    keyed = await openKeyed(tables);
    await maintain(keyed.owner, Object.values(tables), new Date());
    const { db } = keyed;
    for (const client of ['ann', 'bob', 'zoe'])
      await db.session({ actor: `user:${client}`, scope: client }, async (s) => {
        const note = await s.insert(notes, { client, body: `of ${client}` });
        await s.insert(pages, { client, note_id: note.id });
        await s.insert(events, { client });
      });
  });
  afterAll(() => keyed.close());

  const asAnn = { actor: 'user:ann', scope: 'ann' };
  const inAnn = (...texts: string[]) =>
    keyed.db.session(asAnn, async (s) => {
      let rows: unknown[] = [];
      for (const text of texts) rows = (await sql.raw(text).execute(s.query)).rows;
      return rows;
    });

  test.each([10, -10])(
    'a session goes on when the clock of its process jumps by %s years, and back',
    async (years) => {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + years * 365 * 86_400_000 });
      try {
        expect(await inAnn('SELECT body FROM notes')).toEqual([{ body: 'of ann' }]);
        // learned now: the next one is right at once
        expect(await inAnn('SELECT body FROM notes')).toEqual([{ body: 'of ann' }]);
      } finally {
        vi.useRealTimers();
      }
      expect(await inAnn('SELECT body FROM notes')).toEqual([{ body: 'of ann' }]);
    },
  );

  test('a session signs, and reads and writes in its scope and name', async () => {
    expect(keyed.db.engine.context).toBe('signed');
    expect(await inAnn('SELECT body FROM notes')).toEqual([{ body: 'of ann' }]);
    expect(
      await keyed.db.read({ scope: everyScope }, (s) =>
        s.query
          .selectFrom('changes')
          .select(['actor', 'scope', 'operation', 'table_name'])
          .orderBy('id')
          .execute(),
      ),
    ).toMatchObject(
      ['ann', 'bob', 'zoe'].flatMap((client) =>
        ['notes', 'pages', 'events'].map((name) => ({
          actor: `user:${client}`,
          scope: client,
          operation: 'insert',
          table_name: name,
        })),
      ),
    );
    expect(await keyed.db.read({}, (s) => s.query.selectFrom('notes').selectAll().execute())).toEqual([]);
  });

  test.each([
    ["SELECT set_config('ashlar.scope', '*', true)", 'SELECT * FROM notes'],
    ["SELECT n.body FROM (SELECT set_config('ashlar.scope', '*', true) OFFSET 0) AS s, notes AS n"],
    ["SELECT set_config('ashlar.actor', 'user:ceo', true)", "UPDATE notes SET body = 'x'"],
    ["SELECT set_config('ashlar.token', '', true)", 'SELECT * FROM notes'],
    ["SELECT set_config('ashlar.token', '1.1.' || repeat('0', 64), true)", 'SELECT * FROM notes'],
    ["SELECT set_config('ashlar.token', '9.1.x', true)", 'SELECT * FROM notes'],
  ])('SQL of a session cannot change its context: %s; %s', async (...texts) => {
    await expect(inAnn(...texts)).rejects.toMatchObject({ code: 'context-refused' });
  });

  test('a session that gives its context up sees nothing and writes nothing that is audited', async () => {
    const give = ['actor', 'scope', 'token']
      .map((name) => `set_config('ashlar.${name}', '', true)`)
      .join(', ');
    expect(await inAnn(`SELECT ${give}`, 'SELECT * FROM notes')).toEqual([]);
    await expect(
      inAnn(`SELECT ${give}`, `INSERT INTO notes (id, client, body) VALUES ('${randomUuid()}', 'ann', 'x')`),
    ).rejects.toMatchObject({ code: 'guarantee-violated' });
  });

  test('only the owner reads the keys, and PUBLIC executes nothing', async () => {
    for (const role of ['app', 'auditor'] as const) {
      const client = await keyed.plain(role);
      await expect(client.query('SELECT * FROM ashlar_context_keys')).rejects.toMatchObject({
        code: '42501',
      });
      await expect(client.query('DELETE FROM ashlar_context_keys')).rejects.toMatchObject({ code: '42501' });
    }
    const app = await keyed.plain('app');
    await app.query('CREATE TEMP TABLE forged (LIKE notes)');
    for (const calls of ['notes_audited', 'letters_ledger_stamp', 'nodes_parent_id_acyclic'])
      await expect(
        app.query(`CREATE TRIGGER forging BEFORE INSERT ON forged FOR EACH ROW EXECUTE FUNCTION ${calls}()`),
      ).rejects.toMatchObject({ code: '42501', message: `permission denied for function ${calls}` });
    expect(await checkRoles(keyed.owner, keyed.system, keyed.roles)).toEqual([]);
  });

  test('the auditor reads the scope that it asks for, and every scope', async () => {
    const client = await keyed.plain('auditor');
    const seen = async () => (await client.query('SELECT body FROM notes ORDER BY body')).rows.length;
    expect(await seen()).toBe(0);
    await client.query("SET ashlar.scope = 'bob'");
    expect(await seen()).toBe(1);
    await client.query("SET ashlar.scope = '*'");
    expect(await seen()).toBe(3);
  });

  test('the auditor and the owner need no key', async () => {
    for (const url of [keyed.urls.auditor, keyed.urls.owner]) {
      const engine = await openEngine({ url });
      expect(engine.context).toBe('key-missing');
      const transaction = await engine.begin({ mode: 'read', actor: null, scope: everyScope, asOwner: true });
      const { rows } = await transaction.execute('SELECT body FROM notes', []);
      expect(rows).toHaveLength(3);
      await transaction.rollback();
      await engine.close();
    }
  });

  test('a token of another time is refused, and one of now reaches its scope only', async () => {
    const key = await keyOf(keyed);
    const client = await keyed.plain('app');
    const rowsWith = async (scope: string, ago: number) => {
      const { rows } = await client
        .query<{ now: string }>('BEGIN; SELECT (extract(epoch FROM now()) * 1000)::bigint AS now')
        .then((results) => (results as unknown as { rows: { now: string }[] }[])[1] ?? { rows: [] });
      const token = sign(key, { actor: 'user:x', scope }, Number(rows[0]?.now) - ago);
      try {
        await client.query(
          "SELECT set_config('ashlar.actor', 'user:x', true), set_config('ashlar.scope', $1, true), set_config('ashlar.token', $2, true)",
          [scope, token],
        );
        return (await client.query('SELECT client FROM notes')).rows.map((row) => row.client as string);
      } finally {
        await client.query('ROLLBACK');
      }
    };
    expect(await rowsWith('bob', 0)).toEqual(['bob']);
    expect(await rowsWith('bob', 4_900)).toEqual(['bob']);
    expect(await rowsWith('bob', -4_900)).toEqual(['bob']);
    for (const ago of [5_100, -5_100, 3_600_000])
      await expect(rowsWith('bob', ago)).rejects.toMatchObject({ code: '28000' });
  });

  test('with the tokens of two scopes, SQL reads the one or the other, and nothing in between', async () => {
    const key = await keyOf(keyed);
    const client = await keyed.plain('app');
    const contextOf = (scope: string) => {
      const token = sign(key, { actor: '', scope }, Date.now());
      return `set_config('ashlar.scope', '${scope}', true) || set_config('ashlar.token', '${token}', true)`;
    };
    const ids = (
      await keyed.owner.asOwner((owner) => owner.run('SELECT id, client FROM notes ORDER BY client'))
    ).map((row) => row.id as string);
    const values = ids.map((one, at) => `(${at}, '${one}'::uuid)`).join(', ');
    for (const path of ['enable_seqscan', 'enable_indexscan', 'enable_hashjoin']) {
      await client.query(
        `BEGIN; SET LOCAL ashlar.actor = ''; SET LOCAL ${path} = off; SELECT ${contextOf('ann')}`,
      );
      // the context changes while the rows are read: the scope was verified when the first was
      const { rows } = await client.query(
        `SELECT n.client FROM (SELECT v.id, CASE WHEN v.at > 0 THEN ${contextOf('zoe')} END
           FROM (VALUES ${values}) AS v (at, id) OFFSET 0) AS o CROSS JOIN LATERAL (SELECT * FROM notes WHERE id = o.id OFFSET 0) AS n`,
      );
      expect(new Set(rows.map((row) => row.client)).size).toBeLessThanOrEqual(1);
      expect(rows.map((row) => row.client)).not.toContain('bob');
      await client.query('ROLLBACK');
    }
  });

  test('no statement has a token in its text', async () => {
    const texts: string[] = [];
    const db = await connect(keyed.system, {
      url: keyed.urls.app,
      scopeKey: keyed.scopeKey,
      migrations: 'ignore',
      onStatement: ({ sql: text }) => texts.push(text),
    });
    const shown = await db.session(asAnn, async (s) => {
      await s.query.selectFrom('notes').selectAll().execute();
      return (
        await sql<{ query: string }>`SELECT query FROM pg_stat_activity WHERE usename = current_user`.execute(
          s.query,
        )
      ).rows;
    });
    await db.close();
    expect([...texts, ...shown.map(({ query }) => query)].join('\n')).not.toMatch(/[0-9a-f]{64}/);
  });

  test('functions of guarantees see every scope: a cycle through another scope, a ledger', async () => {
    const { db } = keyed;
    const top = await db.insert(nodes, { org: 1 }, { scope: '1' });
    const low = await db.insert(nodes, { org: 2, parent_id: top.id }, { scope: '2' });
    await expect(db.update(nodes, top.id, { parent_id: low.id }, { scope: '1' })).rejects.toMatchObject({
      code: 'guarantee-violated',
    });
    const client = randomUuid();
    await db.insert(letters, { client, body: 'x' }, { scope: client });
    await db.engine.seal();
    const [row] = await keyed.owner.asOwner((owner) =>
      owner.run('SELECT size AS n FROM letters_ledger_head'),
    );
    expect(row?.n).toBe(1);
  });

  test('a cascade reaches no row of another scope', async () => {
    const [row] = await keyed.owner.asOwner((owner) =>
      owner.run("SELECT id FROM notes WHERE client = 'bob'"),
    );
    await keyed.db.insert(pages, { client: 'ann', note_id: row?.id as string }, asAnn);
    await expect(
      keyed.db.session({ scope: 'bob' }, (s) => s.delete(notes, row?.id as string)),
    ).rejects.toMatchObject({ code: 'guarantee-violated', facts: { guarantee: 'scoped' } });
  });

  test('without the key, or with another one, connect says so; prove holds, and without a key it says what is weaker', async () => {
    for (const [scopeKey, code] of [
      [undefined, 'scope-key-missing'],
      ['00'.repeat(32), 'scope-key-wrong'],
    ] as const)
      await expect(
        connect(keyed.system, { url: keyed.urls.app, scopeKey, migrations: 'ignore' }),
      ).rejects.toMatchObject({ code });
    const report = await prove(keyed.db.engine, keyed.system, { owner: keyed.owner, roles: keyed.roles });
    expect(failuresOf(report).filter((line) => !/migration|drift|steps|history/.test(line))).toEqual([]);
    expect(new Set(report.tables.map(({ level }) => level))).toEqual(new Set(['enforced']));
    const names = report.tables.flatMap(({ attacks }) => attacks.map(({ name }) => name));
    expect(names).toContain('changing the scope of the session');
    expect(names).toContain('changing the actor of the session');
    for (const name of ['notes_audited', 'pages_audited', 'events_audited', 'nodes_parent_id_acyclic'])
      expect(names).toContain(`the function ${name} on a temporary table`);
  });

  test('a context is verified once for a statement, however many rows it reads or writes', async () => {
    await keyed.db.session(asAnn, async (s) => {
      const verifications = async () => {
        const { rows } = await sql<{ n: number }>`SELECT coalesce(sum(calls), 0)::int AS n
          FROM pg_stat_xact_user_functions WHERE funcname = 'ashlar_context'`.execute(s.query);
        return rows[0]?.n ?? 0;
      };
      const during = async (work: () => Promise<unknown>) => {
        const before = await verifications();
        await work();
        return (await verifications()) - before;
      };
      const many = Array.from({ length: 500 }, (_, at) => ({ client: 'ann', body: `many ${at}` }));
      // the policy, the trail, and the policy of the trail, which need not verify for the owner
      expect(await during(() => s.insertMany(notes, many))).toBe(3);
      // the policy for the old rows and for the new ones
      expect(await during(() => s.updateMany(notes, 'all', { body: 'same' }))).toBe(4);
      const read = (text: string) => during(() => sql.raw(text).execute(s.query));
      expect(await read('SELECT * FROM notes')).toBe(1);
      expect(await read('SELECT * FROM events')).toBe(1);
      expect(await read('SELECT a.id FROM notes a JOIN notes b ON a.body = b.body LIMIT 10')).toBe(2);
      // and the guard, the trail and its policy for the page that goes with a note
      expect(await during(() => s.deleteMany(notes, { body: 'same' }))).toBe(3 + 3);
    });
  });

  test('the trail pairs the old and the new values of rows that an UPDATE moves to another partition, and of others', async () => {
    const lines = await keyed.owner.asOwner((owner) =>
      owner.atomically(async () => {
        const [last] = await owner.run('SELECT max(id) AS id FROM changes');
        await owner.run(
          "INSERT INTO events (id, client) SELECT gen_random_uuid(), 'moving' FROM generate_series(1, 40)",
        );
        // every other row goes to the next month
        await owner.run(`UPDATE events AS e SET at = e.at + CASE WHEN n.n % 2 = 0 THEN interval '1 month' ELSE interval '0' END
          FROM (SELECT id, row_number() OVER (ORDER BY id DESC) AS n FROM events WHERE client = 'moving') AS n WHERE n.id = e.id`);
        return owner.run(
          `SELECT operation, before ->> 'id' AS was, after ->> 'id' AS now, before ->> 'at' <> after ->> 'at' AS moved
           FROM changes WHERE id > ${Number(last?.id)} AND table_name = 'events' ORDER BY id`,
        );
      }),
    );
    const updates = lines.filter(({ operation }) => operation === 'update');
    expect(lines.filter(({ operation }) => operation === 'insert')).toHaveLength(40);
    expect(updates).toHaveLength(40);
    expect(updates.filter(({ was, now }) => was !== now)).toEqual([]);
    expect(updates.filter(({ moved }) => moved === true)).toHaveLength(20);
    expect(lines).toHaveLength(80);
  });

  test.each(['ann', everyScope])(
    'the planner searches by an index in generic plans and on partitions, in scope %s',
    async (scope) => {
      const client = await keyed.plain('app');
      const key = await keyOf(keyed);
      await client.query(
        'BEGIN; SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off',
      );
      await client.query(
        "SELECT set_config('ashlar.actor', '', true), set_config('ashlar.scope', $1, true), set_config('ashlar.token', $2, true)",
        [scope, sign(key, { actor: '', scope }, Date.now())],
      );
      for (const [name, column] of [
        ['notes', 'client'],
        ['nodes', 'org'],
        ['letters', 'client'],
        ['events', 'client'],
      ] as const) {
        await client.query(`PREPARE ${name}_q AS SELECT * FROM ${name}`);
        const { rows } = await client.query(`EXPLAIN (COSTS OFF) EXECUTE ${name}_q`);
        const lines = rows.map((row) => row['QUERY PLAN'] as string);
        const searched = new RegExp(`Index Cond: \\(\\(${column} >= .*\\) AND \\(${column} <= `);
        expect(lines.filter((line) => searched.test(line)).length).toBeGreaterThanOrEqual(1);
        expect(lines.filter((line) => /Seq Scan/.test(line))).toEqual([]);
      }
      await client.query('ROLLBACK');
    },
  );

  test('two keys overlap in a rotation', async () => {
    const { owner, scopeKey, db } = keyed;
    await db.session(asAnn, async (s) => {
      await s.deleteMany(notes, 'all');
      await s.insert(notes, { client: 'ann', body: 'one' });
    });
    const next = randomBytes(32).toString('hex');
    await rotateScopeKey(owner, scopeKey, next);
    const open = () => connect(keyed.system, { url: keyed.urls.app, scopeKey: next, migrations: 'ignore' });
    const other = await open();
    for (const each of [db, other])
      expect(
        await each.read(asAnn, (s) => s.query.selectFrom('notes').select('body').execute()),
      ).toHaveLength(1);
    expect(await finishScopeKeyRotation(owner, next)).toBe(1);
    expect(await other.read(asAnn, (s) => s.query.selectFrom('notes').select('body').execute())).toHaveLength(
      1,
    );
    await expect(
      db.read(asAnn, (s) => s.query.selectFrom('notes').select('body').execute()),
    ).rejects.toMatchObject({ code: 'scope-key-wrong' });
    await rotateScopeKey(owner, next, scopeKey);
    await finishScopeKeyRotation(owner, scopeKey);
    await other.close();
  });

  test('running sessions go on when the database gets its first key, and when it is restored', async () => {
    const plain = await openKeyed({ changes, notes }, { isKeyed: false });
    try {
      const count = () =>
        plain.db.session(asAnn, async (s) => {
          await s.insert(notes, { client: 'ann', body: 'x' });
          return (await s.query.selectFrom('notes').selectAll().execute()).length;
        });
      expect(plain.db.engine.context).toBe('settings');
      expect(await count()).toBe(1);
      expect(await installScopeKey(plain.owner, plain.scopeKey)).toBe('written');
      expect(await count()).toBe(2);
      expect(await installScopeKey(plain.owner, plain.scopeKey)).toBe('unchanged');
      await expect(installScopeKey(plain.owner, '00'.repeat(32))).rejects.toMatchObject({
        code: 'scope-key-wrong',
      });
      await plain.owner.asOwner((owner) => owner.run("UPDATE ashlar_context_keys SET place = 'elsewhere'"));
      expect(await installScopeKey(plain.owner, plain.scopeKey)).toBe('bound');
      expect(await count()).toBe(3);
      // an instance without the key
      const old = await openEngine({ url: plain.urls.app });
      expect(old.context).toBe('key-missing');
      await old.close();
    } finally {
      await plain.close();
    }
  });
});

describe('a copy of a database that verifies contexts', () => {
  test('gets an identity of its own at the next up; tokens of one are nothing in the other', async () => {
    const original = await openKeyed({ changes, notes });
    const copy = `${new URL(original.urls.app).pathname.slice(1)}_copy`;
    const urlOfCopy = (of: string): string => {
      const url = new URL(of);
      url.pathname = `/${copy}`;
      return url.href;
    };
    const asAnn = { actor: 'user:ann', scope: 'ann' };
    const bodies = async (of: Pick<typeof original.db, 'session'>) =>
      of.session(asAnn, async (s) => {
        const rows = await s.query.selectFrom('notes').select('body').execute();
        return rows.map(({ body }) => body);
      });
    try {
      await original.db.insert(notes, { client: 'ann', body: 'of ann' }, asAnn);
      const first = await keyOf(original);
      const source = new URL(original.urls.app).pathname.slice(1);
      await asAdmin(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${source}'`);
      await asAdmin(`CREATE DATABASE ${copy} TEMPLATE ${source} OWNER ${source}_own`);
      const { scopeKey } = original;
      const owner = await openEngine({ url: urlOfCopy(original.urls.owner), scopeKey });
      const open = { url: urlOfCopy(original.urls.app), scopeKey, migrations: 'ignore' as const };
      const db = await connect(original.system, open);
      expect(await bodies(db)).toEqual(['of ann']);
      expect(await installScopeKey(owner, scopeKey)).toBe('bound');
      expect(await installScopeKey(owner, scopeKey)).toBe('unchanged');
      const second = await keyOf({ owner, scopeKey });
      expect(second.key).not.toEqual(first.key);
      // a running instance, and a new one, of both
      expect(await bodies(db)).toEqual(['of ann']);
      expect(await bodies(original.db)).toEqual(['of ann']);
      const other = await connect(original.system, open);
      expect(await bodies(other)).toEqual(['of ann']);
      const inCopy = new pg.Client({ connectionString: urlOfCopy(original.urls.app).replace(/\?.*/, '') });
      await inCopy.connect();
      const inOriginal = await original.plain('app');
      for (const [client, key, isAccepted] of [
        [inCopy, second, true],
        [inOriginal, first, true],
        [inCopy, first, false],
        [inOriginal, second, false],
      ] as const) {
        await client.query('BEGIN');
        const token = sign(key, asAnn, Date.now());
        await client.query(
          "SELECT set_config('ashlar.actor', $1, true), set_config('ashlar.scope', $2, true), set_config('ashlar.token', $3, true)",
          [asAnn.actor, asAnn.scope, token],
        );
        const read = client.query('SELECT body FROM data.notes');
        if (isAccepted) expect((await read).rows).toEqual([{ body: 'of ann' }]);
        else await expect(read).rejects.toMatchObject({ code: '28000' });
        await client.query('ROLLBACK');
      }
      await inCopy.end();
      await other.close();
      await db.close();
      await owner.close();
    } finally {
      await asAdmin(`DROP DATABASE IF EXISTS ${copy} WITH (FORCE)`);
      await original.close();
    }
  });
});

const randomUuid = (): string => {
  const hex = randomBytes(16).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
};

const keyOf = async ({ owner, scopeKey }: Pick<Keyed<typeof tables>, 'owner' | 'scopeKey'>) => {
  const [row] = await owner.asOwner((connection) =>
    connection.run('SELECT id, identity::text AS identity FROM ashlar_context_keys ORDER BY id DESC LIMIT 1'),
  );
  return { id: Number(row?.id), key: contextKey(scopeKey, String(row?.identity)) };
};
