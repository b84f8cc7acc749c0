import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { z } from 'zod';
import { asAdmin, engines } from '../../../../../test/support/engines.js';
import type { Transaction } from '../../../src/contract/transaction.js';
import { openPostgres } from '../../../src/engines/postgres/server/open.js';
import { isRetryable } from '../../../src/engines/retryable.js';
import { AshlarError } from '../../../src/errors.js';
import { autoincrement, table } from '../../../src/model/index.js';
import { createTables, firstRow, opened, transaction } from './opened.js';

const [server] = engines.filter(({ name }) => name === 'postgres');
if (!server) throw new Error('no server');

const jobs = table('jobs', { id: autoincrement(), note: z.string().default('') });

const urlWith = (change: (url: URL) => void): string => {
  const url = new URL(inject('postgresUrl'));
  change(url);
  return url.href;
};

const failure = async (url: string): Promise<AshlarError> => {
  const error = await openPostgres({ url }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof AshlarError)) throw new Error('it opened', { cause: error });
  return error;
};

const everything = (error: AshlarError): string =>
  [error.message, error.detail, error.suggestion, error.stack, JSON.stringify(error.cause ?? '')].join(' ');

describe('opening a server', () => {
  it.each([
    [
      'connection-refused',
      'no server listens',
      (url: URL) => {
        url.port = '1';
      },
    ],
    [
      'connection-refused',
      'there is no such host',
      (url: URL) => {
        url.hostname = 'nowhere.invalid';
      },
    ],
    [
      'authentication-failed',
      'the password is wrong',
      (url: URL) => {
        url.password = 'open%2Dsesame';
      },
    ],
    [
      'authentication-failed',
      'there is no such user',
      (url: URL) => {
        url.username = 'missing';
      },
    ],
    [
      'authentication-failed',
      'there is no password',
      (url: URL) => {
        url.password = '';
      },
    ],
    [
      'database-missing',
      'there is no such database',
      (url: URL) => {
        url.pathname = '/nothing';
      },
    ],
  ] as const)('says %s when %s, and never the password', async (code, _, change) => {
    const error = await failure(urlWith(change));
    expect(error.code).toBe(code);
    expect(error.exitCode).toBe(3);
    expect(error.suggestion).toBeTruthy();
    expect(everything(error)).not.toMatch(/sesame/);
  });

  it('reports url-invalid without the URL', async () => {
    const error = await failure('postgres://me:sesame@host:notaport/x');
    expect(error.code).toBe('url-invalid');
    expect(everything(error)).not.toMatch(/sesame/);
  });

  it('names the server without the password', async () => {
    const engine = await openPostgres({ url: inject('postgresUrl') });
    expect(engine.label).toMatch(/^PostgreSQL \d+\.\d+$/);
    expect(engine.url).toMatch(/^postgres:\/\/postgres@127\.0\.0\.1:\d+\/postgres$/);
    await engine.close();
  });
});

describe('a connection of the pool', () => {
  const it$ = opened(server, { connections: 3 });
  const pid = 'SELECT pg_backend_pid() AS pid';

  beforeAll(() => createTables(it$.engine, jobs));

  const backend = async (): Promise<number> => Number(firstRow(await it$.engine.read(pid, [])).pid);

  it('has its settings before the first statement, and after RESET', async () => {
    const settings = `SELECT current_setting('search_path') AS path, current_setting('TimeZone') AS zone,
      current_setting('lock_timeout') AS lock, current_setting('idle_in_transaction_session_timeout') AS idle,
      current_setting('application_name') AS name, current_setting('client_encoding') AS encoding`;
    const wanted = {
      path: '"public", pg_temp',
      zone: 'UTC',
      lock: '5s',
      idle: '1min',
      name: 'ashlar',
      encoding: 'UTF8',
    };
    await transaction(it$.engine, async (t) => {
      expect(firstRow(await t.execute(settings, []))).toEqual(wanted);
      await t.execute("SET TimeZone = 'Asia/Tokyo'", []);
      await expect(t.execute('SELECT now()', [])).rejects.toMatchObject({ code: 'value-corrupt' });
      await t.execute('RESET ALL', []);
      expect(firstRow(await t.execute(settings, []))).toEqual(wanted);
    });
  });

  it('that breaks between sessions is replaced without an error', async () => {
    for (let i = 0; i < 5; i++) {
      const dead = await backend();
      await asAdmin(`SELECT pg_terminate_backend(${dead})`);
      const alive = await transaction(it$.engine, async (t) => firstRow(await t.execute(pid, [])).pid);
      expect(alive).not.toBe(dead);
    }
  });

  it('that breaks during the first statement is replaced too', async () => {
    const dead = await backend();
    const t = await it$.engine.begin({ mode: 'write', actor: null, scope: null });
    await asAdmin(`SELECT pg_terminate_backend(${dead})`);
    await t.execute('INSERT INTO jobs DEFAULT VALUES', []);
    await t.commit();
    expect(firstRow(await it$.engine.read('SELECT count(*) AS n FROM jobs', []))).toEqual({ n: 1 });
  });

  it('that breaks later ends its session with connection-lost, and no other', async () => {
    const t = await it$.engine.begin({ mode: 'write', actor: null, scope: null });
    const dead = firstRow(await t.execute(pid, [])).pid;
    await asAdmin(`SELECT pg_terminate_backend(${dead})`);
    await expect(t.execute('SELECT 1', [])).rejects.toMatchObject({ code: 'connection-lost' });
    await expect(t.execute('SELECT 1', [])).rejects.toMatchObject({ code: 'connection-lost' });
    await expect(t.commit()).rejects.toMatchObject({ code: 'connection-lost' });
    await t.rollback();
    expect(await backend()).toBeGreaterThan(0);
  });

  it('that breaks during COMMIT leaves the outcome unknown', async () => {
    const t = await it$.engine.begin({ mode: 'write', actor: null, scope: null });
    const dead = firstRow(await t.execute(pid, [])).pid;
    await asAdmin(`SELECT pg_terminate_backend(${dead})`);
    await expect(t.commit()).rejects.toMatchObject({ code: 'outcome-unknown' });
    await t.rollback();
  });

  it('with an open transaction is not reused', async () => {
    const t = await it$.engine.begin({ mode: 'write', actor: 'someone', scope: null });
    await t.execute('SELECT 1', []);
    await t.rollback();
    const actor = "SELECT coalesce(current_setting('ashlar.actor', true), '') AS actor";
    expect((await it$.engine.read(actor, [])).rows).toEqual([{ actor: '' }]);
  });

  it('is waited for when all are in use', async () => {
    const taken = await Promise.all(
      [1, 2, 3].map(() => it$.engine.begin({ mode: 'read', actor: null, scope: null })),
    );
    const waiting = it$.engine.read('SELECT 1 AS one', []);
    await taken[0]?.commit();
    expect((await waiting).rows).toEqual([{ one: 1 }]);
    await Promise.all(taken.slice(1).map((t) => t.commit()));
  });

  it('that the server ends because its transaction was idle loses the session, and nothing is written', async () => {
    const before = firstRow(await it$.engine.read('SELECT count(*) AS n FROM jobs', [])).n;
    const idle = async () => {
      const t = await it$.engine.begin({ mode: 'write', actor: null, scope: null });
      await t.execute("SET LOCAL idle_in_transaction_session_timeout = '50ms'", []);
      await t.execute('INSERT INTO jobs DEFAULT VALUES', []);
      await pause(200);
      return t;
    };
    const [one, other] = await Promise.all([idle(), idle()]);
    await expect(one.execute('SELECT 1', [])).rejects.toMatchObject({ code: 'connection-lost' });
    await expect(other.commit()).rejects.toMatchObject({ code: 'outcome-unknown' });
    for (const t of [one, other]) await t.rollback();
    expect(firstRow(await it$.engine.read('SELECT count(*) AS n FROM jobs', [])).n).toBe(before);
  });

  it('reports a full disk of the server as disk-full, and goes on', async () => {
    const full = `DO $$ BEGIN RAISE EXCEPTION 'could not extend file "base/1/2": No space left on device' USING ERRCODE = 'disk_full'; END $$`;
    await expect(
      transaction(it$.engine, async (t) => {
        await t.execute('INSERT INTO jobs DEFAULT VALUES', []);
        await t.execute(full, []);
      }),
    ).rejects.toMatchObject({ code: 'disk-full' });
    expect(await backend()).toBeGreaterThan(0);
  });

  it('reports a deadlock as retryable', async () => {
    const rows = await Promise.all(
      [1, 2].map(async () =>
        transaction(
          it$.engine,
          async (t) => firstRow(await t.execute('INSERT INTO jobs DEFAULT VALUES RETURNING id', [])).id,
        ),
      ),
    );
    const touch = (t: Transaction, at: number) =>
      t.execute('UPDATE jobs SET note = note WHERE id = $1', [rows[at]]);
    const outcomes = await Promise.allSettled(
      [
        [0, 1],
        [1, 0],
      ].map(([first = 0, second = 0]) =>
        transaction(it$.engine, async (t) => {
          await t.execute("SET LOCAL deadlock_timeout = '20ms'", []);
          await touch(t, first);
          await pause(100);
          await touch(t, second);
        }),
      ),
    );
    const reasons = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    expect(reasons.map(isRetryable)).toEqual([true]);
  });

  it('says connection-refused when the server has no connection left', async () => {
    await asAdmin("CREATE ROLE few LOGIN PASSWORD 'sesame' CONNECTION LIMIT 0");
    try {
      const error = await failure(
        urlWith((url) => {
          url.username = 'few';
          url.password = 'sesame';
        }),
      );
      expect(error).toMatchObject({ code: 'connection-refused', exitCode: 3 });
      expect(error.detail ?? error.message).toMatch(/no free connection/);
    } finally {
      await asAdmin('DROP ROLE few');
    }
  });

  it('reports a lock timeout', async () => {
    const { openEngine } = await import('../../../src/engines/open.js');
    const hasty = await openEngine({ url: it$.place.url, lockTimeout: 50 });
    await transaction(it$.engine, async (t) => {
      await t.execute('LOCK TABLE jobs', []);
      await expect(
        transaction(hasty, (other) => Promise.resolve(other.execute('INSERT INTO jobs DEFAULT VALUES', []))),
      ).rejects.toMatchObject({ code: 'lock-timeout' });
    });
    await hasty.close();
  });
});

describe('round trips', () => {
  const proxies: Server[] = [];
  afterEach(() => {
    for (const proxy of proxies.splice(0)) proxy.close();
  });

  // counts the packets to the server
  const counting = async (): Promise<{ url: string; packets: () => number }> => {
    let packets = 0;
    const target = new URL(inject('postgresUrl'));
    const proxy = createServer((near: Socket) => {
      const far = connect(Number(target.port), target.hostname);
      near.on('data', (chunk) => {
        packets++;
        far.write(chunk);
      });
      far.on('data', (chunk) => near.write(chunk));
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        one.on('error', () => undefined);
        one.on('close', () => other.destroy());
      }
    });
    proxies.push(proxy);
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const address = proxy.address();
    const port = address && typeof address === 'object' ? String(address.port) : '';
    return {
      url: urlWith((url) => {
        url.port = port;
      }),
      packets: () => packets,
    };
  };

  it('BEGIN, the context, a savepoint and the first statement travel together', async () => {
    const { url, packets } = await counting();
    const engine = await openPostgres({ url });
    await engine.read('SELECT $1::int AS n', [1]);
    const before = packets();
    const t = await engine.begin({ mode: 'write', actor: 'someone', scope: 'tenant' });
    await t.savepoint('a');
    await t.execute('SELECT $1::int AS n', [1]);
    expect(packets() - before).toBe(1);
    await t.release('a');
    await t.commit();
    expect(packets() - before).toBe(2);
    await engine.read('SELECT $1::int AS n', [1]);
    expect(packets() - before).toBe(3);
    await engine.close();
  });
});

describe('the owner', () => {
  const it$ = opened(server);

  it('creates the schema of the URL, which then has all objects', async () => {
    const { openEngine } = await import('../../../src/engines/open.js');
    const url = new URL(it$.place.url);
    url.searchParams.set('schema', 'My "own" schema');
    const engine = await openEngine({ url: url.href });
    await createTables(engine, jobs);
    await transaction(engine, (t) => Promise.resolve(t.execute('INSERT INTO jobs DEFAULT VALUES', [])));
    expect((await engine.read('SELECT current_schema() AS name, count(*) AS n FROM jobs', [])).rows).toEqual([
      { name: 'My "own" schema', n: 1 },
    ]);
    const described = await engine.asOwner((owner) => engine.introspect(owner));
    expect(described.tables.map(({ name }) => name)).toEqual(['jobs']);
    const elsewhere = await it$.engine.asOwner((owner) => it$.engine.introspect(owner));
    expect(elsewhere.tables).toEqual([]);
    await engine.close();
  });

  it('waits for its turn in exclusively() no longer than it may, although the clock stands still', async () => {
    await it$.engine.asOwner(
      async () => {
        vi.useFakeTimers({ toFake: ['Date'], now: new Date('1999-01-01T00:00:00Z') });
        try {
          await expect(
            it$.engine.asOwner(async () => 'in', { exclusive: true, lockTimeout: 150 }),
          ).rejects.toMatchObject({ code: 'migration-locked' });
        } finally {
          vi.useRealTimers();
        }
      },
      { exclusive: true },
    );
  });

  it('runs alone in exclusively()', async () => {
    await it$.engine.asOwner(
      async () => {
        await expect(
          it$.engine.asOwner(async () => 'in', { exclusive: true, lockTimeout: 150 }),
        ).rejects.toMatchObject({ code: 'migration-locked' });
        expect(await it$.engine.asOwner(async () => 'in')).toBe('in');
      },
      { exclusive: true },
    );
    expect(await it$.engine.asOwner(async () => 'in', { exclusive: true, lockTimeout: 1000 })).toBe('in');
  });

  it('works atomically', async () => {
    await it$.engine.asOwner(async (owner) => {
      const failing = owner.atomically(
        async () => {
          await owner.script('CREATE TABLE a (id int); CREATE TABLE b (id int)');
          expect(await owner.run("SELECT current_setting('lock_timeout') AS lock")).toEqual([
            { lock: '123ms' },
          ]);
          await owner.run('SELECT * FROM missing');
        },
        { lockTimeout: 123 },
      );
      await expect(failing).rejects.toMatchObject({ code: 'statement-failed' });
      expect(await owner.run("SELECT to_regclass('a') AS a")).toEqual([{ a: null }]);
    });
  });
});
