import { type AuditRecord, type DocuvaultDatabase, docuvault } from '@ashlar/docuvault';
import { connect, settings } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { up } from 'ashlar/migrations';
import { rolesFrom } from 'ashlar/roles';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asAdmin, type Place, server } from '../../../test/support/engines.js';
import { databaseOf, makeUser, type User } from '../../../test/support/users.js';
import { recordEvent } from '../src/audit.js';
import { columnKeys, someUser } from './support.js';

// only a server has users; none of these is a superuser
describe.each(server)('docuvault through two URLs on $name', (engine) => {
  let place: Place;
  let owner: User;
  let app: User;
  let auditor: User;
  let db: DocuvaultDatabase;
  let event: AuditRecord;
  const clients: pg.Client[] = [];

  beforeAll(async () => {
    place = await engine.place();
    [owner, app, auditor] = [await makeUser('owner'), await makeUser('app'), await makeUser('auditor')];
    await asAdmin(`ALTER DATABASE ${databaseOf(place)} OWNER TO ${owner.name}`);
    const roles = rolesFrom(
      settings({
        DATABASE_URL: app.at(place),
        DATABASE_MIGRATE_URL: owner.at(place),
        DATABASE_AUDITOR_ROLE: auditor.name,
      }),
    );
    const migrating = await openEngine({ url: owner.at(place) });
    await up(migrating, docuvault, { roles }).finally(() => migrating.close());
    db = await connect(docuvault, { url: app.at(place), columnKeys });
    await someUser(db);
    event = await db.session((s) =>
      recordEvent(s, { action: 'kept', ip_address: '192.0.2.1', metadata: { n: 1 } }),
    );
    for (const user of [owner, app]) {
      const client = new pg.Client(user.at(place));
      await client.connect();
      clients.push(client);
    }
  });
  afterAll(async () => {
    for (const client of clients) await client.end();
    await db.close();
    await place.remove();
    for (const user of [owner, app, auditor]) await user.drop();
  });

  const as = (who: 'owner' | 'app', sql: string) =>
    (who === 'owner' ? clients[0] : clients[1])
      ?.query(sql)
      .then(({ rows }) => rows as Record<string, unknown>[]);

  it('the application owns nothing', async () => {
    const owned = `SELECT relname FROM pg_class WHERE relowner = current_user::regrole
      UNION ALL SELECT proname FROM pg_proc WHERE proowner = current_user::regrole
      UNION ALL SELECT nspname FROM pg_namespace WHERE nspowner = current_user::regrole
      UNION ALL SELECT datname FROM pg_database WHERE datdba = current_user::regrole`;
    expect(await as('app', owned)).toEqual([]);
    expect((await as('owner', owned))?.length).toBeGreaterThan(12);
  });

  it.each([
    'CREATE TABLE mine (id int)',
    'CREATE TABLE documents_too AS SELECT * FROM documents',
    'ALTER TABLE documents ADD COLUMN x int',
    'DROP TABLE groups',
    'CREATE INDEX mine ON documents (filename)',
    'CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS $$SELECT 1$$',
    'CREATE SCHEMA mine',
    'TRUNCATE groups',
    'ALTER TABLE audit_log DISABLE TRIGGER ALL',
    'SET session_replication_role = replica',
    'GRANT DELETE ON audit_log TO PUBLIC',
    'CREATE ROLE other',
  ])('the application cannot run %s', async (sql) => {
    // GRANT without the right to grant is a warning, not an error
    const outcome = await as('app', sql)?.then(
      () => 'run',
      (error: pg.DatabaseError) => error.code,
    );
    if (sql.startsWith('GRANT')) {
      const granted = "SELECT has_table_privilege(current_user, 'audit_log', 'DELETE') AS may";
      expect(await as('app', granted)).toEqual([{ may: false }]);
    } else expect(outcome).toBe('42501');
  });

  it('the application can use a table that the owner creates later, and its sequences, without another grant', async () => {
    await as(
      'owner',
      'CREATE TABLE tomorrow (id serial PRIMARY KEY, n int GENERATED ALWAYS AS IDENTITY, note text)',
    );
    await as('owner', 'CREATE SEQUENCE tomorrow_counter');
    expect(await as('app', "INSERT INTO tomorrow (note) VALUES ('a'), ('b') RETURNING id, n, note")).toEqual([
      { id: 1, n: 1, note: 'a' },
      { id: 2, n: 2, note: 'b' },
    ]);
    await as('app', "UPDATE tomorrow SET note = 'c' WHERE id = 1");
    await as('app', 'DELETE FROM tomorrow WHERE id = 2');
    expect(await as('app', 'SELECT note FROM tomorrow')).toEqual([{ note: 'c' }]);
    expect(await as('app', "SELECT nextval('tomorrow_counter')::int AS n")).toEqual([{ n: 1 }]);
  });

  it('the application cannot update or delete in audit_log', async () => {
    for (const sql of [
      "UPDATE audit_log SET action = 'forged'",
      'DELETE FROM audit_log',
      'TRUNCATE audit_log',
      `INSERT INTO audit_log (id, action) OVERRIDING SYSTEM VALUE VALUES (${event.id}, 'forged') ON CONFLICT (id) DO UPDATE SET action = excluded.action`,
      "INSERT INTO audit_log (action, created_at) VALUES ('dated back', '2001-01-01')",
    ])
      await expect(as('app', sql), sql).rejects.toMatchObject({ code: '42501' });
    const [kept] = (await as('app', `SELECT * FROM audit_log WHERE id = ${event.id}`)) ?? [];
    expect(kept).toMatchObject({ action: 'kept', ip_address: '192.0.2.1', metadata: { n: 1 } });
  });

  it('columns have native PostgreSQL types', async () => {
    const types = await as(
      'app',
      "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'audit_log' AND column_name IN ('ip_address', 'metadata') ORDER BY 1",
    );
    expect(types).toEqual([
      { column_name: 'ip_address', data_type: 'inet' },
      { column_name: 'metadata', data_type: 'jsonb' },
    ]);
  });
});
