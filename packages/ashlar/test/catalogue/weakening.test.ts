import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withRoles } from '../../../../test/support/engines.js';
import type { Folder } from '../migrations/folder.js';
import { everyFolder } from '../prove/every-folder.js';
import { asSystem } from '../prove/every-guarantee.js';
import { type InitialisedDatabase, initialise } from '../prove/support.js';
import { changing } from './findings.js';
import { harmless, weakenings } from './weakening-sabotages.js';

let folder: Folder;
beforeAll(async () => {
  folder = await everyFolder();
});
afterAll(() => folder.remove());

describe.each(withRoles)('what else in a database can weaken a guarantee, on $name', (engine) => {
  let database: InitialisedDatabase;
  beforeAll(async () => {
    database = await initialise(engine, asSystem(folder.url));
  });
  afterAll(() => database.close());

  it('an unchanged database has no finding', async () => {
    await changing(database, async ({ findings }) => expect(await findings()).toEqual([]));
  });

  it.each(weakenings)('$name is a finding', async ({ sql, named }) => {
    await changing(database, async ({ owner, findings }) => {
      for (const statement of sql) await owner.script(statement);
      expect((await findings()).join('\n')).toMatch(named);
    });
  });

  it.each(harmless)('$name is no finding', async ({ sql }) => {
    await changing(database, async ({ owner, findings }) => {
      for (const statement of sql) await owner.script(statement);
      expect(await findings()).toEqual([]);
    });
  });
});
