import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { drift } from 'ashlar/migrations';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { oneOfEach } from '../../../../test/support/engines.js';
import type { Folder } from '../migrations/folder.js';
import { everyFolder } from '../prove/every-folder.js';
import { asSystem } from '../prove/every-guarantee.js';
import { initialise } from '../prove/support.js';
import type { Mutant } from './postgres-mutants.js';
import { scoreOf } from './score.js';

const { engines, withoutRoles } = oneOfEach(import.meta.url);

let folder: Folder;
beforeAll(async () => {
  folder = await everyFolder();
});
afterAll(() => folder.remove());

// `npm run mutate` tries them all, and writes what was found
const isThorough = process.env.MUTATE_RESULTS !== undefined;
const most = 1;

/** The first mutants of each kind of change. */
const fewOfEach = (): ((mutant: Mutant) => boolean) => {
  const counts = new Map<string, number>();
  return ({ kind, name }) => {
    if (isThorough) return true;
    const key = kind === 'role' || kind === 'unknown object' ? name : `${kind}: ${name.replace(/^.*: /, '')}`;
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return count <= most;
  };
};

describe.each(withoutRoles)('rows that only a transaction has, on $name', (engine) => {
  it.each(['ashlar_session', 'ashlar_purge'])('are named when they are left in %s', async (table) => {
    const database = await initialise(engine, asSystem(folder.url));
    try {
      expect(await drift(database.engine, database.system)).toEqual([]);
      await database.run(
        table === 'ashlar_session'
          ? "INSERT INTO ashlar_session VALUES (1, 'user:1', '*')"
          : "INSERT INTO ashlar_purge VALUES ('letters')",
      );
      expect(await drift(database.engine, database.system)).toEqual([
        `the row left in ${table} is made by no step (to remove it: DELETE FROM ${table}; to accept it: row left in ${table})`,
      ]);
    } finally {
      await database.close();
    }
  });

  it('and a counter near its end is named', async () => {
    const database = await initialise(engine, asSystem(folder.url));
    try {
      await database.run("INSERT INTO sqlite_sequence VALUES ('trail', 9007199254740990)");
      expect((await drift(database.engine, database.system)).join()).toContain(
        'the counter near its end trail',
      );
    } finally {
      await database.close();
    }
  });
});

describe.each(engines)('every change of one object on $name', (engine) => {
  it('is named by the comparison with the steps and the roles', async () => {
    const database = await initialise(engine, asSystem(folder.url));
    try {
      const scored = await scoreOf(database, fewOfEach());
      const of = (outcome: string) => scored.filter((each) => each.outcome === outcome);
      const results = process.env.MUTATE_RESULTS;
      if (results !== undefined)
        await writeFile(join(results, `${engine.name}.json`), JSON.stringify(scored));
      expect(
        of('silent').map(({ kind, name, sql }) => `${kind} ${name}: ${sql.at(-1)?.slice(0, 200)}`),
      ).toEqual([]);
      expect(of('named').length).toBeGreaterThan(30);
    } finally {
      await database.close();
    }
  }, 1_200_000);
});
