import { Worker } from 'node:worker_threads';
import { AshlarError } from '../../../errors.js';
import { type ConnectionSettings, cipherSettings } from '../driver/connect.js';
import { sqliteError } from '../driver/errors.js';
import type { FilePlace } from '../file/place.js';
import { bindable } from '../values/codec.js';

type Row = Readonly<Record<string, unknown>>;

interface Question {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** An answer of the thread; answers come in the order of the questions. */
type Answer = { readonly rows: readonly Row[] } | { readonly code: string; readonly message: string };

interface Pending {
  readonly resolve: (rows: readonly Row[]) => void;
  readonly reject: (error: unknown) => void;
}

/** How long it waits for a lock, in milliseconds. */
const lockTimeout = 1_000;

const program = `
const { statSync } = require('node:fs');
const { parentPort, workerData } = require('node:worker_threads');
const { driver, path, identity, key, settings, timeout } = workerData;
const database = new (require(driver))(path, { fileMustExist: true, timeout });
// before the first read, which applies the log that is found by its name
const found = statSync(path, { bigint: true, throwIfNoEntry: false });
if (!found || found.dev + ':' + found.ino !== identity) {
  database.close();
  throw Object.assign(new Error('replaced'), { code: 'REPLACED' });
}
if (key) {
  for (const setting of settings) database.pragma(setting);
  const secret = Buffer.from(key);
  database.key(secret);
  secret.fill(0);
}
for (const setting of ['query_only = 1', 'trusted_schema = 0', 'temp_store = 2', 'mmap_size = 0'])
  database.pragma(setting);
parentPort.on('message', (question) => {
  if (question === null) {
    database.close();
    return parentPort.close();
  }
  try {
    const statement = database.prepare(question.sql);
    const rows = statement.reader ? statement.all(question.parameters) : (statement.run(), []);
    parentPort.postMessage({ rows });
  } catch ({ code = '', message }) {
    parentPort.postMessage({ code, message });
  }
});`;

/**
 * A read-only connection in a worker thread, so that slow queries do not block the event loop. Counting the rows of a
 * large encrypted table takes seconds.
 */
export class ReadThread {
  readonly #worker: Worker;
  readonly #pending: Pending[] = [];
  readonly #ended: Promise<void>;
  readonly #closing = new AbortController();
  #problem: unknown;

  /** @param identity - the device and inode of the file, as `DEVICE:INODE` */
  constructor({ driver, path, key, place }: ConnectionSettings, identity: string) {
    this.#worker = new Worker(program, {
      eval: true,
      // the thread must not get options of this process such as --input-type
      execArgv: [],
      env: {},
      workerData: {
        driver: driver.path,
        path,
        identity,
        key,
        settings: cipherSettings,
        timeout: lockTimeout,
      },
    });
    this.#worker.on('message', (answer: Answer) => {
      const next = this.#pending.shift();
      if ('rows' in answer) next?.resolve(answer.rows.map(withBuffers));
      else next?.reject(sqliteError(Object.assign(new Error(answer.message), { code: answer.code })));
    });
    this.#worker.once('error', (error) => {
      this.#problem = problemOf(error, place);
    });
    this.#ended = new Promise((resolve) =>
      this.#worker.once('exit', () => {
        this.#problem ??= over();
        for (const { reject } of this.#pending) reject(this.#problem);
        resolve();
      }),
    );
  }

  /** Runs a statement after all pending statements have run. Throws an error of {@link sqliteError}. */
  async run(sql: string, parameters: readonly unknown[] = []): Promise<readonly Row[]> {
    const question: Question = { sql, parameters: bindable(parameters) };
    if (this.#problem) throw this.#problem;
    return new Promise((resolve, reject) => {
      this.#pending.push({ resolve, reject });
      this.#worker.postMessage(question);
    });
  }

  /** An abort signal that fires, with the reason for closing, before the transaction ends. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Lets the pending statements finish, then ends the transaction and the thread. */
  async close(reason: AshlarError = over()): Promise<void> {
    this.#problem ??= reason;
    this.#closing.abort(this.#problem);
    this.#worker.postMessage(null);
    await this.#ended;
  }
}

// a thread that finds another file, or none, at its path
const problemOf = (error: Error, place: FilePlace): unknown => {
  try {
    place.assertFile();
    return sqliteError(error);
  } catch (moved) {
    return moved;
  }
};

// a Buffer becomes a Uint8Array between threads
const withBuffers = (row: Row): Row => {
  const bytes = Object.entries(row).filter(([, value]) => value instanceof Uint8Array);
  if (bytes.length === 0) return row;
  return {
    ...row,
    ...Object.fromEntries(bytes.map(([name, value]) => [name, Buffer.from(value as Uint8Array)])),
  };
};

const over = (): AshlarError => new AshlarError('session-ended', { message: 'The snapshot is closed.' });
