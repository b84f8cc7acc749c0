import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import SignalDatabase from '@signalapp/sqlcipher';
import { describe, expect, test } from 'vitest';
import type { Copy } from '../../../src/contract/copies.js';
import type { Engine } from '../../../src/contract/engine.js';
import type { OpenOptions } from '../../../src/contract/open-options.js';
import { examine, sqliteCopies } from '../../../src/engines/sqlite/copies/copies.js';
import { memoryFolder } from '../../../src/engines/sqlite/copies/scratch.js';
import { thisProcess } from '../../../src/files/process.js';
import { failure, otherProcess, rawKey, script, workplace } from './support.js';

const { file, open, folder } = workplace();
const look = async (engine: Engine) => engine.asOwner(({ run }) => run('SELECT x FROM t ORDER BY x'));
const fine = async () => undefined;

const copyOf = (engine: Engine): Promise<Copy> =>
  engine.snapshot(async (snapshot) => {
    const parts: Buffer[] = [];
    for await (const part of snapshot.copy() as AsyncIterable<Buffer>) parts.push(part);
    return { format: snapshot.format, bytes: Readable.from([Buffer.concat(parts)]), key: snapshot.key };
  });

const kinds = [
  { name: 'sqlite', encrypted: false },
  { name: 'sqlcipher', encrypted: true },
] as const;

describe.each(kinds)('a copy of $name', ({ name, encrypted }) => {
  const key = encrypted ? rawKey : undefined;
  const make = async (rows: number, path = file()): Promise<Engine> => {
    const engine = await open({ path, encrypted, key });
    await script(engine, 'CREATE TABLE t (x)');
    for (let n = 1; n <= rows; n++) await script(engine, `INSERT INTO t VALUES (${n})`);
    return engine;
  };
  const at = (path: string, its = key): OpenOptions => ({ url: `${name}:${path}`, key: its });
  const rowsAt = async (path: string, its = key): Promise<number> => {
    const engine = await open({ path, encrypted, key: its, create: false });
    const { length } = await look(engine);
    await engine.close();
    return length;
  };
  const put = (copy: Copy, options: OpenOptions, replace = false) =>
    sqliteCopies.put(options, copy, { check: fine, replace });

  test('is checked without leaving a file', async () => {
    const before = readdirSync(tmpdir()).filter((one) => one.startsWith('ashlar-examine-'));
    const copy = await copyOf(await make(3));
    let during: string[] = [];
    const found = await sqliteCopies.examine({ url: `${name}:nowhere.db` }, copy, async (engine) => {
      during = readdirSync(tmpdir()).filter((one) => one.startsWith(`ashlar-examine-${process.pid}-`));
      await script(engine, 'INSERT INTO t VALUES (9)');
      return look(engine);
    });
    expect(found).toHaveLength(4);
    expect(during).toHaveLength(encrypted ? 1 : 0);
    const after = readdirSync(tmpdir()).filter((one) => one.startsWith('ashlar-examine-'));
    expect(after.filter((one) => !before.includes(one) && one.includes(`-${process.pid}-`))).toEqual([]);
  });

  test('is not changed by a log or journal that was left at its target', async () => {
    // a killed process: its rows are in the log only
    const source = await make(2);
    const copy = await copyOf(source);
    const victim = await make(5);
    const path = file();
    const old = victim.url.slice(name.length + 1);
    for (const ending of ['-wal', '-shm']) copyFileSync(old + ending, path + ending);
    writeFileSync(`${path}-journal`, 'left by another process');
    const error = await failure('restore-target-not-empty', () => put(copy, at(path)));
    expect(error.message).toContain('-wal');
    await put(copy, at(path), true);
    expect(await rowsAt(path)).toBe(2);
    // the log and journal may be all that is left of a database, and are kept
    const kept = readdirSync(dirname(path)).filter((one) => one.includes('.before-'));
    expect(kept.map((one) => one.replace(/\.before-.*/, ''))).toEqual([
      `${basename(path)}-journal`,
      `${basename(path)}-wal`,
    ]);
  });

  test('replaces a database and the files that a killed process left next to it', async () => {
    const copy = await copyOf(await make(2));
    const path = file();
    const victim = await make(5);
    const old = victim.url.slice(name.length + 1);
    for (const ending of ['', '-wal']) copyFileSync(old + ending, path + ending);
    await put(copy, at(path), true);
    expect(await rowsAt(path)).toBe(2);
    expect(readdirSync(dirname(path))).toEqual([basename(path)]);
  });

  test('leaves the target unchanged, log included, if the check fails', async () => {
    const copy = await copyOf(await make(2));
    const path = file();
    const victim = await make(5);
    const old = victim.url.slice(name.length + 1);
    for (const ending of ['', '-wal']) copyFileSync(old + ending, path + ending);
    const refused = new Error('no');
    const check = async () => Promise.reject(refused);
    await expect(sqliteCopies.put(at(path), copy, { check, replace: true })).rejects.toBe(refused);
    expect(await rowsAt(path)).toBe(5);
    expect(readdirSync(dirname(path))).toEqual([basename(path)]);
  });

  test('locks the target while it is restored', async () => {
    const copy = await copyOf(await make(2));
    const path = file();
    await (await make(5, path)).close();
    let inside: string | undefined;
    await sqliteCopies.put(at(path), copy, {
      replace: true,
      check: async () => {
        inside = await open({ path, encrypted, key, lockTimeout: 100 }).then(
          () => 'opened',
          (error: unknown) => (error as { code: string }).code,
        );
      },
    });
    expect(inside).toBe('database-locked');
    expect(await rowsAt(path)).toBe(2);
  });

  test('does not replace a database that was created during the check', async () => {
    for (const replace of [false, true]) {
      const copy = await copyOf(await make(2));
      const path = file();
      const putting = sqliteCopies.put(at(path), copy, {
        replace,
        check: async () => {
          await make(7, path);
        },
      });
      await failure('restore-target-not-empty', () => putting);
      expect(await rowsAt(path)).toBe(7);
      expect(readdirSync(dirname(path)).filter((name) => name.includes('restoring'))).toEqual([]);
    }
  });

  test('is refused if it has another format, or is damaged', async () => {
    const source = await make(500);
    const other = encrypted ? `sqlite:${file()}` : `sqlcipher:${file()}`;
    await failure('copy-unfit', async () => put(await copyOf(source), { url: other, key: rawKey }));
    const whole = await copyOf(source);
    const bytes: Buffer[] = [];
    for await (const part of whole.bytes as AsyncIterable<Buffer>) bytes.push(part);
    const broken = Buffer.concat(bytes);
    broken.fill(0x5a, 4096 + 10, 4096 + 200);
    const copy = (): Copy => ({ ...whole, bytes: Readable.from([Buffer.from(broken)]) });
    const path = file();
    await failure('database-corrupt', () => put(copy(), at(path)));
    expect(existsSync(path)).toBe(false);
    expect(readdirSync(dirname(path))).toEqual([]);
    await failure('database-corrupt', () => sqliteCopies.examine(at(path), copy(), fine));
  });

  test('does not replace a file that cannot be opened, which may be the only copy of its data', async () => {
    const copy = await copyOf(await make(2));
    const path = file();
    writeFileSync(path, Buffer.alloc(8192, 'damaged'));
    const before = readFileSync(path);
    await expect(put(copy, at(path), true)).rejects.toMatchObject({
      suggestion: expect.stringContaining('Move'),
    });
    expect(readFileSync(path).equals(before)).toBe(true);
    renameSync(path, join(folder(), 'aside.db'));
    await put(copy, at(path), true);
    expect(await rowsAt(path)).toBe(2);
  });

  test('does not replace a database that another process has open', async () => {
    const copy = await copyOf(await make(2));
    const path = file();
    await (await make(5, path)).close();
    const keyed = encrypted
      ? `db.pragma("cipher = 'sqlcipher'"); db.pragma('legacy = 4'); db.key(Buffer.from("x'${rawKey}'"));`
      : '';
    const other = await otherProcess(path, `${keyed} db.prepare('SELECT count(*) FROM t').get();`);
    await failure('database-locked', () => put(copy, at(path), true));
    await other.end();
    await put(copy, at(path), true);
    expect(await rowsAt(path)).toBe(2);
  });
});

describe('a copy of a plain file that is too large for an image', () => {
  const image = 1_000;
  const large = async (): Promise<Copy> => {
    const source = await open({});
    await script(source, 'CREATE TABLE t (x); INSERT INTO t VALUES (1), (2)');
    const copy = await copyOf(source);
    return { ...copy, size: image + 1 };
  };
  const scratch = () => readdirSync('/dev/shm').filter((one) => one.startsWith('ashlar-examine-'));

  test('is checked on a memory file system if there is one, without leaving a file', async () => {
    const options = { url: 'sqlite:nowhere.db' };
    const copy = await large();
    if ((await memoryFolder(2 * image)) === undefined) {
      await failure('copy-unfit', () => examine(options, copy, look, image));
      return;
    }
    const { pid } = spawnSync(process.execPath, ['--version']);
    const left = `/dev/shm/ashlar-examine-${pid}-0-${thisProcess().namespace}-left`;
    mkdirSync(left);
    const own = () => scratch().filter((one) => one.includes(`-${process.pid}-`));
    const work = async (engine: Engine) => {
      const [folder = ''] = own();
      expect(statSync(join('/dev/shm', folder)).mode & 0o777).toBe(0o700);
      await script(engine, 'INSERT INTO t VALUES (9)');
      return look(engine);
    };
    expect(await examine(options, copy, work, image)).toHaveLength(3);
    expect(own()).toEqual([]);
    expect(existsSync(left)).toBe(false);
  });

  test('is refused if the memory file system has no room for it', async () => {
    expect(await memoryFolder(2 ** 52)).toBeUndefined();
    const copy = { ...(await large()), size: 2 ** 52 };
    await failure('copy-unfit', () => examine({ url: 'sqlite:nowhere.db' }, copy, look));
    // also if its size was not known before
    const lying = { ...(await large()), size: 10 };
    await failure('copy-unfit', () => examine({ url: 'sqlite:nowhere.db' }, lying, look, image));
  });
});

describe('a copy of an encrypted file', () => {
  test('is re-encrypted under the key of its target', async () => {
    const source = await open({ encrypted: true, key: rawKey });
    await script(source, 'CREATE TABLE t (x); INSERT INTO t VALUES (1)');
    for (const key of ['a passphrase of today', 'cd'.repeat(32), rawKey]) {
      const path = file();
      await sqliteCopies.put({ url: `sqlcipher:${path}`, key }, await copyOf(source), {
        check: fine,
        replace: false,
      });
      const engine = await open({ path, encrypted: true, key, create: false });
      expect(await look(engine)).toEqual([{ x: 1 }]);
      expect(readdirSync(dirname(path)).filter((one) => one.startsWith('.'))).toEqual([]);
      if (key !== rawKey) await failure('key-wrong', () => open({ path, encrypted: true, key: rawKey }));
    }
  });

  test('opens in another SQLCipher build', async () => {
    const source = await open({ encrypted: true, key: rawKey });
    await script(source, 'CREATE TABLE t (x); INSERT INTO t VALUES (42)');
    const { bytes, key } = await copyOf(source);
    const path = file();
    writeFileSync(
      path,
      await bytes.reduce<Buffer>((all, part: Buffer) => Buffer.concat([all, part]), Buffer.alloc(0)),
    );
    const theirs = new SignalDatabase(path);
    theirs.pragma(`key = "${key}"`);
    expect(theirs.pragma('cipher_integrity_check')).toEqual([]);
    expect(theirs.prepare('SELECT x FROM t').get()).toEqual({ x: 42 });
    theirs.close();
  });
});
