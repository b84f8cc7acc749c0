import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Signal from '@signalapp/sqlcipher';
import Database from 'better-sqlite3-multiple-ciphers';
import { afterEach } from 'vitest';
import { openEngine } from '../../src/engines/open.js';

export const oldKey = '0a'.repeat(32);
export const newKey = '0b'.repeat(32);
/** A text that a file contains only if it has plaintext. */
export const marker = 'PLAINTEXT-MARKER';

/** Creates folders that are removed after each test. */
export const folders = () => {
  const made: string[] = [];
  afterEach(() => {
    for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
  return (): string => {
    const folder = mkdtempSync(join(tmpdir(), 'ashlar-keys-'));
    made.push(folder);
    return folder;
  };
};

const schema = `CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL) STRICT;
  CREATE TABLE heap (body);
  CREATE TRIGGER notes_kept BEFORE DELETE ON notes BEGIN SELECT RAISE(ABORT, 'kept'); END;
  PRAGMA user_version = 5;`;

const rows = (count: number): string =>
  `INSERT INTO notes (body) SELECT '${marker} ' || value FROM
    (WITH RECURSIVE s (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM s LIMIT ${count}) SELECT value FROM s)`;

/** Creates a database with `count` rows. */
export const filled = async (url: string, key: string | undefined, count = 300): Promise<void> => {
  const engine = await openEngine({ url, key });
  await engine.asOwner(async (owner) => {
    await owner.script(schema);
    await owner.script(rows(count));
  });
  await engine.close();
};

/** The same, created by other programs; `key` is a passphrase or `x'…'`. */
export const foreign = {
  plain: (path: string): void => {
    const database = new Database(path);
    database.exec(`${schema};${rows(300)}`);
    database.close();
  },
  ours: (path: string, key: string, version: number): void => {
    const database = new Database(path);
    database.pragma("cipher = 'sqlcipher'");
    database.pragma(`legacy = ${version}`);
    database.key(Buffer.from(key));
    database.exec(`${schema};${rows(300)}`);
    database.close();
  },
  signal: (path: string, key: string, version: number): void => {
    const database = signalOpen(path, key, version);
    database.exec(`${schema};${rows(300)}`);
    database.close();
  },
};

/** Opens a file with another SQLCipher build. */
export const signalOpen = (path: string, key: string, version = 4): Signal => {
  const database = new Signal(path);
  database.pragma(`key = "${key.replaceAll('"', '""')}"`);
  if (version !== 4) database.pragma(`cipher_compatibility = ${version}`);
  return database;
};

/** The number of notes in a file; -1 if it is damaged. */
export const countNotes = async (url: string, key: string | undefined): Promise<number> => {
  const engine = await openEngine({ url, key, create: false });
  try {
    const { rows: found } = await engine.read(
      'SELECT count(*) AS n, (SELECT group_concat(integrity_check) FROM pragma_integrity_check) AS whole FROM notes',
      [],
    );
    return found[0]?.whole === 'ok' ? Number(found[0].n) : -1;
  } finally {
    await engine.close();
  }
};

/** The files in a folder that contain a text. */
export const holding = (folder: string, text: string): string[] =>
  readdirSync(folder).filter((name) => {
    try {
      return readFileSync(join(folder, name)).includes(text);
    } catch {
      return false; // removed since the folder was read
    }
  });

/** The files of a folder while it was watched. */
export interface Seen {
  readonly names: readonly string[];
  /** The files that contained the text at any time. */
  readonly holding: readonly string[];
}

/** Watches a folder for a text in a child process, because reading a database in this one would drop its locks. */
export const watching = async (folder: string, text: string): Promise<() => Promise<Seen>> => {
  const program = `
    const { readdirSync, readFileSync, watch } = require('node:fs');
    const [folder, text] = ${JSON.stringify([folder, text])};
    const seen = { names: new Set(), holding: new Set() };
    const look = () => {
      for (const name of readdirSync(folder)) {
        seen.names.add(name);
        try { if (readFileSync(folder + '/' + name).includes(text)) seen.holding.add(name); } catch {}
      }
    };
    watch(folder, look);
    console.log('ready');
    process.stdin.on('end', () => {
      look();
      console.log(JSON.stringify({ names: [...seen.names], holding: [...seen.holding] }));
      process.exit();
    }).resume();`;
  const watcher = spawn(process.execPath, ['-e', program], { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  watcher.stdout.setEncoding('utf8').on('data', (part: string) => {
    output += part;
  });
  const closed = new Promise<void>((resolve) => watcher.once('close', () => resolve()));
  await new Promise<void>((resolve) => watcher.stdout.once('data', () => resolve()));
  return async () => {
    watcher.stdin.end();
    await closed;
    return JSON.parse(output.slice('ready'.length)) as Seen;
  };
};

const entries = ['extend', 'keys'].map(
  (entry) => new URL(`../../dist/${entry}/index.js`, import.meta.url).href,
);

/** A child process that runs `code` with the exports of `ashlar/extend` and `ashlar/keys`, and prints `begun` right before. */
export const child = async (
  code: string,
): Promise<{ process: ChildProcess; ended: Promise<number | null> }> => {
  const program = `const ashlar = Object.assign({}, ...(await Promise.all(${JSON.stringify(entries)}.map((entry) => import(entry)))));
    console.log('begun'); ${code}`;
  const started = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => started.once('exit', (status) => resolve(status)));
  await new Promise<void>((resolve) => started.stdout.once('data', () => resolve()));
  return { process: started, ended };
};
