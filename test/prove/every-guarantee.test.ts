import { failuresOf, newStep, type Proof } from 'ashlar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Folder, makeFolder } from '../migrations/folder.js';
import { engines } from '../support/engines.js';
import { asSystem, fill } from './every-guarantee.js';
import { bringUp, contents, type Proven } from './support.js';

let folder: Folder;
beforeAll(async () => {
  folder = await makeFolder();
  await newStep(asSystem(folder.url), folder.url, 'initial');
});
afterAll(() => folder.remove());

describe.each(engines)('a system of every guarantee on $name', (engine) => {
  let proven: Proven;
  beforeAll(async () => {
    proven = await bringUp(engine, asSystem(folder.url));
  });
  afterAll(() => proven.close());

  const expectProven = (proof: Proof): void => {
    expect(failuresOf(proof)).toEqual([]);
    expect(proof.ok).toBe(true);
    for (const { table, guarantee, attacks } of proof.tables)
      expect(attacks.length, `${table} ${guarantee}`).toBeGreaterThan(0);
  };

  it('is proven while it is empty, and nothing is left behind', async () => {
    const before = await contents(proven);
    const proof = await proven.prove();
    expectProven(proof);
    expect(new Set(proof.tables.map(({ guarantee }) => guarantee)).size).toBe(11);
    expect(proof.ledgers).toMatchObject([
      { ledger: 'every/trail', size: 0, ok: true },
      { ledger: 'every/letters', size: 0, ok: true },
    ]);
    expect(await contents(proven)).toEqual(before);
  });

  it('is proven with rows of two scopes in it, and nothing is changed', async () => {
    await fill(proven.engine, folder.url);
    const before = await contents(proven);
    const proof = await proven.prove();
    expectProven(proof);
    expect(proof.ledgers).toMatchObject([
      { ledger: 'every/trail', ok: true },
      { ledger: 'every/letters', size: 6, checked: 6, ok: true },
    ]);
    expect(await contents(proven)).toEqual(before);
  });
});
