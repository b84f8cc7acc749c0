import { readFile } from 'node:fs/promises';
import { approvedTextHash, clauseHistory, publishClause, wills } from '@ashlar/wills';
import type { SqlName } from 'ashlar/extend';
import { checkMigrations as check, down, dumpSchema, maintain, up } from 'ashlar/migrations';
import { describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { openWills, someClause, supersede } from './support.js';

const folder = new URL('../', import.meta.url);

describe.each<SqlName>(['sqlite', 'postgres'])('the migrations of wills for %s', (name) => {
  it('create the declared tables', async () => {
    await expect(check(wills, name)).resolves.toBeUndefined();
  });

  it('create the schema of the committed dump', async () => {
    const committed = await readFile(new URL(`schema.${name}.sql`, folder), 'utf8');
    expect(await dumpSchema(wills, name)).toBe(committed);
  });
});

describe.each(engines)('the migrations of wills on $name', (engine) => {
  it('have no effect when run again, and run down and up again with rows in the tables', async () => {
    const open = await openWills(engine);
    try {
      const { db } = open;
      const use = () =>
        db.session(async (s) => {
          const { code } = await publishClause(s, someClause());
          await supersede(s, code);
          return (await clauseHistory(s, code)).length;
        });
      expect(await use()).toBe(2);
      expect(await up(db.engine, wills)).toEqual([]);
      expect(await use()).toBe(2);
      expect(await down(db.engine, wills, { to: 'base', destroy: true })).toMatchObject([
        { step: '0007_approved_text_in_hex' },
        { step: '0006_approved_texts' },
        { step: '0005_recorded_retirements' },
        { step: '0004_authenticated_context' },
        { step: '0003_generated_columns' },
        { step: '0002_guarantees' },
        { step: '0001_initial' },
      ]);
      await expect(use()).rejects.toThrow();
      expect(await up(db.engine, wills)).toMatchObject([
        { step: '0001_initial' },
        { step: '0002_guarantees' },
        { step: '0003_generated_columns' },
        { step: '0004_authenticated_context' },
        { step: '0005_recorded_retirements' },
        { step: '0006_approved_texts' },
        { step: '0007_approved_text_in_hex' },
      ]);
      await maintain(db.engine, Object.values(wills.tables), new Date());
      expect(await use()).toBe(2);
    } finally {
      await open.remove();
    }
  });

  it('keep the clauses of a released database, whose approvals named no text', async () => {
    const open = await openWills(engine);
    try {
      const { db } = open;
      const { code } = await db.session((s) => publishClause(s, someClause()));
      await down(db.engine, wills, { to: '5', destroy: true });
      await up(db.engine, wills);
      const [old] = await db.read((s) => clauseHistory(s, code));
      expect(old).toMatchObject({ approved_text_sha256: null });
      await db.session((s) => supersede(s, code));
      const [, next] = await db.read((s) => clauseHistory(s, code));
      expect(next?.approved_text_sha256).toBe(next && approvedTextHash(next));
    } finally {
      await open.remove();
    }
  });
});
