import {
  autoincrement,
  bytes,
  checkRow,
  ciphertext,
  createdAt,
  generated,
  type Insert,
  id,
  json,
  type Row,
  type Session,
  table,
  timestamps,
  type Update,
} from 'ashlar';
import { encrypted, keyring } from 'ashlar/guarantees';
import { expectTypeOf } from 'vitest';
import { z } from 'zod';

enum Size {
  Small,
  Large,
}
enum Colour {
  Red = 'red',
  Blue = 'blue',
}

const seconds = z.codec(z.int(), z.date(), {
  decode: (value) => new Date(value * 1000),
  encode: (date) => Math.floor(date.getTime() / 1000),
});

export const notes = table(
  'notes',
  {
    id: id(),
    org_id: z.uuid(),
    title: z.string().min(1),
    mood: z.enum(['good', 'bad']).default('good'),
    size: z.enum(Size),
    colour: z.enum(Colour).nullable(),
    stars: z.int().nullable(),
    remark: z.string().nullish(),
    tags: z.array(z.string()).default([]),
    data: json(z.json()),
    raw: bytes(),
    at: z.date(),
    until: seconds.nullable(),
    open: z.stringbool().default(true),
    token: generated(z.string(), () => 'x'),
    ...timestamps(),
  },
  () => [checkRow((row) => (row.title === row.remark ? { message: 'twice', path: ['remark'] } : undefined))],
);
const counted = table('counted', { id: autoincrement(), note: z.string() });
const letters = table('letters', { id: id(), read: ciphertext(z.date()).nullable() }, (c) => [
  encrypted({ scope: c.id, keys: keyring('keys') }),
]);

interface Note {
  id: string;
  org_id: string;
  title: string;
  mood: 'good' | 'bad';
  stars: number | null;
  remark: string | null;
  tags: string[];
  data: z.core.util.JSONType;
  raw: Uint8Array<ArrayBuffer>;
  at: Date;
  until: Date | null;
  open: boolean;
  token: string;
  created_at: string;
  updated_at: string;
}

type Omittable =
  | 'id'
  | 'mood'
  | 'stars'
  | 'remark'
  | 'tags'
  | 'until'
  | 'open'
  | 'token'
  | 'created_at'
  | 'updated_at';
type Optional<T> = { [K in keyof T]?: T[K] | undefined };
type Flat<T> = { [K in keyof T]: T[K] };
type NewNote = Flat<Omit<Note, Omittable> & Optional<Pick<Note, Omittable>>>;

// expectTypeOf takes an enum for another type than Zod's; each extends the other
type Plain<T> = Omit<T, 'size' | 'colour'>;

/** The types of rows, and of what is written, are those of the schemas. */
export function rows(): void {
  expectTypeOf<Plain<Row<typeof notes>>>().toEqualTypeOf<Flat<Note>>();
  expectTypeOf<Row<typeof notes>>().toEqualTypeOf<z.infer<typeof notes.row>>();
  expectTypeOf<Plain<Insert<typeof notes>>>().toEqualTypeOf<NewNote>();
  expectTypeOf<Insert<typeof notes>>().toEqualTypeOf<z.input<typeof notes.insert>>();
  expectTypeOf<Plain<Update<typeof notes>>>().toEqualTypeOf<Flat<Optional<Omit<Note, 'id'>>>>();
  expectTypeOf<Update<typeof notes>>().toEqualTypeOf<z.input<typeof notes.update>>();
  expectTypeOf<Row<typeof notes>['size']>().toExtend<Size>();
  expectTypeOf<Size>().toExtend<Row<typeof notes>['size']>();
  expectTypeOf<Row<typeof notes>['colour']>().toExtend<Colour | null>();
  expectTypeOf<Insert<typeof counted>>().toEqualTypeOf<{ note: string }>();
  expectTypeOf<z.input<typeof counted.insert>>().toEqualTypeOf<{ note: string }>();
  expectTypeOf<Row<typeof letters>>().toEqualTypeOf<{ id: string; read: Date | null }>();
}

/** The schemas are Zod objects, whose methods keep their types. */
export function objects(): void {
  const omitted = notes.insert.omit({ org_id: true, data: true, raw: true, at: true, size: true });
  expectTypeOf<Pick<z.input<typeof omitted>, 'title' | 'mood'>>().toEqualTypeOf<{
    title: string;
    mood?: 'good' | 'bad' | undefined;
  }>();
  expectTypeOf<'org_id'>().not.toExtend<keyof z.input<typeof omitted>>();
  const picked = notes.row.pick({ title: true, at: true });
  expectTypeOf<z.infer<typeof picked>>().toEqualTypeOf<{ title: string; at: Date }>();
  const extended = notes.update.pick({ title: true }).extend({ captcha: z.string() });
  expectTypeOf<z.infer<typeof extended>>().toEqualTypeOf<{ title?: string | undefined; captcha: string }>();
  expectTypeOf(notes.insert.shape.title).toEqualTypeOf<z.ZodString>();
  expectTypeOf(notes.row.shape.tags.element).toEqualTypeOf<z.ZodString>();
  expectTypeOf(notes.row.shape.at).toEqualTypeOf<z.ZodDate>();
  expectTypeOf(notes.insert.shape.mood.unwrap().options).toEqualTypeOf<('good' | 'bad')[]>();
  // @ts-expect-error the key is not updated
  expectTypeOf(notes.update.shape.id);
  // @ts-expect-error the database gives the key
  expectTypeOf(counted.insert.shape.id);
}

/** Queries show the application's values; an encrypted column is bytes until it is decrypted. */
export async function queries(s: Session<{ notes: typeof notes; letters: typeof letters }>) {
  const [row] = await s.query.selectFrom('notes').select(['at', 'remark', 'open']).execute();
  expectTypeOf(row).toEqualTypeOf<{ at: Date; remark: string | null; open: boolean } | undefined>();
  const found = await s.query.selectFrom('letters').selectAll().execute();
  expectTypeOf(found).items.toEqualTypeOf<{ id: string; read: Uint8Array | null }>();
  expectTypeOf(await s.decrypt(letters, found)).items.toEqualTypeOf<{ id: string; read: Date | null }>();
  await s.query.updateTable('notes').set({ at: new Date() }).execute();
  // @ts-expect-error a Date is asked for
  await s.query.updateTable('notes').set({ at: '2026-01-01T00:00:00.000Z' }).execute();
  // @ts-expect-error title is missing
  await s.insert(notes, { org_id: 'x', data: null, raw: new Uint8Array(), at: new Date(), size: Size.Small });
}

// @ts-expect-error the value of the function is of another type
generated(z.string(), () => 1);

table('checked', { id: id(), at: createdAt(), total: z.int() }, () => [
  checkRow((row) => {
    expectTypeOf(row).toEqualTypeOf<{
      readonly id: string;
      readonly at: string | undefined;
      readonly total: number;
    }>();
    return row.total > 3 ? 'too much' : undefined;
  }),
]);
