import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { drift } from 'ashlar/migrations';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines as allEngines, oneOfEach } from '../../../../test/support/engines.js';
import type { Folder } from '../migrations/folder.js';
import { everyFolder } from '../prove/every-folder.js';
import { asSystem } from '../prove/every-guarantee.js';
import { initialise } from '../prove/support.js';
import { type Attacked, attackScores } from './attack-score.js';
import type { Mutant } from './postgres-mutants.js';
import { Recorded, sampleOf } from './recorded.js';
import { type Scored, scoreOf } from './score.js';
import { withReasons } from './survivors.js';

// `npm run mutate` tries them all on every engine, and writes what was found
const results = process.env.MUTATE_RESULTS;
const isThorough = results !== undefined;
const { engines, withoutRoles } = isThorough
  ? { engines: allEngines, withoutRoles: [] }
  : oneOfEach(import.meta.url);

let folder: Folder;
beforeAll(async () => {
  folder = await everyFolder();
});
afterAll(() => folder.remove());

const most = 1;
const [every, seed] = [Number(process.env.MUTATE_EVERY ?? 1), process.env.MUTATE_SEED ?? ''];
// only the page is written, from what earlier runs found
const isPage = process.env.MUTATE_PAGE === '1';

/** The first mutants of each kind of change. */
const fewOfEach = (): ((mutant: Mutant) => boolean) => {
  if (isThorough) return sampleOf(every, seed);
  const counts = new Map<string, number>();
  return ({ kind, name }) => {
    const key = kind === 'role' || kind === 'unknown object' ? name : `${kind}: ${name.replace(/^.*: /, '')}`;
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return count <= most;
  };
};

const written = async (name: string, scored: unknown): Promise<void> => {
  if (results !== undefined) await writeFile(join(results, `${name}.json`), JSON.stringify(scored));
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
    const recorded = new Recorded<Scored>(results, engine.name);
    if (isPage) return written(engine.name, recorded.all);
    const database = await initialise(engine, asSystem(folder.url));
    try {
      const scored = await scoreOf(database, fewOfEach(), recorded);
      const of = (outcome: string) => scored.filter((each) => each.outcome === outcome);
      await written(engine.name, scored);
      expect(
        of('silent').map(({ kind, name, sql }) => `${kind} ${name}: ${sql.at(-1)?.slice(0, 200)}`),
      ).toEqual([]);
      expect(of('named').length).toBeGreaterThan(30);
    } finally {
      await database.close();
    }
  }, 7_200_000);
});

// one of each dialect in brief; an engine of the same dialect runs the same statements
const attackedEngines = Object.entries(attackScores).filter(
  ([name]) => isThorough || name === 'sqlite' || name === 'pglite',
);
describe.each(attackedEngines)('the attacks alone, with no comparison, on %s', (name, score) => {
  const few = new Set<string>();
  const isOfFew = ({ kind, name: of }: Mutant): boolean => {
    const isWanted =
      /^letters(?:, letters)?_(?:append_only|retained)_\w+: (?:dropped|renamed)$/.test(of) ||
      (kind === 'unknown object' && of === 'table');
    if (isWanted) few.add(of);
    return isWanted;
  };
  it('tell a change that lets a statement through, and say of each other one why they cannot', async () => {
    const system = asSystem(folder.url);
    const recorded = new Recorded<Attacked>(results, `${name}-attacks`);
    const isChosen = isThorough ? sampleOf(every, seed) : isOfFew;
    const found = isPage ? recorded.all : await score({ system, migrations: folder.url, isChosen, recorded });
    const whole = name === 'sqlcipher' ? new Recorded<Attacked>(results, 'sqlite-attacks').all : found;
    const scored = withReasons(
      found,
      name.startsWith('sql') ? 'sqlite' : 'postgres',
      whole.length > found.length ? whole : found,
    );
    await written(`${name}-attacks`, scored);
    const silent = scored.filter(({ outcome }) => outcome === 'silent');
    expect(
      silent.filter(({ reason }) => reason === undefined).map(({ kind, name: of }) => `${kind} ${of}`),
    ).toEqual([]);
    if (isPage) return;
    expect(scored.some(({ outcome, by }) => outcome === 'named' && by.includes('was not refused'))).toBe(
      true,
    );
    expect(silent.map(({ kind }) => kind)).toContain('unknown object');
    if (!isThorough) expect(few.size).toBeGreaterThan(2);
  }, 7_200_000);
});
