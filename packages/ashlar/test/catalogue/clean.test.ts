import { newStep } from 'ashlar/migrations';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../../test/support/engines.js';
import { compareWithSteps } from '../../src/migrations/catalogue/with-steps.js';
import { lineOf } from '../../src/migrations/catalogue/words.js';
import { type Folder, makeFolder } from '../migrations/folder.js';
import { asSystem } from '../prove/every-guarantee.js';
import { initialise, systems } from '../prove/support.js';

let folder: Folder;
beforeAll(async () => {
  folder = await makeFolder();
  await newStep(asSystem(folder.url), folder.url, 'initial');
});
afterAll(() => folder.remove());

describe.each(engines)('a new database on $name', (engine) => {
  it.each([...systems.map(({ name }) => name), 'every guarantee'])(
    'of %s differs in nothing from its steps',
    async (name) => {
      const system = systems.find((each) => each.name === name)?.system ?? asSystem(folder.url);
      const database = await initialise(engine, system);
      try {
        const compared = await compareWithSteps(database.engine, system);
        expect(compared?.differences.map(lineOf)).toEqual([]);
        expect(compared?.found.parts.length).toBeGreaterThan(50);
      } finally {
        await database.close();
      }
    },
  );
});
