import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { failure, noContext, otherProcess, rows, script, workplace, write } from './support.js';

const { file, open } = workplace();

describe('writers of one process', () => {
  test('run in the order of their requests', async () => {
    const engine = await open();
    const order: number[] = [];
    const held = await engine.begin({ mode: 'write', ...noContext });
    const sessions = Array.from({ length: 20 }, (_, i) => write(engine, () => void order.push(i)));
    await sleep(20);
    expect(order).toEqual([]);
    await held.commit();
    await Promise.all(sessions);
    expect(order).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  test('time out under one holder, but not because of a long queue', async () => {
    const engine = await open({ lockTimeout: 150 });
    const held = await engine.begin({ mode: 'write', ...noContext });
    await failure('lock-timeout', () => engine.begin({ mode: 'write', ...noContext }));
    await held.rollback();
    const slow = () => write(engine, () => sleep(50));
    await Promise.all(Array.from({ length: 8 }, slow));
  });

  test('begin synchronously when the write lock is free', async () => {
    const engine = await open();
    const transaction = engine.begin({ mode: 'write', ...noContext });
    expect(transaction).not.toBeInstanceOf(Promise);
    await (await transaction).rollback();
  });

  test('begin immediately or fail in synchronous use', async () => {
    const engine = await open();
    await script(engine, 'CREATE TABLE t (x INTEGER) STRICT');
    const transaction = engine.sync?.begin({ mode: 'write', ...noContext });
    expect(transaction?.execute('INSERT INTO t VALUES (1)', [])).toEqual({ rows: [], changes: 1 });
    expect(() => engine.sync?.begin({ mode: 'write', ...noContext })).toThrow(
      expect.objectContaining({ code: 'lock-timeout' }),
    );
    transaction?.commit();
    const reading = engine.sync?.begin({ mode: 'read', ...noContext });
    expect(reading?.execute('SELECT x FROM t', [])).toMatchObject({ rows: [{ x: 1 }] });
    reading?.rollback();
  });
});

test('readers wait for a free read connection, and never for a writer', async () => {
  const engine = await open({ connections: 2, lockTimeout: 200 });
  const writer = await engine.begin({ mode: 'write', ...noContext });
  const [first, second] = [
    await engine.begin({ mode: 'read', ...noContext }),
    await engine.begin({ mode: 'read', ...noContext }),
  ];
  await failure('lock-timeout', () => engine.begin({ mode: 'read', ...noContext }));
  const third = engine.begin({ mode: 'read', ...noContext });
  const single = rows(engine, 'SELECT 1 AS one');
  await first.commit();
  await (await third).commit();
  expect(await single).toEqual([{ one: 1 }]);
  await second.commit();
  await writer.commit();
});

describe('another process that holds the write lock', () => {
  test('is waited for without blocking this process', async () => {
    const path = file();
    const engine = await open({ path });
    await script(engine, 'CREATE TABLE t (x INTEGER) STRICT');
    const other = await otherProcess(
      path,
      `db.exec('BEGIN IMMEDIATE; INSERT INTO t VALUES (1)');
       process.stdin.once('data', () => db.exec('COMMIT'));`,
    );
    let isWritten = false;
    const writing = write(engine, (t) => t.execute('INSERT INTO t VALUES (2)', [])).then(() => {
      isWritten = true;
    });
    // the other process ends its transaction only when this one, while it waits, says so
    for (let turn = 0; turn < 4; turn++) await sleep(5);
    expect(isWritten).toBe(false);
    other.process.stdin?.write('commit\n');
    await writing;
    expect(await rows(engine, 'SELECT x FROM t ORDER BY x')).toEqual([{ x: 1 }, { x: 2 }]);
    await other.end();
  });

  test('leads to lock-timeout', async () => {
    const path = file();
    const engine = await open({ path, lockTimeout: 150 });
    const other = await otherProcess(path, `db.exec('BEGIN IMMEDIATE');`);
    const error = await failure('lock-timeout', () => engine.begin({ mode: 'write', ...noContext }));
    expect(error.message).toContain('Another process');
    expect(() => engine.sync?.begin({ mode: 'write', ...noContext })).toThrow(
      expect.objectContaining({ code: 'lock-timeout' }),
    );
    const migrate = () =>
      engine.asOwner((owner) => owner.atomically(async () => 1), { exclusive: true, lockTimeout: 100 });
    await failure('migration-locked', migrate);
    await engine.read('SELECT 1', []);
    await other.end();
    await (await engine.begin({ mode: 'write', ...noContext })).commit();
  });
});

describe('the owner', () => {
  test('commits or rolls back a transaction as a whole', async () => {
    const engine = await open();
    await engine.asOwner(async (owner) => {
      await owner.atomically(async () => owner.script('CREATE TABLE a (x INTEGER) STRICT'));
      const broken = owner.atomically(async () => {
        await owner.run('CREATE TABLE b (x INTEGER) STRICT');
        await owner.run('nonsense');
      });
      await failure('statement-failed', () => broken);
      expect(await owner.run('SELECT name FROM sqlite_schema')).toEqual([{ name: 'a' }]);
    });
  });

  test('checks foreign keys before a rebuild is committed, and enforces them after it', async () => {
    const engine = await open();
    const schema =
      'CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INTEGER REFERENCES p (id)); INSERT INTO p VALUES (1); INSERT INTO c VALUES (1)';
    await script(engine, schema);
    await engine.asOwner(async (owner) => {
      const error = await failure('migration-failed', () =>
        owner.atomically(() => owner.script('DELETE FROM p'), { rebuild: true }),
      );
      expect(error.detail).toContain('c → p');
      expect(await owner.run('SELECT count(*) AS n FROM p')).toEqual([{ n: 1 }]);
      await failure('foreign-key-violation', () => owner.run('DELETE FROM p'));
    });
  });

  test('waits for its turn', async () => {
    const engine = await open();
    const held = await engine.begin({ mode: 'write', ...noContext });
    const refused = () => engine.asOwner(async () => 1, { exclusive: true, lockTimeout: 50 });
    await failure('migration-locked', refused);
    const later = engine.asOwner(async () => 'done');
    await held.commit();
    expect(await later).toBe('done');
  });
});
