import fc from 'fast-check';

const oneOf = (...texts: readonly string[]) => fc.constantFrom(...texts);
const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;

const scopedNames = ['notes', 'pages', 'changes'] as const;
// a name as SQLite finds it: in any schema, in each kind of quotes, with comments between its parts
const spelled = (name: string): readonly string[] => [
  name,
  name.toUpperCase(),
  `"${name}"`,
  `[${name}]`,
  `\`${name}\``,
  `'${name}'`,
  ...['main', 'temp', '"main"', '[MAIN]', "'main'"].map((schema) => `${schema}.${name}`),
  `main /* x */ . ${name}`,
  `main--\n.${name}`,
];
const scopedName = oneOf(...scopedNames.flatMap(spelled), 'notes', 'pages', 'changes');
const otherName = oneOf(
  'ashlar_session',
  'main.ashlar_session',
  'ashlar_purge',
  'ashlar_test_database',
  'ashlar_migrations',
  'sqlite_sequence',
  'sqlite_schema',
  'sqlite_temp_schema',
  'sqlite_stat1',
  'sqlite_stat4',
  'sqlite_dbpage',
  'dbstat',
  'pragma_table_info',
  "pragma_table_info('notes')",
  'pragma_database_list',
  "json_each('[1,2]')",
  'generate_series(1, 3)',
  'bytecode',
);

const expression = oneOf(
  'ashlar_scope_text_low()',
  'ashlar_scope_text_high()',
  "sqlite3mc_config('cipher')",
  "load_extension('x')",
  "readfile('x')",
  "writefile('x', 'y')",
  "edit('x')",
  'fts5(1)',
  '(SELECT group_concat(body) FROM notes)',
  '(SELECT group_concat(body) FROM main.notes)',
  '(SELECT sql FROM sqlite_schema LIMIT 1)',
  'randomblob(4)',
  "'*'",
  'NULL',
  'changes()',
);

const condition = fc.oneof(
  oneOf(
    'true',
    '1) OR (1',
    '1 OR 1=1 --',
    '1 /* ',
    "body LIKE 'SECRET%'",
    "body GLOB '*'",
    "client <> 'ann'",
    'rowid > 0',
    'random() % 5 <> 0',
    'EXISTS (SELECT 1 FROM pages)',
    'client IN (SELECT client FROM main.notes)',
  ),
  expression.map((text) => `(${text}) IS NOT NULL`),
);

const columns = oneOf(
  '*',
  'rowid, *',
  'json_group_array(body)',
  'group_concat(client || body)',
  'count(*)',
  '*, row_number() OVER (ORDER BY rowid)',
);

const read = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(columns, scopedName, condition)
      .map(([what, name, where]) => `SELECT ${what} FROM ${name} WHERE ${where}`),
  },
  fc
    .tuple(scopedName, scopedName)
    .map(([a, b]) => `SELECT * FROM ${a} AS a FULL JOIN ${b} AS b ON a.rowid = b.rowid`),
  fc
    .tuple(scopedName, scopedName)
    .map(([a, b]) => `SELECT (SELECT group_concat(b.body) FROM ${b} AS b) FROM ${a} AS a`),
  fc
    .tuple(scopedName, expression)
    .map(([name, text]) => `SELECT t.*, ${text} FROM ${name} AS t ORDER BY ${text}`),
  fc
    .tuple(scopedName, scopedName)
    .map(([a, b]) => `WITH notes AS (SELECT * FROM ${a}) SELECT * FROM notes UNION ALL SELECT * FROM ${b}`),
  fc
    .tuple(scopedName)
    .map(
      ([name]) =>
        `WITH RECURSIVE w (n, x) AS (SELECT 1, '' UNION ALL SELECT n + 1, (SELECT max(body) FROM ${name}) FROM w WHERE n < 3) SELECT * FROM w`,
    ),
  fc
    .tuple(scopedName, oneOf('INTERSECT', 'EXCEPT', 'UNION'))
    .map(([name, how]) => `SELECT id, body FROM ${name} ${how} SELECT id, body FROM notes`),
  fc
    .tuple(scopedName, oneOf('NOT INDEXED', 'INDEXED BY sqlite_autoindex_notes_1'))
    .map(([name, how]) => `SELECT * FROM ${name} ${how}`),
  scopedName.map((name) => `VALUES ((SELECT max(body) FROM ${name}))`),
  scopedName.map((name) => `EXPLAIN QUERY PLAN SELECT * FROM ${name}`),
  scopedName.map((name) => `EXPLAIN SELECT * FROM ${name} WHERE body = 'x'`),
  // errors tell values, too
  scopedName.map((name) => `SELECT json(body) FROM ${name}`),
  scopedName.map((name) => `SELECT json_extract('{}', body) FROM ${name}`),
  scopedName.map((name) => `SELECT abs(-9223372036854775807 - length(body)) FROM ${name}`),
  otherName.map((name) => `SELECT * FROM ${name}`),
  expression.map((text) => `SELECT ${text}`),
);

const write = fc.oneof(
  fc
    .tuple(
      oneOf('ann', 'bob', '*', 'zoe'),
      oneOf('INSERT', 'REPLACE', 'INSERT OR IGNORE', 'INSERT OR REPLACE'),
      expression,
      fc.uuid(),
    )
    .map(
      ([client, verb, text, id]) =>
        `${verb} INTO notes (id, client, body) VALUES (${quoted(id)}, ${quoted(client)}, 'x' || coalesce(${text}, '')) RETURNING *`,
    ),
  fc
    .tuple(oneOf('INSERT', 'REPLACE', 'INSERT OR IGNORE'), scopedName, oneOf('ann', 'bob'))
    .map(
      ([verb, name, client]) =>
        `${verb} INTO notes (id, client, body) SELECT id, ${quoted(client)}, 'x' FROM ${name} WHERE true RETURNING *`,
    ),
  fc
    .tuple(scopedName)
    .map(
      ([name]) =>
        `INSERT INTO notes (id, client, body) SELECT id, 'ann', body FROM ${name} WHERE true ON CONFLICT (id) DO UPDATE SET body = excluded.body || 'u' RETURNING *`,
    ),
  fc
    .tuple(scopedName, condition, expression)
    .map(
      ([name, where, text]) =>
        `UPDATE ${name} SET body = 'y' || coalesce(${text}, '') WHERE ${where} RETURNING *`,
    ),
  fc.tuple(scopedName, condition).map(([name, where]) => `UPDATE ${name} SET client = 'bob' WHERE ${where}`),
  fc
    .tuple(scopedName, condition)
    .map(
      ([name, where]) =>
        `UPDATE OR REPLACE ${name} SET id = (SELECT max(id) FROM notes) WHERE ${where} RETURNING *`,
    ),
  fc
    .tuple(scopedName, scopedName)
    .map(
      ([name, other]) =>
        `UPDATE ${name} AS t SET body = o.body FROM ${other} AS o WHERE o.id <> t.id RETURNING t.*, o.*`,
    ),
  fc.tuple(scopedName, condition).map(([name, where]) => `DELETE FROM ${name} WHERE ${where} RETURNING *`),
  fc
    .tuple(scopedName, scopedName)
    .map(
      ([name, other]) =>
        `WITH o AS (SELECT * FROM ${other}) DELETE FROM ${name} WHERE id IN (SELECT id FROM o) RETURNING *, (SELECT group_concat(body) FROM o)`,
    ),
  oneOf(
    "UPDATE ashlar_session SET scope = '*'",
    "UPDATE main.ashlar_session SET actor = 'user:ceo'",
    'DELETE FROM "ashlar_session"',
    "REPLACE INTO 'ashlar_session' (id, actor, scope) VALUES (1, 'user:ceo', '*')",
    "INSERT INTO ashlar_purge (table_name) VALUES ('notes')",
    "INSERT INTO changes (actor, role, table_name, operation, row_key) VALUES ('user:ceo', 'x', 'notes', 'insert', '{}')",
    "INSERT INTO changes (at, actor, scope, role, table_name, operation, row_key) VALUES ('2026-01-01T00:00:00.000Z', 'user:bob', 'bob', 'x', 'notes', 'insert', '{}')",
    "UPDATE changes SET actor = 'user:ceo'",
    'DELETE FROM changes',
    'UPDATE sqlite_sequence SET seq = 0',
    'DELETE FROM sqlite_schema',
  ),
);

const refused = oneOf(
  'CREATE TEMP TABLE notes (id TEXT, client TEXT, body TEXT)',
  'CREATE TEMP TABLE copied AS SELECT * FROM notes',
  'CREATE TEMP VIEW everything AS SELECT * FROM main.notes',
  "CREATE TEMP TRIGGER tells AFTER INSERT ON main.notes BEGIN UPDATE main.ashlar_session SET scope = '*'; END",
  'CREATE VIRTUAL TABLE temp.words USING fts5 (body, content = notes)',
  'DROP VIEW temp.notes',
  'DROP TRIGGER notes_audited',
  "ATTACH 'file::memory:' AS other",
  'DETACH main',
  'PRAGMA writable_schema = on',
  'PRAGMA recursive_triggers = off',
  'PRAGMA defer_foreign_keys = on',
  'PRAGMA table_info(notes)',
  "VACUUM INTO 'copy.db'",
  'REINDEX',
  'ANALYZE',
  'BEGIN',
  'COMMIT',
  'END',
  'ROLLBACK',
  'SAVEPOINT own',
  'ROLLBACK TO own',
  'SELECT * FROM everything',
  'SELECT * FROM temp.copied',
  'SELECT 1; SELECT * FROM main.notes',
  "SELECT * FROM notes; UPDATE ashlar_session SET scope = '*'",
);

/** Statements that an attacker sends in a session on SQLite. They may fail; none may help. */
export const attackerSqlite: fc.Arbitrary<string> = fc.oneof(
  { weight: 5, arbitrary: read },
  { weight: 4, arbitrary: write },
  { weight: 1, arbitrary: refused },
);
