import type { Client, QueryArrayConfig } from 'pg';
import type { Channel, Field, Reply, Request } from '../wire/channel.js';
import { PreparedStatements } from '../wire/prepared-statements.js';

/** The parts of pg's connection that its types lack. */
interface PgConnection {
  readonly stream: { cork(): void; uncork(): void };
  readonly parsedStatements: Record<string, string>;
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
    // a text with several statements has several results: return the last
    const result = (await this.client.query(this.#config(request))) as unknown as PgResult | PgResult[];
    const last = Array.isArray(result) ? (result.at(-1) as PgResult) : result;
    return replyOf(last, this.client.getTransactionStatus() === 'T');
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
    const { name, evicted } = this.#kept.use(text);
    if (evicted) {
      // unlike DEALLOCATE, Close does not fail for a missing statement
      this.#connection.close({ type: 'S', name: evicted });
      delete this.#connection.parsedStatements[evicted];
    }
    return { text, name, rowMode: 'array', values: values ? [...values] : [] };
  }

  #cork(): void {
    if (this.#corked) return;
    this.#corked = true;
    const { stream } = this.#connection;
    stream.cork();
    process.nextTick(() => {
      this.#corked = false;
      stream.uncork();
    });
  }
}
