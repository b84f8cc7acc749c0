import {
  bytes,
  ciphertext,
  createdAt,
  Database,
  id,
  primaryKey,
  references,
  type System,
  system,
  table,
  timestamp,
  timestamps,
  unique,
} from 'ashlar';
import type { Engine } from 'ashlar/extend';
import {
  acyclic,
  appendOnly,
  audited,
  auditTrail,
  encrypted,
  keyring,
  ledgered,
  legalHolds,
  lifecycle,
  partitioned,
  retained,
  scoped,
  versioned,
} from 'ashlar/guarantees';
import { z } from 'zod';
import { namedTable } from '../../src/model/table.js';
import { columnKeys } from '../encryption/support.js';
import { oddName } from './odd-name.js';

/**
 * Declares a table for every guarantee, combined with the others.
 *
 * @param make - `table`, or one that gives columns other names in the database
 */
export const everyTables = (make: typeof table) => {
  const trail = auditTrail('trail', (c) => [
    scoped(c.scope),
    ledgered(),
    retained(c.at, { for: { years: 10 }, reason: 'Art. 958f OR' }),
  ]);
  const holds = legalHolds('holds');
  const dataKeys = keyring('data_keys', (c) => [audited({ into: trail, except: c.wrapped })]);
  const law = { for: { years: 10 }, reason: 'law', hold: holds };

  /** Each client is a scope of the other tables. The client's own row is in that scope. */
  const clients = make(
    'clients',
    {
      id: id(),
      email: ciphertext(z.email()),
      email_index: bytes().nullable(),
      status: z.enum(['invited', 'active', 'closed']),
      ...timestamps(),
    },
    (c) => [
      scoped(c.id),
      encrypted({ scope: c.id, keys: dataKeys, blindIndex: { of: c.email, into: c.email_index } }),
      lifecycle(
        c.status,
        { invited: ['active', 'closed'], active: ['closed'], closed: [] },
        { initial: 'invited' },
      ),
      audited({ into: trail, except: c.email }),
    ],
  );

  const dossiers = make(
    'dossiers',
    {
      id: id(),
      client_id: z.uuid(),
      code: z.string().min(1),
      version: z.int32().min(1).default(1),
      is_current: z.boolean().default(true),
      previous_id: z.uuid().nullable(),
      title: ciphertext(z.string().min(1)),
      ...timestamps(),
    },
    (c) => [
      references(c.client_id, clients.columns.id),
      references(c.previous_id, c.id),
      scoped(c.client_id),
      versioned({ key: c.code, version: c.version, current: c.is_current, previous: c.previous_id }),
      encrypted({ scope: c.client_id, keys: dataKeys }),
      audited({ into: trail }),
    ],
  );

  const letters = make(
    'letters',
    {
      id: id(),
      client_id: z.uuid(),
      at: createdAt({ precision: 6 }),
      body: z.string().min(1),
      note: ciphertext(z.string()).nullable(),
      read_at: timestamp().nullable(),
    },
    (c) => [
      references(c.client_id, clients.columns.id),
      appendOnly(),
      scoped(c.client_id),
      encrypted({ scope: c.client_id, keys: dataKeys }),
      ledgered(),
      audited({ into: trail }),
      retained(c.at, { ...law, scope: c.client_id }),
    ],
  );

  const visits = make(
    'visits',
    { id: id(), client_id: z.uuid(), at: createdAt(), path: z.string().min(1) },
    (c) => [
      primaryKey(c.id, c.at),
      partitioned(c.at, { by: 'month' }),
      appendOnly(),
      scoped(c.client_id),
      audited({ into: trail }),
      retained(c.at, { ...law, scope: c.client_id }),
    ],
  );

  const folders = make(
    'folders',
    { id: id(), client_id: z.uuid(), parent_id: z.uuid().nullable(), name: z.string().min(1) },
    (c) => [
      unique(c.client_id, c.id),
      unique(c.client_id, c.parent_id, c.name, { nullsNotDistinct: true }),
      references(c.client_id, clients.columns.id),
      references([c.client_id, c.parent_id], [c.client_id, c.id]),
      scoped(c.client_id),
      acyclic(c.parent_id),
      audited({ into: trail }),
    ],
  );

  return { trail, holds, dataKeys, clients, dossiers, letters, visits, folders };
};

export const tables = everyTables(table);

/** The same tables, with columns whose names in the database need quotes and are no names of TypeScript. */
export const renamedTables = everyTables((...given) => namedTable(oddName, ...given));

/** A system that uses every guarantee, combined with the others. */
export const everyGuarantee = (migrations: URL, of = tables) => system('every', { tables: of, migrations });

/** The same system as a plain `System`. */
export const asSystem = (migrations: URL, of = tables): System =>
  everyGuarantee(migrations, of) as unknown as System;

/** Two clients, each with its own scope. */
export const people = [
  '00000000-0000-7000-8000-00000000000a',
  '00000000-0000-7000-8000-00000000000b',
] as const;

const open = (engine: Engine, migrations: URL, of: typeof tables) =>
  new Database(engine, everyGuarantee(migrations, of), { columnKeys: columnKeys(), maintain: false });

/** Writes rows of two clients, each in a session of the client's scope. */
export const fill = async (engine: Engine, migrations: URL, of = tables): Promise<void> => {
  const { clients, dossiers, letters, visits, folders } = of;
  for (const scope of people) {
    await open(engine, migrations, of).session({ actor: 'user:7', scope }, async (s) => {
      await s.insert(clients, { id: scope, email: `${scope}@example.org`, status: 'invited' });
      await s.insert(dossiers, { client_id: scope, code: `d-${scope}`, title: 'a will' });
      for (const body of ['one', 'two', 'three'])
        await s.insert(letters, { client_id: scope, body, note: 'between us' });
      await s.insert(visits, { client_id: scope, path: '/' });
      const root = await s.insert(folders, { client_id: scope, name: 'all' });
      await s.insert(folders, { client_id: scope, parent_id: root.id, name: 'some' });
    });
  }
  await engine.seal();
};

/** Writes three more letters. */
export const writeMore = async (engine: Engine, migrations: URL, of = tables): Promise<void> => {
  const [scope] = people;
  await open(engine, migrations, of).session({ actor: 'user:7', scope }, async (s) => {
    for (const body of ['four', 'five', 'six'])
      await s.insert(of.letters, { client_id: scope, body, note: null });
  });
  await engine.seal();
};
