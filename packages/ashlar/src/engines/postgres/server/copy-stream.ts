import type { Client } from 'pg';
import { from } from 'pg-copy-streams';
import type { CopyIn } from '../bulk/writer.js';
import type { Channel } from '../wire/channel.js';

/** Returns what runs COPY on a connection to a server, which must not be in pipeline mode. */
export function copyFromClient(client: Client): CopyIn {
  return (target, text) =>
    new Promise((resolve, reject) => {
      const stream = client.query(from(`COPY ${target} FROM STDIN`));
      stream.on('error', reject);
      // after the server has acknowledged the rows
      stream.on('finish', resolve);
      stream.end(text);
    });
}

/** Returns a channel that sends a statement when the one before it is answered, for a connection that is not in pipeline mode. */
export function oneAtATime(channel: Channel): Channel {
  let last: Promise<unknown> = Promise.resolve();
  const next = <T>(work: () => Promise<T>): Promise<T> => {
    const reply = last.then(work);
    last = reply.catch(() => undefined);
    return reply;
  };
  return {
    get role() {
      return channel.role;
    },
    set role(role) {
      channel.role = role;
    },
    send: (request) => next(() => channel.send(request)),
    together: (requests) => next(() => channel.together(requests)),
  };
}
