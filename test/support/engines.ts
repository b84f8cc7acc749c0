import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SqlName } from 'ashlar/extend';
import pg from 'pg';
import { inject } from 'vitest';
import { reuseInMemory } from '../../packages/ashlar/src/engines/postgres/pglite/emptied.js';
import { isOthers } from './thorough.js';

// to start a PGlite takes half a second of a processor; the databases of the tests are emptied and used again
export const longestIdle = 30_000;
reuseInMemory(longestIdle);

/** A fresh and empty database, which nothing else uses. */
export interface Place {
  readonly url: string;
  readonly key?: string;
  /** Removes it with everything in it; close the engine before. */
  remove(): Promise<void>;
}

export interface TestEngine {
  readonly name: 'sqlite' | 'sqlcipher' | 'pglite' | 'postgres';
  place(): Promise<Place>;
}

const filePlace = async (scheme: 'sqlite' | 'sqlcipher'): Promise<Place> => {
  const directory = await mkdtemp(join(tmpdir(), `ashlar-${scheme}-`));
  return {
    url: `${scheme}:${join(directory, 'test.db')}`,
    ...(scheme === 'sqlcipher' ? { key: randomBytes(32).toString('hex') } : {}),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
};

/** Runs one statement as the test server's superuser, in the database `postgres`. */
export async function asAdmin(sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client(inject('postgresUrl'));
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

const serverPlace = async (): Promise<Place> => {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await asAdmin(`CREATE DATABASE ${name}`);
  const url = new URL(inject('postgresUrl'));
  url.pathname = `/${name}`;
  return {
    url: url.href,
    remove: async () => {
      await asAdmin(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
};

const all: readonly TestEngine[] = [
  { name: 'sqlite', place: () => filePlace('sqlite') },
  { name: 'sqlcipher', place: () => filePlace('sqlcipher') },
  { name: 'pglite', place: async () => ({ url: 'pglite:memory', remove: async () => undefined }) },
  { name: 'postgres', place: serverPlace },
];

/** Every behaviour is tested on each of these: `describe.each(engines)('… on $name', ({ place }) => …)`. */
export const engines: readonly TestEngine[] = all.filter(({ name }) => inject('engines').includes(name));

/** The engines with roles. SQLite and SQLCipher have none: a process that can open the file can do everything. */
export const withRoles = engines.filter(({ name }) => name === 'pglite' || name === 'postgres');
export const withoutRoles = engines.filter(({ name }) => name === 'sqlite' || name === 'sqlcipher');
export const server = engines.filter(({ name }) => name === 'postgres');

/**
 * One engine of each dialect, for a file whose tests ask much of the processor and do the same on both. Which one depends on
 * the name of the file; `npm run test:others` takes the other one.
 *
 * @param file - `import.meta.url`
 */
export function oneOfEach(file: string) {
  const name = new URL(file).pathname.split('/test/').at(-1) ?? '';
  const bytes = createHash('sha256').update(name).digest();
  const pick = (from: readonly TestEngine[], at: number): readonly TestEngine[] =>
    from.filter((_, index) => index === ((bytes[at] ?? 0) + (isOthers ? 1 : 0)) % from.length);
  const chosen = { withoutRoles: pick(withoutRoles, 0), withRoles: pick(withRoles, 1) };
  return { ...chosen, engines: [...chosen.withoutRoles, ...chosen.withRoles] };
}

/** The SQL that an engine speaks. */
export function sqlOf({ name }: TestEngine): SqlName {
  return name.startsWith('sql') ? 'sqlite' : 'postgres';
}
