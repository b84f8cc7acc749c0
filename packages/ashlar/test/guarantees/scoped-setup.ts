import { randomBytes } from 'node:crypto';
import {
  connect,
  Database,
  type Engine,
  openEngine,
  type RunSql,
  system,
  type Table,
  type Tables,
} from 'ashlar';
import { asAdmin, sqlOf, type TestEngine } from '../../../../test/support/engines.js';
import { createFoundation } from '../../src/engines/foundation.js';
import { ensureHistory } from '../../src/migrations/history.js';

/** A database whose sessions run as a role that owns nothing and is no superuser, where the engine has roles. */
export interface ScopedWorld<T extends Tables> {
  readonly db: Database<T>;
  readonly url: string;
  readonly key: string | undefined;
  /** One statement of the schema's owner, who acts in every scope. */
  readonly run: RunSql;
  /** Work of the owner's on an engine. */
  asOwner<R>(work: (engine: Engine) => Promise<R>): Promise<R>;
  close(): Promise<void>;
}

const grants = (role: string): string =>
  `GRANT USAGE ON SCHEMA public TO ${role};
   GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role}`;

const systemOf = <T extends Tables>(tables: T) =>
  system('testing', { tables, migrations: new URL('file:///nowhere/') });

/** Makes the tables, then what `beside` says, and connects as the plain role. */
export const openScopedWorld = async <T extends Tables>(
  engine: TestEngine,
  tables: T,
  beside: readonly string[] = [],
): Promise<ScopedWorld<T>> => {
  const place = await engine.place();
  const owner = await openEngine({ url: place.url, key: place.key });
  const make = () =>
    owner.asOwner(async (connection) => {
      await createFoundation(connection, owner.dialect);
      const made: readonly Table[] = Object.values(tables);
      for (const table of made) {
        for (const statement of owner.dialect.createTable(table)) await connection.script(statement);
      }
      for (const statement of beside) await connection.script(statement);
    });
  await make();
  if (sqlOf(engine) === 'sqlite') {
    await owner.close();
    const db = await connect(systemOf(tables), { url: place.url, key: place.key });
    return {
      db,
      url: place.url,
      key: place.key,
      // outside a transaction the owner is nobody on SQLite
      run: (sql, parameters) =>
        db.engine.asOwner((connection) => connection.atomically(() => connection.run(sql, parameters))),
      asOwner: (work) => work(db.engine),
      close: async () => {
        await db.close();
        await place.remove();
      },
    };
  }
  if (engine.name === 'pglite') {
    // the one user's sessions step down where the application's role was granted to
    await owner.asOwner(async (connection) => {
      await ensureHistory(connection, owner.dialect);
      await connection.script(`CREATE ROLE ashlar_app; ${grants('ashlar_app')}`);
    });
    // as on a server, where sessions are of a user who could not maintain anything
    const db = new Database(owner, systemOf(tables), { maintain: false });
    return {
      db,
      url: place.url,
      key: undefined,
      run: (sql, parameters) => owner.asOwner((connection) => connection.run(sql, parameters)),
      asOwner: (work) => work(owner),
      close: async () => {
        await db.close();
        await place.remove();
      },
    };
  }
  const role = `app_${randomBytes(6).toString('hex')}`;
  await asAdmin(`CREATE ROLE ${role} LOGIN PASSWORD '${role}'`);
  await owner.asOwner((connection) => connection.script(grants(role)));
  const url = new URL(place.url);
  url.username = role;
  url.password = role;
  const db = await connect(systemOf(tables), { url: url.href });
  return {
    db,
    url: url.href,
    key: undefined,
    run: (sql, parameters) => owner.asOwner((connection) => connection.run(sql, parameters)),
    asOwner: (work) => work(owner),
    close: async () => {
      await db.close();
      await owner.close();
      await place.remove();
      await asAdmin(`DROP ROLE ${role}`);
    },
  };
};
