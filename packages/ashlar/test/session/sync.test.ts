import { id, table, timestamps } from 'ashlar';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';

const notes = table('notes', { id: id(), text: z.string(), ...timestamps() });

describe.each(engines.filter(({ name }) => name.startsWith('sql')))(
  'a synchronous session on $name',
  (engine) => {
    it('follows the rules of asynchronous sessions: the clock, an empty update, a missing row', async () => {
      const at = '2031-05-06T07:08:09.123Z';
      const { db, remove } = await withTables(engine, { notes }, { clock: () => new Date(at) });
      const made = db.sync.session({ actor: 'user:1' }, (s) => s.insert(notes, { text: 'a' }));
      expect(made).toMatchObject({ created_at: at, updated_at: at });
      expect(db.sync.session({}, (s) => s.update(notes, made.id, { text: 'b' }))).toMatchObject({
        text: 'b',
        updated_at: at,
      });
      expect(() => db.sync.session({}, (s) => s.update(notes, made.id, {}))).toThrow(
        expect.objectContaining({ code: 'usage' }),
      );
      const missing = '0190a0b0-0000-7000-8000-000000000000';
      expect(() => db.sync.session({}, (s) => s.delete(notes, missing))).toThrow(
        expect.objectContaining({ code: 'row-not-found' }),
      );
      expect(() => db.sync.session({}, (s) => s.session(async () => s.insert(notes, { text: 'c' })))).toThrow(
        expect.objectContaining({ code: 'usage' }),
      );
      expect(db.sync.session({}, (s) => s.all(db.kysely.selectFrom('notes').select('text')))).toEqual([
        { text: 'b' },
      ]);
      await remove();
    });
  },
);
