import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect } from 'vitest';
import type { Engine } from '../../../src/contract/engine.js';
import type { OpenOptions } from '../../../src/contract/open-options.js';
import type { Transaction } from '../../../src/contract/transaction.js';
import { createFoundation } from '../../../src/engines/foundation.js';
import { openSqlite } from '../../../src/engines/sqlite/engine.js';
import type { ErrorCode } from '../../../src/errors.js';
import { AshlarError } from '../../../src/errors.js';
import type { Table } from '../../../src/model/index.js';

export const noContext = { actor: null, scope: null } as const;
export const rawKey = 'ab'.repeat(32);

/** Folders and engines of one test, gone after it. */
export const workplace = () => {
  const engines: Engine[] = [];
  const folders: string[] = [];
  afterEach(async () => {
    for (const engine of engines.splice(0)) await engine.close();
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
  const folder = (): string => {
    const made = mkdtempSync(join(tmpdir(), 'ashlar-sqlite-'));
    folders.push(made);
    return made;
  };
  const file = (): string => join(folder(), 'test.db');
  const open = async (
    options: Partial<OpenOptions> & { path?: string; encrypted?: boolean } = {},
  ): Promise<Engine> => {
    const { path = file(), encrypted = false, ...rest } = options;
    const url = `${encrypted ? 'sqlcipher' : 'sqlite'}:${path}`;
    const engine = await openSqlite({ url, ...rest }, encrypted, path);
    engines.push(engine);
    return engine;
  };
  return { folder, file, open };
};

export const create = async (engine: Engine, tables: readonly Table[]): Promise<void> => {
  engine.register(tables);
  await engine.asOwner(async (owner) => {
    await createFoundation(owner, engine.dialect);
    for (const table of tables)
      for (const statement of engine.dialect.createTable(table)) await owner.run(statement);
  });
};

export const script = (engine: Engine, sql: string): Promise<void> =>
  engine.asOwner((owner) => owner.script(sql));

/** Runs `work` in a transaction and commits it. */
export const write = async <T>(
  engine: Engine,
  work: (transaction: Transaction) => T | Promise<T>,
): Promise<T> => {
  const transaction = await engine.begin({ mode: 'write', ...noContext });
  try {
    const result = await work(transaction);
    await transaction.commit();
    return result;
  } catch (error) {
    await transaction.rollback();
    throw error;
  }
};

export const rows = async (engine: Engine, sql: string, parameters: readonly unknown[] = []) =>
  (await engine.read(sql, parameters)).rows;

/** The AshlarError that `work` throws or rejects with; it has to have this code. */
export const failure = async (code: ErrorCode, work: () => unknown): Promise<AshlarError> => {
  try {
    await work();
  } catch (error) {
    expect(error).toBeInstanceOf(AshlarError);
    expect((error as AshlarError).toJSON()).toMatchObject({ code });
    return error as AshlarError;
  }
  throw new AshlarError('usage', { message: `Expected ${code}, but nothing was thrown.` });
};

const driverPath = createRequire(import.meta.url).resolve('better-sqlite3-multiple-ciphers');

/** Another process with the file open, in which `db` is the driver's connection. Ends when its input does. */
export const otherProcess = async (
  path: string,
  code: string,
): Promise<{ process: ChildProcess; end(): Promise<void> }> => {
  const program = `
    const Database = require(${JSON.stringify(driverPath)});
    const db = new Database(${JSON.stringify(path)});
    ${code}
    console.log('ready');
    process.stdin.on('end', () => process.exit()).resume();`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('exit', (status) =>
      reject(new AshlarError('usage', { message: `The child ended with ${status}.` })),
    );
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    process: child,
    end: async () => {
      child.stdin.end();
      await ended;
    },
  };
};
