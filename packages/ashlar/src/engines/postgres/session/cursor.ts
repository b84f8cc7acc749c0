import type { Reply, Request, WireValue } from '../wire/channel.js';

/** A query whose rows are read in chunks, with the name of its cursor. */
export interface CursorQuery {
  readonly cursor: string;
  readonly sql: string;
  readonly values: readonly WireValue[];
  readonly chunk: number;
}

/** Reads the rows of a query with a cursor, which stays open. */
export async function* readCursor(
  { cursor, sql, values, chunk }: CursorQuery,
  run: (request: Request) => Promise<Reply>,
): AsyncGenerator<Reply, void, undefined> {
  await run({ text: `DECLARE ${cursor} NO SCROLL CURSOR FOR ${sql}`, values });
  for (;;) {
    const reply = await run({ text: `FETCH FORWARD ${chunk} FROM ${cursor}` });
    yield reply;
    if (reply.rows.length < chunk) return;
  }
}
