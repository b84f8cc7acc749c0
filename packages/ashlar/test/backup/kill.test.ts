import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { listBackups } from 'ashlar/backup';
import { describe, expect, test } from 'vitest';
import { type Fixture, files, fixtures, order, shop } from './setup.js';

const worker = fileURLToPath(new URL('./worker.mjs', import.meta.url));

/** Runs a child process for a while, and kills it. @returns the backups that it reported */
const killed = async (fixture: Fixture, to: string, after: number): Promise<string[]> => {
  const { url, key, backups } = fixture;
  const request = {
    url,
    key,
    to,
    migrations: shop.migrations.href,
    folder: backups.folder,
    backupKey: fixture.secret,
    work: ['create', 'restore', 'prune'],
  };
  const child = spawn(process.execPath, [worker, JSON.stringify(request)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  const ready = new Promise<void>((resolve) => {
    child.stdout.on('data', (text: Buffer) => {
      output += text.toString();
      if (output.includes('ready')) resolve();
    });
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await ready;
  await sleep(after);
  child.kill('SIGKILL');
  await ended;
  return [...output.matchAll(/^made (.+)\n/gm)].map(([, name = '']) => name);
};

describe.each(files)('after kill -9 at random moments, on $name', (engine) => {
  const newFixture = fixtures();

  test('all listed backups are valid, no finished backup is lost, and the next run cleans up', async () => {
    const fixture = await newFixture(engine);
    const to = fixture.elsewhere();
    await order(fixture.db, ['the first order']);
    const made = [(await fixture.create()).name];
    await fixture.restore(made[0] ?? '', { to: { url: to, key: fixture.key } });
    for (let round = 0; round < 5; round++) {
      made.push(...(await killed(fixture, to, Math.random() * 500)));
      const listed = await listBackups(fixture.backups.folder);
      expect(listed.map(({ problem }) => problem)).toEqual(listed.map(() => undefined));
      const names = listed.map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining(made.slice(-3)));
      await fixture.verify(names.at(-1) ?? '');
      const { orders, letters, totals } = await fixture.contents(to);
      expect({ orders, letters }).toEqual(totals);
      expect(orders).toBeGreaterThan(0);
    }
    const last = await fixture.create();
    await fixture.restore(last.name, { to: { url: to, key: fixture.key }, replace: true });
    expect(await fixture.contents(to)).toEqual(await fixture.contents(fixture.url));
    const left = [...(await readdir(fixture.backups.folder)), ...(await readdir(fixture.folder))];
    expect(left.filter((name) => name.startsWith('.'))).toEqual([]);
  });
});
