import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Engine } from '../../../src/contract/engine.js';
import { openEngine } from '../../../src/engines/open.js';
import { openShadow } from '../../../src/engines/shadow.js';
import { formatOwner } from '../../../src/files/lock-file.js';
import { thisProcess } from '../../../src/files/process.js';
import { autoincrement, table } from '../../../src/model/index.js';
import { createTables, firstRow, transaction } from './opened.js';

const jobs = table('jobs', { id: autoincrement(), note: z.string().default('') });
const count = async (engine: Engine): Promise<unknown> =>
  firstRow(await engine.read('SELECT count(*) AS n FROM jobs', [])).n;

describe('a folder of the embedded engine', () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'ashlar-pglite-'));
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  it('keeps committed rows, and has the settings of a server', async () => {
    const url = `pglite:${join(root, 'deep', 'kept')}`;
    const first = await openEngine({ url });
    expect(first.label).toMatch(/^PGlite \d+\.\d+\.\d+ \(PostgreSQL \d+\.\d+\)$/);
    await createTables(first, jobs);
    await transaction(first, (t) => Promise.resolve(t.execute('INSERT INTO jobs DEFAULT VALUES', [])));
    await first.close();
    const again = await openEngine({ url });
    expect(await count(again)).toBe(1);
    await again.read('RESET ALL', []);
    const settings = "SELECT current_setting('TimeZone') AS zone, current_setting('IntervalStyle') AS style";
    expect(firstRow(await again.read(settings, []))).toEqual({ zone: 'UTC', style: 'iso_8601' });
    await again.close();
  });

  it('is open in one process at a time, and is taken over from a dead one', async () => {
    const directory = join(root, 'locked');
    const url = `pglite:${directory}`;
    const engine = await openEngine({ url });
    await expect(openEngine({ url })).rejects.toMatchObject({ code: 'database-locked', exitCode: 3 });
    await engine.close();
    const lock = join(directory, 'ashlar.lock.1');
    expect(existsSync(lock)).toBe(false);
    const owner = { ...thisProcess(), token: '0'.repeat(32) };
    await writeFile(lock, formatOwner({ ...owner, pid: process.ppid, started: '' }));
    await expect(openEngine({ url })).rejects.toMatchObject({ code: 'database-locked' });
    const dead = spawn(process.execPath, ['-e', '']);
    await once(dead, 'exit');
    await writeFile(lock, formatOwner({ ...owner, pid: dead.pid ?? 0 }));
    await (await openEngine({ url })).close();
    // in a container the dead process often had the same number
    await writeFile(lock, formatOwner({ ...owner, started: '1' }));
    await (await openEngine({ url })).close();
  });

  it('that was not created completely is created again', async () => {
    const directory = join(root, 'half');
    await mkdir(join(directory, 'base'), { recursive: true });
    await writeFile(join(directory, 'PG_VERSION'), '18\n');
    await writeFile(join(directory, 'ashlar.unfinished'), '');
    const engine = await openEngine({ url: `pglite:${directory}` });
    expect((await engine.read('SELECT 1 AS one', [])).rows).toEqual([{ one: 1 }]);
    await engine.close();
  });

  it('is not created with create: false', async () => {
    await expect(
      openEngine({ url: `pglite:${join(root, 'no', 'where')}`, create: false }),
    ).rejects.toMatchObject({
      code: 'directory-missing',
    });
    await writeFile(join(root, 'file'), '');
    await expect(openEngine({ url: `pglite:${join(root, 'file')}` })).rejects.toMatchObject({
      code: 'directory-missing',
    });
  });
});

describe('the one connection of the embedded engine', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openEngine({ url: 'pglite:memory' });
    await createTables(engine, jobs);
  });
  afterAll(() => engine?.close());

  it('is given to transactions in the order of their requests', async () => {
    const order: number[] = [];
    const one = await engine.begin({ mode: 'write', actor: null, scope: null });
    const waiting = [1, 2, 3].map((n) =>
      transaction(engine, async (t) => {
        order.push(n);
        await t.execute('INSERT INTO jobs DEFAULT VALUES', []);
      }),
    );
    await one.execute('INSERT INTO jobs DEFAULT VALUES', []);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(order).toEqual([]);
    await one.commit();
    await Promise.all(waiting);
    expect(order).toEqual([1, 2, 3]);
    expect(await count(engine)).toBe(4);
  });

  it('works after a statement that the protocol refuses', async () => {
    await expect(Promise.resolve(engine.read('SELECT $1::int AS n', ['x']))).rejects.toMatchObject({
      code: 'value-invalid',
    });
    expect((await engine.read('SELECT $1::int AS n', [7])).rows).toEqual([{ n: 7 }]);
  });
});

describe('shadow databases', () => {
  it('are empty each time, also when one is reused', async () => {
    for (let i = 0; i < 3; i++) {
      const shadow = await openShadow('postgres');
      await createTables(shadow, jobs);
      await shadow.asOwner((owner) =>
        owner.script('CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$'),
      );
      if (i === 1) await shadow.asOwner((owner) => owner.script('CREATE ROLE other'));
      await shadow.close();
    }
    const [one, other] = await Promise.all([openShadow('postgres'), openShadow('postgres')]);
    await createTables(one, jobs);
    expect(await other.asOwner((owner) => other.introspect(owner))).toEqual({
      tables: [],
      functions: [],
      objects: [],
    });
    await one.close();
    await other.close();
  });
});
