import {
  autoincrement,
  ciphertext,
  type Database,
  id,
  json,
  type Session,
  type SyncSession,
  type SyncSessions,
  table,
  timestamps,
} from 'ashlar';
import { encrypted, keyring } from 'ashlar/guarantees';
import { expectTypeOf } from 'vitest';
import { z } from 'zod';

const money = z.codec(z.int(), z.object({ cents: z.int() }), {
  decode: (cents) => ({ cents }),
  encode: ({ cents }) => cents,
});

const clients = table(
  'clients',
  {
    id: id(),
    number: z.int(),
    email: ciphertext(z.email()).nullable(),
    price: money,
    due: z.date().nullable(),
    tags: z.array(z.string()).default([]),
    data: json(z.object({ a: z.string() })).nullable(),
    ...timestamps(),
  },
  (c) => [encrypted({ scope: c.id, keys: keyring('keys') })],
);
const counted = table('counted', { id: autoincrement(), name: z.string() });

/** What compiles. */
export async function right(db: Database, s: Session, n: SyncSession, sync: SyncSessions): Promise<void> {
  await db.read({ isolation: 'serializable', deferrable: true }, async () => 1);
  await db.read({ isolation: undefined, actor: 'a' }, async () => 1);
  await db.session({ isolation: 'read committed' }, async () => 1);
  await s.upsert(clients, { number: 1, price: { cents: 1 } }, { by: 'number' });
  await s.upsert(clients, { number: 1, price: { cents: 1 } }, { by: ['number', 'id'] as const });
  await s.updateMany(clients, { number: 1, price: { cents: 5 }, due: new Date() }, { number: 2 });
  await s.updateMany(clients, { email: null, data: null, due: null }, { number: 2 });
  await s.deleteMany(clients, { created_at: '2026-01-01T00:00:00.000Z' });
  expectTypeOf(sync.session({}, () => 1)).toEqualTypeOf<number>();
  expectTypeOf(sync.read({}, (t) => t.get(counted, 1))).toEqualTypeOf<
    { id: number; name: string } | undefined
  >();
  expectTypeOf(n.session(() => ['x'])).toEqualTypeOf<string[]>();
  sync.session({}, () => undefined);
  sync.session({}, (t) => {
    t.delete(counted, 1);
  });
}

/** What must not compile: it would always be refused at run time. */
export async function wrong(db: Database, s: Session, n: SyncSession, sync: SyncSessions): Promise<void> {
  // @ts-expect-error a session that only reads sees one snapshot
  await db.read({ isolation: 'read committed' }, async () => 1);
  // @ts-expect-error only a session that reads can be deferrable
  await db.session({ isolation: 'serializable', deferrable: true }, async () => 1);
  // @ts-expect-error no column
  await s.upsert(counted, { name: 'a' }, { by: [] });
  // @ts-expect-error a key that only the database gives
  await s.upsert(counted, { name: 'a' }, { by: 'id' });
  // @ts-expect-error an encrypted column
  await s.upsert(clients, { number: 1, price: { cents: 1 } }, { by: 'email' });
  // @ts-expect-error an encrypted column
  await db.upsert(clients, { number: 1, price: { cents: 1 } }, { by: ['number', 'email'] });
  // @ts-expect-error an encrypted column
  await s.updateMany(clients, { email: 'a@b.org' }, { number: 2 });
  // @ts-expect-error an array is JSON
  await s.deleteMany(clients, { tags: [] });
  // @ts-expect-error an object is JSON
  await db.deleteMany(clients, { data: { a: 'x' } });
  // @ts-expect-error a promise
  sync.session({}, async () => 1);
  // @ts-expect-error a promise
  sync.read({}, async (t) => t.get(counted, 1));
  // @ts-expect-error a promise
  n.session(async () => undefined);
}
