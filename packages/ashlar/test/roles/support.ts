import { randomBytes } from 'node:crypto';
import { autoincrement, createdAt, id, primaryKey, type System, system, table } from 'ashlar';
import { appendOnly, partitioned, scoped } from 'ashlar/guarantees';
import { z } from 'zod';
import { asAdmin, engines, type Place } from '../../../../test/support/engines.js';
import { newStep } from '../../src/migrations/index.js';
import { type Folder, makeFolder } from '../migrations/folder.js';

/** The engines that have roles. SQLite and SQLCipher have none: a file is whoever's who may open it. */
export const withRoles = engines.filter(({ name }) => name === 'pglite' || name === 'postgres');
export const withoutRoles = engines.filter(({ name }) => name === 'sqlite' || name === 'sqlcipher');
export const server = withRoles.filter(({ name }) => name === 'postgres');

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

/** A user of the test server that nobody else uses. */
export interface User {
  readonly name: string;
  /** The URL of a place, as this user. */
  at(place: Place, schema?: string): string;
  drop(): Promise<void>;
}

const fresh = (prefix: string): string => `${prefix}_${randomBytes(5).toString('hex')}`;

/** Makes a user with these attributes. */
export const makeUser = async (prefix: string, attributes = ''): Promise<User> => {
  const name = fresh(prefix);
  await asAdmin(`CREATE ROLE ${name} LOGIN PASSWORD 'secret of ${name}' ${attributes}`);
  return userNamed(name);
};

/** A user that is not made yet. */
export const userNamed = (name = fresh('later')): User => ({
  name,
  at: (place, schema) => {
    const url = new URL(place.url);
    url.username = name;
    url.password = `secret of ${name}`;
    if (schema !== undefined) url.searchParams.set('schema', schema);
    return url.href;
  },
  drop: () => asAdmin(`DROP ROLE IF EXISTS ${name}`),
});

/** Names of roles that nobody else uses. */
export const freshRoles = () => ({ app: fresh('app'), auditor: fresh('auditor') });

/** The database of a place. */
export const databaseOf = ({ url }: Place): string => new URL(url).pathname.slice(1);
