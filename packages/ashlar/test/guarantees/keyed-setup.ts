import { randomBytes } from 'node:crypto';
import { connect, type Database, system, type Table, type Tables } from 'ashlar';
import { type Engine, openEngine } from 'ashlar/extend';
import { installScopeKey } from 'ashlar/keys';
import type { Roles } from 'ashlar/roles';
import pg from 'pg';
import { inject } from 'vitest';
import { asAdmin } from '../../../../test/support/engines.js';
import { ensureHistory } from '../../src/migrations/initialise.js';
import { inCreationOrder } from '../../src/migrations/shadow.js';
import { grantRights, prepareRoles } from '../../src/roles/roles.js';

/** A database on a server whose owner and application are two plain users, and which verifies contexts. */
export interface Keyed<T extends Tables> {
  readonly system: ReturnType<typeof system<T>>;
  /** The database as the application, with the key. */
  readonly db: Database<T>;
  readonly owner: Engine;
  readonly roles: Roles;
  readonly scopeKey: string;
  readonly urls: Readonly<Record<'app' | 'owner' | 'auditor', string>>;
  /** A connection of the driver, as an attacker with the password of a role has it. */
  plain(as: 'app' | 'owner' | 'auditor'): Promise<pg.Client>;
  close(): Promise<void>;
}

/** Creates such a database with the given tables. Without `scopeKey: true`, contexts are settings. */
export async function openKeyed<T extends Tables>(
  tables: T,
  { isKeyed = true, additional = [] }: { isKeyed?: boolean; additional?: readonly string[] } = {},
): Promise<Keyed<T>> {
  const name = `keyed_${randomBytes(6).toString('hex')}`;
  const password = randomBytes(9).toString('hex');
  const scopeKey = randomBytes(32).toString('hex');
  const [own, app, auditor] = [`${name}_own`, `${name}_app`, `${name}_aud`];
  for (const sql of [
    `CREATE ROLE ${own} LOGIN CREATEROLE PASSWORD '${password}'`,
    `CREATE ROLE ${app} LOGIN PASSWORD '${password}'`,
    `CREATE ROLE ${auditor} LOGIN PASSWORD '${password}'`,
    `CREATE DATABASE ${name} OWNER ${own}`,
    // counts the calls of functions
    `ALTER DATABASE ${name} SET track_functions = 'all'`,
  ])
    await asAdmin(sql);
  const urlOf = (user: string): string => {
    const url = new URL(inject('postgresUrl'));
    [url.username, url.password, url.pathname] = [user, password, `/${name}`];
    url.searchParams.set('schema', 'data');
    return url.href;
  };
  const urls = { app: urlOf(app), owner: urlOf(own), auditor: urlOf(auditor) };
  const roles: Roles = { app, auditor, appConnects: { password } };
  const testing = system('testing', { tables, migrations: new URL('file:///nowhere/') });
  const all: readonly Table[] = inCreationOrder(Object.values(tables));
  const owner = await openEngine({ url: urls.owner, scopeKey });
  await owner.asOwner(async (connection) => {
    await prepareRoles(connection, owner.dialect, testing, roles);
    await connection.atomically(async () => {
      await ensureHistory(connection, owner.dialect, 'test');
      for (const table of all)
        for (const statement of owner.dialect.createTable(table)) await connection.script(statement);
      for (const statement of additional) await connection.script(statement);
      await grantRights(connection, owner.dialect, testing, roles);
    });
  });
  if (isKeyed) await installScopeKey(owner, scopeKey);
  owner.register(all);
  const db = await connect(testing, { url: urls.app, scopeKey, migrations: 'ignore' });
  const clients: pg.Client[] = [];
  return {
    system: testing,
    db,
    owner,
    roles,
    scopeKey,
    urls,
    plain: async (as) => {
      const url = new URL(urls[as]);
      url.searchParams.delete('schema');
      const client = new pg.Client({ connectionString: url.href, options: '-c search_path=data,pg_temp' });
      client.on('error', () => undefined);
      await client.connect();
      clients.push(client);
      return client;
    },
    close: async () => {
      for (const client of clients) await client.end().catch(() => undefined);
      await db.close();
      await owner.close();
      await asAdmin(`DROP DATABASE ${name} WITH (FORCE)`);
      for (const role of [app, auditor, own]) await asAdmin(`DROP ROLE ${role}`);
    },
  };
}
