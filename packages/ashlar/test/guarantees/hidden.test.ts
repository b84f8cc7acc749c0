import {
  connect,
  createdAt,
  type Database,
  everyScope,
  id,
  type Session,
  type System,
  settings,
  system,
  table,
} from 'ashlar';
import { appendOnly, audited, auditTrail, ledgered, retained, scoped } from 'ashlar/guarantees';
import { up } from 'ashlar/migrations';
import { failuresOf, prove } from 'ashlar/prove';
import { rolesFrom } from 'ashlar/roles';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { oneOfEach, type Place, server, sqlOf } from '../../../../test/support/engines.js';
import { makeUser } from '../../../../test/support/users.js';
import { openEngine } from '../../src/engines/open.js';
import { verifyTable, withLedger } from '../../src/ledger/database/ledgers.js';
import { drift, newStep } from '../../src/migrations/index.js';
import { checkRoles } from '../../src/roles/index.js';
import { type Folder, makeFolder } from '../migrations/folder.js';

const { engines } = oneOfEach(import.meta.url);

const [ann, bob] = ['019a0000-0000-7000-8000-00000000000a', '019a0000-0000-7000-8000-00000000000b'];
const [annRow, bobRow] = ['019a0000-0000-7000-8000-0000000000a1', '019a0000-0000-7000-8000-0000000000b1'];

const trail = auditTrail('trail', (c) => [scoped(c.scope), ledgered()]);
const dossiers = table('dossiers', { id: id(), client: z.uuid(), body: z.string(), at: createdAt() }, (c) => [
  scoped(c.client),
  appendOnly(),
  ledgered(),
  audited({ into: trail }),
  retained(c.at, { for: { years: 5 }, reason: 'law' }),
]);
// readable in every scope; the audit trail of its changes is not
const settingsTable = table('preferences', { id: id(), body: z.string() }, () => [audited({ into: trail })]);
const tables = { trail, dossiers, preferences: settingsTable };
type Db = Database<typeof tables>;

const sideTables = ['entries', 'tree', 'blocks', 'head']
  .flatMap((part) => [`dossiers_ledger_${part}`, `trail_ledger_${part}`])
  .concat('dossiers_purges');

const makeSystem = async (): Promise<{ shop: System<typeof tables>; folder: Folder }> => {
  const folder = await makeFolder();
  const shop = system('shop', { tables, migrations: folder.url });
  await newStep(shop, folder.url, 'initial');
  return { shop, folder };
};

const write = async (db: Db): Promise<void> => {
  for (const [client, row] of [
    [ann, annRow],
    [bob, bobRow],
  ] as const) {
    await db.session({ scope: client, actor: `user of ${client}` }, async (s) => {
      await s.insert(dossiers, { id: row, client, body: `secret of ${client}` });
      await s.insert(settingsTable, { body: `wish of ${client}` });
    });
  }
  await db.session({ scope: null }, (s) => s.insert(settingsTable, { body: 'unscoped wish' }));
  await db.engine.seal();
};

/** Rows as JSON, with bytes decoded as text. */
const shown = (rows: unknown): string =>
  JSON.stringify(rows, (_, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
  ).replaceAll(/\{"type":"Buffer","data":\[([\d,]*)\]\}/g, (_, data: string) =>
    Buffer.from(data.split(',').map(Number)).toString('latin1'),
  );

describe.each(engines)('the side tables of a scoped table on $name', (engine) => {
  const isSqlite = sqlOf(engine) === 'sqlite';
  let db: Db;
  let place: Place;
  let folder: Folder;
  let shop: System<typeof tables>;
  let everything: readonly string[];

  const asOwner = (text: string) => db.engine.asOwner((owner) => owner.atomically(() => owner.run(text)));
  const outcomeOf = (
    scope: string | null,
    text: string,
    how: 'read' | 'session' = 'read',
  ): Promise<string> => {
    const work = async (s: Session<typeof tables>) => shown((await sql.raw(text).execute(s.query)).rows);
    const run = how === 'read' ? db.read({ scope }, work) : db.session({ scope }, work);
    return run.catch((error: { code: string }) => error.code);
  };

  beforeAll(async () => {
    ({ shop, folder } = await makeSystem());
    place = await engine.place();
    db = await connect(shop, { url: place.url, key: place.key, maintain: false });
    await up(db.engine, shop);
    await write(db);
    const names = await asOwner(
      isSqlite
        ? "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')"
        : "SELECT c.relname::text AS name FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')",
    );
    everything = names.map(({ name }) => String(name));
  });
  afterAll(async () => {
    await db.close();
    await place.remove();
    await folder.remove();
  });

  const schema = isSqlite ? 'main' : 'public';
  const ways: readonly ((name: string) => string)[] = [
    (name) => `SELECT * FROM ${name}`,
    (name) => `SELECT * FROM "${name}"`,
    (name) => `SELECT * FROM ${name.toUpperCase()}`,
    (name) => `SELECT * FROM ${schema}.${name}`,
    (name) => `SELECT * FROM "${schema}" . "${name}"`,
    (name) => `SELECT * FROM (SELECT * FROM ${name}) AS x`,
    (name) => `WITH x AS (SELECT * FROM "${name}") SELECT * FROM x`,
    (name) => `SELECT * FROM (SELECT 1 AS one) AS a LEFT JOIN ${schema}.${name} AS b ON true`,
    (name) => `SELECT a.body, b.* FROM dossiers AS a JOIN ${name} AS b ON true`,
    (name) => `SELECT * FROM dossiers WHERE EXISTS (SELECT 1 FROM ${name} AS b WHERE false) OR true`,
    ...(isSqlite
      ? [
          (name: string) => `SELECT * FROM [main].[${name}]`,
          (name: string) => `SELECT * FROM 'main'.'${name}'`,
          (name: string) => `SELECT * FROM main /* x */ . ${name}`,
          (name: string) => `SELECT * FROM temp.${name}`,
        ]
      : [(name: string) => `TABLE ${name}`]),
  ];

  it('exist and contain the data of every scope', async () => {
    expect(everything).toEqual(expect.arrayContaining([...sideTables, 'trail', 'dossiers']));
    for (const name of ['trail', 'dossiers', 'dossiers_ledger_entries', 'trail_ledger_entries'])
      expect(shown(await asOwner(`SELECT * FROM ${name}`)), name).toContain(`secret of ${bob}`);
    expect(shown(await asOwner('SELECT * FROM dossiers_ledger_tree'))).toContain(bobRow);
  });

  it('show a session nothing of another scope, however a statement names them', async () => {
    for (const name of everything) {
      for (const way of ways) {
        for (const how of ['read', 'session'] as const) {
          const scopedResult = await outcomeOf(ann, way(name), how);
          const unscopedResult = await outcomeOf(null, way(name), how);
          for (const mark of [bobRow, bob, `secret of ${bob}`]) {
            // preferences are readable in every scope
            if (name === 'preferences') continue;
            expect(scopedResult, way(name)).not.toContain(mark);
            expect(unscopedResult, way(name)).not.toContain(mark);
          }
        }
      }
    }
    expect(await outcomeOf(ann, 'SELECT * FROM dossiers')).toContain(annRow);
  });

  it('show no row to a session with a scope', async () => {
    for (const name of sideTables)
      expect(await outcomeOf(ann, `SELECT * FROM ${name}`), name).toBe(isSqlite ? '[]' : 'privilege-missing');
  });

  it('refuse writes, and the refusal does not depend on the rows they contain', async () => {
    const before = await asOwner('SELECT * FROM dossiers_ledger_entries ORDER BY row_key');
    for (const key of [bobRow, 'none']) {
      for (const text of [
        `UPDATE dossiers_ledger_entries SET row_key = row_key WHERE row_key = '${key}' RETURNING *`,
        `DELETE FROM dossiers_ledger_entries WHERE row_key = '${key}' RETURNING *`,
        `INSERT INTO dossiers_ledger_tree (level, position, hash, row_key) SELECT 0, 99, hash, '${key}' FROM dossiers_ledger_tree`,
      ])
        expect(await outcomeOf(ann, text, 'session'), text).toBe('guarantee-violated');
    }
    expect(await asOwner('SELECT * FROM dossiers_ledger_entries ORDER BY row_key')).toEqual(before);
    for (const side of ['dossiers_ledger_entries', 'dossiers_ledger_tree', 'trail_ledger_head']) {
      const write = db.session({ scope: ann }, (s) => sql.raw(`DELETE FROM ${side}`).execute(s.query));
      await expect(write, side).rejects.toMatchObject({
        code: 'guarantee-violated',
        message: `rows of ${side} are written by the database only`,
        facts: { table: side, guarantee: 'ledgered' },
      });
    }
  });

  it('are readable with everyScope on SQLite, and only by the owner on PostgreSQL', async () => {
    const entries = await outcomeOf(everyScope, 'SELECT * FROM dossiers_ledger_entries');
    if (isSqlite) expect(entries).toContain(`secret of ${bob}`);
    else expect(entries).toBe('privilege-missing');
    for (const name of ['dossiers', 'trail'])
      expect(await outcomeOf(everyScope, `SELECT * FROM ${name}`), name).toContain(`secret of ${bob}`);
  });

  it('the audit trail shows a session the lines of its scope; only everyScope sees lines without a scope', async () => {
    const linesIn = (scope: string | null) =>
      db.read({ scope }, async (s) => {
        const lines = await s.query.selectFrom('trail').select(['scope', 'table_name', 'after']).execute();
        return lines.map(({ scope: whose, table_name, after }) => [whose, table_name, after?.body]).sort();
      });
    const linesOf = (client: string) => [
      [client, 'dossiers', `secret of ${client}`],
      [client, 'preferences', `wish of ${client}`],
    ];
    expect(await linesIn(ann)).toEqual(linesOf(ann));
    expect(await linesIn(bob)).toEqual(linesOf(bob));
    expect(await linesIn(null)).toEqual([]);
    expect(await linesIn(everyScope)).toEqual(
      [[null, 'preferences', 'unscoped wish'], ...linesOf(ann), ...linesOf(bob)].sort(),
    );
  });

  it('a scope that only the audit trail could store is refused', async () => {
    await expect(db.read({ scope: 'ann' }, async () => undefined)).rejects.toMatchObject({
      code: 'value-invalid',
    });
  });

  it('ledgers are sealed and verified after sessions of any scope', async () => {
    for (const scope of [ann, everyScope])
      await db.session({ scope }, (s) => s.insert(dossiers, { client: ann, body: 'later' }));
    await db.engine.seal();
    for (const each of [dossiers, trail]) {
      expect(await withLedger(db.engine, each as never, (reader) => reader.unsealed())).toBe(0);
      const { size, problems } = await verifyTable(db.engine, each as never);
      expect(problems).toEqual([]);
      expect(size).toBeGreaterThan(3);
    }
    // the connection is back in the application's role
    if (!isSqlite)
      expect(await outcomeOf(ann, 'SELECT 1 FROM dossiers_ledger_head')).toBe('privilege-missing');
  });

  it('prove, drift and the role check find nothing', async () => {
    expect(await drift(db.engine, shop)).toEqual([]);
    expect(await checkRoles(db.engine, shop)).toEqual([]);
    const report = await prove(db.engine, shop as unknown as System);
    expect(failuresOf(report)).toEqual([]);
    const tried = report.tables.flatMap(({ attacks }) => attacks.map(({ name }) => name));
    expect(tried).toContain('SELECT from dossiers_ledger_entries, from another scope');
  });
});

describe.each(server)('the ledger of a scoped table with roles on a server', (engine) => {
  it('is readable by the owner and the auditor, not by the application', async () => {
    const { shop, folder } = await makeSystem();
    const place = await engine.place();
    const [app, auditor] = [await makeUser('app'), await makeUser('auditor')];
    const roles = rolesFrom(
      settings({
        DATABASE_URL: app.at(place),
        DATABASE_MIGRATE_URL: place.url,
        DATABASE_AUDITOR_ROLE: auditor.name,
      }),
    );
    const verified = async (url: string) => {
      const opened = await openEngine({ url });
      opened.register(Object.values(tables) as never);
      try {
        return (await verifyTable(opened, dossiers as never)).problems;
      } finally {
        await opened.close();
      }
    };
    try {
      const migrating = await openEngine({ url: place.url });
      await up(migrating, shop, { roles });
      await migrating.close();
      const db = await connect(shop, { url: app.at(place) });
      await write(db);
      await db.close();
      expect(await verified(place.url)).toEqual([]);
      expect(await verified(auditor.at(place))).toEqual([]);
      await expect(verified(app.at(place))).rejects.toMatchObject({
        code: 'privilege-missing',
        message: 'This user may not read the ledger of dossiers.',
        suggestion: expect.stringContaining('DATABASE_MIGRATE_URL'),
      });
    } finally {
      await place.remove();
      for (const user of [app, auditor]) await user.drop();
      await folder.remove();
    }
  });
});

describe('the audit trail of a scoped table', () => {
  const shape = () => ({ id: id(), client: z.uuid(), body: z.string() });
  const plain = auditTrail('plain');

  it('must be scoped, unless the declaration sets acrossScopes', () => {
    expect(() => table('notes', shape(), (c) => [scoped(c.client), audited({ into: plain })])).toThrow(
      expect.objectContaining({
        code: 'table-invalid',
        message: expect.stringContaining('its trail plain'),
        suggestion: expect.stringContaining("auditTrail('plain', (c) => [scoped(c.scope)])"),
      }),
    );
    table('notes', shape(), (c) => [audited({ into: trail }), scoped(c.client)]);
    table('notes', shape(), (c) => [scoped(c.client), audited({ into: plain, acrossScopes: true })]);
    table('notes', shape(), () => [audited({ into: plain })]);
  });
});
