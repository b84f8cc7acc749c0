import { parseInput } from 'ashlar';
import { sql } from 'kysely';
import { z } from 'zod';
import { normaliseEmail } from './email.js';
import { type ExchangePage, pageOf, pageRequest } from './pages.js';
import type { ExpertsSession } from './tables.js';

const request = pageRequest.extend({ email: z.string() });

/** Whose conversation, in whatever case the address is typed; `limit` at most 1,000, by default 100. */
export type ConversationRequest = z.input<typeof request>;

/**
 * A page of a person's conversation, newest first; `next` of a page is `before` of the one that follows.
 *
 * @throws AshlarError `input-invalid`
 */
export const pageConversation = (s: ExpertsSession, input: ConversationRequest): Promise<ExchangePage> => {
  const { email, ...page } = parseInput('The request for a conversation', request, input);
  return pageOf(s, sql<boolean>`email = ${normaliseEmail(email)}`, page);
};
