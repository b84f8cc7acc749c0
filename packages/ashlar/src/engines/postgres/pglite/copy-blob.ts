import type { PGlite } from '@electric-sql/pglite';
import { identifier } from '../../../model/index.js';
import { copyOptions } from '../../bulk/copy-text.js';
import type { OpenCopy } from '../bulk/writer.js';
import type { Channel } from '../wire/channel.js';

const mostBytes = 4_194_304;

/** Returns what runs COPY on PGlite, which has no COPY from the client but a file with the bytes that a query passes. */
export function copyFromBlob(database: PGlite, channel: Channel): OpenCopy {
  return async (target) => {
    let parts: Buffer[] = [];
    let size = 0;
    let lines = 0;
    let linesBefore = 0;
    const send = async (): Promise<void> => {
      if (size === 0) return;
      // a COPY from a file of the server is a superuser's; the transaction goes on as the role that it had
      const { rows } = await channel.send({ text: 'SELECT current_user::text' });
      await channel.send({ text: 'SET LOCAL ROLE NONE' });
      await database.query(`COPY ${target} FROM '/dev/blob' ${copyOptions}`, [], {
        blob: new Blob([new Uint8Array(Buffer.concat(parts))]),
      });
      await channel.send({ text: `SET LOCAL ROLE ${identifier(rows[0]?.[0] ?? '')}` });
      parts = [];
      size = 0;
      linesBefore += lines;
      lines = 0;
    };
    return {
      get linesBefore() {
        return linesBefore;
      },
      write: async (text, count) => {
        parts.push(text);
        size += text.length;
        lines += count;
        if (size >= mostBytes) await send();
      },
      end: send,
      abort: async () => undefined,
    };
  };
}
