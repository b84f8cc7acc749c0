import { timestamp } from 'ashlar';
import type { Expression, SqlBool } from 'ashlar/query';
import { z } from 'zod';
import type { Conversation, ExpertsSession } from './tables.js';

/**
 * The Zod schema of a request for a page of exchanges. `before` is the `next` of the preceding page; `limit` is 1 to
 * 1,000, 100 by default.
 */
export const pageRequest = z.strictObject({
  before: z.strictObject({ created_at: timestamp(), id: z.int() }).optional(),
  limit: z.int().min(1).max(1_000).default(100),
});

type PageRequest = z.output<typeof pageRequest>;

/** A page of exchanges, newest first. `next` is the cursor of the following page, `undefined` on the last page. */
export interface ExchangePage {
  readonly exchanges: readonly Conversation[];
  readonly next: PageRequest['before'];
}

/**
 * Builds the query that {@link pageOf} runs. It selects one row more than the page, to know whether a next page exists.
 */
export function pageQuery(s: ExpertsSession, condition: Expression<SqlBool>, { before, limit }: PageRequest) {
  let page = s.query.selectFrom('conversations').selectAll().where(condition);
  if (before) {
    page = page
      // a separate condition, so that the index scan starts at the cursor
      .where('created_at', '<=', before.created_at)
      .where((on) => on.or([on('created_at', '<', before.created_at), on('id', '<', before.id)]));
  }
  return page
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1);
}

/**
 * Reads a page of the exchanges that meet a condition. Pages are stable: exchanges logged between two calls do not
 * shift the following pages.
 */
export async function pageOf(
  s: ExpertsSession,
  condition: Expression<SqlBool>,
  request: PageRequest,
): Promise<ExchangePage> {
  const found = await pageQuery(s, condition, request).execute();
  const exchanges = found.slice(0, request.limit);
  const last = exchanges.at(-1);
  return {
    exchanges,
    next: found.length > request.limit && last ? { created_at: last.created_at, id: last.id } : undefined,
  };
}
