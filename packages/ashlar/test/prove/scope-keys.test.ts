import { randomBytes } from 'node:crypto';
import { type Engine, openEngine } from 'ashlar/extend';
import { finishScopeKeyRotation, installScopeKey, rotateScopeKey } from 'ashlar/keys';
import { maintain, status, up } from 'ashlar/migrations';
import { failuresOf, prove } from 'ashlar/prove';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { oneOfEach, type Place } from '../../../../test/support/engines.js';
import { systemNamed } from './sabotages.js';
import { initialise } from './support.js';

const { withoutRoles, withRoles } = oneOfEach(import.meta.url);

const key = (): string => randomBytes(32).toString('hex');
const check = 'keys that verify scopes: ';

describe.each(withRoles)('a key of scopes that nobody gave, on $name', (engine) => {
  const scopeKey = key();
  const system = systemNamed('wills');
  let place: Place;
  let db: Engine;
  beforeAll(async () => {
    place = await engine.place();
    db = await openEngine({ url: place.url, scopeKey });
    await up(db, system);
    await maintain(db, Object.values(system.tables), new Date());
    expect(await installScopeKey(db, scopeKey)).toBe('written');
  });
  afterAll(async () => {
    await db.close();
    await place.remove();
  });
  const run = (sql: string) => db.asOwner((owner) => owner.run(sql));
  const found = async (scopeKeys: readonly string[]): Promise<readonly string[]> =>
    failuresOf(await prove(db, system, { scopeKeys })).map((line) => line.replace(check, ''));
  const problems = async (scopeKeys: readonly string[]): Promise<readonly string[]> =>
    (await status(db, system, { scopeKeys })).problems;
  const foreign =
    'the key 999 verifies scopes, and is neither SCOPE_KEY nor NEW_SCOPE_KEY (`ashlar key rotate scope --finish` removes all but SCOPE_KEY)';

  test('no finding without one', async () => {
    for (const keys of [[scopeKey], []]) {
      expect(await found(keys)).toEqual([]);
      expect(await problems(keys)).toEqual([]);
    }
  });

  // the pads of a key of zeros; and those with the identity and the check value of the real key
  test.each([
    ['gen_random_uuid()', "'x'"],
    ['identity', 'check_value'],
  ])('is named, with identity %s and check value %s', async (identity, checkValue) => {
    await run(`INSERT INTO ashlar_context_keys (id, identity, place, inner_pad, outer_pad, check_value)
      SELECT 999, ${identity}, place, decode(repeat('36', 64), 'hex'), decode(repeat('5c', 64), 'hex'), ${checkValue} FROM ashlar_context_keys`);
    // sessions may sign with a copy of the key's names, which then fails
    expect(await found([scopeKey])).toContain(foreign);
    expect(await problems([scopeKey])).toEqual([foreign]);
    const unknown = '2 keys verify scopes: without SCOPE_KEY it is not known whose they are';
    expect(await found([])).toContain(unknown);
    expect(await problems([])).toEqual([unknown]);
    expect(await installScopeKey(db, scopeKey)).toBe('unexplained');
    expect(await finishScopeKeyRotation(db, scopeKey)).toBe(1);
    expect(await installScopeKey(db, scopeKey)).toBe('unchanged');
    expect(await found([scopeKey])).toEqual([]);
  });

  test('a rotation is none where both keys are given', async () => {
    const next = key();
    await rotateScopeKey(db, scopeKey, next);
    expect(await found([scopeKey, next])).toEqual([]);
    expect(await problems([next, scopeKey])).toEqual([]);
    expect(await installScopeKey(db, scopeKey, next)).toBe('unchanged');
    expect(await installScopeKey(db, scopeKey)).toBe('unexplained');
    expect((await found([scopeKey])).join()).toContain('the key 2 verifies scopes');
    expect(await finishScopeKeyRotation(db, scopeKey)).toBe(1);
  });
});

describe.each(withoutRoles)('keys of scopes on $name', (engine) => {
  test('are none: a key that is given changes nothing', async () => {
    const database = await initialise(engine, systemNamed('wills'));
    try {
      const { problems, unexplained_keys } = await status(database.engine, database.system, {
        scopeKeys: [key()],
      });
      expect({ problems, unexplained_keys }).toEqual({ problems: [], unexplained_keys: [] });
    } finally {
      await database.close();
    }
  });
});
