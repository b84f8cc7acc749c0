import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { engines, type Place } from '../../../../test/support/engines.js';
import type { Engine } from '../../src/contract/engine.js';
import { openEngine } from '../../src/engines/open.js';
import { assertStepsApplied, stepsWarning } from '../../src/migrations/at-connect.js';
import { down, history, plan, status, up } from '../../src/migrations/index.js';
import { type System, system } from '../../src/system/system.js';
import { type Folder, makeFolder } from './folder.js';

describe.each(engines)('a contract step on $name', ({ place: newPlace }) => {
  let place: Place;
  let folder: Folder;
  let engine: Engine;
  let shop: System;

  const contract = '-- ashlar: contract\nDROP TABLE old_notes;';

  beforeEach(async () => {
    place = await newPlace();
    folder = await makeFolder();
    engine = await openEngine({ url: place.url, key: place.key });
    shop = system('shop', { tables: {}, migrations: folder.url });
    await folder.step(
      '0001_old',
      'CREATE TABLE old_notes (id integer PRIMARY KEY);',
      'DROP TABLE old_notes;',
    );
  });
  afterEach(async () => {
    await engine.close();
    await place.remove();
    await folder.remove();
  });

  const applied = async () => (await history(engine, shop)).map(({ step }) => step);
  const expandAndContract = async (): Promise<void> => {
    await folder.step(
      '0002_expand',
      'CREATE TABLE new_notes (id integer PRIMARY KEY);',
      'DROP TABLE new_notes;',
    );
    await folder.step('0003_contract', contract, 'CREATE TABLE old_notes (id integer PRIMARY KEY);');
  };

  test('waits, with the steps behind it, until `up` may contract', async () => {
    await up(engine, shop);
    await expandAndContract();
    await folder.step('0004_more', 'CREATE TABLE more (id integer PRIMARY KEY);', 'DROP TABLE more;');
    expect((await plan(engine, shop)).waiting).toEqual(['0003_contract', '0004_more']);
    const waiting: (readonly string[])[] = [];
    const done = await up(engine, shop, { onPlan: (planned) => waiting.push(planned.waiting) });
    expect(done.map(({ step }) => step)).toEqual(['0002_expand']);
    expect(waiting).toEqual([['0003_contract', '0004_more']]);
    expect(await up(engine, shop)).toEqual([]);
    expect(await up(engine, shop, { to: '3' })).toEqual([]);
    expect((await plan(engine, shop, { contract: true })).waiting).toEqual([]);
    await up(engine, shop, { contract: true });
    expect(await applied()).toEqual(['0001_old', '0002_expand', '0003_contract', '0004_more']);
    expect((await down(engine, shop, { to: '2' })).map(({ step }) => step)).toEqual([
      '0004_more',
      '0003_contract',
    ]);
  });

  test('runs at once on a database without steps', async () => {
    await expandAndContract();
    await up(engine, shop);
    expect(await applied()).toEqual(['0001_old', '0002_expand', '0003_contract']);
  });

  test('that waits alone is no problem for a program and for status; with another step behind it, it is', async () => {
    await up(engine, shop);
    await expandAndContract();
    await expect(assertStepsApplied(engine, shop)).rejects.toMatchObject({ code: 'migration-pending' });
    await up(engine, shop);
    await assertStepsApplied(engine, shop);
    expect(await stepsWarning(engine, shop)).toBeUndefined();
    expect(await status(engine, shop)).toMatchObject({
      migrations: { pending: [], waiting: ['0003_contract'] },
      drift: [],
      ok: true,
    });
    await folder.step('0004_more', 'CREATE TABLE more (id integer PRIMARY KEY);');
    await expect(assertStepsApplied(engine, shop)).rejects.toMatchObject({
      code: 'migration-pending',
      detail: 'pending: 0003_contract, 0004_more',
    });
    expect((await status(engine, shop)).migrations).toMatchObject({
      pending: ['0003_contract', '0004_more'],
      waiting: [],
    });
  });
});
