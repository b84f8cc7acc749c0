import { readFile } from 'node:fs/promises';
import { experts, logExchange } from '@ashlar/experts';
import type { SqlName } from 'ashlar/extend';
import { checkMigrations as check, down, dumpSchema, up } from 'ashlar/migrations';
import { describe, expect, test } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { someExchange, startExperts } from './support.js';

const folder = new URL('../', import.meta.url);

describe.each<SqlName>(['sqlite', 'postgres'])('the migrations of experts for %s', (name) => {
  test('create the declared tables', async () => {
    await expect(check(experts, name)).resolves.toBeUndefined();
  });

  test('create the schema of the committed dump', async () => {
    const committed = await readFile(new URL(`schema.${name}.sql`, folder), 'utf8');
    expect(await dumpSchema(experts, name)).toBe(committed);
  });
});

describe.each(engines)('the migrations of experts on $name', (engine) => {
  test('have no effect when run again, and run down and up again with rows in the tables', async () => {
    const { db, remove } = await startExperts(engine);
    try {
      const use = () => db.session((s) => logExchange(s, someExchange({ source: 'widget' })));
      await use();
      expect(await up(db.engine, experts)).toEqual([]);
      expect(await down(db.engine, experts, { to: '0001_initial', destroy: true })).toMatchObject([
        { step: '0005_retention' },
        { step: '0004_search_paths' },
        { step: '0003_generated_columns' },
        { step: '0002_scores_gaps_and_sources' },
      ]);
      await expect(use()).rejects.toThrow();
      expect(await up(db.engine, experts)).toMatchObject([
        { step: '0002_scores_gaps_and_sources' },
        { step: '0003_generated_columns' },
        { step: '0004_search_paths' },
        { step: '0005_retention' },
      ]);
      expect(await use()).toMatchObject({ source: 'widget' });
      const rows = await db.read((s) =>
        s.query.selectFrom('conversations').select('source').orderBy('id').execute(),
      );
      expect(rows).toEqual([{ source: null }, { source: 'widget' }]);
      expect(await down(db.engine, experts, { to: 'base', destroy: true })).toHaveLength(5);
      expect(await up(db.engine, experts)).toHaveLength(5);
      await use();
    } finally {
      await remove();
    }
  });
});
