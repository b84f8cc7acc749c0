import { AshlarError, parseInput } from 'ashlar';
import { sql } from 'kysely';
import type { z } from 'zod';
import { type ExchangePage, pageOf, pageRequest } from './pages.js';
import { type Conversation, conversations, type ExpertsSession, openGap } from './tables.js';

/**
 * A page of the questions that no expert matched and that no person has dealt with yet, newest first.
 *
 * @throws AshlarError `input-invalid`
 */
export const pageOpenGaps = (
  s: ExpertsSession,
  input: z.input<typeof pageRequest> = {},
): Promise<ExchangePage> =>
  // literally the condition of the index, which is used for nothing less
  pageOf(s, sql<boolean>`${sql.raw(openGap)}`, parseInput('The request for gaps', pageRequest, input));

/**
 * Notes that a person has dealt with a gap, for instance by finding an expert. Doing so again changes nothing.
 *
 * @throws AshlarError `row-not-found`
 */
export const resolveGap = async (s: ExpertsSession, id: number): Promise<Conversation> => {
  await s.query
    .updateTable('conversations')
    .set({ gap_resolved: true })
    .where('id', '=', id)
    .where('gap_resolved', '=', false)
    .execute();
  const exchange = await s.get(conversations, id);
  if (exchange) return exchange;
  throw new AshlarError('row-not-found', {
    message: `No exchange has the number ${id}.`,
    suggestion: 'Check the number; a person who was forgotten takes all exchanges along.',
  });
};
