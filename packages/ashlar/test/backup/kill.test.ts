import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { listBackups } from 'ashlar';
import { describe, expect, test } from 'vitest';
import { files, order, shop, type World, worlds } from './setup.js';

const worker = fileURLToPath(new URL('./worker.mjs', import.meta.url));

/** Lets a process of its own work for a while, and kills it. @returns the backups that it said it has made */
const killed = async (world: World, to: string, after: number): Promise<string[]> => {
  const { url, key, backups } = world;
  const request = {
    url,
    key,
    to,
    migrations: shop.migrations.href,
    folder: backups.folder,
    backupKey: world.secret,
    work: ['create', 'restore', 'prune'],
  };
  const child = spawn(process.execPath, [worker, JSON.stringify(request)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  const ready = new Promise<void>((resolve) => {
    child.stdout.on('data', (text: Buffer) => {
      said += text.toString();
      if (said.includes('ready')) resolve();
    });
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await ready;
  await sleep(after);
  child.kill('SIGKILL');
  await ended;
  return [...said.matchAll(/^made (.+)\n/gm)].map(([, name = '']) => name);
};

describe.each(files)('killed with -9 at any moment on $name', (engine) => {
  const makeWorld = worlds();

  test('nothing that is listed is bad, nothing good is lost, and the next run cleans up', async () => {
    const world = await makeWorld(engine);
    const to = world.elsewhere();
    await order(world.db, ['the first order']);
    const made = [(await world.create()).name];
    await world.restore(made[0] ?? '', { to: { url: to, key: world.key } });
    for (let round = 0; round < 5; round++) {
      made.push(...(await killed(world, to, Math.random() * 500)));
      const listed = await listBackups(world.backups.folder);
      expect(listed.map(({ problem }) => problem)).toEqual(listed.map(() => undefined));
      const names = listed.map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining(made.slice(-3)));
      await world.verify(names.at(-1) ?? '');
      const { orders, letters, totals } = await world.contents(to);
      expect({ orders, letters }).toEqual(totals);
      expect(orders).toBeGreaterThan(0);
    }
    const last = await world.create();
    await world.restore(last.name, { to: { url: to, key: world.key }, replace: true });
    expect(await world.contents(to)).toEqual(await world.contents(world.url));
    const left = [...(await readdir(world.backups.folder)), ...(await readdir(world.folder))];
    expect(left.filter((name) => name.startsWith('.'))).toEqual([]);
  });
});
