import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Template, TestDatabases, TestPlace } from '../../../contract/test-databases.js';
import { sqliteDialect } from '../dialect.js';
import { openSqlite } from '../engine.js';

/** The key of all encrypted test databases of this process. */
const key = randomBytes(32).toString('hex');
/** The bytes of a filled database file, by the kind of file and the name of its template. */
const templates = new Map<string, Promise<Buffer>>();
/** The folders of the databases that were not removed yet. */
const folders = new Set<string>();

const removeFolders = (): void => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
};

const emptyPlace = async (encrypted: boolean): Promise<TestPlace & { readonly path: string }> => {
  const folder = await mkdtemp(join(tmpdir(), 'ashlar-test-'));
  // a test that fails may never close its database
  if (folders.size === 0) process.once('exit', removeFolders);
  folders.add(folder);
  const path = join(folder, 'test.db');
  const url = `${encrypted ? 'sqlcipher' : 'sqlite'}:${path}`;
  const secret = encrypted ? { key } : {};
  return {
    path,
    url,
    ...secret,
    // nothing here has to survive a power failure
    open: (options) => openSqlite({ durability: 'normal', ...options, url, ...secret }, encrypted, path),
    remove: async () => {
      await rm(folder, { recursive: true, force: true });
      folders.delete(folder);
      if (folders.size === 0) process.removeListener('exit', removeFolders);
    },
  };
};

const fill = async (encrypted: boolean, template: Template): Promise<Buffer> => {
  const place = await emptyPlace(encrypted);
  try {
    const engine = await place.open({});
    try {
      await template.fill(engine);
    } finally {
      // the last connection moves the write-ahead log into the file
      await engine.close();
    }
    return await readFile(place.path);
  } finally {
    await place.remove();
  }
};

const bytesOf = (encrypted: boolean, template: Template): Promise<Buffer> => {
  const name = `${encrypted} ${template.name}`;
  const kept = templates.get(name);
  if (kept) return kept;
  const made = fill(encrypted, template);
  templates.set(name, made);
  made.catch(() => templates.delete(name));
  return made;
};

const databases = (encrypted: boolean): TestDatabases => ({
  dialect: sqliteDialect,
  create: async (_url, template) => {
    const bytes = await bytesOf(encrypted, template);
    const place = await emptyPlace(encrypted);
    await writeFile(place.path, bytes);
    return place;
  },
});

/** Test databases in files: each is a copy of a filled file, in a temporary folder of its own. */
export const sqliteTestDatabases = databases(false);
/** The same, encrypted with a key of this process. */
export const sqlcipherTestDatabases = databases(true);
