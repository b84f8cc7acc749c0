import type { Client } from 'pg';
import { from } from 'pg-copy-streams';
import { copyOptions } from '../../bulk/copy-text.js';
import type { OpenCopy } from '../bulk/writer.js';
import type { Channel } from '../wire/channel.js';

/** Returns what runs COPY on a connection to a server, which must not be in pipeline mode. */
export function copyFromClient(client: Client): OpenCopy {
  return async (target) => {
    const stream = client.query(from(`COPY ${target} FROM STDIN ${copyOptions}`));
    let isFailed = false;
    const failed = new Promise<never>((_, reject) => {
      stream.on('error', (error) => {
        isFailed = true;
        reject(error);
      });
    });
    // a rejection before the first await would end the process
    failed.catch(() => undefined);
    return {
      linesBefore: 0,
      write: (text) =>
        isFailed
          ? failed
          : Promise.race([failed, new Promise<void>((resolve) => void stream.write(text, () => resolve()))]),
      // after the server has acknowledged the rows
      end: () =>
        isFailed ? failed : Promise.race([failed, new Promise<void>((resolve) => void stream.end(resolve))]),
      abort: async () => {
        if (isFailed) return;
        stream.destroy(new Error('the rows were given up'));
        await failed.catch(() => undefined);
      },
    };
  };
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
