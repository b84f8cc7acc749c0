import type { Client, QueryArrayConfig } from 'pg';
import type { Channel, Field, Reply, Request } from '../wire/channel.js';
import { PreparedStatements } from '../wire/prepared-statements.js';
import { type Part, sendPacket } from './packet.js';

/** The parts of pg's connection that its types lack. */
interface PgConnection {
  readonly stream: { cork(): void; uncork(): void };
  readonly parsedStatements: Record<string, string>;
  readonly submittedNamedStatements: Record<string, string>;
  close(message: { type: 'S'; name: string }): void;
}

interface PgResult {
  readonly fields: readonly Field[];
  readonly rows: (string | null)[][];
  readonly command: string | null;
  readonly rowCount: number | null;
}

const replyOf = ({ fields, rows, command, rowCount }: PgResult, inTransaction: boolean): Reply => ({
  fields,
  inTransaction,
  rows,
  command: command ?? '',
  count: rowCount ?? 0,
});

/**
 * A connection of the driver `pg`, in pipeline mode. Statements sent in one turn of the event loop travel in one
 * packet.
 */
export class PgChannel implements Channel {
  readonly client: Client;
  readonly #connection: PgConnection;
  role: string | null | undefined = null;
  readonly #kept: PreparedStatements | undefined;
  #corked = false;
  /** Names that are closed with the next statement: the connection may be lost. */
  #doubtful: string[] = [];

  /** @param isPooled - whether other clients use the connection to the server too: then no statement is kept on it */
  constructor(client: Client, isPooled: boolean) {
    this.client = client;
    this.#kept = isPooled ? undefined : new PreparedStatements();
    this.#connection = client.connection as unknown as PgConnection;
  }

  /** The number of the server's process, as the answer to the startup packet had it. */
  get processId(): number | null {
    return (this.client as unknown as { readonly processID: number | null }).processID;
  }

  async send(request: Request): Promise<Reply> {
    this.#cork();
    const config = this.#config(request);
    return new Promise((resolve, reject) => {
      // the status is read in the turn of the answer: the driver may read those to several statements at once
      this.client.query(config, (error: unknown, result: unknown) => {
        if (error) return reject(error);
        // a text with several statements has several results: return the last
        const last = (Array.isArray(result) ? result.at(-1) : result) as PgResult;
        resolve(replyOf(last, this.client.getTransactionStatus() === 'T'));
      });
    });
  }

  async together(requests: readonly Request[]): Promise<Reply> {
    const last = requests.at(-1);
    if (!last || requests.length === 1) return this.send(last ?? { text: '' });
    this.#cork();
    const before = requests.slice(0, -1).map((request) => this.#part(request));
    const outcome = await sendPacket(this.client, before, this.#config({ values: [], ...last }));
    const failedAt = 'error' in outcome ? outcome.failedAt : requests.length;
    this.#noteNames(requests, before, failedAt);
    if ('error' in outcome) throw outcome.error;
    return replyOf(outcome.result as PgResult, outcome.status === 'T');
  }

  #part({ text, values = [], keep }: Request): Part {
    if (!keep || !this.#kept) return { text, values, name: '', isKnown: false };
    const { parsedStatements, submittedNamedStatements } = this.#connection;
    const name = this.#named(text);
    const isKnown = (parsedStatements[name] ?? submittedNamedStatements[name]) !== undefined;
    if (!isKnown) submittedNamedStatements[name] = text;
    return { text, values, name, isKnown };
  }

  // statements before the one that failed are prepared, and those behind it are not
  #noteNames(requests: readonly Request[], before: readonly Part[], failedAt: number): void {
    const { parsedStatements, submittedNamedStatements } = this.#connection;
    for (const [at, { name, text }] of before.entries()) {
      if (name === '') continue;
      delete submittedNamedStatements[name];
      if (at < failedAt) parsedStatements[name] = text;
      else this.#forget(text, name);
    }
    const last = requests.at(-1);
    if (failedAt < requests.length && last?.keep && this.#kept)
      this.#forget(last.text, this.#named(last.text));
  }

  // it may be prepared or not: the next use gets another name
  #forget(text: string, name: string): void {
    this.#kept?.forget(text);
    delete this.#connection.parsedStatements[name];
    this.#doubtful.push(name);
  }

  #named(text: string): string {
    const { name = '', evicted } = this.#kept?.use(text) ?? {};
    if (evicted) this.#close(evicted);
    return name;
  }

  // unlike DEALLOCATE, Close does not fail for a missing statement
  #close(name: string): void {
    this.#connection.close({ type: 'S', name });
    delete this.#connection.parsedStatements[name];
  }

  #config({ text, values, keep }: Request): QueryArrayConfig {
    if (!keep || !this.#kept) {
      const isExtended = values !== undefined || keep;
      return {
        text,
        rowMode: 'array',
        ...(isExtended ? { values: [...(values ?? [])], queryMode: 'extended' } : {}),
      };
    }
    return { text, name: this.#named(text), rowMode: 'array', values: values ? [...values] : [] };
  }

  #cork(): void {
    if (this.#corked) return;
    this.#corked = true;
    const { stream } = this.#connection;
    stream.cork();
    for (const name of this.#doubtful.splice(0)) this.#close(name);
    process.nextTick(() => {
      this.#corked = false;
      stream.uncork();
    });
  }
}
