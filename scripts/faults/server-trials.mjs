// The trials of `server.mjs`: what is done to a server while writers write, and what must hold afterwards.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openEngine } from '../../packages/ashlar/dist/extend/index.js';
import { AshlarError } from '../../packages/ashlar/dist/index.js';
import { openLedger, verifyLedger } from '../../packages/ashlar/dist/ledger/database/index.js';
import { up } from '../../packages/ashlar/dist/migrations/index.js';
import { Server, smallDisk } from './cluster.mjs';
import { assert, command, connectTo } from './project.mjs';

/** No call may take longer than this, in milliseconds, whatever happens to the server. */
const longest = 45_000;

/** Writes an order and, in the same transaction, a row for it. */
const write = (db, body) => {
  const { orders, totals } = db.system.tables;
  return db.session({ actor: 'user:1' }, async (s) => {
    await s.insert(orders, { body });
    await s.insert(totals, { orders: 1, letters: body.length });
  });
};

/** The order that each trial's database has from the beginning. */
const firstOrder = '0-first ';

/** Writers that write one order after another, and remember what they were told. */
class Writers {
  acknowledged = [firstOrder];
  unknown = [];
  failed = new Map();
  raw = [];
  slowest = 0;
  #isStopped = false;
  #loops;

  constructor(db, { count = 4, length = 0 } = {}) {
    this.#loops = Array.from({ length: count }, (_, which) => this.#write(db, which, length));
  }

  async #write(db, which, length) {
    for (let n = 0; !this.#isStopped; n++) {
      const body = `${which}-${n} ${'x'.repeat(length)}`;
      const began = performance.now();
      try {
        await write(db, body);
        this.acknowledged.push(body);
      } catch (error) {
        if (!(error instanceof AshlarError)) this.raw.push(error);
        else if (error.code === 'outcome-unknown') this.unknown.push(body);
        else this.failed.set(body, error.code);
        await pause(20);
      }
      this.slowest = Math.max(this.slowest, performance.now() - began);
    }
  }

  async stop() {
    this.#isStopped = true;
    await Promise.all(this.#loops);
    return this;
  }

  get told() {
    const codes = [...new Set(this.failed.values())].sort().join(', ');
    return `${this.acknowledged.length} acknowledged, ${this.unknown.length} unknown, ${this.failed.size} failed${codes === '' ? '' : ` (${codes})`}`;
  }
}

/** Checks that the database has what the writers were told, and that the same connection writes on. */
const check = async (server, db, system, writers) => {
  const { acknowledged, unknown, failed, raw, slowest } = writers;
  if (raw[0]) throw raw[0];
  assert(slowest < longest, `a session took ${Math.round(slowest)} ms`);
  const rows = await server.run('SELECT body FROM orders', 'shop');
  const there = new Set(rows.map(({ body }) => body));
  assert(there.size === rows.length, 'an order is there twice');
  for (const body of acknowledged)
    assert(there.has(body), `an acknowledged order is lost: ${body.slice(0, 40)}`);
  for (const [body, code] of failed)
    assert(!there.has(body), `an order that failed with ${code} is there: ${body.slice(0, 40)}`);
  const known = new Set([...acknowledged, ...unknown]);
  for (const body of there)
    assert(known.has(body), `an order is there that no writer wrote: ${body.slice(0, 40)}`);
  await write(db, 'the next one');
  const [totals] = await server.run(
    'SELECT (SELECT count(*) FROM orders)::int AS n, (SELECT count(*) FROM totals)::int AS orders',
    'shop',
  );
  assert(
    totals.n === there.size + 1 && totals.n === totals.orders,
    `the totals differ: ${JSON.stringify(totals)}`,
  );
  const owner = await openEngine({ url: server.url('shop'), create: false });
  try {
    await owner.seal();
    const { problems, size } = await verifyLedger(openLedger(owner, system, system.tables.orders));
    assert(
      problems.length === 0 && size === totals.n,
      `the ledger of ${size}: ${JSON.stringify(problems[0])}`,
    );
  } finally {
    await owner.close();
  }
  return writers.told;
};

/** A server with the initialised database `shop`, for one trial. */
const withServer = async ({ base, system }, work, { settings, root = base } = {}) => {
  const server = await Server.make(join(root, 'pg'), settings);
  let db;
  try {
    await server.start();
    await server.run('CREATE DATABASE shop');
    const owner = await openEngine({ url: server.url('shop') });
    await up(owner, system).finally(() => owner.close());
    db = await connectTo(system, server.url('shop'));
    await write(db, firstOrder);
    return await work(server, db);
  } finally {
    await db?.close().catch(() => undefined);
    await server.remove();
  }
};

const random = (least, most) => least + Math.random() * (most - least);

/** Writers write while `fault` is repeated. */
const whileWriting = (fault) => (given) =>
  withServer(given, async (server, db) => {
    const writers = new Writers(db);
    for (let round = 0; round < given.rounds; round++) {
      await pause(random(50, 500));
      await fault(server);
    }
    await pause(500);
    await writers.stop();
    assert(writers.acknowledged.length > given.rounds, `only ${writers.told}`);
    return `${given.rounds} rounds, ${await check(server, db, given.system, writers)}`;
  });

/** Ends the server in a way, and starts it again after a while. */
const restarting = (end) => async (server) => {
  await end(server);
  await pause(random(0, 300));
  await server.start();
};

/** A disk fills up while writers write, and is freed again. */
const fullDisk = (which) => async (given) => {
  const disk = smallDisk(join(given.base, 'disk'), which === 'data' ? 192 : 24);
  if (!disk) return 'left out: this process may not mount a disk';
  try {
    return await withServer(
      given,
      async (server, db) => {
        if (which === 'tables') {
          const place = join(disk.folder, 'tables');
          mkdirSync(place);
          execFileSync('chown', ['postgres', place]);
          await server.run(`CREATE TABLESPACE small LOCATION '${place}'`);
          await server.run('ALTER TABLE orders SET TABLESPACE small', 'shop');
        }
        const writers = new Writers(db, { length: 60_000 });
        await pause(300);
        disk.fill(which === 'data' ? 1_000_000 : 200_000);
        const deadline = performance.now() + 60_000;
        while (writers.failed.size + writers.unknown.length < 8 && performance.now() < deadline)
          await pause(100);
        const isDown = !server.isRunning;
        disk.free();
        if (isDown) await server.start();
        await pause(2_000);
        const before = writers.acknowledged.length;
        await pause(1_000);
        await writers.stop();
        assert(writers.failed.size + writers.unknown.length > 0, 'the disk was never full');
        assert(writers.acknowledged.length > before, `nothing is written afterwards: ${writers.told}`);
        return `${isDown ? 'the server ended, ' : ''}${await check(server, db, given.system, writers)}`;
      },
      {
        root: which === 'data' ? disk.folder : given.base,
        settings: { max_wal_size: '32MB', min_wal_size: '32MB', checkpoint_timeout: '30s' },
      },
    );
  } finally {
    disk.remove();
  }
};

const asText = (error) => (error instanceof AshlarError ? error.code : `${error.stack ?? error}`);

/** A ledger goes on from a copy of its server that was made before. */
const baseBackup = (given) =>
  withServer(given, async (server, first) => {
    const { base, configs, system } = given;
    const old = join(base, 'old');
    const made = await command(base, ['ledger', 'key', 'new', '--out', 'ledger']);
    assert(made.code === 0, made.stderr);
    const settings = {
      LEDGER_KEY_FILE: join(base, 'ledger.key'),
      LEDGER_CHECKPOINTS: 'checkpoints',
      // none is needed
      BACKUP_KEY_FILE: '',
    };
    const own = ['--config', configs.first, '--url', server.url('shop')];
    const ashlar = (...args) => command(base, [...args, ...own], settings);
    let db = first;
    const writeMany = async (count, word) => {
      for (let n = 0; n < count; n++) await write(db, `${word} ${n}`);
    };
    await writeMany(5, 'before');
    await db.close();
    await server.stop();
    server.copyTo(old);
    const seen = [];
    // as many, fewer and more entries than the checkpoint has
    for (const more of [0, 3, 10]) {
      await server.start();
      db = await connectTo(system, server.url('shop'));
      await writeMany(5, 'lost');
      const signed = await ashlar('ledger', 'checkpoint');
      assert(signed.code === 0, `checkpoint: ${signed.stderr}`);
      await db.close();
      await server.stop();
      server.putBack(old);
      await server.start();
      db = await connectTo(system, server.url('shop'));
      await writeMany(more, `after ${more}`);
      const verified = await ashlar('ledger', 'verify');
      assert(
        verified.code === 1,
        `ledger verify ended with ${verified.code} after ${more} entries more: ${verified.stderr}`,
      );
      const again = await ashlar('ledger', 'checkpoint');
      assert(again.code === 1, `ledger checkpoint signed a ledger that was set back: ${again.code}`);
      seen.push(`${verified.document.error.code}, ${again.document.error.code}`);
      const state = await ashlar('status');
      assert(JSON.stringify(state.document).includes('orders'), `status: ${state.stderr}`);
      await db.close();
      await server.stop();
      server.putBack(old);
      rmSync(join(base, 'checkpoints'), { recursive: true, force: true });
    }
    await server.start();
    return `verify and checkpoint said: ${seen.join(' · ')}`;
  });

const outOfConnections = (given) =>
  withServer(
    given,
    async (server, db) => {
      const others = await Promise.all(
        [1, 2, 3].map(() => connectTo(given.system, server.url('shop'), { connections: 6 })),
      );
      const codes = new Map();
      let done = 0;
      const began = performance.now();
      const work = others.flatMap((other, which) =>
        Array.from({ length: 6 }, async (_, n) => {
          try {
            await other.session({ actor: 'user:1' }, async (s) => {
              await s.insert(given.system.tables.totals, { orders: which, letters: n });
              await pause(1_500);
            });
            done++;
          } catch (error) {
            codes.set(asText(error), (codes.get(asText(error)) ?? 0) + 1);
          }
        }),
      );
      await Promise.all(work);
      assert(performance.now() - began < longest, 'the sessions did not end in time');
      assert(
        [...codes.keys()].every((code) => code === 'connection-refused'),
        [...codes.keys()].join(),
      );
      assert(codes.get('connection-refused') > 0, 'there were connections for all');
      for (const other of others) {
        await write(other, 'afterwards');
        await other.close();
      }
      const [{ n }] = await server.run('SELECT count(*)::int AS n FROM totals WHERE letters < 6', 'shop');
      assert(n === done, `${done} sessions were acknowledged, and ${n} rows are there`);
      await write(db, 'at last');
      return `${done} acknowledged, ${codes.get('connection-refused')} connection-refused, all go on afterwards`;
    },
    { settings: { max_connections: 12 } },
  );

/** Sessions that are idle for longer than the minute that Ashlar lets them be. */
const idle = (given) =>
  withServer(given, async (server, db) => {
    const { totals } = given.system.tables;
    const outcome = (work) => work.then(() => 'acknowledged', asText);
    const insert = (s, letters) => s.insert(totals, { orders: 1_000, letters });
    const found = await Promise.all([
      outcome(
        db.session({ actor: 'user:1' }, async (s) => {
          await insert(s, 1);
          await pause(62_000);
          await insert(s, 2);
        }),
      ),
      outcome(
        db.session({ actor: 'user:1' }, async (s) => {
          await insert(s, 3);
          await pause(62_000);
        }),
      ),
    ]);
    const rows = await server.run('SELECT letters FROM totals WHERE orders = 1000', 'shop');
    assert(rows.length === 0, `rows of an ended transaction are there: ${JSON.stringify(rows)}`);
    assert(found.join() === 'connection-lost,outcome-unknown', found.join());
    await write(db, 'afterwards');
    return `idle before a statement: ${found[0]}; idle before COMMIT: ${found[1]}`;
  });

const deadlocks = (given) =>
  withServer(
    given,
    async (server, db) => {
      const { totals } = given.system.tables;
      const ids = [];
      await db.session({ actor: 'user:1' }, async (s) => {
        for (let n = 0; n < 2; n++) ids.push((await s.insert(totals, { orders: 0, letters: 0 })).id);
      });
      let acknowledged = 0;
      let attempts = 0;
      const codes = new Set();
      await Promise.all(
        [ids, ids.toReversed()].map(async (inOrder, which) => {
          for (let n = 0; n < 20; n++)
            await db
              .session({ actor: 'user:1' }, async (s) => {
                attempts++;
                await s.insert(given.system.tables.orders, { body: `deadlock ${which} ${n}` });
                for (const id of inOrder) {
                  await s.update(totals, id, { orders: n });
                  await pause(10);
                }
              })
              .then(
                () => acknowledged++,
                (error) => codes.add(asText(error)),
              );
        }),
      );
      const rows = await server.run("SELECT body FROM orders WHERE body LIKE 'deadlock %'", 'shop');
      assert(
        [...codes].every((code) => code === 'session-retries-exhausted'),
        [...codes].join(),
      );
      assert(attempts > 40, 'there was no deadlock');
      assert(rows.length === acknowledged, `${acknowledged} acknowledged, and ${rows.length} rows are there`);
      return `${acknowledged} of 40 acknowledged in ${attempts} attempts`;
    },
    { settings: { deadlock_timeout: '50ms' } },
  );

/** The trials by name. */
export const trials = {
  'kill -9 of the server': whileWriting(restarting((server) => server.kill())),
  'kill -9 of one backend': whileWriting(async (server) => {
    const [pid] = await server.backends('shop').catch(() => []);
    if (pid !== undefined) server.killBackend(pid);
  }),
  'restart (fast)': whileWriting(restarting((server) => server.stop('SIGINT'))),
  'restart (immediate)': whileWriting(restarting((server) => server.stop('SIGQUIT'))),
  'sessions are ended': whileWriting((server) =>
    server
      .run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'shop'")
      .catch(() => undefined),
  ),
  'a full disk of tables': fullDisk('tables'),
  'a full disk of the server': fullDisk('data'),
  'out of connections': outOfConnections,
  'idle in a transaction': idle,
  deadlocks,
  'a base backup from before under a live ledger': baseBackup,
};
