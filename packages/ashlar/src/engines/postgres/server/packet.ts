import type { Client, Query, QueryArrayConfig } from 'pg';
import type { WireValue } from '../wire/channel.js';

/** A statement of a packet. With a name it is prepared, unless `isKnown` says that it is already. */
export interface Part {
  readonly text: string;
  readonly values: readonly WireValue[];
  readonly name: string;
  readonly isKnown: boolean;
}

/**
 * How a packet ended: with the result of its last statement and the state of the transaction after it (`T`: open), or with an error of
 * the statement at a position.
 */
export type Outcome =
  | { readonly result: unknown; readonly status: string | null }
  | { readonly error: unknown; readonly failedAt: number };

/** The parts of pg's connection that its types lack. */
interface Wire {
  readonly stream: { cork(): void; uncork(): void };
  parse(message: { name: string; text: string }): void;
  bind(message: { portal: string; statement: string; values: readonly WireValue[] }): void;
  execute(message: { portal: string; rows: number }): void;
}

/** The parts of pg's queries that its types lack. */
interface Handlers {
  submit(connection: unknown): unknown;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, connection: unknown): void;
  callback: (error: unknown, result?: unknown) => void;
}

type QueryClass = new (config: QueryArrayConfig & { readonly queryMode: 'extended' }) => Query & Handlers;

/**
 * Sends statements of the extended protocol under one Sync: after one that fails, the server reads none of the others. So a
 * statement behind a BEGIN is never run without it.
 *
 * @param last - the last statement, for the driver
 */
export function sendPacket(
  client: Client,
  before: readonly Part[],
  last: QueryArrayConfig,
): Promise<Outcome> {
  // in pipeline mode pg takes only its own class
  const { Query: QueryOfDriver } = client.constructor as unknown as { readonly Query: QueryClass };
  const query = new QueryOfDriver({ ...last, queryMode: 'extended' });
  const submit = query.submit.bind(query);
  const handleDataRow = query.handleDataRow.bind(query);
  const handleCommandComplete = query.handleCommandComplete.bind(query);
  let completed = 0;
  query.submit = (connection) => {
    const wire = connection as Wire;
    wire.stream.cork();
    try {
      for (const { text, values, name, isKnown } of before) {
        if (!isKnown) wire.parse({ name, text });
        wire.bind({ portal: '', statement: name, values });
        wire.execute({ portal: '', rows: 0 });
      }
      return submit(connection);
    } finally {
      wire.stream.uncork();
    }
  };
  query.handleDataRow = (message) => {
    if (completed === before.length) handleDataRow(message);
  };
  query.handleCommandComplete = (message, connection) => {
    if (completed === before.length) handleCommandComplete(message, connection);
    completed++;
  };
  return new Promise((resolve) => {
    // in this turn: the driver has one status for the connection, and may read the answers to several statements at once
    query.callback = (error, result) =>
      resolve(error ? { error, failedAt: completed } : { result, status: client.getTransactionStatus() });
    client.query(query);
  });
}
