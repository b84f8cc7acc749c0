import type { PGlite } from '@electric-sql/pglite';
import { identifier } from '../../../model/index.js';
import type { CopyIn } from '../bulk/writer.js';
import type { Channel } from '../wire/channel.js';

/** Returns what runs COPY on PGlite, which has no COPY from the client but a file with the bytes that a query passes. */
export function copyFromBlob(database: PGlite, channel: Channel): CopyIn {
  return async (target, text) => {
    // a COPY from a file of the server is a superuser's; the transaction goes on as the role that it had
    const { rows } = await channel.send({ text: 'SELECT current_user::text' });
    await channel.send({ text: 'SET LOCAL ROLE NONE' });
    await database.query(`COPY ${target} FROM '/dev/blob'`, [], { blob: new Blob([new Uint8Array(text)]) });
    await channel.send({ text: `SET LOCAL ROLE ${identifier(rows[0]?.[0] ?? '')}` });
  };
}
