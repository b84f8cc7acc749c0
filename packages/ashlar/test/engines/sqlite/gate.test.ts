import { AshlarError, everyScope } from 'ashlar';
import Sqlite from 'better-sqlite3-multiple-ciphers';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withoutRoles } from '../../../../../test/support/engines.js';
import { allowedFunctions } from '../../../src/engines/sqlite/scope/allowed-functions.js';
import { ann, type Db, openSecrets, saidBy, secret, untouchable } from './gate-setup.js';

const refusedTables: readonly string[] = [
  'unknown',
  'main.unknown',
  "'unknown'",
  'sqlite_sequence',
  'main.[SQLITE_SEQUENCE]',
  'sqlite_stat1',
  'sqlite_stat4',
  'ashlar_session',
  'ashlar_purge',
  'notes_text_data',
  'notes_text_content',
  'main.notes',
  'main.changes',
  'main.notes_text',
  ...["pragma_table_info('notes')", 'pragma_query_only', 'pragma_function_list', 'dbstat', 'dbstat()'],
  'undeclared_view',
];

const refusedFunctions: readonly string[] = [
  ...["sqlite3mc_config('cipher', 'rc4')", '"SQLITE3MC_CONFIG"(\'cipher\')', 'sqlite3mc_version()'],
  ...[
    "sqlite3mc_codec_data('cipher_salt')",
    "load_extension('x')",
    'load_extension(body)',
    "fts3_tokenizer('simple')",
  ],
  ...['total_changes()', "sqlite_log(1, 'x')", 'fts5(1)', 'rtreecheck(body)', 'sqlite_compileoption_get(1)'],
];

/** Statements that a session may not run, with the beginning of their message. */
const refused: readonly string[] = [
  ...refusedTables.flatMap((name) => [
    `SELECT * FROM ${name}`,
    `SELECT (SELECT count(*) FROM ${name}) FROM tags`,
    `WITH x AS (SELECT * FROM ${name}) SELECT * FROM notes, x`,
    `INSERT INTO tags (id, name) VALUES ('new', 'x') RETURNING (SELECT count(*) FROM ${name})`,
    `UPDATE tags SET name = 'x' WHERE EXISTS (SELECT 1 FROM ${name})`,
    `EXPLAIN SELECT * FROM ${name}`,
  ]),
  ...refusedFunctions.flatMap((call) => [
    `SELECT ${call} FROM notes`,
    `SELECT * FROM notes WHERE body = ${call}`,
    `SELECT * FROM notes ORDER BY ${call}`,
    `INSERT INTO tags (id, name) VALUES ('new', ${call})`,
    `DELETE FROM tags RETURNING ${call.replace(/body/, 'name')}`,
    `EXPLAIN QUERY PLAN SELECT ${call} FROM notes`,
  ]),
  ...['ashlar_migrations', 'sqlite_sequence', 'unknown', 'notes_text_config'].flatMap((name) => [
    `DELETE FROM ${name}`,
    `DELETE FROM main."${name}"`,
    `INSERT INTO '${name}' DEFAULT VALUES`,
    `WITH x AS (SELECT 1) UPDATE OR IGNORE ${name} SET rowid = 1`,
  ]),
  "INSERT INTO notes_text (notes_text) VALUES ('delete-all')",
  'INSERT INTO ashlar_migrations SELECT * FROM ashlar_migrations',
];

const pragmas: readonly string[] = [
  ...['query_only = OFF', 'foreign_keys = OFF', 'recursive_triggers = OFF', 'ignore_check_constraints = ON'],
  ...['trusted_schema = ON', 'writable_schema = ON', 'cell_size_check = OFF', "rekey = 'x'", 'cipher = rc4'],
].flatMap((text) => [
  `PRAGMA ${text}`,
  `EXPLAIN PRAGMA ${text}`,
  `;; explain /* c */ QUERY -- c\n PLAN pragma main.${text}`,
]);

const allowed: readonly string[] = [
  'SELECT * FROM notes',
  'SELECT * FROM temp.notes, main.tags',
  'SELECT * FROM changes',
  'SELECT * FROM events_ledger_head',
  'SELECT count(*) FROM ashlar_migrations',
  'SELECT name FROM sqlite_schema',
  "SELECT * FROM json_each('[1]'), json_tree('[1]')",
  "SELECT highlight(notes_text, 0, '<', '>'), bm25(notes_text) FROM notes_text WHERE notes_text MATCH 'own'",
  "SELECT count(*), max(body) FROM notes WHERE 0 OR body LIKE '%' || lower('OWN') || '%'",
  'SELECT 1 WHERE EXISTS (SELECT 1 FROM notes) AND 0',
  'SELECT ntile(2) OVER (ORDER BY body), sum(1) FILTER (WHERE 1) OVER () FROM notes',
  'WITH RECURSIVE w (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM w WHERE n < 3) SELECT * FROM w, notes',
  "INSERT INTO events (note) VALUES ('x') RETURNING *",
  "INSERT INTO tags VALUES ('b', 'x') ON CONFLICT DO UPDATE SET name = excluded.name RETURNING *",
  "UPDATE notes SET body = upper(body) WHERE client = 'ann' OR 1 RETURNING *",
  'DELETE FROM notes WHERE body IN (SELECT body FROM notes)',
  'DELETE FROM tags',
  "SELECT 'sqlite_sequence', 'main.notes', 'sqlite3mc_config(1)'",
  'EXPLAIN SELECT * FROM notes',
  'EXPLAIN QUERY PLAN DELETE FROM notes',
  "SELECT date('now'), CURRENT_TIMESTAMP, changes(), json_object('a', '[1]' -> 0), 1 << 2, iif(1, 2, 3), typeof(1)",
];

/** Statements whose error would have a value of a row, or of a parameter. */
const telling: readonly string[] = [
  "SELECT json_extract('{}', body) FROM notes",
  "SELECT '{}' -> ('$' || body) FROM notes",
  "SELECT json_set('{}', body, 1) FROM notes",
  "SELECT * FROM json_each('{}', (SELECT body FROM notes))",
  'SELECT ashlar_json(body), 1 FROM notes',
  'SELECT ashlar_json_text(body), 1 FROM notes',
  "SELECT ashlar_jsonb_text('[' || body) FROM notes",
  'SELECT json(body) FROM notes',
  "SELECT * FROM notes_text WHERE notes_text MATCH (SELECT body || '\"' FROM notes)",
  "SELECT * FROM notes_text WHERE notes_text MATCH (SELECT body || ': x' FROM notes)",
  "UPDATE notes SET body = json_extract('{}', body)",
  "DELETE FROM notes WHERE json_extract('{}', body) IS NULL",
  "INSERT INTO tags SELECT id, json_extract('{}', body) FROM notes",
  "DELETE FROM notes RETURNING json_extract('{}', body)",
  'UPDATE tags SET name = (SELECT body FROM notes)',
];

const codeOf = (error: unknown): string => (error instanceof AshlarError ? error.code : String(error));

describe.each(withoutRoles)('the gate of sessions on $name', (engine) => {
  let db: Db;
  beforeAll(async () => {
    db = await openSecrets(engine);
    await db.engine.asOwner((owner) =>
      owner.script(`CREATE VIEW undeclared_view AS SELECT * FROM notes;
        CREATE TRIGGER tags_own BEFORE UPDATE ON tags WHEN NEW.name LIKE 'own%' BEGIN SELECT RAISE(ABORT, 'not ' || NEW.name); END`),
    );
  });
  afterAll(() => db[Symbol.asyncDispose]());

  class Undone extends Error {}
  /** Runs a statement in a session that is rolled back. @returns the rows or the error */
  const run = async (text: string, scope: string = ann.scope): Promise<unknown> => {
    let rows: readonly unknown[] = [];
    try {
      await db.session({ actor: ann.actor, scope }, async (s) => {
        ({ rows } = await sql.raw(text).execute(s.query));
        throw new Undone();
      });
    } catch (error) {
      return error instanceof Undone ? rows : error;
    }
    return rows;
  };
  const read = (text: string): Promise<unknown> =>
    db
      .read(ann, (s) => sql.raw(text).execute(s.query))
      .then(
        ({ rows }) => rows,
        (error: unknown) => error,
      );

  it('refuses other tables, functions and pragmas in every place of a statement', async () => {
    const before = await untouchable(db);
    const found: Record<string, string> = {};
    for (const text of [...refused, ...pragmas]) {
      found[text] = codeOf(await run(text));
      const reading = codeOf(await read(text));
      if (reading !== 'session-read-only') found[`${text} in db.read`] = reading;
      found[`${text} in every scope`] = codeOf(await run(text, everyScope));
    }
    expect(Object.entries(found).filter(([, code]) => code !== 'privilege-missing')).toEqual([]);
    expect(await untouchable(db)).toBe(before);
  });

  it('lets the statements of rows through', async () => {
    for (const text of allowed) {
      const result = await run(text);
      expect(Array.isArray(result) ? text : [text, saidBy(result)]).toBe(text);
      expect([text, JSON.stringify(result)]).not.toEqual([text, expect.stringContaining(secret)]);
    }
  });

  it('refuses writes to side tables as the database does', async () => {
    for (const text of [
      'UPDATE events_ledger_head SET first_provable = 1',
      "INSERT INTO events_ledger_entries (id, row_key, entry) VALUES (9007199254740991, '9', '[]')",
      'DELETE FROM main.events_ledger_tree',
    ])
      expect([text, await run(text)]).toEqual([
        text,
        expect.objectContaining({ code: 'guarantee-violated' }),
      ]);
  });

  it('refuses the character U+0000 wherever it is', async () => {
    for (const text of [
      '\0',
      'SELECT 1\0',
      'SELECT \0 1',
      "SELECT 'a\0b'",
      "UPDATE notes SET body = json_extract('{}', body)\0",
      "UPDATE notes SET body = 'x' WHERE (1 /* \0 */)",
      'DELETE FROM notes -- \0',
    ]) {
      expect([text, codeOf(await run(text))]).toEqual([text, 'statement-failed']);
      expect([text, codeOf(await read(text))]).toEqual([text, 'statement-failed']);
      const asOwner = db.engine.asOwner((owner) => owner.run(text));
      await expect(asOwner).rejects.toMatchObject({ code: 'statement-failed' });
    }
  });

  it('tells no value of a row in an error', async () => {
    const marked = 'own secret-of-a-row';
    await db.session(ann, (s) => sql.raw(`UPDATE notes SET body = '${marked}' || rowid`).execute(s.query));
    for (const text of telling) {
      for (const error of [await run(text), await read(text)]) {
        expect([text, error]).toEqual([text, expect.any(AshlarError)]);
        expect([text, saidBy(error)]).not.toEqual([text, expect.stringMatching(/secret-of-a-row|SECRET/)]);
      }
      const streaming = db.session(ann, async (s) => {
        const compiled = sql.raw(text).compile(s.query);
        for await (const _ of s.query.getExecutor().stream(compiled, 1)) break;
      });
      const streamed = await streaming.catch((error: unknown) => saidBy(error));
      expect([text, streamed]).not.toEqual([text, expect.stringMatching(/secret-of-a-row|SECRET/)]);
    }
  });

  it('refuses a key after which no row can be appended', async () => {
    for (const key of ['9007199254740991', '9223372036854775807', "'9007199254740990'", '9e15'])
      for (const text of [
        `INSERT INTO events (id, note) VALUES (${key}, 'x')`,
        `INSERT INTO events (rowid, note) SELECT ${key}, 'x'`,
        `REPLACE INTO events (oid, note) VALUES (${key}, 'x')`,
        `INSERT INTO changes (id, actor, scope, role, table_name, operation, row_key) VALUES (${key}, 'user:ann', 'ann', 'session', 'x', 'insert', '{}')`,
      ])
        expect([text, codeOf(await run(text))]).toEqual([
          text,
          expect.stringMatching(/^(guarantee-violated|value-invalid)$/),
        ]);
    expect(await run("INSERT INTO events (note) VALUES ('next') RETURNING note")).toEqual([{ note: 'next' }]);
  });

  it('follows a schema that another process changes', async () => {
    const text = 'SELECT name FROM tags';
    expect(await read(text)).toEqual([{ name: 'tag' }]);
    const path = new URL(db.engine.url).pathname;
    if (engine.name === 'sqlite') {
      const other = new Sqlite(path);
      other.exec(
        'CREATE TABLE one (a); CREATE TABLE two (a); DROP TABLE unknown; CREATE TABLE unknown (body TEXT); VACUUM',
      );
      other.close();
    } else
      await db.engine.asOwner((owner) =>
        owner.script('CREATE TABLE one (a); DROP TABLE unknown; CREATE TABLE unknown (body TEXT)'),
      );
    expect(await read(text)).toEqual([{ name: 'tag' }]);
    expect(await run(text)).toEqual([{ name: 'tag' }]);
    for (const name of ['one', 'unknown'])
      expect(codeOf(await run(`SELECT * FROM ${name}`))).toBe('privilege-missing');
  });
});

it('each allowed function is one of SQLite or of Ashlar', () => {
  const database = new Sqlite(':memory:');
  const known = new Set(
    database
      .prepare<[], { name: string }>('SELECT DISTINCT name FROM pragma_function_list')
      .all()
      .map(({ name }) => name),
  );
  database.close();
  // of a newer SQLite, or of a build with more functions
  const elsewhere = new Set(['regexp', 'json_array_insert', 'jsonb_array_insert']);
  expect(
    [...allowedFunctions].filter(
      (name) => !known.has(name) && !name.startsWith('ashlar_') && !elsewhere.has(name),
    ),
  ).toEqual([]);
});
