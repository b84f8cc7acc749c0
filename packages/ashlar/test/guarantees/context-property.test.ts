import { randomBytes, randomUUID } from 'node:crypto';
import { id, references, system, table } from 'ashlar';
import type { Engine } from 'ashlar/extend';
import { audited, auditTrail, scoped } from 'ashlar/guarantees';
import { testDatabase } from 'ashlar/testing';
import fc from 'fast-check';
import { sql } from 'kysely';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { engines, sqlOf, type TestEngine } from '../../../../test/support/engines.js';
import { isThorough } from '../../../../test/support/thorough.js';
import { contextKey, sign } from '../../src/engines/postgres/session/context-key.js';
import { attackerSql, scopes, secret } from './attacker-sql-postgres.js';
import { attackerSqlite } from './attacker-sql-sqlite.js';
import { type Keyed, openKeyed } from './keyed-setup.js';

const changes = auditTrail('changes', (c) => [scoped(c.scope)]);
const notes = table('notes', { id: id(), client: z.string(), body: z.string() }, (c) => [
  scoped(c.client),
  audited({ into: changes }),
]);
const pages = table('pages', { id: id(), client: z.string(), note_id: z.uuid(), body: z.string() }, (c) => [
  scoped(c.client),
  references(c.note_id, notes.columns.id, { onDelete: 'cascade' }),
  audited({ into: changes }),
]);
const tables = { changes, notes, pages };

const own = { actor: 'user:ann', scope: 'ann' };

/** How many statements a transaction has, and how many transactions there are. */
const length = 20;
const runs = isThorough ? 500 : 20;
/** As many statements in shorter sessions: after a change of the context nothing more succeeds. */
const short = { length: 4, runs: runs * 5 };

const rowsOfOthers =
  "SELECT 'n' AS t, id, client, body FROM notes WHERE client <> 'ann' UNION ALL SELECT 'p', id, client, body FROM pages WHERE client <> 'ann' ORDER BY 1, 2";

/** What the owner sees: rows of other scopes, and who wrote since. */
const watched = async (owner: Engine) => {
  const read = (text: string) => owner.asOwner((connection) => connection.run(text));
  const others = async () => JSON.stringify(await read(rowsOfOthers));
  const before = await others();
  const [last] = await read('SELECT max(id) AS id FROM changes');
  return {
    unchanged: async () => (await others()) === before,
    writers: () => read(`SELECT DISTINCT actor, scope FROM changes WHERE id > ${Number(last?.id)}`),
  };
};

const fill = async (db: Pick<Keyed<typeof tables>['db'], 'session'>): Promise<void> => {
  for (const scope of scopes)
    await db.session({ actor: `user:${scope}`, scope }, async (s) => {
      for (let at = 0; at < 5; at++) {
        const body = scope === 'ann' ? 'own' : secret;
        const note = await s.insert(notes, { client: scope, body });
        await s.insert(pages, { client: scope, note_id: note.id, body });
      }
    });
};

/** Everything that an answer of the server says. */
const sentences = (error: unknown): string[] => {
  const { message = '', detail = '', hint = '', where = '' } = error as pg.DatabaseError;
  // the text of the attacker's own statement may have the secret
  return [message, detail, hint, where.replaceAll(/SQL statement ".*"/gs, '')];
};

describe('SQL on a connection of the application’s role, with the signed context of one scope', () => {
  let keyed: Keyed<typeof tables>;
  let client: pg.Client;
  const said: string[] = [];
  beforeAll(async () => {
    keyed = await openKeyed(tables);
    await fill(keyed.db);
    await keyed.owner.asOwner((owner) => owner.script('ANALYZE'));
    client = await keyed.plain('app');
    client.on('notice', ({ message = '' }) => said.push(message));
    // the driver reads no rows of COPY
    const { connection } = client as unknown as { connection: NodeJS.EventEmitter };
    connection.on('copyData', ({ chunk }: { chunk: Buffer }) => said.push(chunk.toString()));
  });
  afterAll(() => keyed.close());

  const keyRow = async () => {
    const [row] = await keyed.owner.asOwner((owner) =>
      owner.run('SELECT id, identity::text AS identity FROM ashlar_context_keys'),
    );
    return { id: Number(row?.id), key: contextKey(keyed.scopeKey, String(row?.identity)) };
  };

  /** Runs statements in one transaction with a signed context, and what is left of them after it. */
  const attack = async (texts: readonly string[], token: string): Promise<number> => {
    let ran = 0;
    const attempt = async (text: string): Promise<void> => {
      try {
        const results = await client.query({ text, rowMode: 'array' });
        ran++;
        said.push(JSON.stringify(results.rows));
      } catch (error) {
        said.push(...sentences(error));
      }
    };
    const quietly = (text: string) =>
      client.query(text).then(
        () => true,
        () => false,
      );
    await client.query('RESET SESSION AUTHORIZATION; RESET ALL; SET search_path = data, pg_temp; BEGIN');
    await client.query(
      "SELECT set_config('ashlar.actor', $1, true), set_config('ashlar.scope', $2, true), set_config('ashlar.token', $3, true)",
      [own.actor, own.scope, token],
    );
    for (const text of texts) {
      await quietly('SAVEPOINT each_one');
      await attempt(text);
      if (!(await quietly('SELECT 1'))) await quietly('ROLLBACK TO SAVEPOINT each_one');
    }
    if (!(await quietly('COMMIT'))) await quietly('ROLLBACK');
    // what is left on the connection sees nothing either, without a context
    for (const text of ['FETCH ALL FROM held', 'SELECT t::text FROM data.notes AS t', 'EXECUTE kept'])
      await attempt(text);
    await quietly('RESET SESSION AUTHORIZATION');
    await quietly('DISCARD ALL');
    return ran;
  };

  test(`never returns a row of another scope, changes one, or writes another name: ${runs * length} statements`, async () => {
    const key = await keyRow();
    const now = Date.now();
    const wrong = { id: key.id, key: contextKey(randomBytes(32).toString('hex'), randomUUID()) };
    const bob = { actor: 'user:bob', scope: 'bob' };
    const all = { actor: 'user:ann', scope: '*' };
    const tokens = [
      sign(key, bob, now - 3_600_000),
      sign(key, all, now + 3_600_000),
      sign(key, { actor: 'user:an', scope: 'nbob' }, now),
      sign(key, { actor: '', scope: 'user:annbob' }, now),
      sign(wrong, bob, now),
      sign(wrong, all, now),
      sign({ ...key, id: key.id + 1 }, bob, now),
      `${key.id}.${now}.`,
      `${key.id}.${now}.${'a'.repeat(64)}`,
      `0.0.${'0'.repeat(64)}`,
    ];
    const [{ name: auditor } = {}] = await keyed.owner.asOwner((owner) =>
      owner.run("SELECT rolname AS name FROM pg_roles WHERE rolname LIKE current_database() || '%aud'"),
    );
    const [{ name: ownerRole } = {}] = await keyed.owner.asOwner((owner) =>
      owner.run('SELECT current_user AS name'),
    );
    const roles = ['postgres', String(auditor), String(ownerRole), 'pg_read_all_data'];
    const watch = await watched(keyed.owner);
    let tried = 0;
    let ran = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(attackerSql({ roles, tokens }), { minLength: length, maxLength: length }),
        async (texts) => {
          said.length = 0;
          ran += await attack(texts, sign(key, own, Date.now()));
          tried += texts.length;
          expect(said.filter((text) => text.includes(secret))).toEqual([]);
        },
      ),
      { numRuns: runs, endOnFailure: true },
    );
    expect(tried).toBe(runs * length);
    // most of them do something
    expect(ran).toBeGreaterThan(tried / 4);
    expect(await watch.unchanged()).toBe(true);
    // few random statements may write nothing
    expect([[], [own]]).toContainEqual(await watch.writers());
  }, 1_800_000);

  test('the generator finds what a database without a key gives away', async () => {
    const open = await openKeyed(tables, { isKeyed: false });
    const before = client;
    try {
      await fill(open.db);
      client = await open.plain('app');
      said.length = 0;
      const watch = await watched(open.owner);
      for (const texts of fc.sample(
        fc.array(attackerSql({ roles: ['postgres'], tokens: ['x'] }), {
          minLength: length,
          maxLength: length,
        }),
        { numRuns: 100, seed: 26 },
      ))
        await attack(texts, '');
      expect(said.join('')).toContain(secret);
      expect(await watch.unchanged()).toBe(false);
      expect((await watch.writers()).length).toBeGreaterThan(1);
    } finally {
      client = before;
      await open.close();
    }
  });
});

const urlOf = ({ name }: TestEngine): string => (name === 'postgres' ? inject('postgresUrl') : name);

describe.each(engines)('SQL in sessions of one scope on $name', (engine) => {
  test(`never returns a row of another scope, changes one, or writes another name: ${runs * length} statements`, async () => {
    const isServer = engine.name === 'postgres';
    await using db = await testDatabase(
      system('testing', { tables, migrations: new URL('file:///nowhere/') }),
      {
        url: urlOf(engine),
        ...(isServer ? { roles: 'two' as const } : {}),
        ...(sqlOf(engine) === 'postgres' ? { scopeKey: randomBytes(32).toString('hex') } : {}),
      },
    );
    await fill(db);
    const watch = await watched(db.owner);
    // on PGlite SQL can take the owner's rights back, which is no question of the context
    const statement =
      sqlOf(engine) === 'sqlite'
        ? attackerSqlite
        : attackerSql({ roles: isServer ? ['postgres'] : [], tokens: ['', '1.1.00'] });
    let ran = 0;
    const undone = new Error('undone');
    await fc.assert(
      fc.asyncProperty(
        fc.array(statement, { minLength: short.length, maxLength: short.length }),
        fc.boolean(),
        async (texts, isKept) => {
          const said: string[] = [];
          const session = db.session(own, async (s) => {
            for (const text of texts) {
              try {
                const { rows } = await s.session((inner) => sql.raw(text).execute(inner.query));
                ran++;
                said.push(JSON.stringify(rows));
              } catch (error) {
                said.push(...sentences(error), JSON.stringify((error as { facts?: unknown }).facts ?? ''));
              }
            }
            if (!isKept) throw undone;
          });
          await session.catch((error: unknown) => said.push(...sentences(error)));
          expect(said.filter((text) => text.includes(secret))).toEqual([]);
        },
      ),
      { numRuns: short.runs, endOnFailure: true },
    );
    // the others are refused, or fail
    expect(ran).toBeGreaterThan((short.runs * short.length) / 10);
    await db.insert(notes, { client: 'ann', body: 'last' }, own);
    expect(await watch.unchanged()).toBe(true);
    expect(await watch.writers()).toEqual([own]);
  }, 1_800_000);
});
