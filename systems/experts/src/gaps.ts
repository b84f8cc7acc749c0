import { AshlarError, parseInput } from 'ashlar';
import { sql } from 'ashlar/query';
import type { z } from 'zod';
import { type ExchangePage, pageOf, pageRequest } from './pages.js';
import { type Conversation, conversations, type ExpertsSession, openGap } from './tables.js';

/**
 * Reads a page of open gaps (questions for which no expert matched and which are not yet resolved), newest first.
 *
 * @throws AshlarError `input-invalid`
 */
export function pageOpenGaps(
  s: ExpertsSession,
  input: z.input<typeof pageRequest> = {},
): Promise<ExchangePage> {
  // the literal condition of the partial index: the planner uses the index only for this text
  return pageOf(s, sql<boolean>`${sql.raw(openGap)}`, parseInput('Invalid gap request', pageRequest, input));
}

/**
 * Marks a gap as resolved, for instance because an expert was found. Resolving it again has no effect.
 *
 * @throws AshlarError `row-not-found`
 */
export async function resolveGap(s: ExpertsSession, id: number): Promise<Conversation> {
  await s.query
    .updateTable('conversations')
    .set({ gap_resolved: true })
    .where('id', '=', id)
    .where('gap_resolved', '=', false)
    .execute();
  const exchange = await s.get(conversations, id);
  if (exchange) return exchange;
  throw new AshlarError('row-not-found', {
    message: `Exchange ${id} does not exist.`,
    suggestion: 'Check the id. Note that forgetLead deletes all exchanges of a lead.',
  });
}
