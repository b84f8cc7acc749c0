import { publishClause, recordEvent } from '@ashlar/wills';
import Sqlite from 'better-sqlite3-multiple-ciphers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines, type Place } from '../../../test/support/engines.js';
import { type OpenWills, openWills, someClause, supersede } from './support.js';

// INSERT OR REPLACE and rowids exist on SQLite only: sqlite and sqlcipher
const withReplace = engines.filter(({ name }) => name === 'sqlite' || name === 'sqlcipher');

/** Opens a connection without Ashlar and without its pragmas. */
const plainConnection = ({ url, key }: Place) => {
  const database = new Sqlite(url.replace(/^\w+:/, ''));
  if (key) {
    database.pragma("cipher = 'sqlcipher'");
    database.pragma('legacy = 4');
    database.key(Buffer.from(`x'${key}'`));
  }
  database.pragma('foreign_keys = OFF');
  return database;
};

describe.each(withReplace)('a connection without Ashlar on $name', (engine) => {
  let open: OpenWills;
  beforeAll(async () => {
    open = await openWills(engine);
    await open.db.session(async (s) => {
      const { code } = await publishClause(s, someClause());
      await supersede(s, code);
      await recordEvent(s, { event_type: 'a', event_category: 'x' });
    });
  });
  afterAll(() => open.remove());

  const attack = (statement: string): string => {
    const database = plainConnection(open.place);
    try {
      const stored = () =>
        JSON.stringify(
          ['audit_logs', 'clauses'].map((table) =>
            database.prepare(`SELECT rowid, * FROM ${table} ORDER BY rowid`).all(),
          ),
        );
      const before = stored();
      let outcome = 'the statement succeeded';
      try {
        database.exec(statement);
      } catch (error) {
        outcome = String(error);
      }
      expect(stored()).toBe(before);
      return outcome;
    } finally {
      database.close();
    }
  };

  const columns = 'created_at, event_type, event_category';
  it.each([
    ['UPDATE', "UPDATE audit_logs SET event_category = 'forged'"],
    ['UPDATE OR REPLACE', 'UPDATE OR REPLACE audit_logs SET id = (SELECT min(id) FROM audit_logs)'],
    ['DELETE', 'DELETE FROM audit_logs'],
    [
      'REPLACE through the key',
      `REPLACE INTO audit_logs (id, ${columns}) SELECT id, created_at, 'forged', 'x' FROM audit_logs`,
    ],
    [
      'INSERT OR REPLACE through the rowid',
      `INSERT OR REPLACE INTO audit_logs (rowid, id, ${columns}) SELECT rowid, '019a0000-0000-7000-8000-000000000000', created_at, 'forged', 'x' FROM audit_logs`,
    ],
    [
      'an upsert',
      `INSERT INTO audit_logs (id, ${columns}) SELECT id, created_at, 'x', 'x' FROM audit_logs WHERE true ON CONFLICT DO UPDATE SET event_type = 'forged'`,
    ],
  ])('cannot change audit_logs by %s', (_, statement) => {
    expect(attack(statement)).toMatch(/ashlar\/(append-only|ledgered): /);
  });

  const copied = `name, category, template_text, variables_schema, will_types, approved_by, approved_at`;
  const other = "'019a0000-0000-7000-8000-000000000000'";
  it.each([
    ['UPDATE of a current version', "UPDATE clauses SET template_text = 'forged' WHERE is_current"],
    ['UPDATE of an old version', "UPDATE clauses SET template_text = 'forged' WHERE NOT is_current"],
    ['making an old version current', 'UPDATE clauses SET is_current = 1'],
    ['leaving none current', 'UPDATE clauses SET is_current = 0'],
    ['DELETE', 'DELETE FROM clauses WHERE is_current'],
    [
      'REPLACE through the key',
      `REPLACE INTO clauses (id, code, ${copied}) SELECT id, code, 'forged', ${copied.slice(6)} FROM clauses WHERE version = 1`,
    ],
    [
      'REPLACE through code and version',
      `REPLACE INTO clauses (id, code, ${copied}) SELECT ${other}, code, 'forged', ${copied.slice(6)} FROM clauses WHERE version = 1`,
    ],
    [
      'REPLACE through the previous version',
      `REPLACE INTO clauses (id, code, version, previous_version_id, ${copied}) SELECT ${other}, code, version, previous_version_id, 'forged', ${copied.slice(6)} FROM clauses WHERE version = 2`,
    ],
    [
      'REPLACE through the rowid',
      `REPLACE INTO clauses (rowid, id, code, ${copied}) SELECT rowid, ${other}, 'other', 'forged', ${copied.slice(6)} FROM clauses WHERE version = 1`,
    ],
  ])('cannot change clauses by %s', (_, statement) => {
    expect(attack(statement)).toMatch(/ashlar\/versioned: /);
  });
});
