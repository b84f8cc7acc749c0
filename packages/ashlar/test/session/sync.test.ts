import { id, type SyncSession, table, timestamps } from 'ashlar';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { answers, columnKeys, dataKeys } from '../encryption/support.js';

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
      expect(() =>
        db.sync.session({}, (s) => s.session((async () => s.insert(notes, { text: 'c' })) as never)),
      ).toThrow(expect.objectContaining({ code: 'usage' }));
      expect(db.sync.session({}, (s) => s.all(db.kysely.selectFrom('notes').select('text')))).toEqual([
        { text: 'b' },
      ]);
      await remove();
    });

    it('writes many rows, upserts and reads as an asynchronous session does', async () => {
      const { db, remove } = await withTables(
        engine,
        { notes, answers, dataKeys },
        { columnKeys: columnKeys() },
      );
      const client_id = '0190a0b0-0000-7000-8000-000000000000';
      const kept = db.sync.session({}, (s) => {
        expect(s.insertMany(notes, [{ text: 'a' }, { text: 'b' }])).toBe(2);
        expect(s.updateMany(notes, { text: 'a' }, { text: 'c' })).toBe(1);
        expect(s.deleteMany(notes, (eb) => eb('text', '=', 'b'))).toBe(1);
        const [answer] = s.insertMany(answers, [{ client_id, text: 'secret' }], { returning: true });
        const row = { id: answer?.id ?? '', client_id, text: 'changed' };
        expect(s.upsert(answers, row, { by: 'id' })).toEqual({ ...answer, text: 'changed' });
        expect(s.upsert(answers, { client_id, id: client_id, text: 'new' }, { by: 'id' })).toMatchObject({
          text: 'new',
        });
        return row;
      });
      const read = db.sync.read({}, (s) => {
        expect(s.readOnly).toBe(true);
        return s.get(answers, kept.id);
      });
      expect(read).toEqual(kept);
      const query = db.kysely.deleteFrom('notes');
      for (const write of [
        (s: SyncSession) => s.insert(notes, { text: 'x' }),
        (s: SyncSession) => s.insertMany(notes, []),
        (s: SyncSession) => s.update(notes, kept.id, { text: 'x' }),
        (s: SyncSession) => s.updateMany(notes, 'all', { text: 'x' }),
        (s: SyncSession) => s.upsert(answers, kept, { by: 'id' }),
        (s: SyncSession) => s.delete(notes, kept.id),
        (s: SyncSession) => s.deleteMany(notes, 'all'),
        (s: SyncSession) => s.session((inner) => inner.all(query)),
      ]) {
        expect(() => db.sync.read({}, (s) => void write(s))).toThrow(
          expect.objectContaining({ code: 'session-read-only' }),
        );
      }
      await remove();
    });

    it('insertMany with an invalid row commits none of its rows', async () => {
      const { db, remove } = await withTables(engine, { notes });
      const rows = [...Array.from({ length: 1_500 }, () => ({ text: 'a' })), { text: 'a\0' }];
      const run = () =>
        db.sync.session({}, (s) => {
          try {
            s.insertMany(notes, rows);
          } catch (error) {
            expect(error).toMatchObject({ code: 'value-unstorable' });
          }
        });
      expect(run).toThrow(expect.objectContaining({ code: 'session-aborted' }));
      expect(db.sync.read({}, (s) => s.all(db.kysely.selectFrom('notes').selectAll()))).toEqual([]);
      await remove();
    });
  },
);
