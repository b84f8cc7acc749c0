import { autoincrement, connect, type Database, fullText, id, primaryKey, system, table } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { appendOnly, audited, auditTrail, ledgered, scoped } from 'ashlar/guarantees';
import { newStep, up } from 'ashlar/migrations';
import { z } from 'zod';
import type { TestEngine } from '../../../../../test/support/engines.js';
import { makeFolder } from '../../migrations/folder.js';

export const changes = auditTrail('changes', (c) => [scoped(c.scope)]);
export const notes = table('notes', { id: id(), client: z.string(), body: z.string() }, (c) => [
  scoped(c.client),
  audited({ into: changes }),
  fullText({ columns: [c.body] }),
]);
export const events = table('events', { id: autoincrement(), note: z.string() }, () => [
  appendOnly(),
  ledgered(),
]);
export const tags = table('tags', { id: z.string().max(50), name: z.string() }, (c) => [primaryKey(c.id)]);

export const tables = { changes, notes, events, tags };
/** An open database, which is removed when it is closed. */
export type Db = Database<typeof tables> & AsyncDisposable;

/** The words in each row of scopes that are not the attacker's. */
export const secret = 'SECRET';
export const ann = { actor: 'user:ann', scope: 'ann' } as const;

/** A database with rows of three scopes, a table of no system, and samples of the values of every scope. */
export const openSecrets = async (engine: TestEngine): Promise<Db> => {
  const folder = await makeFolder();
  const place = await engine.place();
  const secrets = system('secrets', { tables, migrations: folder.url });
  await newStep(secrets, folder.url, 'initial');
  const owned = await openEngine({ url: place.url, key: place.key });
  await up(owned, secrets);
  await owned.close();
  const db = await connect(secrets, { url: place.url, key: place.key });
  await db.engine.asOwner((owner) =>
    owner.script(`CREATE INDEX notes_body ON notes (body);
      CREATE TABLE unknown (body TEXT NOT NULL) STRICT;
      INSERT INTO unknown VALUES ('${secret} of no table of the system')`),
  );
  // the rows of others come first: an error is about the first row
  for (const scope of ['bob', 'zoe', 'ann'])
    await db.session({ actor: `user:${scope}`, scope }, async (s) => {
      for (let at = 0; at < 6; at++)
        await s.insert(notes, {
          client: scope,
          body: scope === 'ann' ? `own ${at}` : `${secret} ${scope} ${at}`,
        });
    });
  await db.session(async (s) => {
    await s.insert(events, { note: 'first' });
    await s.insert(tags, { id: 'a', name: 'tag' });
  });
  // samples of indexed values of every scope
  await db.engine.asOwner((owner) => owner.script('ANALYZE'));
  return Object.assign(db, {
    [Symbol.asyncDispose]: async () => {
      await db.close();
      await place.remove();
      await folder.remove();
    },
  });
};

const ofOthers = `SELECT 'note' AS kind, id, client, body FROM notes WHERE client <> 'ann'
  UNION ALL SELECT 'change', id, actor, coalesce(before, '') || coalesce(after, '') FROM changes WHERE scope IS NOT 'ann'
  UNION ALL SELECT 'event', id, '', note FROM events ORDER BY 1, 2`;
const ofAshlar = `SELECT 'session' AS kind, actor AS value, scope FROM ashlar_session
  UNION ALL SELECT 'purge', table_name, '' FROM ashlar_purge
  UNION ALL SELECT 'migration', step, checksum FROM ashlar_migrations
  UNION ALL SELECT 'schema', name, sql FROM sqlite_schema
  UNION ALL SELECT 'unknown', body, '' FROM unknown
  UNION ALL SELECT 'head', size || ' ' || sealed, first_provable FROM events_ledger_head
  UNION ALL SELECT 'entry', row_key, entry FROM events_ledger_entries`;
const settings = [
  'foreign_keys',
  'recursive_triggers',
  'trusted_schema',
  'ignore_check_constraints',
  'writable_schema',
];

/** What no session of one scope may change: rows of others, Ashlar's own tables, the schema and the connection's settings. */
export const untouchable = async (db: Db): Promise<string> =>
  db.engine.asOwner(async (owner) => {
    const found = [await owner.run(ofOthers), await owner.run(ofAshlar)];
    for (const setting of settings) found.push(await owner.run(`PRAGMA ${setting}`));
    return JSON.stringify(found);
  });

/** Everything that an error says: its texts and facts, and those of its causes. */
export const saidBy = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return [error.message, error.stack, JSON.stringify(error), saidBy(error.cause ?? '')].join('\n');
};
