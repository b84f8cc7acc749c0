import { autoincrement, createdAt, id, primaryKey, type System, system, table } from 'ashlar';
import { appendOnly, partitioned, scoped } from 'ashlar/guarantees';
import { z } from 'zod';
import { newStep } from '../../src/migrations/index.js';
import { type Folder, makeFolder } from '../migrations/folder.js';

export const notes = table('notes', { id: autoincrement(), body: z.string(), created_at: createdAt() });
export const events = table(
  'events',
  { id: id(), created_at: createdAt(), what: z.string(), seen: z.string().nullable() },
  (c) => [appendOnly({ stampOnce: c.seen })],
);
export const trail = table('trail', { id: id(), created_at: createdAt(), what: z.string() }, (c) => [
  // the primary key of a partitioned table holds the column it is cut by
  primaryKey(c.id, c.created_at),
  partitioned(c.created_at, { by: 'month' }),
  appendOnly(),
]);

export const dossiers = table('dossiers', { id: id(), client: z.string(), body: z.string() }, (c) => [
  scoped(c.client),
]);

export const tables = { notes, events, trail, dossiers };

/** A system of a plain, an append-only, a partitioned and a scoped table, with one step, in a folder of its own. */
export const someSystem = async (): Promise<{ shop: System<typeof tables>; folder: Folder }> => {
  const folder = await makeFolder();
  const shop = system('shop', { tables, migrations: folder.url });
  await newStep(shop, folder.url, 'initial');
  return { shop, folder };
};
