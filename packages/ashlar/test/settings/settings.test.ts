import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { redactUrl, Secret, settings, withSchema } from '../../src/settings/index.js';
import { logger, traceStatements } from '../../src/settings/log.js';
import { passwordsOf, scrub } from '../../src/settings/redact.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ashlar-settings-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const thrownBy = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};

describe('Secret', () => {
  const secret = new Secret('opensesame');

  test.each([
    ['String', String(secret)],
    ['a template', `${secret}`],
    ['joining', ['', secret].join('')],
    ['JSON', JSON.stringify({ secret })],
    ['inspect', inspect({ deep: { secret } }, { depth: 9, showHidden: true })],
    ['an error', new Error(`cannot open with ${secret}`).stack ?? ''],
    ['a spread', JSON.stringify({ ...secret })],
  ])('does not print through %s', (_, printed) => {
    expect(printed).not.toContain('opensesame');
  });

  test('returns its value with reveal()', () => expect(secret.reveal()).toBe('opensesame'));
});

describe('redactUrl', () => {
  test.each([
    ['postgres://app:s3cret@db.example/shop', 'postgres://app:***@db.example/shop'],
    ['postgres://app:p@ss:w0rd@db/shop?schema=x', 'postgres://app:***@db/shop?schema=x'],
    ['postgres://app@db/shop', 'postgres://app@db/shop'],
    ['postgres://db/shop?user=a&password=b&schema=c', 'postgres://db/shop?user=a&password=***&schema=c'],
    ['sqlite:data/shop.db', 'sqlite:data/shop.db'],
    ['sqlcipher:shop.db?key=abc', 'sqlcipher:shop.db?key=***'],
  ])('%s', (url, redacted) => expect(redactUrl(url)).toBe(redacted));

  test('finds passwords as written and as decoded, so that scrub can remove both', () => {
    const secrets = passwordsOf('postgres://app:p%40ss@db/shop');
    expect(secrets).toEqual(['p%40ss', 'p@ss']);
    expect(scrub('could not log in with p@ss', secrets)).toBe('could not log in with [secret]');
  });
});

describe('settings', () => {
  test('an empty environment is valid', () => {
    expect(settings({}, folder)).toEqual({
      backupDir: 'backups',
      backupKey: undefined,
      backupRecipients: [],
      backupKeep: {},
      databaseUrl: undefined,
      databaseMigrateUrl: undefined,
      databaseKey: undefined,
      databaseSchema: undefined,
      ledgerKey: undefined,
      ledgerPublicKeys: [],
      ledgerCheckpoints: 'ledger-checkpoints',
      logLevel: 'info',
    });
  });

  test('reads .env, and the environment wins over it', () => {
    writeFileSync(join(folder, '.env'), 'DATABASE_URL=sqlite:from-file.db\nLOG_LEVEL=debug\n');
    const read = settings({ LOG_LEVEL: 'error', DATABASE_KEY: '' }, folder);
    expect(read.databaseUrl?.reveal()).toBe('sqlite:from-file.db');
    expect(read.databaseMigrateUrl?.reveal()).toBe('sqlite:from-file.db');
    expect(read.logLevel).toBe('error');
  });

  test('a URL of another program is no fault of the settings: a command may have another one', () => {
    const url = 'prisma+postgres://localhost:51213/?api_key=x';
    expect(settings({ DATABASE_URL: url }, folder).databaseUrl?.reveal()).toBe(url);
  });

  test('the schema becomes part of the URL of a server only', () => {
    const read = settings({ DATABASE_URL: 'postgres://db/shop', DATABASE_SCHEMA: 'wills' }, folder);
    expect(read.databaseUrl?.reveal()).toBe('postgres://db/shop?schema=wills');
    expect(withSchema('postgres://db/shop?schema=own', 'wills')).toBe('postgres://db/shop?schema=own');
    expect(withSchema('sqlite:shop.db', 'wills')).toBe('sqlite:shop.db');
  });

  test('backups have a folder, keys and rules', () => {
    writeFileSync(join(folder, 'backup.key'), '# public key: age1a\nAGE-SECRET-KEY-1X\n');
    const read = settings(
      {
        BACKUP_DIR: '/srv/backups',
        BACKUP_KEY_FILE: join(folder, 'backup.key'),
        BACKUP_RECIPIENT: 'age1a age1b',
        BACKUP_KEEP_LAST: '0',
        BACKUP_KEEP_MONTHLY: '24',
      },
      folder,
    );
    expect(read).toMatchObject({
      backupDir: '/srv/backups',
      backupRecipients: ['age1a', 'age1b'],
      backupKeep: { last: 0, monthly: 24 },
    });
    expect(inspect(read)).not.toContain('AGE-SECRET-KEY');
    expect(read.backupKey?.reveal()).toContain('AGE-SECRET-KEY-1X');
    expect(thrownBy(() => settings({ BACKUP_KEEP_LAST: 'many' }, folder))).toMatchObject({
      code: 'settings-invalid',
    });
  });

  test('the programs of a server can be named in .env', () => {
    writeFileSync(join(folder, '.env'), 'PG_DUMP=/opt/pg/pg_dump\nPG_RESTORE=/opt/pg/pg_restore\n');
    expect(settings({ PG_DUMP: '/other/pg_dump' }, folder)).toMatchObject({
      pgDump: '/other/pg_dump',
      pgRestore: '/opt/pg/pg_restore',
    });
  });

  test('a key can be read from a file, without its line break', () => {
    writeFileSync(join(folder, 'key'), 'correct horse\n');
    expect(settings({ DATABASE_KEY_FILE: join(folder, 'key') }, folder).databaseKey?.reveal()).toBe(
      'correct horse',
    );
  });

  test('no setting prints a password or a key', () => {
    const read = settings(
      { DATABASE_URL: 'postgres://app:s3cret@db/shop', DATABASE_KEY: 'k3y-value' },
      folder,
    );
    for (const printed of [JSON.stringify(read), inspect(read, { depth: 9 }), `${read.databaseUrl}`]) {
      expect(printed).not.toMatch(/s3cret|k3y-value/);
    }
    expect(`${read.databaseUrl}`).toBe('postgres://app:***@db/shop');
  });

  test.each([
    [{ DATABASE_URL: 'no-such-value' }, 'DATABASE_URL'],
    [{ LOG_LEVEL: 'no-such-value' }, 'LOG_LEVEL'],
    [{ DATABASE_SCHEMA: 'No-Such-Value' }, 'DATABASE_SCHEMA'],
    [{ DATABASE_KEY_FILE: '/no-such-value' }, 'DATABASE_KEY_FILE'],
    [{ DATABASE_KEY_FILE: 'no-such-value', DATABASE_KEY: 'no-such-value' }, 'DATABASE_KEY'],
  ])('an error names the variable and never its value: %j', (env, name) => {
    const error = thrownBy(() => settings(env, folder));
    expect(error).toMatchObject({ code: 'settings-invalid', detail: expect.stringContaining(name) });
    expect(JSON.stringify(error).toLowerCase()).not.toContain('no-such-value');
  });
});

describe('logger', () => {
  test('redacts what is secret by name and by kind, and traces statements without parameters', () => {
    const lines: string[] = [];
    const log = logger('trace', { write: (line) => void lines.push(line) });
    log.info({ key: 'k3y', deep: { password: 's3cret' }, other: new Secret('hush') }, 'opened');
    traceStatements(log)?.({
      sql: 'SELECT 1',
      operation: 'SELECT',
      table: undefined,
      milliseconds: 0.12345,
      returned: 1,
      changed: 0,
      error: undefined,
    });
    expect(lines.join('')).not.toMatch(/k3y|s3cret|hush/);
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({ level: 10, sql: 'SELECT 1', ms: 0.123 });
  });

  test('adds no callback where statements are not logged', () => {
    expect(traceStatements(logger('info', { write: () => undefined }))).toBeUndefined();
  });
});

describe('column keys', () => {
  const current = `2:${'ab'.repeat(32)}`;
  const old = `1:${'cd'.repeat(32)}`;

  test('are read from the environment or from files, and never print', () => {
    writeFileSync(join(folder, 'key'), `${current}\n`);
    writeFileSync(join(folder, 'old'), `${old}\n3:${'ef'.repeat(32)}\n`);
    const given = settings({ COLUMN_KEY: current, COLUMN_KEYS_OLD: old }, folder);
    const read = settings(
      { COLUMN_KEY_FILE: join(folder, 'key'), COLUMN_KEYS_OLD_FILE: join(folder, 'old') },
      folder,
    );
    for (const { columnKeys } of [given, read]) {
      expect((columnKeys?.current as Secret | undefined)?.reveal()).toBe(current);
      expect(columnKeys?.old?.map((key) => (key as Secret).reveal())[0]).toBe(old);
      expect(inspect(columnKeys, { depth: 9 })).not.toMatch(/abab|cdcd/);
    }
    expect(read.columnKeys?.old).toHaveLength(2);
    expect(settings({}, folder).columnKeys).toBeUndefined();
  });

  test('old keys need a current key', () => {
    expect(thrownBy(() => settings({ COLUMN_KEYS_OLD: old }, folder))).toMatchObject({
      code: 'settings-invalid',
    });
    expect(thrownBy(() => settings({ COLUMN_KEY: current, COLUMN_KEY_FILE: 'x' }, folder))).toMatchObject({
      code: 'settings-invalid',
    });
  });
});
