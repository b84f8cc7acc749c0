import type { Reply, Request, WireValue } from '../wire/channel.js';

/** A query whose rows are read in chunks, with the name of its cursor. */
export interface CursorQuery {
  readonly cursor: string;
  readonly sql: string;
  readonly values: readonly WireValue[];
  /** How many rows are read at once. A function is asked before each chunk. */
  readonly chunk: number | (() => number);
}

/** Reads the rows of a query with a cursor, which stays open. */
export async function* readCursor(
  { cursor, sql, values, chunk }: CursorQuery,
  run: (request: Request) => Promise<Reply>,
): AsyncGenerator<Reply, void, undefined> {
  await run({ text: `DECLARE ${cursor} NO SCROLL CURSOR FOR ${sql}`, values });
  for (;;) {
    const most = typeof chunk === 'number' ? chunk : chunk();
    const reply = await run({ text: `FETCH FORWARD ${most} FROM ${cursor}` });
    yield reply;
    if (reply.rows.length < most) return;
  }
}
