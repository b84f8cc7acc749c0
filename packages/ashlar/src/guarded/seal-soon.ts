import type { ToolTransactions } from './types.js';

/** The delay between a commit and sealing in the background, in milliseconds. */
const interval = 200;
/** The most batches of one ledger that one run seals; the next run goes on. */
const mostBatches = 100;

/**
 * Seals the ledgers of a guard after commits of another tool. A failure is ignored: `ashlar ledger verify` seals what was left,
 * and says why it could not be sealed.
 */
export class SealSoon {
  readonly #client: ToolTransactions;
  #statements: readonly string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  constructor(client: ToolTransactions) {
    this.#client = client;
  }

  /** Seals in the background, or before it returns where transactions share a connection. */
  async afterCommit(statements: readonly string[]): Promise<void> {
    if (statements.length === 0) return;
    this.#statements = statements;
    if (!this.#client.isPooled) return this.#all();
    this.#timer ??= setTimeout(() => this.#start(), interval).unref();
  }

  #start(): void {
    const before = this.#running;
    this.#timer = undefined;
    this.#running = Promise.resolve(before).then(() => this.#all());
  }

  async #all(): Promise<void> {
    for (const statement of this.#statements) {
      try {
        await this.#seal(statement);
      } catch {
        // the work of the application is committed, and must not fail because of this
      }
    }
  }

  async #seal(statement: string): Promise<void> {
    for (let batch = 0; batch < mostBatches; batch++) {
      const [row] = await this.#client.transaction(undefined, (_, run) => run(statement, []));
      if (row?.state !== 'more') return;
    }
  }
}
