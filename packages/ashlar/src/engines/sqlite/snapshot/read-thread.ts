import { Worker } from 'node:worker_threads';
import { AshlarError } from '../../../errors.js';
import { type ConnectionSettings, cipherSettings } from '../driver/connect.js';
import { sqliteError } from '../driver/errors.js';
import { bindable } from '../values/codec.js';

type Row = Readonly<Record<string, unknown>>;

interface Question {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** What the thread answers, in the order of the questions. */
type Answer = { readonly rows: readonly Row[] } | { readonly code: string; readonly message: string };

interface Asked {
  readonly resolve: (rows: readonly Row[]) => void;
  readonly reject: (error: unknown) => void;
}

/** How long it waits for a lock: it keeps nobody but itself. */
const patience = 1_000;

const program = `
const { parentPort, workerData } = require('node:worker_threads');
const { driver, path, key, settings, timeout } = workerData;
const database = new (require(driver))(path, { fileMustExist: true, timeout });
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
 * A connection that only reads, in a thread of its own: counting the rows of a large encrypted table takes seconds, and
 * everybody else goes on meanwhile.
 */
export class ReadThread {
  readonly #worker: Worker;
  readonly #asked: Asked[] = [];
  readonly #ended: Promise<void>;
  readonly #closing = new AbortController();
  #problem: unknown;

  constructor({ driver, path, key }: ConnectionSettings) {
    this.#worker = new Worker(program, {
      eval: true,
      // options of this process, --input-type among them, are not the thread's
      execArgv: [],
      env: {},
      workerData: {
        driver: driver.path,
        path,
        key,
        settings: cipherSettings,
        timeout: patience,
      },
    });
    this.#worker.on('message', (answer: Answer) => {
      const asked = this.#asked.shift();
      if ('rows' in answer) asked?.resolve(answer.rows.map(withBuffers));
      else asked?.reject(sqliteError(Object.assign(new Error(answer.message), { code: answer.code })));
    });
    this.#worker.once('error', (error) => {
      this.#problem = sqliteError(error);
    });
    this.#ended = new Promise((resolve) =>
      this.#worker.once('exit', () => {
        this.#problem ??= over();
        for (const { reject } of this.#asked) reject(this.#problem);
        resolve();
      }),
    );
  }

  /** Runs one statement after those that were asked for before. Throws what {@link sqliteError} makes of it. */
  async run(sql: string, parameters: readonly unknown[] = []): Promise<readonly Row[]> {
    const question: Question = { sql, parameters: bindable(parameters) };
    if (this.#problem) throw this.#problem;
    return new Promise((resolve, reject) => {
      this.#asked.push({ resolve, reject });
      this.#worker.postMessage(question);
    });
  }

  /** Aborted before its transaction ends; the reason is why. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Ends its transaction too, when what was asked for is answered. */
  async close(reason: AshlarError = over()): Promise<void> {
    this.#problem ??= reason;
    this.#closing.abort(this.#problem);
    this.#worker.postMessage(null);
    await this.#ended;
  }
}

// between threads a Buffer becomes a plain array of bytes
const withBuffers = (row: Row): Row => {
  const bytes = Object.entries(row).filter(([, value]) => value instanceof Uint8Array);
  if (bytes.length === 0) return row;
  return {
    ...row,
    ...Object.fromEntries(bytes.map(([name, value]) => [name, Buffer.from(value as Uint8Array)])),
  };
};

const over = (): AshlarError =>
  new AshlarError('session-ended', { message: 'The moment that was read is over.' });
