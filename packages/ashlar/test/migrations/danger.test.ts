import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { wills } from '../../../../systems/wills/src/index.js';
import { type Place, server } from '../../../../test/support/engines.js';
import type { Guarantee, GuaranteeObject, GuardedTable } from '../../src/contract/guarantee.js';
import type { SqlName } from '../../src/contract/sql.js';
import { appendOnly } from '../../src/guarantees/append-only/append-only.js';
import { auditTrail } from '../../src/guarantees/audited/trail.js';
import { keyring } from '../../src/guarantees/keyring/keyring.js';
import { ledgered } from '../../src/guarantees/ledgered/ledgered.js';
import { scoped } from '../../src/guarantees/scoped/scoped.js';
import { type Danger, findDangers } from '../../src/migrations/danger/find-dangers.js';
import { guardChangeRules } from '../../src/migrations/danger/guard-changes.js';
import { dangerRules } from '../../src/migrations/danger/rules.js';
import type { StepMode } from '../../src/migrations/directives.js';
import { readSteps } from '../../src/migrations/steps.js';
import { id, sideObjects, table, view } from '../../src/model/index.js';
import { tokenise } from '../../src/sql/lexer.js';
import { splitStatements } from '../../src/sql/statements.js';
import { postgresSamples, sampleTables, sqliteSamples } from './danger-samples.js';

const own: Guarantee = {
  kind: 'guarantee',
  name: 'own',
  summary: 'Has an index and a function.',
  sqlite: { level: 'enforced', objects: () => [{ type: 'index', name: 'versions_of', sql: '' }] },
  postgres: {
    level: 'enforced',
    objects: () => [
      { type: 'index', name: 'versions_of', sql: '' },
      { type: 'function', name: 'entries_append_only', sql: '' },
    ],
  },
};

const tables: readonly GuardedTable[] = [
  auditTrail('trail'),
  keyring('keys'),
  table('entries', { id: id() }, () => [appendOnly(), ledgered(), own]),
  table('scoped', { id: id(), owner: z.string() }, (c) => [scoped(c.owner)]),
];

const columns = { id: z.uuid() };
const all = view({
  name: 'all_rows',
  columns,
  definer: 'the report reads every scope',
  sqlite: 'SELECT 1',
  postgres: 'SELECT 1',
});
const invoking = view({ name: 'own_rows', columns, sqlite: 'SELECT 1', postgres: 'SELECT 1' });

const dangersOf = (
  text: string,
  dialect: SqlName = 'postgres',
  mode: StepMode = 'transaction',
): readonly Danger[] =>
  findDangers(
    {
      kind: 'sql',
      file: 'up.sql',
      text,
      statements: splitStatements(text, dialect),
      mode,
      irreversible: false,
      contract: false,
      omits: [],
    },
    dialect,
    new Set(),
    { tables: Object.fromEntries(tables.map((one) => [one.name, one])), views: { all, own: invoking } },
  );

/** Writes a statement in other ways that mean the same. */
const spellings = (sql: string, dialect: SqlName): readonly string[] => {
  const tokens = tokenise(sql, dialect);
  const isWord = (kind: string): boolean => kind === 'word';
  const each = (write: (text: string, kind: string) => string): string =>
    tokens.map(({ text, kind }) => write(text, kind)).join('');
  const quote = /\bnotes\b/.test(sql) ? [each((text) => (text === 'notes' ? '"notes"' : text))] : [];
  return [
    sql,
    each((text, kind) => (isWord(kind) ? text.toLowerCase() : text)),
    each((text, kind) => (isWord(kind) ? text.toUpperCase() : text)),
    each((text, kind) => (kind === 'space' ? ' /* DROP; */ -- CONCURRENTLY\n\t' : text)),
    ...quote,
  ];
};

const schemaOf: Readonly<Record<SqlName, string>> = { sqlite: 'main', postgres: 'shop' };
const named = /\b(TABLE|ONLY|FROM|ON|INTO|UPDATE|TRUNCATE|LOCK) notes\b/g;
const prefixed = (sql: string, dialect: SqlName): readonly string[] =>
  named.test(sql) ? [sql.replace(named, `$1 ${schemaOf[dialect]}.notes`)] : [];

const samplesOf = { sqlite: sqliteSamples, postgres: postgresSamples };

describe.each(['sqlite', 'postgres'] as const)('the rules of %s', (dialect) => {
  const rules = dangerRules.filter(({ dialects }) => dialects.includes(dialect));

  test('have samples, each', () => {
    expect(Object.keys(samplesOf[dialect]).sort()).toEqual(rules.map(({ id: name }) => name).sort());
    expect(new Set(rules.map(({ id: name }) => name)).size).toBe(rules.length);
  });

  test.each(Object.entries(samplesOf[dialect]))(
    '%s: finds it in every spelling, and not the safe way',
    (rule, samples) => {
      const { bad, good, mode = 'transaction' } = samples;
      const found = (sql: string): boolean =>
        dangersOf(sql, dialect, mode).some((danger) => danger.rule === rule);
      for (const sql of bad) {
        const missed = [...spellings(sql, dialect), ...prefixed(sql, dialect)].filter((each) => !found(each));
        expect(missed).toEqual([]);
      }
      for (const sql of good) expect(spellings(sql, dialect).filter(found)).toEqual([]);
    },
  );
});

/** The subjects of the rules of squawk, a widely used lint of PostgreSQL migrations, and what covers each. */
const subjects: Readonly<Record<string, readonly string[]>> = {
  'a column with a default': ['volatile-default', 'add-stored'],
  'a foreign key': ['foreign-key-all-rows', 'add-column-constraint'],
  'a column that becomes required': ['set-not-null'],
  'a new required column': ['add-required'],
  'a new numbered key': ['add-serial'],
  'a constraint of a domain': ['domain-constraint', 'create-domain'],
  'char(n)': ['fixed-char'],
  'a concurrent index in a transaction': ['concurrently-in-transaction'],
  'a dropped column': ['drop-column'],
  'a dropped database': ['drop-database'],
  'a column that becomes nullable': ['drop-not-null'],
  'a dropped table': ['drop-table', 'drop-cascade'],
  'TRUNCATE … CASCADE': ['truncate', 'truncate-cascade'],
  'a transaction that is not committed, or nested': ['transaction'],
  'a changed type': ['change-type'],
  'a constraint without NOT VALID': ['check-all-rows', 'validate-at-once'],
  'a unique constraint': ['unique-constraint'],
  'a name that is too long': ['long-name'],
  'a key of 32 or 16 bits': ['small-key'],
  'a column of 32 or 16 bits': ['small-integer'],
  serial: ['serial'],
  'VACUUM FULL and CLUSTER': ['rewrite-table'],
  'statements that cannot be repeated': ['not-repeatable', 'concurrently-if-not-exists'],
  'varchar(n)': ['varchar'],
  'timestamp without a time zone': ['timestamp'],
  'a renamed column': ['rename-column'],
  'a renamed table': ['rename-table'],
  'an index that is not built concurrently': ['create-index'],
  'an index that is not dropped concurrently': ['drop-index'],
  REINDEX: ['reindex'],
  'a partition that is not detached concurrently': ['detach-partition'],
  'the order of an enum': ['enum-order'],
  'a schema in a name': ['names-schema'],
  timeouts: ['timeouts'],
  'dropped constraints, triggers, policies, functions, types': [
    'drop-constraint',
    'drop-trigger',
    'drop-policy',
    'drop-function',
    'drop-type',
  ],
  'disabled triggers and row-level security': ['disable-trigger', 'row-security-off', 'alter-policy'],
  'options of a server, database, role, function, view': [
    'rewrites-others',
    'definer-function',
    'view-invoker-off',
    'owner',
  ],
  'defaults, identities, expressions': ['drop-default', 'change-expression'],
};

test.each(Object.entries(subjects))('the subject "%s" has a rule', (_, rules) => {
  const known = dangerRules.map(({ id: name }) => name);
  expect(rules.filter((rule) => !known.includes(rule))).toEqual([]);
});

/** What makes an object of a guarantee keep nothing, by its kind. */
const sabotages = (dialect: SqlName, { type, name }: GuaranteeObject): readonly string[] => {
  const on = dialect === 'postgres' ? ' ON entries' : '';
  switch (type) {
    case 'trigger':
      return [
        `DROP TRIGGER ${name}${on}`,
        `DROP TRIGGER IF EXISTS "${name}"${on}`,
        ...(dialect === 'postgres'
          ? [
              `ALTER TABLE entries DISABLE TRIGGER ${name}`,
              `ALTER TRIGGER ${name} ON entries RENAME TO x`,
              `CREATE OR REPLACE TRIGGER ${name} AFTER UPDATE ON entries FOR EACH ROW WHEN (false) EXECUTE FUNCTION f()`,
              `DROP TRIGGER ${name} ON entries; CREATE TRIGGER ${name} BEFORE UPDATE ON entries FOR EACH ROW EXECUTE FUNCTION f()`,
            ]
          : [
              `DROP TRIGGER ${name}; CREATE TRIGGER ${name} BEFORE UPDATE ON entries WHEN 0 BEGIN SELECT 1; END`,
            ]),
      ];
    case 'function':
      return [
        `CREATE OR REPLACE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$`,
        `DROP FUNCTION ${name}()`,
        `DROP ROUTINE IF EXISTS ${name}`,
        `ALTER FUNCTION ${name}() RENAME TO x`,
        `ALTER FUNCTION ${name}() SECURITY INVOKER`,
        `ALTER FUNCTION ${name}() SET search_path = x`,
      ];
    case 'table':
      return [
        `DROP TABLE ${name}`,
        `DELETE FROM ${name} WHERE 1 = 1`,
        `UPDATE ${name} SET x = 1 WHERE 1 = 1`,
        `INSERT INTO ${name} VALUES (1)`,
        `WITH x AS (SELECT 1) DELETE FROM ${name} WHERE x = 1`,
        `ALTER TABLE ${name} RENAME TO x`,
      ];
    case 'policy':
      return [`DROP POLICY ${name} ON scoped`, `ALTER POLICY ${name} ON scoped TO x`];
    case 'index':
      return [`DROP INDEX ${name}`];
    default:
      return [];
  }
};

describe.each(['sqlite', 'postgres'] as const)('the objects of the guarantees on %s', (dialect) => {
  const objects = tables.flatMap((one) => sideObjects(one, dialect));

  test('are pointed out in each statement that makes one keep nothing', () => {
    const statements = objects.flatMap((object) => sabotages(dialect, object));
    expect(statements.length).toBeGreaterThan(40);
    const missed = statements.filter(
      (sql) => !dangersOf(sql, dialect).some(({ kind }) => kind === 'guarantee' || kind === 'program'),
    );
    expect(missed).toEqual([]);
  });

  test('give no false alarm in the form that the declaration has', () => {
    const rules = new Set(guardChangeRules.map(({ id: name }) => name));
    const found = objects.flatMap(({ sql }) => dangersOf(sql, dialect).filter(({ rule }) => rules.has(rule)));
    expect(found.map(({ code }) => code)).toEqual([]);
  });
});

test('a table replaced in a rebuild is copied, not lost', () => {
  const rebuild = `CREATE TABLE new_notes (a); INSERT INTO new_notes SELECT a FROM notes;
    DROP TABLE notes; ALTER TABLE new_notes RENAME TO notes;`;
  expect(dangersOf(rebuild, 'sqlite', 'rebuild').map(({ why }) => why)).toEqual([
    expect.stringMatching(/copies notes row by row/),
  ]);
});

/** From the weakest to the strongest. */
const locks = [
  'AccessShareLock',
  'RowShareLock',
  'RowExclusiveLock',
  'ShareUpdateExclusiveLock',
  'ShareLock',
  'ShareRowExclusiveLock',
  'ExclusiveLock',
  'AccessExclusiveLock',
];

describe.each(server)('the rules about locks, compared with a server: $name', ({ place: newPlace }) => {
  let place: Place;
  let client: pg.Client;
  beforeAll(async () => {
    place = await newPlace();
    client = new pg.Client(place.url);
    await client.connect();
    await client.query(sampleTables);
  });
  afterAll(async () => {
    await client.end();
    await place.remove();
  });

  const claiming = dangerRules.filter(
    ({ lock, dialects }) => lock !== undefined && dialects.includes('postgres'),
  );

  test.each(claiming.map((rule) => [rule.id, rule] as const))(
    '%s takes the lock that it names',
    async (name, rule) => {
      const { bad, before, on = 'notes' } = postgresSamples[name] ?? { bad: [] };
      try {
        if (before !== undefined) await client.query(before);
        const file = 'SELECT pg_relation_filenode($1::regclass) AS file';
        const oid = (await client.query('SELECT $1::regclass::oid AS oid', [on])).rows[0].oid;
        const [fileBefore] = (await client.query(file, [on])).rows;
        await client.query('BEGIN');
        await client.query(bad[0] ?? '');
        const held = await client.query(
          'SELECT mode FROM pg_locks WHERE relation = $1 AND pid = pg_backend_pid()',
          [oid],
        );
        const strongest = held.rows
          .map(({ mode }) => mode as string)
          .sort((a, b) => locks.indexOf(b) - locks.indexOf(a));
        expect(strongest[0]).toBe(rule.lock);
        if (rule.rewrites) {
          const after = await client.query('SELECT pg_relation_filenode($1::oid) AS file', [oid]);
          expect(after.rows[0]).not.toEqual(fileBefore);
        }
      } finally {
        await client.query('ROLLBACK');
        await client.query(
          'DROP TABLE IF EXISTS notes, parents, months, month, base CASCADE; DROP MATERIALIZED VIEW IF EXISTS counts; DROP FUNCTION IF EXISTS f()',
        );
        await client.query(sampleTables);
      }
    },
  );
});

describe.each(['docuvault', 'experts', 'shipping', 'sophia', 'wills'])('the steps of %s', (name) => {
  test.each(['sqlite', 'postgres'] as const)(
    'have no false alarm where they create tables, on %s',
    async (dialect) => {
      const folder = new URL(`../../../../systems/${name}/migrations/`, import.meta.url);
      const newTables = new Set<string>();
      const [first] = await readSteps(folder, dialect);
      // a declaration chooses the width of its integers
      const tables = name === 'wills' ? wills.tables : {};
      expect(first && findDangers(first.up, dialect, newTables, { tables })).toEqual([]);
    },
  );
});

describe('a full-text index that is dropped', () => {
  const texts = {
    sqlite: `DROP TRIGGER notes_words_insert; DROP TRIGGER notes_words_update; DROP TRIGGER notes_words_delete;
DROP TABLE notes_words;`,
    postgres: `DROP INDEX notes_words;
ALTER TABLE notes DROP COLUMN ashlar_notes_words;`,
  };
  test.each(['sqlite', 'postgres'] as const)(
    'is named as such, and no value is said to be lost: %s',
    (dialect) => {
      const dangers = dangersOf(texts[dialect], dialect);
      expect(dangers.filter(({ kind }) => kind === 'data' || kind === 'guarantee')).toEqual([]);
      expect(dangers.map(({ why }) => why)).toContain(
        'drops the full-text index notes_words: a program that searches it fails',
      );
    },
  );

  test('another table or column is not', () => {
    for (const sql of [
      'DROP TABLE notes_words;',
      'DROP INDEX notes_words; ALTER TABLE notes DROP COLUMN notes_other;',
    ])
      expect(dangersOf(sql, 'postgres').some(({ kind }) => kind === 'data')).toBe(true);
  });
});
