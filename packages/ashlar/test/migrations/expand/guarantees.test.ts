import { createdAt, id, type System, system, type Table, table } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { audited, auditTrail, lifecycle, retained, scoped } from 'ashlar/guarantees';
import { checkMigrations, down, drift, newExpansion, newStep, up } from 'ashlar/migrations';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { oneOfEach, sqlOf } from '../../../../../test/support/engines.js';
import { type Folder, makeFolder } from '../folder.js';

const { engines } = oneOfEach(import.meta.url);

let folder: Folder;
beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(() => folder.remove());

const kind = z.string().max(20);
const base = {
  id: id(),
  org: z.uuid(),
  state: z.enum(['open', 'closed']).default('open'),
  at: createdAt(),
  secret: z.string().nullable(),
};
type Items = Parameters<typeof table>[2];

/** Guarantees over other columns than the one that becomes required. */
const guarantees: Readonly<Record<string, (trail: Table) => Items>> = {
  audited: (into) => () => [audited({ into: into as never })],
  'audited, without a column': (into) => (c) => [
    audited({ into: into as never, except: [c.secret as never] }),
  ],
  scoped: () => (c) => [scoped(c.org as never)],
  lifecycle: () => (c) => [
    lifecycle(c.state as never, { open: ['closed'] } as never, { initial: 'open' } as never),
  ],
  retained: () => (c) => [retained(c.at as never, { for: { years: 3 }, reason: 'a law' })],
};

describe.each(engines)('a column that becomes required on $name', (engine) => {
  const cases = Object.keys(guarantees).flatMap((name) =>
    [false, true].map((hasDefault) => [name, hasDefault] as const),
  );
  test.each(cases)('in a table with %s (a new default: %s)', async (name, hasDefault) => {
    const shop = (column: z.ZodType): System => {
      const trail = auditTrail('trail') as unknown as Table;
      const articles = table(
        'articles',
        { ...base, kind: column },
        guarantees[name]?.(trail),
      ) as unknown as Table;
      const tables = name.includes('audited') ? { trail, articles } : { articles };
      return system('shop', { tables, migrations: folder.url });
    };
    const was = shop(kind.nullable());
    const now = shop(hasDefault ? kind.default('none') : kind);
    const options = { engines: [sqlOf(engine)] };
    await newStep(was, folder.url, 'initial', options);
    await newExpansion(now, folder.url, 'change', {
      ...options,
      ...(hasDefault ? {} : { fills: { 'articles.kind': "'none'" } }),
    });
    await checkMigrations(now, sqlOf(engine));
    const place = await engine.place();
    const database = await openEngine({ url: place.url, key: place.key });
    const run = (sql: string) => database.asOwner((owner) => owner.atomically(() => owner.run(sql)));
    const add = (n: number, value: string) =>
      run(
        `INSERT INTO articles (id, org, state, at, kind) VALUES ('019368a0-0000-7000-8000-00000000000${n}', '019368a0-0000-7000-8000-000000000000', 'open', '2026-01-02T03:04:05.000Z', ${value})`,
      );
    const values = async () => (await run('SELECT kind FROM articles ORDER BY id')).map((row) => row.kind);
    try {
      await up(database, was, { to: '1' });
      await add(1, 'NULL');
      await add(2, "'news'");
      await up(database, now, { to: '2' });
      await add(3, 'NULL');
      expect(await values()).toEqual([null, 'news', 'none']);
      await up(database, now);
      expect(await values()).toEqual(['none', 'news', 'none']);
      await up(database, now, { contract: true });
      await expect(add(4, 'NULL')).rejects.toThrow();
      await add(4, "'essay'");
      expect(await drift(database, now)).toEqual([]);
      if (name.includes('audited')) {
        const lines = await run(
          `SELECT operation FROM trail WHERE CAST(after AS text) LIKE '%"none"%' ORDER BY id`,
        );
        expect(lines.filter(({ operation }) => operation === 'update').length).toBeGreaterThanOrEqual(1);
        const last = await run(`SELECT operation FROM trail WHERE CAST(after AS text) LIKE '%"essay"%'`);
        expect(last).toEqual([{ operation: 'insert' }]);
      }
      await down(database, now, { to: '1' });
      expect(await values()).toEqual(['none', 'news', 'none', 'essay']);
      expect(await drift(database, was)).toEqual([]);
      await add(5, 'NULL');
    } finally {
      await database.close();
      await place.remove();
    }
  });
});
