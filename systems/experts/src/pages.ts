import { timestamp } from 'ashlar';
import type { Expression, SqlBool } from 'kysely';
import { z } from 'zod';
import type { Conversation, ExpertsSession } from './tables.js';

/** What asks for a page: `before` is the `next` of the page before; `limit` at most 1,000, by default 100. */
export const pageRequest = z.strictObject({
  before: z.strictObject({ created_at: timestamp(), id: z.int() }).optional(),
  limit: z.int().min(1).max(1_000).default(100),
});

type PageRequest = z.output<typeof pageRequest>;

/** Exchanges, newest first, and where the next page begins; `next` is `undefined` on the last one. */
export interface ExchangePage {
  readonly exchanges: readonly Conversation[];
  readonly next: PageRequest['before'];
}

/** The query behind {@link pageOf}, which asks for one more than the page holds. */
export const pageQuery = (
  s: ExpertsSession,
  condition: Expression<SqlBool>,
  { before, limit }: PageRequest,
) => {
  let page = s.query.selectFrom('conversations').selectAll().where(condition);
  if (before) {
    page = page
      // said apart from the tie, so that the index is read from there on
      .where('created_at', '<=', before.created_at)
      .where((on) => on.or([on('created_at', '<', before.created_at), on('id', '<', before.id)]));
  }
  return page
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1);
};

/** A page of the exchanges that fulfil a condition. What is logged meanwhile does not shift the pages that follow. */
export const pageOf = async (
  s: ExpertsSession,
  condition: Expression<SqlBool>,
  request: PageRequest,
): Promise<ExchangePage> => {
  const found = await pageQuery(s, condition, request).execute();
  const exchanges = found.slice(0, request.limit);
  const last = exchanges.at(-1);
  return {
    exchanges,
    next: found.length > request.limit && last ? { created_at: last.created_at, id: last.id } : undefined,
  };
};
