import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3-multiple-ciphers';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadDriver } from '../../../src/engines/sqlite/driver/driver.js';
import { openBare } from '../../../src/engines/sqlite/file/bare.js';
import { type DatabaseDigest, digestOf } from '../../../src/engines/sqlite/file/digest.js';
import { rawKey as derive } from '../../../src/engines/sqlite/file/key.js';
import { rewriteUnderKey } from '../../../src/engines/sqlite/file/rewrite.js';
import { type Cipher, type CipherVersion, ownCipher } from '../../../src/engines/sqlite/file/sqlcipher.js';
import { failure, otherProcess, rawKey, rows, workplace } from './support.js';

const { file, folder, open } = workplace();
const otherKey = 'cd'.repeat(32);
const raw = `x'${rawKey}'`;
const marker = 'PLAINTEXT-MARKER';

interface Given {
  readonly key?: string;
  readonly cipher?: Cipher;
  readonly encoding?: string;
  readonly pageBytes?: number;
}

/** A database with every kind of object that is hard to copy. */
const rich = (path: string, { key, cipher = ownCipher, encoding, pageBytes }: Given, lines = 300): void => {
  const database = new Database(path);
  if (key !== undefined) {
    database.pragma("cipher = 'sqlcipher'");
    database.pragma(`legacy = ${cipher.version}`);
    database.pragma(`legacy_page_size = ${cipher.pageBytes}`);
    database.key(Buffer.from(key));
  }
  if (pageBytes !== undefined) database.pragma(`page_size = ${pageBytes}`);
  if (encoding !== undefined) database.pragma(`encoding = '${encoding}'`);
  database.exec(`
    CREATE TABLE heap (body, n REAL);
    CREATE TABLE loud (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL UNIQUE, CHECK (body <> 'no'));
    CREATE TABLE "odd ""name" (rowid TEXT, oid TEXT, "a b" BLOB, "select" INTEGER GENERATED ALWAYS AS (length("a b")) STORED,
      twice TEXT AS (rowid || oid)) STRICT;
    CREATE TABLE flat (a TEXT, b INTEGER, PRIMARY KEY (b DESC, a)) STRICT, WITHOUT ROWID;
    CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES loud (id) DEFERRABLE INITIALLY DEFERRED);
    CREATE VIRTUAL TABLE words USING fts5(body);
    CREATE VIEW seen AS SELECT count(*) AS n FROM heap;
    CREATE INDEX heap_n ON heap (n) WHERE n > 1;
    CREATE INDEX loud_expression ON loud (lower(body) COLLATE NOCASE);
  `);
  const insert = database.prepare('INSERT INTO heap (rowid, body, n) VALUES (?, ?, ?)');
  const body = database.prepare('INSERT INTO loud (body) VALUES (?)');
  const flat = database.prepare('INSERT INTO flat VALUES (?, ?)');
  database.transaction(() => {
    for (let n = 1; n <= lines; n++) {
      insert.run(n * 7 - 1000, n % 3 === 0 ? Buffer.alloc(n % 5000, n) : `${marker} é😀 ${n}`, n / 3);
      body.run(`${marker} ${n}`);
      flat.run(`f${n}`, n);
    }
  })();
  database.exec(`
    INSERT INTO heap (rowid, body) VALUES (9007199254740993, 9223372036854775807), (-5, NULL);
    DELETE FROM loud WHERE id > ${lines - 5};
    INSERT INTO "odd ""name" (rowid, oid, "a b") VALUES ('x', 'y', x'0001'), ('', '', NULL);
    INSERT INTO words VALUES ('${marker} searched for');
    CREATE TRIGGER loud_insert AFTER INSERT ON loud BEGIN DELETE FROM heap; END;
    CREATE TRIGGER heap_insert BEFORE INSERT ON heap BEGIN SELECT RAISE(ABORT, 'not again'); END;
    ANALYZE;
    PRAGMA user_version = 41;
    PRAGMA application_id = 1634953;
  `);
  database.close();
};

const contents = async (path: string, key?: string, cipher = ownCipher): Promise<DatabaseDigest> => {
  const salt = readFileSync(path).subarray(0, 16);
  const raw = key === undefined ? undefined : await derive(key, salt, cipher.version);
  const database = openBare(await loadDriver(), { path, key: raw, cipher }, 'read');
  try {
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
    return digestOf(database);
  } finally {
    database.close();
  }
};

const pass = 'correct horse';
const old = (version: CipherVersion, pageBytes = 1024): Given => ({
  key: pass,
  cipher: { version, pageBytes },
});

describe('a rewritten database has the same content', () => {
  test.each<[string, Given, string | undefined]>([
    ['from one passphrase to a raw key', { key: pass }, rawKey],
    ['from plain', {}, rawKey],
    ['from plain of other pages', { pageBytes: 1024 }, rawKey],
    ['from plain in UTF-16', { encoding: 'UTF-16le' }, rawKey],
    ['from encrypted in UTF-16', { key: raw, encoding: 'UTF-16be' }, rawKey],
    ['to plain', { key: raw }, undefined],
    ['from SQLCipher 4 of other pages', { ...old(4, 8192), key: raw }, rawKey],
    ['from SQLCipher 3', old(3), rawKey],
    ['from SQLCipher 3 in UTF-16', { ...old(3), encoding: 'UTF-16be' }, rawKey],
    ['from SQLCipher 3 to plain', old(3), undefined],
    ['from SQLCipher 3 with our pages', old(3, 4096), rawKey],
    ['from SQLCipher 2', old(2), rawKey],
    ['from SQLCipher 1', old(1), rawKey],
  ])('%s', async (_, given, key) => {
    const [source, target] = [file(), file()];
    rich(source, given);
    const before = readFileSync(source);
    const expected = await contents(source, given.key, given.cipher);
    expect(Object.keys(expected.rows)).toEqual(expect.arrayContaining(['heap', 'flat', 'sqlite_sequence']));
    await rewriteUnderKey({ path: source, key: given.key, cipher: given.cipher }, { path: target, key });
    expect(await contents(target, key)).toEqual(expected);
    expect(readFileSync(source).equals(before)).toBe(true);
    expect(statSync(target).mode & 0o777).toBe(0o600);
    const bytes = readFileSync(target);
    expect(bytes.includes(marker)).toBe(key === undefined && given.encoding === undefined);
    expect(bytes.subarray(0, 16).equals(before.subarray(0, 16))).toBe(false);
    expect(readdirSync(dirname(target))).toEqual(['test.db']);
    // and works as an ordinary database
    const engine = await open({ path: target, encrypted: key !== undefined, ...(key ? { key } : {}) });
    expect(await rows(engine, "SELECT body FROM words WHERE words MATCH 'searched'")).toHaveLength(1);
  });

  test('for random content', async () => {
    const value = fc.oneof(
      fc.integer(),
      fc.double({ noNaN: true }),
      fc.string({ unit: 'grapheme' }),
      fc.uint8Array({ maxLength: 9000 }).map((bytes) => Buffer.from(bytes)),
      fc.constant(null),
    );
    const row = fc.tuple(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), value, value);
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { maxLength: 40 }),
        fc.constantFrom<Given>({ key: raw }, {}, { ...old(3), key: raw }, { ...old(4, 512), key: raw }),
        fc.array(fc.nat(39)),
        async (all, given, gone) => {
          const [source, target] = [file(), file()];
          rich(source, given, 20);
          const database = openBare(
            await loadDriver(),
            { path: source, key: given.key, cipher: given.cipher },
            'write',
          );
          database.exec('CREATE TABLE anything (a, b)');
          const insert = database.prepare('INSERT OR REPLACE INTO anything (rowid, a, b) VALUES (?, ?, ?)');
          for (const each of all) insert.run(each);
          for (const index of gone)
            if (all[index]) database.prepare('DELETE FROM anything WHERE rowid = ?').run(all[index][0]);
          database.close();
          const { key } = given;
          const expected = await contents(source, key, given.cipher);
          await rewriteUnderKey({ path: source, key, cipher: given.cipher }, { path: target, key: otherKey });
          expect(await contents(target, otherKey)).toEqual(expected);
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe('rewriting a database', () => {
  test('reads the committed rows of another process, also in the write-ahead log, and changes nothing', async () => {
    const path = file();
    rich(path, { key: raw });
    const other = await otherProcess(
      path,
      `db.pragma("cipher='sqlcipher'"); db.pragma('legacy=4'); db.key(Buffer.from("x'${rawKey}'"));
       db.pragma('journal_mode=WAL'); db.exec("CREATE TABLE late (a); INSERT INTO late VALUES (1)");
       db.exec("BEGIN IMMEDIATE; INSERT INTO late VALUES (2)");`,
    );
    const target = join(folder(), 'copy.db');
    await rewriteUnderKey({ path, key: rawKey }, { path: target, key: otherKey });
    expect(existsSync(`${path}-wal`)).toBe(true);
    await other.end();
    expect((await contents(target, otherKey)).rows).toMatchObject({ late: 1 });
    expect(readdirSync(dirname(target))).toEqual(['copy.db']);
  });

  test('leaves no file when it fails, and reports why', async () => {
    const path = file();
    rich(path, { key: pass });
    const target = join(folder(), 'copy.db');
    await failure('key-wrong', () =>
      rewriteUnderKey({ path, key: 'another' }, { path: target, key: rawKey }),
    );
    await failure('key-missing', () => rewriteUnderKey({ path }, { path: target, key: rawKey }));
    await failure('key-invalid', () =>
      rewriteUnderKey({ path, key: pass }, { path: target, key: 'ab'.repeat(31) }),
    );
    await failure('database-missing', () =>
      rewriteUnderKey({ path: `${path}x` }, { path: target, key: rawKey }),
    );
    expect(readdirSync(dirname(target))).toEqual([]);
    const plain = file();
    rich(plain, {});
    await failure('database-not-encrypted', () =>
      rewriteUnderKey({ path: plain, key: pass }, { path: target, key: rawKey }),
    );
    await failure('state-conflict', () => rewriteUnderKey({ path, key: pass }, { path: plain, key: rawKey }));
    await failure('directory-missing', () =>
      rewriteUnderKey({ path, key: pass }, { path: `${target}/no/copy.db`, key: rawKey }),
    );
  });
});
