import { randomBytes } from 'node:crypto';
import { primaryKey, type System } from 'ashlar';
import { type Engine, openEngine } from 'ashlar/extend';
import { appendOnly, audited, auditTrail, ledgered, scoped } from 'ashlar/guarantees';
import { external, guard, native } from 'ashlar/guard';
import { installScopeKey } from 'ashlar/keys';
import { newStep, up } from 'ashlar/migrations';
import type { Roles } from 'ashlar/roles';
import { inject } from 'vitest';
import { z } from 'zod';
import { restoreGuard } from '../../packages/ashlar/src/guard/restore.js';
import { type Folder, makeFolder } from '../../packages/ashlar/test/migrations/folder.js';
import { asAdmin } from '../support/engines.js';

const changes = auditTrail('changes', (c) => [scoped(c.scope)]);
const orders = external('orders', { id: z.uuid(), org_id: z.int(), note: native('text').nullable() }, (c) => [
  primaryKey(c.id),
]);
const events = external('events', { id: z.int(), what: native('text') }, (c) => [primaryKey(c.id)]);

/** The guarantees on two of the tool's tables; the tool has a third. */
export const tables = {
  changes,
  orders: orders.guarded((c) => [scoped(c.org_id), audited({ into: changes })]),
  events: events.guarded(() => [appendOnly(), ledgered()]),
};

/** A database on the server with an owner and an application, each with a password of its own. */
export interface Shop {
  readonly engine: Engine;
  readonly guard: System<typeof tables>;
  readonly scopeKey: string;
  readonly urls: Readonly<Record<'owner' | 'app' | 'admin', string>>;
  readonly roles: Roles;
  readonly folder: Folder;
  /** Runs what `ashlar guard up` runs, and returns what it restored. */
  guardUp(): Promise<readonly string[]>;
  read(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  close(): Promise<void>;
}

/**
 * Makes such a database.
 *
 * @param makeTables - makes the tool's tables by its own means, as their owner
 */
export async function openShop(makeTables: (url: string) => Promise<void>): Promise<Shop> {
  const name = `shop_${randomBytes(6).toString('hex')}`;
  const password = randomBytes(9).toString('hex');
  const scopeKey = randomBytes(32).toString('hex');
  const [own, app, auditor] = [`${name}_own`, `${name}_app`, `${name}_aud`];
  for (const sql of [
    `CREATE ROLE ${own} LOGIN CREATEROLE PASSWORD '${password}'`,
    `CREATE ROLE ${app} LOGIN PASSWORD '${password}'`,
    `CREATE ROLE ${auditor}`,
    `CREATE DATABASE ${name} OWNER ${own}`,
    // as it has them that it made itself
    `GRANT ${app}, ${auditor} TO ${own} WITH ADMIN OPTION`,
  ])
    await asAdmin(sql);
  const urlOf = (user: string): string => {
    const url = new URL(inject('postgresUrl'));
    [url.username, url.password, url.pathname] = [user, password, `/${name}`];
    return url.href;
  };
  const admin = new URL(inject('postgresUrl'));
  admin.pathname = `/${name}`;
  const urls = { owner: urlOf(own), app: urlOf(app), admin: admin.href };
  const roles: Roles = { app, auditor, appConnects: { password } };
  await makeTables(urls.owner);
  const folder = await makeFolder();
  const shop = guard('shop', { tables, migrations: folder.url });
  await newStep(shop, folder.url, 'guard', { engines: ['postgres'] });
  const engine = await openEngine({ url: urls.owner, guards: shop.guards, scopeKey, appRole: app });
  const guardUp = async (): Promise<readonly string[]> => {
    const restored = await restoreGuard(engine, shop, { actor: 'test' });
    await up(engine, shop, { roles });
    await installScopeKey(engine, scopeKey);
    return restored;
  };
  await guardUp();
  engine.register(Object.values(shop.tables));
  return {
    engine,
    guard: shop,
    scopeKey,
    urls,
    roles,
    folder,
    guardUp,
    read: (sql) => engine.asOwner((owner) => owner.run(sql)),
    close: async () => {
      await engine.close();
      await folder.remove();
      await asAdmin(`DROP DATABASE ${name} WITH (FORCE)`);
      for (const role of [app, auditor, own]) await asAdmin(`DROP ROLE ${role}`);
    },
  };
}

/** What a tool makes in a new database, for tests that are about its queries. */
export const toolSql = `
  CREATE TABLE orgs (id integer PRIMARY KEY, name text NOT NULL);
  CREATE TABLE orders (id uuid PRIMARY KEY, org_id integer NOT NULL, note text);
  CREATE TABLE events (id serial PRIMARY KEY, what text NOT NULL);
`;
