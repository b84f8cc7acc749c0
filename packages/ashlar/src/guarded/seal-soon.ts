import { inOwnTransaction } from './own-transaction.js';
import type { ToolTransactions } from './types.js';

/** The delay between a commit and sealing in the background, in milliseconds. */
const interval = 200;
/** The most batches of one ledger that one run in the background seals; the next run goes on. */
const mostBatches = 100;

/**
 * Seals the ledgers of a guard after commits of another tool. The first failure is a warning of the process: `ashlar ledger verify`
 * seals what was left, and says why it could not be sealed.
 */
export class SealSoon {
  readonly #client: ToolTransactions;
  #statements: readonly string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #hasWarned = false;

  constructor(client: ToolTransactions) {
    this.#client = client;
  }

  /** Seals in the background, or before it returns where transactions may share a connection: then one batch of each ledger. */
  async afterCommit(statements: readonly string[]): Promise<void> {
    if (statements.length === 0) return;
    this.#statements = statements;
    if (!this.#client.isPooled) return this.#all(1);
    this.#timer ??= setTimeout(() => this.#start(), interval).unref();
  }

  #start(): void {
    this.#timer = undefined;
    this.#running = this.#running.then(() => this.#all(mostBatches));
  }

  async #all(batches: number): Promise<void> {
    for (const statement of this.#statements) {
      try {
        await this.#seal(statement, batches);
      } catch (error) {
        // the work of the application is committed, and must not fail because of this
        if (!this.#hasWarned)
          process.emitWarning(`A ledger was not sealed. ${messageOf(error)}`, 'AshlarWarning');
        this.#hasWarned = true;
      }
    }
  }

  async #seal(statement: string, batches: number): Promise<void> {
    for (let batch = 0; batch < batches; batch++) {
      const [row] = await inOwnTransaction(this.#client, (run) => run(statement, []));
      if (row?.state !== 'more') return;
    }
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
