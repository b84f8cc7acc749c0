import { parseInput } from 'ashlar';
import { sql } from 'ashlar/query';
import { z } from 'zod';
import { normaliseEmail } from './email.js';
import { type ExchangePage, pageOf, pageRequest } from './pages.js';
import type { ExpertsSession } from './tables.js';

const request = pageRequest.extend({ email: z.string() });

/**
 * A request for a page of one person's conversation. `email` is normalised. `limit` is 1 to 1,000 exchanges, 100 by
 * default. `before` is the `next` of the preceding page.
 */
export type ConversationRequest = z.input<typeof request>;

/**
 * Reads a page of a person's conversation, newest exchange first. Pass its `next` as `before` to read the following
 * page.
 *
 * @throws AshlarError `input-invalid`
 */
export function pageConversation(s: ExpertsSession, input: ConversationRequest): Promise<ExchangePage> {
  const { email, ...page } = parseInput('Invalid conversation request', request, input);
  return pageOf(s, sql<boolean>`email = ${normaliseEmail(email)}`, page);
}
