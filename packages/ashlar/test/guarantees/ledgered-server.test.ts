import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { autoincrement, connect, type Database, system, table } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { appendOnly, ledgered } from 'ashlar/guarantees';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { verifyTable, withLedger } from '../../src/ledger/database/ledgers.js';
import { behindItsBack } from '../ledger/sabotage.js';

const counted = table('counted', { id: autoincrement(), note: z.string() }, () => [appendOnly(), ledgered()]);
const tables = { counted };
const server = engines.filter(({ name }) => name === 'postgres');
const built = (path: string) => new URL(`../../dist/${path}`, import.meta.url).href;

describe.each(server)('ledgered on a server ($name)', (engine) => {
  let db: Database<typeof tables>;
  let url: string;
  let remove: () => Promise<void>;

  beforeEach(async () => {
    ({ db, url, remove } = await withTables(engine, tables));
  });
  afterEach(() => remove());

  const add = (note: string) => db.session((s) => s.insert(counted, { note }));
  const rows = async () => Number((await db.engine.read('SELECT count(*) AS n FROM counted', [])).rows[0]?.n);
  const expectVerified = async () => {
    const { size, problems } = await verifyTable(db.engine, counted);
    expect(problems).toEqual([]);
    expect(size).toBe(await rows());
  };
  const size = () => withLedger(db.engine, counted, async (reader) => (await reader.head())?.size);

  it.each([
    ['the watermark claims that it has ended', true],
    ['the function of sealing does nothing', false],
  ])('a row with the number of a transaction in progress is a problem: %s', async (_, raised) => {
    const client = new pg.Client(url);
    await client.connect();
    try {
      await add('before');
      await db.engine.seal();
      await client.query('BEGIN');
      const { rows: found } = await client.query('SELECT pg_current_xact_id()::text AS xid');
      const xid = Number(found[0].xid);
      const stop = raised
        ? `UPDATE counted_ledger_head SET watermark = '${xid + 1}:${xid + 1}:', sealer = NULL`
        : "CREATE OR REPLACE FUNCTION counted_ledger_seal() RETURNS text LANGUAGE sql AS $$SELECT 'done'::text$$";
      // in one transaction: a seal between the two would seal the row
      await behindItsBack(db.engine, 'counted', [
        `BEGIN; ${stop}; INSERT INTO counted (note, ashlar_xid, ashlar_at) VALUES ('forged', '${xid}', now()); COMMIT`,
      ]);
      const { problems } = await verifyTable(db.engine, counted);
      expect(problems.map(({ what }) => what)).toEqual(['the row has no entry']);
    } finally {
      await client.end();
    }
  });

  it('sealing does not wait for an open transaction and seals its rows later', async () => {
    const client = new pg.Client(url);
    await client.connect();
    try {
      await add('before');
      await client.query('BEGIN');
      await client.query(`INSERT INTO counted (note) VALUES ('long')`);
      for (let n = 0; n < 3; n++) {
        await add(`while it is open ${n}`);
        await db.engine.seal();
        expect(await size()).toBe(n + 2);
      }
      await client.query('SAVEPOINT s');
      await client.query(`INSERT INTO counted (note) VALUES ('in a savepoint')`);
      await client.query('RELEASE s');
      await client.query('COMMIT');
      await add('after');
      await expectVerified();
      expect(await size()).toBe(7);
    } finally {
      await client.end();
    }
  });

  it('sealing includes rows that a transaction inserts after it sealed', async () => {
    const client = new pg.Client(url);
    await client.connect();
    try {
      await client.query('BEGIN');
      await client.query(`INSERT INTO counted (note) VALUES ('first')`);
      await client.query('SELECT counted_ledger_seal()');
      await client.query(`INSERT INTO counted (note) VALUES ('second')`);
      await add('concurrent');
      await client.query('COMMIT');
      await expectVerified();
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      await client.query('SELECT 1 FROM counted');
      await add('not in its snapshot');
      await db.engine.seal();
      await client.query(`INSERT INTO counted (note) VALUES ('third')`);
      await expect(client.query('SELECT counted_ledger_seal()')).rejects.toThrow();
      await client.query('ROLLBACK');
      await expectVerified();
    } finally {
      await client.end();
    }
  });

  it('rows are sealed in the background and on close', async () => {
    await add('one');
    while ((await size()) === 0) await pause(20);
    const other = await connect(system('testing', { tables, migrations: new URL('file:///none/') }), { url });
    await other.session((s) => s.insert(counted, { note: 'two' }));
    await other.close();
    expect(await size()).toBe(2);
  });

  it('sealing seals each row exactly once when processes are killed', async () => {
    for (let round = 0; round < 3; round++) {
      const worker = spawn(
        process.execPath,
        [
          fileURLToPath(new URL('ledgered-worker.mjs', import.meta.url)),
          built('index.js'),
          built('guarantees/index.js'),
          import.meta.resolve('zod'),
          url,
        ],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      await once(worker.stdout, 'data');
      await pause(300 + 100 * round);
      worker.kill('SIGKILL');
      await once(worker, 'exit');
    }
    expect(await rows()).toBeGreaterThan(10);
    await expectVerified();
  });

  it('sealing continues in another cluster, where transaction ids restart', async () => {
    for (let n = 0; n < 5; n++) await add(`sealed ${n}`);
    await db.engine.seal();
    // as after a restore: transaction ids are far ahead, also for entries that are not sealed yet
    await db.engine.asOwner((owner) => owner.run('INSERT INTO counted (note) VALUES ($1)', ['unsealed']));
    await behindItsBack(db.engine, 'counted', [
      `UPDATE counted SET ashlar_xid = (ashlar_xid::text::bigint + 1000000000)::text::xid8`,
    ]);
    await behindItsBack(db.engine, 'counted_ledger_head', [
      `UPDATE counted_ledger_head SET cluster = 'another', watermark = '1000000900:1000000900:'`,
    ]);
    await add('after the restore');
    await expectVerified();
    for (let n = 0; n < 3; n++) await add(`later ${n}`);
    await expectVerified();
  });

  it('a ledger with unsealed rows can be copied into another database', async () => {
    for (let n = 0; n < 300; n++) await add(`row ${n}`);
    await db.engine.seal();
    await db.engine.asOwner((owner) => owner.run('INSERT INTO counted (note) VALUES ($1)', ['unsealed']));
    const other = await withTables(engine, tables);
    await other.db.close();
    try {
      const names = [
        'counted',
        ...['entries', 'tree', 'blocks', 'head'].map((part) => `counted_ledger_${part}`),
      ];
      const source = new pg.Client(url);
      const target = new pg.Client(other.url);
      await Promise.all([source.connect(), target.connect()]);
      try {
        // one snapshot, as a dump has: sealing in the background may write between two reads
        await source.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
        await target.query('DELETE FROM counted_ledger_head');
        for (const name of names) {
          // a restore of a dump fires no triggers
          await target.query(`ALTER TABLE ${name} DISABLE TRIGGER USER`);
          const { rows: all } = await source.query(`SELECT t::text AS row FROM ${name} t`);
          for (const { row } of all)
            await target.query(`INSERT INTO ${name} OVERRIDING SYSTEM VALUE SELECT ($1::${name}).*`, [row]);
          await target.query(`ALTER TABLE ${name} ENABLE TRIGGER USER`);
        }
        await target.query(`SELECT setval(pg_get_serial_sequence('counted', 'id'), 1000)`);
        await target.query(`UPDATE counted_ledger_head SET cluster = 'the source cluster'`);
      } finally {
        await Promise.all([source.end(), target.end()]);
      }
      const copy = await connect(system('testing', { tables, migrations: new URL('file:///none/') }), {
        url: other.url,
      });
      try {
        await copy.session((s) => s.insert(counted, { note: 'here' }));
        expect(await verifyTable(copy.engine, counted)).toMatchObject({ size: 302, problems: [] });
      } finally {
        await copy.close();
      }
    } finally {
      await other.remove();
    }
  });

  it('a failed sealing does not fail the session; an explicit seal() rejects', async () => {
    await add('one');
    await db.engine.seal();
    await behindItsBack(db.engine, 'counted_ledger_tree', [
      `INSERT INTO counted_ledger_tree (level, position, hash, row_key) VALUES (0, 1, decode(repeat('00', 32), 'hex'), 'forged')`,
    ]);
    await add('two');
    await expect(db.engine.seal()).rejects.toMatchObject({ code: 'unique-violation' });
    expect(await rows()).toBe(2);
    const engineAlone = await openEngine({ url });
    expect((await verifyTable(engineAlone, counted)).problems[0]).toMatchObject({ row_key: 'forged' });
    await engineAlone.close();
  });
});
