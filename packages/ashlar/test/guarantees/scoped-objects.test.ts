import { autoincrement, connect, Database, extra, fullText, system, table, view } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { scoped } from 'ashlar/guarantees';
import { newStep, up } from 'ashlar/migrations';
import { matches, sql } from 'ashlar/query';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engines, sqlOf } from '../../../../test/support/engines.js';
import { type Folder, makeFolder } from '../migrations/folder.js';

const notes = table(
  'notes',
  { id: autoincrement(), tenant: z.string(), title: z.string(), day: z.iso.date() },
  (c) => [scoped(c.tenant), fullText({ columns: [c.title] })],
);
const pages = table('pages', { key: z.string(), tenant: z.string(), body: z.string() }, (c) => [
  { kind: 'primary-key', columns: [c.key] },
  scoped(c.tenant),
  fullText({ columns: [c.body] }),
]);
const free = table('free', { id: autoincrement(), title: z.string() }, (c) => [
  fullText({ columns: [c.title] }),
]);
const byDay = view({
  name: 'notes_by_day',
  columns: { day: z.iso.date(), notes: z.int(), any_secret: z.boolean() },
  sqlite: "SELECT day, count(*) AS notes, max(title LIKE '%secret%') AS any_secret FROM notes GROUP BY day",
  postgres:
    "SELECT day, count(*) AS notes, bool_or(title LIKE '%secret%') AS any_secret FROM notes GROUP BY day",
});
const ofView = view({
  name: 'days',
  columns: { day: z.iso.date() },
  sqlite: 'SELECT day FROM notes_by_day',
  postgres: 'SELECT day FROM notes_by_day',
});

let folder: Folder;
const office = () =>
  system('office', {
    tables: { notes, pages, free },
    views: { byDay, ofView },
    objects: [
      extra({ name: 'free_lower', sqlite: 'CREATE INDEX free_lower ON free (lower(title))', postgres: null }),
    ],
    migrations: folder.url,
  });
beforeAll(async () => {
  folder = await makeFolder();
  await newStep(office(), folder.url, 'initial');
});
afterAll(() => folder.remove());

const opened = async (engine: (typeof engines)[number]) => {
  const place = await engine.place();
  const owned = await openEngine({ url: place.url, key: place.key });
  await up(owned, office());
  // PGlite is one process: its sessions step down to the application's role
  const isOne = engine.name === 'pglite';
  if (!isOne) await owned.close();
  const db = isOne
    ? new Database(owned, office(), { maintain: false })
    : await connect(office(), { url: place.url, key: place.key });
  for (const [tenant, title] of [
    ['a', 'hello world'],
    ['b', 'hello secret'],
  ] as const) {
    await db.session({ scope: tenant }, async (s) => {
      await s.insert(notes, { tenant, title, day: '2026-01-31' });
      await s.insert(pages, { key: `page ${tenant}`, tenant, body: title });
    });
  }
  await db.session((s) => s.insert(free, { title: 'hello free' }));
  return {
    db,
    owner: (text: string) => db.engine.asOwner((owner) => owner.script(text)),
    close: async () => {
      await db.close();
      await place.remove();
    },
  };
};

describe.each(engines)('views and indexes of words of scoped tables on $name', (engine) => {
  test('show a session the rows of its scope, decoded', async () => {
    const { db, close } = await opened(engine);
    try {
      for (const [scope, secret] of [
        ['a', false],
        ['b', true],
      ] as const) {
        await db.read({ scope }, async (s) => {
          const rows = await s.query.selectFrom('notes_by_day').selectAll().execute();
          expect(rows).toEqual([{ day: '2026-01-31', notes: 1, any_secret: secret }]);
          expect(await s.query.selectFrom('notes_by_day as d').select('d.any_secret').execute()).toEqual([
            { any_secret: secret },
          ]);
          expect(
            await s.query.selectFrom('notes_by_day').select('notes').where('any_secret', '=', true).execute(),
          ).toEqual(secret ? [{ notes: 1 }] : []);
          expect(await s.query.selectFrom('days').selectAll().execute()).toEqual([{ day: '2026-01-31' }]);
          const found = (words: string, prefix = false) =>
            s.query
              .selectFrom('notes')
              .select('title')
              .where(matches(notes, words, { prefix }))
              .execute();
          expect(await found('HELLO')).toHaveLength(1);
          expect(await found('hello, secret!')).toHaveLength(secret ? 1 : 0);
          expect(await found('sec')).toEqual([]);
          expect(await found('hello sec', true)).toHaveLength(secret ? 1 : 0);
          expect(await found(' ... ')).toEqual([]);
          expect(
            await s.query
              .selectFrom('pages as p')
              .select('p.key')
              .where(matches(pages, 'hello', { as: 'p' }))
              .execute(),
          ).toEqual([{ key: `page ${scope}` }]);
          expect(
            await s.query.selectFrom('free').select('title').where(matches(free, 'free')).execute(),
          ).toHaveLength(1);
        });
      }
      await db.read({ scope: '*' }, async (s) => {
        expect(
          await s.query.selectFrom('notes').select('title').where(matches(notes, 'hello')).execute(),
        ).toHaveLength(2);
        expect(await s.query.selectFrom('notes_by_day').select('notes').execute()).toEqual([{ notes: 2 }]);
      });
      await db.read(async (s) => {
        expect(await s.query.selectFrom('notes_by_day').selectAll().execute()).toEqual([]);
      });
    } finally {
      await close();
    }
  });

  test('show no row, word or count of another scope to any statement of a session', async () => {
    const { db, owner, close } = await opened(engine);
    const isSqlite = sqlOf(engine) === 'sqlite';
    try {
      await owner(
        isSqlite
          ? `CREATE VIEW mine AS SELECT title FROM notes;
             CREATE VIEW "My View" AS SELECT * FROM mine;
             CREATE VIRTUAL TABLE hand USING fts5(title, content='notes', content_rowid='id');
             CREATE VIRTUAL TABLE copy USING fts5(title);
             INSERT INTO copy (title) SELECT title FROM notes;
             CREATE VIEW harmless AS SELECT title FROM free;`
          : 'CREATE VIEW mine WITH (security_invoker = true) AS SELECT title FROM notes',
      );
      const attacks = isSqlite
        ? [
            'SELECT * FROM mine',
            'SELECT * FROM main.mine',
            'SELECT * FROM "mine"',
            "SELECT * FROM 'mine'",
            'SELECT * FROM [MINE]',
            'SELECT * FROM `My View`',
            'SELECT * FROM "my view"',
            'WITH x AS (SELECT * FROM mine) SELECT * FROM x',
            'SELECT (SELECT group_concat(title) FROM mine) AS t',
            "SELECT title FROM hand WHERE hand MATCH 'secret'",
            "SELECT title FROM hand('secret')",
            'SELECT * FROM copy',
            'SELECT * FROM copy_content',
            'SELECT * FROM notes_text_data',
            'SELECT * FROM main.notes_text_docsize',
            'SELECT * FROM pages_text_content',
            "SELECT * FROM main.notes_text WHERE notes_text MATCH 'secret'",
            "SELECT rowid FROM notes_text WHERE notes_text MATCH 'secret'",
            "SELECT key FROM pages_text WHERE pages_text MATCH 'secret'",
            "SELECT 1 AS leaked WHERE 2 IN (SELECT rowid FROM notes_text WHERE notes_text MATCH 'secret')",
            "WITH notes AS (SELECT 2 AS id) SELECT 1 AS leaked WHERE 2 IN (SELECT rowid FROM notes_text WHERE notes_text MATCH 'secret')",
            "SELECT * FROM notes_text('secret')",
            'SELECT any_secret FROM main.notes_by_day',
            'SELECT * FROM main . "notes_by_day"',
            'SELECT 1 AS leaked FROM notes_by_day WHERE any_secret = 1',
            'SELECT 1 AS leaked FROM notes_by_day WHERE notes > 1',
          ]
        : [
            "SELECT * FROM mine WHERE title LIKE '%secret%'",
            'SELECT 1 AS leaked FROM notes_by_day WHERE any_secret',
            'SELECT 1 AS leaked FROM notes_by_day WHERE notes > 1',
            "SELECT 1 AS leaked FROM notes WHERE ashlar_notes_text @@ to_tsquery('simple', 'secret')",
            "SELECT ts_stat.word FROM ts_stat('SELECT ashlar_notes_text FROM notes') WHERE word = 'secret'",
          ];
      for (const attack of attacks) {
        const rows = await db
          .read({ scope: 'a' }, (s) => sql.raw(attack).execute(s.query))
          .then(({ rows: found }) => found)
          .catch((error: { code?: string }) => {
            expect([attack, error.code]).toEqual([
              attack,
              expect.stringMatching(/privilege-missing|statement-failed/),
            ]);
            return [];
          });
        expect([attack, rows]).toEqual([attack, []]);
      }
      if (!isSqlite) return;
      await db.read({ scope: 'a' }, async (s) => {
        expect((await sql.raw('SELECT * FROM harmless').execute(s.query)).rows).toHaveLength(1);
      });
      for (const write of [
        "INSERT INTO notes_text (notes_text) VALUES ('delete-all')",
        "INSERT INTO main.notes_text (notes_text) VALUES ('delete-all')",
        'DELETE FROM pages_text',
        "INSERT INTO free_text (free_text) VALUES ('delete-all')",
        'DELETE FROM free_text_data',
        'UPDATE notes_by_day SET notes = 1',
      ])
        await expect(
          db
            .session({ scope: 'a' }, (s) => sql.raw(write).execute(s.query))
            .catch((error) => Promise.reject(Object.assign(error, { write }))),
        ).rejects.toMatchObject({ code: expect.any(String) });
      await db.read({ scope: 'b' }, async (s) => {
        expect(
          await s.query.selectFrom('notes').select('id').where(matches(notes, 'secret')).execute(),
        ).toHaveLength(1);
      });
    } finally {
      await close();
    }
  });
});
