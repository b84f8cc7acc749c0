import { newStep } from 'ashlar/migrations';
import { failuresOf } from 'ashlar/prove';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { oneOfEach } from '../../../../test/support/engines.js';
import { queryTrail } from '../../src/audit/query-trail.js';
import { type Folder, makeFolder } from '../migrations/folder.js';
import { asSystem, fill, people, renamedTables } from './every-guarantee.js';
import { oddName } from './odd-name.js';
import { contents, type InitialisedDatabase, initialise } from './support.js';

const { engines } = oneOfEach(import.meta.url);

let folder: Folder;
const system = () => asSystem(folder.url, renamedTables);
beforeAll(async () => {
  folder = await makeFolder();
  await newStep(system(), folder.url, 'initial');
});
afterAll(() => folder.remove());

describe.each(engines)('every guarantee over columns with other names in the database on $name', (engine) => {
  let database: InitialisedDatabase;
  beforeAll(async () => {
    database = await initialise(engine, system());
  });
  afterAll(() => database.close());

  it('prove reports no failure for empty tables, and for rows of two scopes', async () => {
    expect(failuresOf(await database.prove())).toEqual([]);
    await fill(database.engine, folder.url, renamedTables);
    const before = await contents(database);
    const report = await database.prove();
    expect(failuresOf(report)).toEqual([]);
    expect(new Set(report.tables.map(({ guarantee }) => guarantee)).size).toBe(13);
    for (const { table, guarantee, attacks } of report.tables)
      expect(attacks.length, `${table} ${guarantee}`).toBeGreaterThan(0);
    expect(report.ledgers).toMatchObject([
      { ledger: 'every/trail', ok: true },
      { ledger: 'every/letters', size: 6, checked: 6, ok: true },
    ]);
    expect(await contents(database)).toEqual(before);
  });

  it('a trail has the names of the database, and its query takes the properties', async () => {
    const [id] = people;
    const { changes } = await queryTrail(database.engine, system(), { table: 'clients', row: { id } });
    expect(changes).toMatchObject([
      {
        operation: 'insert',
        row_key: { [oddName('id')]: id },
        after: { [oddName('id')]: id, [oddName('status')]: 'invited' },
      },
    ]);
    await expect(
      queryTrail(database.engine, system(), { table: 'clients', row: { [oddName('id')]: id } }),
    ).rejects.toMatchObject({ code: 'usage' });
  });

  it('a second step has nothing to do', async () => {
    expect(await newStep(system(), folder.url, 'second')).toBeUndefined();
  });
});
