import { bytes, createdAt, generated, id, inet, json, references, table, updatedAt } from 'ashlar';
import { z } from 'zod';

/** One row of each kind of column, required and nullable; the third row has NULLs. */
export const people = table('people', {
  id: id(),
  name: z.string(),
  nick: z.string().nullable(),
  age: z.int().min(0).max(200),
  score: z.int().nullable(),
  weight: z.number().nullable(),
  active: z.boolean(),
  checked: z.boolean().nullable(),
  code: z.uuid().nullable(),
  born: z.iso.date().nullable(),
  seen: z.iso.datetime({ precision: 3 }).nullable(),
  precise: z.iso.datetime({ precision: 6 }).nullable(),
  address: inet().nullable(),
  meta: json(z.json()),
  extra: z.record(z.string(), z.json()).nullable(),
  photo: bytes().nullable(),
});

export const pets = table(
  'pets',
  {
    id: id(),
    owner_id: z.uuid().nullable(),
    name: z.string(),
    kind: z.enum(['cat', 'dog']).default('cat'),
    token: generated(z.string(), () => `t${Math.random()}`),
    tags: z.array(z.string()).default([]),
    vaccinated: z.boolean().default(false),
    created_at: createdAt(),
    updated_at: updatedAt(),
  },
  (c) => [references(c.owner_id, people.columns.id)],
);

export const tables = { people, pets };

const uuid = (n: number): string => `00000000-0000-7000-8000-00000000000${n}`;

export const rows = [
  {
    id: uuid(1),
    name: 'Ada',
    nick: 'a%b_c',
    age: 36,
    score: 1,
    weight: 1.5,
    active: true,
    checked: true,
    code: uuid(7),
    born: '1990-01-31',
    seen: '2026-01-01T00:00:00.000Z',
    precise: '2026-01-01T00:00:00.000100Z',
    address: '10.0.0.1',
    meta: { a: 1, b: [true, null] },
    extra: { k: 'v' },
    photo: new Uint8Array([0, 255]),
  },
  {
    id: uuid(2),
    name: 'bob',
    nick: 'Äb\\*[x]?',
    age: 20,
    score: 2,
    weight: -2.5,
    active: false,
    checked: false,
    code: uuid(3),
    born: '2000-02-29',
    seen: '2026-01-01T00:00:00.001Z',
    precise: '2026-01-01T00:00:00.000200Z',
    address: '2001:db8::1',
    meta: '5',
    extra: {},
    photo: new Uint8Array([]),
  },
  {
    id: uuid(3),
    name: 'Cleo',
    nick: null,
    age: 20,
    score: null,
    weight: null,
    active: true,
    checked: null,
    code: null,
    born: null,
    seen: null,
    precise: null,
    address: null,
    meta: null,
    extra: null,
    photo: null,
  },
] as const;

export const [ada, bob, cleo] = [uuid(1), uuid(2), uuid(3)];
