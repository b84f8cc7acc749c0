import { randomUUID } from 'node:crypto';
import {
  bigint,
  ciphertext,
  createdAt,
  type Database,
  decimal,
  id,
  inet,
  json,
  primaryKey,
  system,
  table,
  timestamp,
} from 'ashlar';
import {
  appendOnly,
  audited,
  auditTrail,
  encrypted,
  keyring,
  ledgered,
  legalHolds,
  partitioned,
  retained,
  scoped,
} from 'ashlar/guarantees';
import { z } from 'zod';
import { newStep } from '../../src/migrations/index.js';
import { type Folder, makeFolder } from '../migrations/folder.js';

/** Ledgers of every form: with rows that expire, by months, of a trail, scoped, and with every kind of key. */
const archive = (migrations: URL) => {
  const holds = legalHolds('holds');
  const law = { for: { years: 5 }, reason: 'law', hold: holds };
  const letters = table(
    'letters',
    { id: id(), sent_at: timestamp(), text: z.string(), weight: z.number(), facts: json(z.json()) },
    (c) => [appendOnly(), ledgered({ log: 'mail' }), retained(c.sent_at, law)],
  );
  const monthly = table(
    'monthly',
    { id: id(), sent_at: timestamp(), text: z.string(), at: createdAt() },
    (c) => [
      primaryKey(c.id, c.sent_at),
      partitioned(c.sent_at, { by: 'month', ahead: 3 }),
      appendOnly(),
      ledgered(),
      retained(c.sent_at, law),
    ],
  );
  const keyed = table(
    'keyed',
    {
      words: z.string().max(80),
      whole: z.int(),
      big: bigint(),
      uuid: z.uuid(),
      at: z.iso.datetime(),
      precise: z.iso.datetime({ precision: 6 }),
      day: z.iso.date(),
      address: inet(),
      money: decimal(12, 2),
    },
    (c) => [
      primaryKey(c.words, c.whole, c.big, c.uuid, c.at, c.precise, c.day, c.address),
      appendOnly(),
      ledgered(),
    ],
  );
  const changes = auditTrail('changes', (c) => [ledgered(), scoped(c.scope)]);
  const dataKeys = keyring('data_keys');
  const people = table(
    'people',
    { id: id(), tenant: z.uuid(), name: z.string(), secret: ciphertext(z.string()).nullable() },
    (c) => [
      scoped(c.tenant),
      audited({ into: changes, except: [c.secret] }),
      encrypted({ scope: c.tenant, keys: dataKeys }),
    ],
  );
  return system('archive', {
    tables: { holds, letters, monthly, keyed, changes, dataKeys, people },
    migrations,
  });
};

export type Archive = ReturnType<typeof archive>;
export type ArchiveDatabase = Database<Archive['tables']>;

export const columnKeys = { current: `1:${'7a'.repeat(32)}` };

/** The system, with the steps that make it on both engines. */
export const makeArchive = async (): Promise<{ system: Archive; folder: Folder }> => {
  const folder = await makeFolder();
  const made = archive(folder.url);
  await newStep(made, folder.url, 'initial', { engines: ['sqlite', 'postgres'] });
  return { system: made, folder };
};

const uuid = (n: number): string => `0190a0b0-0000-7000-8000-${String(n).padStart(12, '0')}`;
export const tenants = [uuid(1), uuid(2)] as const;

/**
 * Writes rows into every table, as sessions do: several blocks in each ledger, and rows that have expired.
 *
 * @param from - the first number in the keys
 */
export const fillArchive = async (db: ArchiveDatabase, count = 12, from = 0): Promise<void> => {
  const { letters, monthly, keyed, people } = db.system.tables;
  for (let n = 0; n < count; n++) {
    const sent_at = n % 3 === 0 ? `2015-0${1 + (n % 9)}-05T00:00:00.000Z` : new Date().toISOString();
    await db.session({ actor: 'maria', scope: null }, async (s) => {
      await s.insert(letters, {
        sent_at,
        text: ['', "it's\ta\\tab\n", '\\N', '😀\u2028'][n % 4] as string,
        weight: [0.1, 1e21, 5e-324, 123456789.12345679][n % 4] as number,
        facts: [null, { b: 1, aa: [1.5, 'x"\\y'] }, [1e21], {}][n % 4] as never,
      });
      await s.insert(monthly, { id: randomUUID(), sent_at, text: `letter ${n}` });
      await s.insert(keyed, {
        words: ['', 'a"b', 'a\\b', 'ä\n\t'][n % 4] as string,
        whole: n - 2,
        big: [2n ** 63n - 1n, -(2n ** 63n), 0n][n % 3] as bigint,
        uuid: uuid(from + n),
        at: '2026-01-01T00:00:00.000Z',
        precise: `2026-01-01T00:00:00.${String(n).padStart(6, '0')}Z`,
        day: ['2024-02-29', '0001-01-01', '9999-12-31'][n % 3] as string,
        address: ['10.0.0.1', '::', '2001:db8::1'][n % 3] as string,
        money: '12.30',
      });
    });
    const tenant = tenants[n % 2] as string;
    await db.session({ actor: 'jan', scope: tenant }, async (s) => {
      const { id: person } = await s.insert(people, {
        tenant,
        name: `person ${n}`,
        secret: n % 3 === 0 ? null : `secret ${n}`,
      });
      if (n % 4 === 0) await s.update(people, person, { name: 'later' });
    });
  }
};

/** Everything that the application sees of the tables. */
export const contentsOfArchive = (db: ArchiveDatabase) =>
  db.read({ scope: '*' }, async (s) => ({
    letters: await s.query.selectFrom('letters').selectAll().orderBy('id').execute(),
    monthly: await s.query.selectFrom('monthly').selectAll().orderBy('id').execute(),
    keyed: await s.query.selectFrom('keyed').selectAll().orderBy('whole').orderBy('uuid').execute(),
    changes: await s.query.selectFrom('changes').selectAll().orderBy('id').execute(),
    people: await s.query.selectFrom('people').selectAll().orderBy('id').execute(),
  }));
