import {
  autoincrement,
  bytes,
  ciphertext,
  type Insert,
  id,
  inet,
  json,
  type Row,
  type Session,
  table,
  timestamps,
  type Update,
} from 'ashlar';
import { encrypted, keyring } from 'ashlar/guarantees';
import { describe, expectTypeOf, it } from 'vitest';
import { z } from 'zod';

const notes = table('notes', {
  id: id(),
  title: z.string(),
  mood: z.enum(['good', 'bad']).default('good'),
  stars: z.int().nullable(),
  tags: z.array(z.string()).default([]),
  address: inet().nullable(),
  data: json(z.json()),
  raw: bytes(),
  ...timestamps(),
});
const counted = table('counted', { id: autoincrement(), note: z.string() });
const letters = table('letters', { id: id(), body: ciphertext(z.string().max(9)).nullable() }, (c) => [
  encrypted({ scope: c.id, keys: keyring('keys') }),
]);
type S = Session<{ notes: typeof notes; counted: typeof counted; letters: typeof letters }>;

describe('types', () => {
  it('a row has the types that Zod infers', () => {
    expectTypeOf<Row<typeof notes>>().toMatchObjectType<{
      id: string;
      title: string;
      mood: 'good' | 'bad';
      stars: number | null;
      tags: string[];
      address: string | null;
      created_at: string;
    }>();
    expectTypeOf<Row<typeof notes>['raw']>().toExtend<Uint8Array>();
  });

  it('an insert may omit only generated, nullable and defaulted columns', () => {
    expectTypeOf<{ title: string; data: null; raw: Uint8Array<ArrayBuffer> }>().toExtend<
      Insert<typeof notes>
    >();
    expectTypeOf<{ data: null; raw: Uint8Array<ArrayBuffer> }>().not.toExtend<Insert<typeof notes>>();
    expectTypeOf<{ note: string }>().toExtend<Insert<typeof counted>>();
    expectTypeOf<{ note: number }>().not.toExtend<Insert<typeof counted>>();
  });

  it('an update accepts any column', () => {
    expectTypeOf<{ stars: null }>().toExtend<Update<typeof notes>>();
    expectTypeOf<{ mood: 'ugly' }>().not.toExtend<Update<typeof notes>>();
  });

  it('queries are typed by table names', () => {
    const query = (s: S) =>
      s.query.selectFrom('notes').select(['title', 'stars']).where('mood', '=', 'good').execute();
    expectTypeOf<ReturnType<typeof query>>().resolves.items.toEqualTypeOf<{
      title: string;
      stars: number | null;
    }>();
    // @ts-expect-error there is no such table
    const wrong = (s: S) => s.query.selectFrom('nope');
    expectTypeOf(wrong).toBeFunction();
  });

  it('an encrypted column is plaintext in a row, bytes in a query and plaintext after decrypt', () => {
    expectTypeOf<Row<typeof letters>>().toEqualTypeOf<{ id: string; body: string | null }>();
    expectTypeOf<{ body: string }>().toExtend<Insert<typeof letters>>();
    const query = (s: S) => s.query.selectFrom('letters').selectAll().execute();
    expectTypeOf<ReturnType<typeof query>>().resolves.items.toEqualTypeOf<{
      id: string;
      body: Uint8Array | null;
    }>();
    const opened = async (s: S) => s.decrypt(letters, await query(s));
    expectTypeOf<ReturnType<typeof opened>>().resolves.items.toEqualTypeOf<{
      id: string;
      body: string | null;
    }>();
  });

  it('writes have the types of the table', () => {
    const insert = (s: S) => s.insert(counted, { note: 'x' });
    expectTypeOf<ReturnType<typeof insert>>().resolves.toEqualTypeOf<{ id: number; note: string }>();
    // @ts-expect-error note is text
    const wrong = (s: S) => s.insert(counted, { note: 1 });
    expectTypeOf(wrong).toBeFunction();
  });
});
