import fc from 'fast-check';

const oneOf = (...texts: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...texts);
const all = (...parts: readonly fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.tuple(...parts).map((texts) => texts.join(' '));

const space = oneOf(' ', ' ', '\n', '/* x */', '-- x\n', '\f', '\uFEFF', '/**/ ');

/** A name as SQLite reads it, in each kind of quotes and cases. */
const spelled = (name: string): fc.Arbitrary<string> =>
  oneOf(name, name.toUpperCase(), `"${name}"`, `[${name}]`, `\`${name}\``, `'${name}'`);

const ofSchema = (name: string): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 3, arbitrary: spelled(name) },
    fc
      .tuple(fc.oneof(spelled('main'), spelled('temp')), space, space, spelled(name))
      .map(([schema, before, after, own]) => `${schema}${before}.${after}${own}`),
  );

const scopedTable = fc.oneof(
  { weight: 12, arbitrary: spelled('notes') },
  { weight: 3, arbitrary: ofSchema('notes') },
  { weight: 2, arbitrary: ofSchema('changes') },
  ofSchema('notes_text'),
  ofSchema('notes_text_content'),
  ofSchema('notes_text_data'),
);
const ownTable = fc.oneof(
  ofSchema('ashlar_session'),
  ofSchema('ashlar_purge'),
  ofSchema('ashlar_test_database'),
  ofSchema('ashlar_migrations'),
  ofSchema('sqlite_sequence'),
  ofSchema('sqlite_schema'),
  ofSchema('sqlite_stat4'),
  ofSchema('events_ledger_head'),
  ofSchema('events_ledger_entries'),
  ofSchema('unknown'),
);
const virtual = oneOf(
  ...[
    "pragma_table_info('notes')",
    'pragma_database_list',
    'pragma_function_list',
    'dbstat',
    'sqlite_dbpage',
  ],
  ...[
    "fts3tokenize('simple', 'a b')",
    "json_each('[1, 2]')",
    "json_tree('{}')",
    'pragma_query_only',
    'sqlite_stmt',
  ],
);
const anyTable = fc.oneof(
  { weight: 9, arbitrary: scopedTable },
  { weight: 1, arbitrary: ownTable },
  { weight: 1, arbitrary: virtual },
  { weight: 1, arbitrary: ofSchema('tags') },
);

const oneOfLines = (lines: string): fc.Arbitrary<string> => oneOf(...lines.trim().split(/\n\s*/));

const plainValue = oneOf('1', 'NULL', "'x'", 'body', 'client', 'id', 'rowid', 'changes()');
const refusedValue = oneOfLines(`
  ?
  last_insert_rowid()
  total_changes()
  sqlite_offset(body)
  fts5(1)
  sqlite3mc_config('cipher', 'aes256cbc')
  sqlite3mc_codec_data('raw_key')
  load_extension('x')
  fts3_tokenizer('simple')
  sqlite_log(1, 'x')`);
/** Functions that put a value into their error. */
const tellingValue = oneOfLines(`
  json_extract('{}', body)
  json('[1' || body)
  '{}' -> ('$' || body)
  ashlar_json(body)
  ashlar_jsonb_text(body)
  json_set('{}', body, 1)
  load_extension(body)
  abs(-9223372036854775808)
  CAST(body AS INTEGER)
  strftime(body)
  unistr(body)
  unhex(body)`);
const plainCondition = oneOf('true', '1', "client <> 'ann'", "body LIKE 'SECRET%'", "body > ''", 'rowid > 0');
const hostileCondition = oneOfLines(`
  1) OR (1
  1 OR 1 --
  1 /*
  1;
  client = 'bob'
  body MATCH 'secret'
  id IN (SELECT id FROM main.notes)`);

const { value, condition, query } = fc.letrec<{ value: string; condition: string; query: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'sql', withCrossShrink: true },
    { weight: 6, arbitrary: plainValue },
    { weight: 1, arbitrary: refusedValue },
    { weight: 1, arbitrary: tellingValue },
    fc.tuple(tie('query')).map(([text]) => `(${text})`),
    fc
      .tuple(oneOf('max', 'group_concat', 'json_group_array', 'hex', 'upper', 'quote'), tie('value'))
      .map(([name, text]) => `${name}(${text})`),
    fc
      .tuple(tie('condition'), tie('value'))
      .map(([test, text]) => `CASE WHEN ${test} THEN ${text} ELSE 0 END`),
  ),
  condition: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'sql', withCrossShrink: true },
    { weight: 5, arbitrary: plainCondition },
    { weight: 1, arbitrary: hostileCondition },
    fc.tuple(tie('value')).map(([text]) => `${text} IS NOT NULL`),
    fc.tuple(tie('condition'), oneOf('AND', 'OR'), tie('condition')).map((texts) => texts.join(' ')),
    fc.tuple(tie('query')).map(([text]) => `EXISTS (${text})`),
  ),
  query: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'sql', withCrossShrink: true },
    all(oneOf('SELECT * FROM', 'SELECT count(*), max(rowid) FROM', 'SELECT rowid, * FROM'), anyTable),
    fc
      .tuple(tie('value'), anyTable, tie('condition'))
      .map(([text, name, test]) => `SELECT ${text} FROM ${name} WHERE ${test}`),
    fc
      .tuple(anyTable, anyTable, oneOf('JOIN', 'LEFT JOIN', 'FULL JOIN', ','))
      .map(([one, other, join]) => `SELECT * FROM ${one} AS a ${join} ${other} AS b`),
    fc
      .tuple(tie('query'), oneOf('UNION ALL', 'EXCEPT', 'INTERSECT'), tie('query'))
      .map((texts) => texts.join(' ')),
    fc
      .tuple(oneOf('notes', 'main', 'x'), tie('query'), anyTable)
      .map(([name, text, other]) => `WITH ${name} AS (${text}) SELECT * FROM ${name}, ${other}`),
    fc.tuple(tie('value'), tie('value')).map((texts) => `VALUES (${texts.join(', ')})`),
    fc
      .tuple(tie('query'), tie('value'))
      .map(([text, order]) => `SELECT * FROM (${text}) ORDER BY ${order} LIMIT 9`),
  ),
}));

const client = oneOf("'ann'", "'ann'", "'bob'", "'*'", 'NULL');
const conflict = oneOf('INSERT', 'REPLACE', 'INSERT OR IGNORE', 'INSERT OR REPLACE', 'INSERT OR ROLLBACK');
const key = oneOf(
  "'019a0000-0000-7000-8000-00000000000a'",
  '(SELECT max(id) FROM notes)',
  'lower(hex(randomblob(16)))',
);

const writable = fc.oneof({ weight: 9, arbitrary: spelled('notes') }, scopedTable);

const write = fc.oneof(
  fc
    .tuple(conflict, writable, key, client, value)
    .map(
      (parts) =>
        `${parts[0]} INTO ${parts[1]} (id, client, body) VALUES (${parts.slice(2).join(', ')}) RETURNING *`,
    ),
  fc
    .tuple(conflict, writable, client, query, value)
    .map(
      ([verb, name, of, from, text]) =>
        `${verb} INTO ${name} (id, client, body) SELECT lower(hex(randomblob(16))), ${of}, 'x' FROM (${from}) WHERE 1 ON CONFLICT DO UPDATE SET body = ${text}`,
    ),
  fc
    .tuple(oneOf('UPDATE', 'UPDATE OR REPLACE', 'UPDATE OR IGNORE'), writable, value, condition)
    .map(
      ([verb, name, text, test]) => `${verb} ${name} SET body = ${text} WHERE ${test} RETURNING *, ${text}`,
    ),
  fc
    .tuple(scopedTable, anyTable, condition)
    .map(([name, other, test]) => `UPDATE ${name} AS t SET body = 'u' FROM ${other} AS o WHERE ${test}`),
  fc
    .tuple(scopedTable, condition, value)
    .map(([name, test, text]) => `DELETE FROM ${name} WHERE ${test} RETURNING ${text}`),
  fc
    .tuple(query, scopedTable)
    .map(([text, name]) => `WITH x AS (${text}) DELETE FROM ${name} WHERE (SELECT count(*) FROM x) >= 0`),
  // tables that no session writes
  fc.tuple(conflict, ownTable).map(([verb, name]) => `${verb} INTO ${name} DEFAULT VALUES`),
  fc
    .tuple(
      oneOf('UPDATE', 'UPDATE OR IGNORE'),
      ownTable,
      oneOf("scope = '*'", "actor = 'user:ceo'", 'seq = 9e18', 'size = 9'),
    )
    .map(([verb, name, set]) => `${verb} ${name} SET ${set}`),
  fc.tuple(ownTable).map(([name]) => `DELETE FROM ${name}`),
  oneOf(
    "INSERT INTO ashlar_session (id, actor, scope) VALUES (1, 'user:ceo', '*') ON CONFLICT DO UPDATE SET scope = '*'",
    "INSERT INTO changes (at, actor, scope, role, table_name, operation, row_key) VALUES (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'), 'user:ceo', 'ann', 'session', 'notes', 'insert', '{}')",
    "INSERT INTO changes (id, actor, scope, role, table_name, operation, row_key) VALUES (9007199254740991, 'user:ann', 'ann', 'session', 'notes', 'insert', '{}')",
    "INSERT INTO events (id, note) VALUES (9007199254740991, 'x')",
    "INSERT INTO events (rowid, note) VALUES (9223372036854775807, 'x')",
    "UPDATE events SET id = 9223372036854775807, note = 'x'",
    "INSERT INTO notes_text (notes_text) VALUES ('delete-all')",
    'INSERT INTO tags SELECT * FROM tags WHERE 0 UNION SELECT id, body FROM main.notes',
    'INSERT OR IGNORE INTO tags SELECT id, body FROM notes_text_content',
    'UPDATE tags SET name = (SELECT group_concat(body) FROM notes)',
    'DELETE FROM events',
  ),
);

const setting = oneOf(
  ...['query_only = OFF', 'foreign_keys = OFF', 'recursive_triggers = OFF', 'ignore_check_constraints = ON'],
  ...['trusted_schema = ON', 'writable_schema = ON', 'cipher = rc4', "rekey = 'x'", 'journal_mode = DELETE'],
);
const other = fc.oneof(
  setting.map((text) => `PRAGMA ${text}`),
  fc
    .tuple(oneOf('EXPLAIN', 'explain query plan', '; EXPLAIN /* x */'), setting)
    .map(([explain, text]) => `${explain} PRAGMA ${text}`),
  fc.tuple(oneOf('EXPLAIN', 'EXPLAIN QUERY PLAN'), fc.oneof(query, write)).map((texts) => texts.join(' ')),
  fc.tuple(query, write).map((texts) => texts.join('; ')),
  fc
    .tuple(fc.oneof(query, write), fc.nat(200))
    .map(([text, at]) => `${text.slice(0, at)}\0${text.slice(at)}`),
  oneOf(
    'CREATE TEMP TABLE notes (id)',
    'CREATE TEMP VIEW everything AS SELECT * FROM main.notes',
    'DROP VIEW temp.notes',
    'DROP TRIGGER notes_audited_insert',
    "ATTACH ':memory:' AS other",
    "VACUUM INTO 'copy.db'",
    'ANALYZE',
    'COMMIT',
    'SAVEPOINT own',
  ),
);

/** Statements that an attacker runs in a session of one scope on SQLite. They may fail; none may help. */
export const attackerStatement: fc.Arbitrary<string> = fc.oneof(
  { weight: 5, arbitrary: query },
  { weight: 5, arbitrary: write },
  { weight: 1, arbitrary: other },
);
