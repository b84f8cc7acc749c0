import { readFile } from 'node:fs/promises';
import { addVoiceMaterial, recordKnowledge, sophia } from '@ashlar/sophia';
import type { SqlName } from 'ashlar/extend';
import { checkMigrations as check, down, dumpSchema, up } from 'ashlar/migrations';
import { describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { openSophia } from './support.js';

const folder = new URL('../', import.meta.url);

describe.each<SqlName>(['sqlite', 'postgres'])('the migrations of sophia for %s', (name) => {
  it('create the declared tables', async () => {
    await expect(check(sophia, name)).resolves.toBeUndefined();
  });

  it('create the schema of the committed dump', async () => {
    const committed = await readFile(new URL(`schema.${name}.sql`, folder), 'utf8');
    expect(await dumpSchema(sophia, name)).toBe(committed);
  });
});

describe.each(engines)('the migrations of sophia on $name', (engine) => {
  it('have no effect when run again, and run down and up again with rows in the tables', async () => {
    const open = await openSophia(engine);
    try {
      const { db } = open;
      const use = async () => {
        const { id } = await open.client();
        return open.operate(async (s) => {
          await recordKnowledge(s, { category: 'x', content: 'Short words are read.' });
          const { profile } = await addVoiceMaterial(s, {
            client_id: id,
            source_type: 'post',
            content: 'A text.',
          });
          return profile.sample_count;
        });
      };
      expect(await use()).toBe(1);
      expect(await up(db.engine, sophia)).toEqual([]);
      expect(await use()).toBe(1);
      expect(await down(db.engine, sophia, { to: 'base', destroy: true })).toMatchObject([
        { step: '0004_recorded_retirements' },
        { step: '0003_authenticated_context' },
        { step: '0002_generated_columns' },
        { step: '0001_initial' },
      ]);
      await expect(use()).rejects.toThrow();
      expect(await up(db.engine, sophia)).toMatchObject([
        { step: '0001_initial' },
        { step: '0002_generated_columns' },
        { step: '0003_authenticated_context' },
        { step: '0004_recorded_retirements' },
      ]);
      expect(await use()).toBe(1);
    } finally {
      await open.remove();
    }
  });
});
