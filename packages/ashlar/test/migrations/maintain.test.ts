import { describe, expect, test } from 'vitest';
import { engines } from '../../../../test/support/engines.js';
import type { Enforcement, Guarantee } from '../../src/contract/guarantee.js';
import { openEngine } from '../../src/engines/open.js';
import { maintain, up } from '../../src/migrations/index.js';
import { id, type Table, table } from '../../src/model/index.js';
import { system } from '../../src/system/system.js';
import { makeFolder } from './folder.js';

const guarantee = (enforcement: Guarantee['sqlite']): Guarantee => ({
  kind: 'guarantee',
  name: 'tended',
  summary: 'It is tended.',
  sqlite: enforcement,
  postgres: enforcement,
});

const tended = (name: string, maintain: Enforcement['maintain']): Table =>
  table(name, { id: id() }, () => [
    guarantee({ level: 'enforced', objects: () => [], ...(maintain ? { maintain } : {}) }),
  ]) as Table;

const until = (day: string) => async () => ({ done: [`made ${day}`], goodUntil: new Date(day) });

describe.each(engines)('maintain on $name', ({ place: newPlace }) => {
  test('runs due work in transactions of the owner, and returns until when that is enough', async () => {
    const place = await newPlace();
    const engine = await openEngine({ url: place.url, key: place.key });
    const now = new Date('2026-01-01T00:00:00Z');
    try {
      const failing = tended('c', async (_, tools) => {
        await tools.atomically((run) => run('CREATE TABLE kept (id int)'));
        await tools
          .atomically(async (run) => {
            await run('CREATE TABLE undone (id int)');
            throw new TypeError('no');
          })
          .catch(() => undefined);
        return { done: [`tended on ${tools.now.toISOString()}`], goodUntil: undefined };
      });
      const report = await maintain(
        engine,
        [tended('a', until('2027-03-01')), tended('b', until('2027-02-01')), failing],
        now,
      );
      expect(report.done).toEqual([
        'made 2027-03-01',
        'made 2027-02-01',
        'tended on 2026-01-01T00:00:00.000Z',
      ]);
      expect(report.goodUntil).toEqual(new Date('2027-02-01'));
      const tables = (await engine.asOwner((owner) => engine.introspect(owner))).tables.map(
        ({ name }) => name,
      );
      expect(tables).toEqual(['kept']);
      expect(await maintain(engine, [tended('d', undefined)], now)).toEqual({
        done: [],
        goodUntil: undefined,
      });
    } finally {
      await engine.close();
      await place.remove();
    }
  });

  test('up refuses a guarantee that the engine cannot keep, before anything runs', async () => {
    const place = await newPlace();
    const folder = await makeFolder();
    const engine = await openEngine({ url: place.url, key: place.key });
    const refused = table('refused', { id: id() }, () => [
      guarantee({ level: 'refused', why: 'No walls here.' }),
    ]);
    try {
      await folder.step('0001_initial', 'CREATE TABLE refused (id int);');
      await expect(
        up(engine, system('s', { tables: { refused }, migrations: folder.url })),
      ).rejects.toMatchObject({
        code: 'guarantee-refused',
        detail: 'No walls here.',
      });
    } finally {
      await engine.close();
      await place.remove();
      await folder.remove();
    }
  });
});
