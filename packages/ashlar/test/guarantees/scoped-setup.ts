import { randomBytes } from 'node:crypto';
import { connect, Database, system, type Table, type Tables } from 'ashlar';
import { type Engine, openEngine, type RunSql } from 'ashlar/extend';
import { asAdmin, sqlOf, type TestEngine } from '../../../../test/support/engines.js';
import { createFoundation } from '../../src/engines/foundation.js';
import { ensureHistory } from '../../src/migrations/initialise.js';

/** A database whose sessions run as a role without ownership and superuser rights, where the engine has roles. */
export interface ScopedFixture<T extends Tables> {
  readonly db: Database<T>;
  readonly url: string;
  readonly key: string | undefined;
  /** Runs one statement as the schema's owner, who acts in every scope. */
  readonly run: RunSql;
  /** Runs work on the owner's engine. */
  asOwner<R>(work: (engine: Engine) => Promise<R>): Promise<R>;
  close(): Promise<void>;
}

const grants = (role: string): string =>
  `GRANT USAGE ON SCHEMA public TO ${role};
   GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role}`;

const systemOf = <T extends Tables>(tables: T) =>
  system('testing', { tables, migrations: new URL('file:///nowhere/') });

/** Creates the tables, runs the statements in `additional`, and connects as a plain role. */
export const openScopedFixture = async <T extends Tables>(
  engine: TestEngine,
  tables: T,
  additional: readonly string[] = [],
): Promise<ScopedFixture<T>> => {
  const place = await engine.place();
  const owner = await openEngine({ url: place.url, key: place.key });
  const createTables = () =>
    owner.asOwner(async (connection) => {
      await createFoundation(connection, owner.dialect);
      const created: readonly Table[] = Object.values(tables);
      for (const table of created) {
        for (const statement of owner.dialect.createTable(table)) await connection.script(statement);
      }
      for (const statement of additional) await connection.script(statement);
    });
  await createTables();
  if (sqlOf(engine) === 'sqlite') {
    await owner.close();
    const db = await connect(systemOf(tables), { url: place.url, key: place.key });
    return {
      db,
      url: place.url,
      key: place.key,
      // on SQLite the owner has no scope outside a transaction
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
    // PGlite has one user: its sessions switch to the application's role once that role has grants
    await owner.asOwner(async (connection) => {
      await ensureHistory(connection, owner.dialect, 'test');
      await connection.script(`CREATE ROLE ashlar_app; ${grants('ashlar_app')}`);
    });
    // as on a server, where the sessions' user may not maintain tables
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
