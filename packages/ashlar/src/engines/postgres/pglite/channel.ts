import type { PGlite } from '@electric-sql/pglite';
import type {
  BackendMessage,
  CommandCompleteMessage,
  DataRowMessage,
  ReadyForQueryMessage,
  RowDescriptionMessage,
} from 'pg-protocol/dist/messages.js';
import { Parser } from 'pg-protocol/dist/parser.js';
import { serialize } from 'pg-protocol/dist/serializer.js';
import type { Channel, Field, Reply, Request } from '../wire/channel.js';
import { PreparedStatements } from '../wire/prepared-statements.js';

/** A synchronous call into PGlite, which its exported type lacks. */
interface SyncProtocol {
  execProtocolRawSync(message: Uint8Array): Uint8Array;
}

const sync = serialize.sync();
const describe = serialize.describe({ type: 'P', name: '' });
const execute = serialize.execute({ portal: '', rows: 0 });

/**
 * The single connection to a PGlite database, which uses PostgreSQL's wire protocol. A statement is one call, and the
 * reply has the type modifier of each column, which PGlite's `query` leaves out.
 */
export class PgliteChannel implements Channel {
  readonly #database: SyncProtocol;
  role: string | null | undefined = null;
  readonly #kept = new PreparedStatements();

  constructor(database: PGlite) {
    this.#database = database as unknown as SyncProtocol;
  }

  async send(request: Request): Promise<Reply> {
    return this.#run(request);
  }

  async together(requests: readonly Request[]): Promise<Reply> {
    // in one turn: what another caller sends meanwhile comes after the last
    const replies = requests.map((request) => this.#run(request));
    return replies.at(-1) as Reply;
  }

  #run(request: Request): Reply {
    try {
      return this.#exchange(this.#messages(request));
    } catch (error) {
      // the statement may or may not be prepared: use a new name next time
      if (request.keep) this.#kept.forget(request.text);
      throw error;
    }
  }

  /** Deallocates all prepared statements of the connection. */
  forget(): void {
    this.#kept.forget();
    this.#exchange(serialize.query('DEALLOCATE ALL'));
  }

  #messages({ text, values, keep = false }: Request): Buffer {
    if (!keep && !values) return serialize.query(text);
    const parts: Buffer[] = [];
    const statement = keep ? this.#kept.use(text) : undefined;
    if (statement?.evicted) parts.push(serialize.close({ type: 'S', name: statement.evicted }));
    const name = statement?.name ?? '';
    if (!statement?.known) parts.push(serialize.parse({ name, text }));
    parts.push(serialize.bind({ statement: name, values: [...(values ?? [])] }), describe, execute, sync);
    return Buffer.concat(parts);
  }

  #exchange(messages: Buffer): Reply {
    const answer = this.#database.execProtocolRawSync(messages);
    let fields: readonly Field[] = [];
    let rows: (string | null)[][] = [];
    let tag = '';
    let status = '';
    let failure: unknown;
    new Parser().parse(
      Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength),
      (message: BackendMessage) => {
        switch (message.name) {
          case 'rowDescription':
            fields = (message as RowDescriptionMessage).fields;
            rows = [];
            break;
          case 'dataRow':
            rows.push((message as unknown as DataRowMessage).fields);
            break;
          case 'commandComplete':
            tag = (message as unknown as CommandCompleteMessage).text;
            break;
          case 'readyForQuery':
            status = (message as ReadyForQueryMessage).status;
            break;
          case 'error':
            failure ??= message;
        }
      },
    );
    if (failure) throw failure;
    const words = tag.split(' ');
    const count = Number(words.at(-1)) || 0;
    return { fields, rows, command: words[0] ?? '', count, inTransaction: status === 'T' };
  }
}
