import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { bundledVersion, importDriver } from '../../../src/engines/sqlite/driver/driver.js';

const name = 'better-sqlite3-multiple-ciphers';
const isOldNode = Number(process.versions.napi) < 10;

/** Runs `work` with the URL of a module that finds a driver of this version, whose main file is `main`. */
const withPackage = async (version: string, main: string, work: (from: string) => Promise<void>) => {
  const folder = await mkdtemp(join(tmpdir(), 'ashlar-driver-'));
  const home = join(folder, 'node_modules', name);
  try {
    await mkdir(join(home, 'lib'), { recursive: true });
    await writeFile(join(home, 'package.json'), JSON.stringify({ name, version, main: 'lib/index.js' }));
    await writeFile(join(home, 'lib', 'index.js'), main);
    await work(pathToFileURL(join(folder, 'importer.js')).href);
  } finally {
    await rm(folder, { recursive: true });
  }
};

const crashesOnOldNode = isOldNode
  ? `process.kill(process.pid, 'SIGSEGV');`
  : 'module.exports = class Database {};';

test('version 13 is loaded on Node 22.14 and later, and refused before it is loaded on an older Node', () =>
  withPackage('13.0.3', crashesOnOldNode, async (from) => {
    const found = importDriver(from);
    if (isOldNode) {
      await expect(found).rejects.toMatchObject({
        code: 'driver-unfit',
        message: `${name} 13.0.3 does not run on Node ${process.versions.node}.`,
        suggestion: expect.stringContaining(`npm install ${name}@12`),
      });
    } else {
      expect((await found).Database.name).toBe('Database');
    }
  }));

test('version 12 is loaded on every Node', () =>
  withPackage('12.11.1', 'module.exports = class Database {};', async (from) => {
    const { Database, path } = await importDriver(from);
    expect(Database.name).toBe('Database');
    expect(path).toContain(join(name, 'lib', 'index.js'));
  }));

test('a driver that is absent or fails while it loads is reported as missing', async () => {
  await withPackage('12.11.1', `throw new Error('no binary');`, async (from) => {
    await expect(importDriver(from)).rejects.toMatchObject({
      code: 'driver-missing',
      cause: expect.objectContaining({ message: 'no binary' }),
    });
  });
  const elsewhere = pathToFileURL(join(tmpdir(), 'importer.js')).href;
  await expect(importDriver(elsewhere)).rejects.toMatchObject({ code: 'driver-missing' });
});

test.each([
  ['has no compiled part', 'Could not locate the bindings file. Tried:\n → /app/build/better_sqlite3.node'],
  [
    'was compiled for another Node',
    'was compiled against a different Node.js version using NODE_MODULE_VERSION 108',
  ],
])('a driver that %s is reported as unfit, without the places that were tried', (_, reason) =>
  withPackage(
    '12.11.1',
    `module.exports = class Database { constructor() { throw new Error(${JSON.stringify(reason)}); } };`,
    async (from) => {
      const { Database } = await importDriver(from);
      expect(() => bundledVersion(Database)).toThrow(
        expect.objectContaining({ code: 'driver-unfit', suggestion: `npm rebuild ${name}` }),
      );
    },
  ),
);
